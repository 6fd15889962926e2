"""Define the errors of curate and their exit codes.

    CurateError
    ├── SpecError    the recipe or the command line is not valid                   exit 2
    │   └── SpecErrors   the same, in several places
    ├── InputError   an input is missing, empty or not in the expected format      exit 2
    ├── StageError   a stage violated its contract or failed on a batch            exit 1
    └── RunError     the run folder, a task or an executor failed                  exit 1

A `CurateError` is printed without a traceback: its message names the place, what was found, what was
expected and what to do next. Any other exception is a bug in curate and is printed with its traceback.
A record that cannot be used is not an error: it is dropped with a reason, and the run continues.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Self, TypeVar

Value = TypeVar("Value")


class Place(str):
    """A place in a file, as `file:line:column  path`; places of one file are sorted by `at`.

    Attributes:
        at: line and column, from 1.
    """

    __slots__ = ("at",)

    at: tuple[int, int]

    def __new__(cls, text: str, at: tuple[int, int]) -> Self:
        made = super().__new__(cls, text)
        made.at = at
        return made

    def __getnewargs__(self) -> tuple[str, tuple[int, int]]:
        return str(self), self.at


class CurateError(Exception):
    """The base of all errors that are meant for users of `curate`.

    Args:
        message: what was found, what was expected, what to do next.
        where: the place, as `file:line:column  path`; None if the error is not in a recipe.
    """

    exit_code = 1

    def __init__(self, message: str, where: str | None = None):
        self.message = message
        self.where = where
        super().__init__(f"{where}\n  {message}" if where else message)

    def __reduce__(self):
        return type(self), (self.message, self.where)

    @property
    def errors(self) -> tuple[CurateError, ...]:
        """What is wrong, each in one place; itself, if it is one thing."""
        return (self,)


class SpecError(CurateError):
    """The recipe or the command line is not valid."""

    exit_code = 2


class SpecErrors(SpecError):
    """A recipe is not valid in several places.

    Args:
        errors: what is wrong, each in one place.
    """

    def __init__(self, errors: Iterable[CurateError]):
        self._errors = tuple(errors)
        super().__init__("\n".join(map(str, self._errors)))

    def __reduce__(self):
        return type(self), (self._errors,)

    def __str__(self) -> str:
        return "\n".join([*map(str, self._errors), f"{len(self._errors)} errors.  Nothing was run."])

    @property
    def errors(self) -> tuple[CurateError, ...]:
        return self._errors


class InputError(CurateError):
    """An input is missing, empty or not in the expected format."""

    exit_code = 2


class StageError(CurateError):
    """A stage violated its contract, or failed on a batch of documents."""


class RunError(CurateError):
    """The run folder, a task or an executor failed."""


@contextlib.contextmanager
def at(where: str) -> Iterator[None]:
    """Say of errors that are raised here, and have no place, where in the recipe they are."""
    try:
        yield
    except CurateError as error:
        if all(each.where for each in error.errors):
            raise
        placed = [each if each.where else type(each)(each.message, where) for each in error.errors]
        raise (placed[0] if len(placed) == 1 else SpecErrors(placed)) from error


class Problems:
    """Gathers what is wrong in parts of a recipe that do not depend on each other.

        with Problems() as problems:
            for name, given in parameters.items():
                with problems.noted():
                    found[name] = converted(given)

    Leaving it raises all that was noted, as one error; so whoever calls gets a value or an error, as always.
    """

    def __init__(self) -> None:
        self._found: list[CurateError] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        if isinstance(error, CurateError):
            self.add(error)
        if kind is None or isinstance(error, CurateError):
            self.refuse()

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Note an error that is raised here, and go on after it."""
        try:
            yield
        except CurateError as error:
            self.add(error)

    def tried(self, read: Callable[[], Value], otherwise: Value) -> Value:
        """Return what a function returns, or something else if it raises an error, which is noted."""
        with self.noted():
            return read()
        return otherwise

    def add(self, error: CurateError) -> None:
        """Note an error, or each of several; one that was noted already, or says the same of the same place, once."""
        known = {str(each) for each in self._found}
        self._found += [each for each in error.errors if str(each) not in known]

    @property
    def are_there(self) -> bool:
        """Whether anything was noted."""
        return bool(self._found)

    def refuse(self) -> None:
        """Raise what was noted, in the order of the file; what has no place in it comes first.

        Raises:
            SpecErrors: there are several errors; if there is one, it is raised as it is.
        """
        ordered = sorted(self._found, key=lambda each: each.where.at if isinstance(each.where, Place) else (0, 0))
        if len(ordered) > 1:
            raise SpecErrors(ordered)
        for error in ordered:
            raise error
