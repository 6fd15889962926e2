"""Relative paths in a recipe begin in the folder of its file, those of `--set` and `--input` in the current folder.

What a path is, is said by the type of its parameter: `Location` and its subclasses. Strings of other types stay as they are,
such as those of datatrove's blocks.
"""

from __future__ import annotations

import glob
import inspect
import os
import typing
from typing import Any

from curate.assets import Location
from curate.params import members
from curate.spec.marks import Marked


def plain(marked: Marked, hint: Any, notes: dict[str, list[str]]) -> Any:
    """Return a value without positions, in which relative paths begin where they should.

    Args:
        hint: the type of the parameter.
        notes: message for the user -> positions; a path that is found in the current folder only adds one.
    """
    if isinstance(marked.value, dict):
        inner = _inner(hint, dict)
        return {name: plain(each, inner, notes) for name, each in marked.value.items()}
    if isinstance(marked.value, list):
        inner = _inner(hint, list)
        return [plain(each, inner, notes) for each in marked.value]
    kind = _location(hint) or _location(_inner(hint, list))  # one for a list of one
    if kind is None or not isinstance(marked.value, str) or not marked.value or not marked.folder:
        return marked.value
    written = kind(marked.value)
    return kind(_located(marked, notes), written) if written.is_relative() else written


def _inner(hint: Any, container: type) -> Any:
    """Return the type of what a list or mapping of this type holds; None if it holds anything."""
    for member in members(hint):
        if typing.get_origin(member) is container and typing.get_args(member):
            return typing.get_args(member)[-1]
    return None


def _location(hint: Any) -> type[Location] | None:
    found = [member for member in members(hint) if inspect.isclass(member) and issubclass(member, Location)]
    return found[0] if found else None


def _located(marked: Marked, notes: dict[str, list[str]]) -> str:
    """Return the path in the folder of the recipe; if nothing is there, the one in the current folder, if there is something."""
    right, other = (os.path.normpath(os.path.join(folder, marked.value)) for folder in (marked.folder, os.getcwd()))
    if other == right or _exists(right) or not _exists(other):
        return right
    text = (
        f'"{marked.value}" was found in the current folder, not in that of the recipe, where paths in a recipe begin.  '
        f"Write {os.path.relpath(other, marked.folder)}"
    )
    notes.setdefault(text, []).append(marked.place)
    return other


def _exists(path: str) -> bool:
    return os.path.exists(path) or next(glob.iglob(path, recursive=True), None) is not None
