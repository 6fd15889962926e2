"""Change values in the text of a recipe, so that its comments and line breaks stay.

PyYAML says where a value begins and ends; only these characters are changed. What comes out is read again and compared with
the changed recipe before anything is written.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import yaml

from curate.errors import SpecError
from curate.spec import entries, marks, overrides, recipes
from curate.spec.marks import Marked
from curate.spec.pipeline import PipelineSpec


def text_of(path: str, settings: Sequence[str], flag: str = "--set") -> str:
    """Return the text of a recipe with changes.

    Args:
        settings: `path=value` changes. flag: the option that gave them, for errors.

    Raises:
        SpecError: the recipe cannot be read, a setting does not fit it, or its YAML is written such that only a part of the
            text cannot be changed: the value stands behind an alias, or comes from a merged mapping.
    """
    marks.load(path)  # refuses what is no recipe
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    for setting in settings:
        wanted = marks.parse(text, path, os.path.dirname(os.path.abspath(path)))
        overrides.apply(wanted, setting, flag)
        text = _changed(text, wanted, setting, flag)
        if marks.plain(with_parameters(marks.parse(text, path))) != marks.plain(with_parameters(wanted)):
            raise SpecError(
                f"{path} is written such that this value cannot be changed without changing others.  Change it by hand.",
                f"{flag} {setting}",
            )
    return text


def with_parameters(document: Marked) -> Marked:
    """Return a recipe in which every stage is a mapping: a name alone, or without parameters, is the same."""
    for entry in entries.entries(document):
        if entry.params.value is None:
            entry.params.value = {}
    return document


def write(path: str, recipe: str, settings: Sequence[str], flag: str = "--set", *, replace: bool) -> None:
    """Write a recipe with changes.

    Args:
        path: of the new file. recipe: of the one that is changed.
        settings, flag: as of `text_of`.
        replace: overwrite a file that exists.

    Raises:
        SpecError: as `text_of`; or the file exists, there is no such folder, or paths in the recipe, which begin in its
            folder, would lead elsewhere.
    """
    text = text_of(recipe, settings, flag)
    _check_paths(text, recipe, path)
    try:
        with open(path, "w" if replace else "x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        raise SpecError(f"{path} exists, and is not overwritten.  Name another file, or add --replace.") from None
    except FileNotFoundError:
        raise SpecError(
            f"there is no folder {os.path.dirname(path)} for {os.path.basename(path)}.  Create it."
        ) from None


def _check_paths(text: str, recipe: str, path: str) -> None:
    """Make sure that a recipe means the same in another folder."""
    folders = [os.path.dirname(os.path.abspath(each)) for each in (recipe, path)]
    if folders[0] == folders[1]:
        return
    one, other = (recipes.understood(marks.parse(text, recipe, folder), recipe) for folder in folders)
    if _located(one) != _located(other):
        raise SpecError(
            f"{path}: relative paths in a recipe begin in its folder, and those of {recipe} would lead elsewhere.  "
            f"Write it to {folders[0]}."
        )


def _located(found: PipelineSpec) -> list[Any]:
    """Return all of a recipe in which a path can be."""
    stages = [each for each in found.stages if each is not None]
    return [
        *((given.files, given.source.params) for given in found.inputs),
        *((stage.params, stage.cases) for stage in (*stages, found.sink)),
    ]


def _changed(text: str, wanted: Marked, setting: str, flag: str) -> str:
    """Return the text with what differs from the wanted recipe put in."""
    have = with_parameters(marks.parse(text, setting))
    keys = _difference(marks.plain(have), marks.plain(with_parameters(wanted)))
    if keys is None:
        return text
    at, value = keys
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, key in enumerate(at):
        inner = _inside(node, key)
        if inner is None:
            return _inserted(text, node, at[depth:], value)
        node = inner
    return text[: node.start_mark.index] + _flow(value) + text[marks.end(node).index :]


def _difference(one: Any, other: Any) -> tuple[list[str | int], Any] | None:
    """Return where two recipes differ and what the other has there; None if they do not."""
    if isinstance(one, dict) and isinstance(other, dict):
        parts = [(key, one.get(key), other[key]) for key in other if key not in one or one[key] != other[key]]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        parts = [(at, *pair) for at, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1]]
    else:
        return None if one == other else ([], other)
    if not parts:
        return None
    if len(parts) > 1:
        return [], other
    key, before, after = parts[0]
    if isinstance(one, dict) and key not in one:
        return [key], after
    inside = _difference(before, after)
    return ([key, *inside[0]], inside[1]) if inside else None


def _inside(node: yaml.Node, key: str | int) -> yaml.Node | None:
    """Return the value of a key or a place; None if there is none."""
    if isinstance(node, yaml.SequenceNode):
        return node.value[key]
    if isinstance(node, yaml.MappingNode):
        return next((value for name, value in node.value if name.value == key), None)
    return None


def _inserted(text: str, node: yaml.Node, keys: Sequence[str | int], value: Any) -> str:
    """Return the text with new keys in a mapping, or in what stands for an empty one: the name of a stage, or nothing."""
    for key in reversed(keys[1:]):
        value = {key: value}
    if isinstance(node, yaml.ScalarNode):
        end = node.end_mark.index
        is_name = node.value == keys[0]
        return (
            f"{text[:end]}: {_flow(value)}{text[end:]}"
            if is_name
            else f"{text[:end]} {_flow({keys[0]: value})}{text[end:]}"
        )
    item = f"{_flow(keys[0])}: {_flow(value)}"
    if not node.value:
        at = node.start_mark.index + 1
        return f"{text[:at]}{item}{text[at:]}"
    last = node.value[-1][1]
    if node.flow_style:
        at = marks.end(last).index
        return f"{text[:at]}, {item}{text[at:]}"
    end = text.find("\n", marks.end(last).index)
    end = len(text) if end < 0 else end
    return f"{text[:end]}\n{' ' * node.start_mark.column}{item}{text[end:]}"


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    dumped = yaml.safe_dump(value, default_flow_style=True, width=1 << 30, allow_unicode=True, sort_keys=False)
    return dumped.removesuffix("\n").removesuffix("\n...")
