"""Members of a table that a user's own modules bring: file formats, classifier backends, report sections.

Each table is a tuple in one file (`FORMATS` in `curate/formats/__init__.py`, for example). A user's module adds a member
by holding an instance of the table's class in a public variable; recipes name such modules under `modules:`, commands
that read no recipe take them with `--module`. Stages and executors are functions, found by their dotted name: see
`registry`.
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Protocol, TypeVar, runtime_checkable

from curate.errors import SpecError


@runtime_checkable
class Named(Protocol):
    """What every member of a table has."""

    name: str


Member = TypeVar("Member", bound=Named)


def table(kind: type[Member], ours: Sequence[Member], modules: Iterable[str] = ()) -> dict[str, Member]:
    """Return the members of a table by name: those that ship with curate, then those of the user's modules.

    Args:
        kind: the class of the members.
        ours: the members that ship with curate.
        modules: names of the user's modules, importable from here.

    Raises:
        SpecError: a module cannot be imported, or two members have the same name.
    """
    found = {member.name: member for member in ours}
    for name in modules:
        for member in _members(kind, load(name)):
            if found.setdefault(member.name, member) is not member:
                raise SpecError(
                    f'module "{name}" brings a {kind.__name__.lower()} "{member.name}", and there is one of that name.  '
                    "Rename yours."
                )
    return found


def _members(kind: type[Member], module: ModuleType) -> list[Member]:
    public = {name: value for name, value in vars(module).items() if not name.startswith("_")}
    found = list(dict.fromkeys(value for value in public.values() if isinstance(value, kind)))
    for member in found:
        if not (isinstance(member, Named) and isinstance(member.name, str)):
            raise SpecError(
                f'module "{module.__name__}": a {kind.__name__.lower()} needs the attribute `name`, a string.'
            )
    return found


def load(name: str) -> ModuleType:
    """Import a module of the user's.

    Raises:
        SpecError: there is no such module, or importing it fails; the message says where it is looked for.
    """
    module = find(name)
    if module is None:
        raise SpecError(f'there is no module "{name}".  It is looked for beside the recipe and in the current folder.')
    return module


def find(name: str) -> ModuleType | None:
    """Import a module; None if there is no module of that name.

    Raises:
        SpecError: importing it fails.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            return None
        raise SpecError(f'"{name}" needs the package "{error.name}", which is not installed.') from error
    except SyntaxError as error:
        place = f"{error.filename}:{error.lineno}" if error.filename else f'module "{name}"'
        raise SpecError(f"{place}: {error.msg}.  Correct the module.") from error
    except SystemExit as error:
        raise SpecError(
            f'"{name}" ends Python when it is imported ({error.code}).  Put what it runs under '
            '`if __name__ == "__main__":`.'
        ) from error
    except Exception as error:
        raise SpecError(f'"{name}" cannot be imported: {type(error).__name__}: {error}') from error


def is_in(name: str, folders: Iterable[str]) -> bool:
    """Return whether one of these folders has a module of this dotted name, without importing it."""
    path = Path(*name.split("."))
    return any((Path(folder) / file).is_file() for folder in folders for file in (f"{path}.py", path / "__init__.py"))


def defining(name: str, folders: Iterable[str]) -> str | None:
    """Return the module in one of these folders that defines a function or class of this name, without importing any."""
    for path in sorted(path for folder in folders for path in Path(folder).glob("*.py")):
        try:
            body = ast.parse(path.read_bytes()).body
        except (OSError, SyntaxError, ValueError):
            continue
        if any(isinstance(each, (ast.FunctionDef, ast.ClassDef)) and each.name == name for each in body):
            return path.stem
    return None


def import_from(folders: Iterable[str]) -> None:
    """Make modules in these folders importable, after everything that already is."""
    for folder in folders:
        path = str(Path(folder).resolve())
        if path not in sys.path:
            sys.path.append(path)
