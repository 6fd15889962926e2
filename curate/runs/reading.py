"""Files of a run folder that are damaged, or cannot be written: every flaw is a message with the file's name."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from curate.errors import CurateError, InputError, RunError
from curate.runs.folder import RunFolder

Shape = type | tuple | list | dict | None
"""What JSON must look like: a type; None for null; a tuple of shapes, one of which fits; a list with the shape of each
entry; a mapping of required keys to shapes, in which `EACH` stands for every key."""

EACH = "*"

_CALLED = {dict: "an object", list: "a list", str: "a string", int: "a whole number", float: "a number"}

AGAIN = "Run again what made it: finished tasks are kept."


def read_json(folder: RunFolder, path: str, shape: Shape, advice: str = AGAIN) -> Any:
    """Return the content of a JSON file.

    Args:
        shape: what it must look like.
        advice: what to do about a damaged file.

    Raises:
        InputError: there is no such file, it cannot be read, is not JSON, or looks otherwise.
    """
    with whole(folder, path, advice):
        if not folder.is_file(path) and folder.exists(path):  # a pipe would be waited for
            raise OSError("it is not a file")
        with folder.open(path) as file:
            found = json.load(file)
        if problem := misfit(found, shape):
            raise ValueError(problem)
        return found


@contextlib.contextmanager
def whole(folder: RunFolder, path: str, advice: str = AGAIN) -> Iterator[None]:
    """Turn whatever reading a file raises into a message; file systems and libraries have errors of many types.

    Raises:
        InputError: with the path, the problem and the advice.
    """
    where = f"{folder.url.rstrip('/')}/{path}"
    try:
        yield
    except CurateError:
        raise
    except FileNotFoundError as error:
        raise InputError(f"{where} is missing.  {advice}") from error
    except OSError as error:
        raise InputError(f"{where} cannot be read: {error.strerror or error}.  {advice}") from error
    except Exception as error:
        raise InputError(f"{where} is damaged: {_said(error)}.  {advice}") from error


@contextlib.contextmanager
def written(folder: RunFolder) -> Iterator[None]:
    """Turn an error of the file system while a run folder is written into a message.

    Raises:
        RunError: with the path, as far as it is known, and the problem.
    """
    try:
        yield
    except OSError as error:
        place = error.filename if isinstance(error.filename, str) else folder.url
        raise RunError(
            f"{place}: {error.strerror or error}.  Make room or change the permissions, and run again: finished tasks are kept."
        ) from error


def _said(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "it is not JSON, or cut off"
    if isinstance(error, KeyError):
        return f"it has no `{error.args[0]}`"
    return str(error).split("\n")[0] or type(error).__name__


def misfit(value: Any, shape: Shape, place: str = "") -> str:
    """Return what in JSON-like data does not fit a shape, and where; empty if all does."""
    if isinstance(shape, tuple):
        problems = [misfit(value, each, place) for each in shape]
        return "" if "" in problems else problems[-1]
    if shape is None:
        return "" if value is None else f"{place or 'it'} is {_called(type(value))}, expected null"
    kind = shape if isinstance(shape, type) else type(shape)
    if not isinstance(value, (int, float) if kind is float else kind):
        return f"{place or 'it'} is {_called(type(value))}, expected {_called(kind)}"
    if isinstance(shape, list):
        return next(filter(None, (misfit(each, shape[0], f"{place}[{i}]") for i, each in enumerate(value))), "")
    if isinstance(shape, dict):
        wanted = dict.fromkeys(value, shape[EACH]) if EACH in shape else shape
        inside = (
            misfit(value[key], each, f"{place}.{key}".lstrip("."))
            if key in value
            else f"{place or 'it'} has no `{key}`"
            for key, each in wanted.items()
        )
        return next(filter(None, inside), "")
    return ""


def _called(kind: type) -> str:
    return _CALLED.get(kind, "null" if kind is type(None) else kind.__name__)
