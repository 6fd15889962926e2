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
from curate.runs import RunFolder, claim
from curate.spec import entries, marks, overrides, relocated
from curate.spec.marks import Marked


def text_of(path: str) -> str:
    """Return the text of a recipe.

    Raises:
        SpecError: there is no such file, or it cannot be read.
    """
    marks.load(path)  # refuses what is no recipe
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def changed(text: str, path: str, settings: Sequence[str], flag: str = "--set") -> str:
    """Return the text of a recipe with changes.

    Args:
        path: of the file that it is from.
        settings: `path=value` changes. flag: what gave them, for errors.

    Raises:
        SpecError: a setting does not fit the recipe, or its YAML is written such that only a part of the
            text cannot be changed: the value stands behind an alias, or comes from a merged mapping.
    """
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


def write(path: str, recipe: str, text: str, *, replace: bool) -> dict[str, str]:
    """Write the text of a changed recipe; in another folder, relative paths in it lead to the same files.

    Args:
        path: of the new file. recipe: of the one that was changed.
        replace: overwrite a file that exists.

    Returns:
        the paths in it that had to become others, and what they are now.

    Raises:
        SpecError: the file exists, there is no such folder, it is that of a run, or paths would lead elsewhere and cannot be changed.
    """
    _check_outside_of_runs(path)
    text, moved = relocated.relocated(text, recipe, path)
    try:
        with open(path, "w" if replace else "x", encoding="utf-8", newline="") as file:
            file.write(text)
    except FileExistsError:
        raise SpecError(f"{path} exists, and is not overwritten.  Name another file, or add --replace.") from None
    except FileNotFoundError:
        raise SpecError(
            f"there is no folder {os.path.dirname(path)} for {os.path.basename(path)}.  Create it."
        ) from None
    except OSError as error:
        raise SpecError(f"{path} cannot be written: {error.strerror}.  Name another file.") from error
    return moved


def _check_outside_of_runs(path: str) -> None:
    folder = os.path.dirname(os.path.realpath(path))
    while True:
        if claim.is_run_folder(RunFolder(folder)):
            raise SpecError(
                f"{path} would lie in the run folder {folder}, whose files are those of the run.  Name a file elsewhere."
            )
        if folder == os.path.dirname(folder):
            return
        folder = os.path.dirname(folder)


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
    return text[: node.start_mark.index] + flow(value) + text[marks.end(node).index :]


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
            f"{text[:end]}: {flow(value)}{text[end:]}"
            if is_name
            else f"{text[:end]} {flow({keys[0]: value})}{text[end:]}"
        )
    item = f"{flow(keys[0])}: {flow(value)}"
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


def flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    dumped = yaml.safe_dump(value, default_flow_style=True, width=1 << 30, allow_unicode=True, sort_keys=False)
    return dumped.removesuffix("\n").removesuffix("\n...")
