"""Define the errors of curate and their exit codes.

    CurateError
    ├── SpecError    the recipe or the command line is not valid                   exit 2
    ├── InputError   an input is missing, empty or not in the expected format      exit 2
    ├── StageError   a stage violated its contract or failed on a batch            exit 1
    └── RunError     the run folder, a task or an executor failed                  exit 1

A `CurateError` is printed without a traceback: its message names the place, what was found, what was
expected and what to do next. Any other exception is a bug in curate and is printed with its traceback.
A record that cannot be used is not an error: it is dropped with a reason, and the run continues.
"""

from __future__ import annotations


class CurateError(Exception):
    """The base of all errors that are meant for users of `curate`."""

    exit_code = 1


class SpecError(CurateError):
    """The recipe or the command line is not valid.

    Args:
        message: what was found, what was expected, what to do next.
        where: the place, as `file:line:column  path`; None if the error is not in a recipe.
    """

    exit_code = 2

    def __init__(self, message: str, where: str | None = None):
        self.message = message
        self.where = where
        super().__init__(f"{where}\n  {message}" if where else message)

    def __reduce__(self):
        return type(self), (self.message, self.where)


class InputError(CurateError):
    """An input is missing, empty or not in the expected format."""

    exit_code = 2


class StageError(CurateError):
    """A stage violated its contract, or failed on a batch of documents."""


class RunError(CurateError):
    """The run folder, a task or an executor failed."""
