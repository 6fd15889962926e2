"""Relative paths of a recipe that is written into another folder, where they begin in that folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import yaml

from curate.assets import Location
from curate.errors import SpecError
from curate.spec import marks, recipes
from curate.spec.pipeline import PipelineSpec


def relocated(text: str, recipe: str, path: str) -> tuple[str, dict[str, str]]:
    """Return the text of a recipe for a file in another folder.

    Args:
        recipe: the file that it was read from. path: that for which the text is.

    Returns:
        the text, and what became of each relative path that had to become another.

    Raises:
        SpecError: a path cannot be changed, such as one with a variable in it.
    """
    folders = [os.path.dirname(os.path.abspath(each)) for each in (recipe, path)]
    if folders[0] == folders[1]:
        return text, {}
    before = located(recipes.understood(marks.parse(text, recipe, folders[0]), recipe))
    wanted = {each.written: os.path.relpath(each, folders[1]) for each in relative(before)}
    changes = dict(_places(yaml.compose(text, Loader=yaml.SafeLoader), wanted))
    for (start, end), value in sorted(changes.items(), reverse=True):
        text = text[:start] + _quoted(value) + text[end:]
    if located(recipes.understood(marks.parse(text, path, folders[1]), path)) != before:
        raise SpecError(
            f"{path}: relative paths in a recipe begin in its folder, and those of {recipe} would lead elsewhere.  "
            f"Write it to {folders[0]}."
        )
    return text, {written: value for written, value in wanted.items() if value in changes.values()}


def located(found: PipelineSpec) -> list[Any]:
    """Return all of a recipe in which a path can be."""
    stages = [each for each in found.stages if each is not None]
    return [
        *((given.files, given.source.params) for given in found.inputs),
        *((stage.params, stage.cases) for stage in (*stages, found.sink)),
    ]


def relative(value: Any) -> Iterator[Location]:
    """Yield the paths in a value that begin in the folder of the recipe."""
    if isinstance(value, Location):
        if os.path.isabs(value) and not os.path.isabs(os.path.expanduser(value.written)):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from relative(each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from relative(getattr(value, field.name))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for each in value:
            yield from relative(each)


def _places(node: yaml.Node, wanted: Mapping[str, str]) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield where in the text a value is that becomes another, and what it becomes."""
    if isinstance(node, yaml.ScalarNode):
        if node.value in wanted:
            yield (node.start_mark.index, node.end_mark.index), wanted[node.value]
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            yield from _places(each, wanted)
    elif isinstance(node, yaml.MappingNode):
        for _, each in node.value:
            yield from _places(each, wanted)


def _quoted(value: str) -> str:
    """Return a path as YAML that may stand in braces, too."""
    return yaml.safe_dump([value], default_flow_style=True, width=1 << 30, allow_unicode=True).strip()[1:-1]
