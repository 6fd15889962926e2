"""Everything that can go wrong, and what the command line makes of it.

    CurateError
    ├── SpecError    the recipe or the command line is wrong; you can fix it       exit 2
    ├── InputError   an input is missing, empty or not what it was said to be      exit 2
    ├── StageError   a stage broke its contract or failed on a batch               exit 1
    └── RunError     the run folder, a task or an executor failed                  exit 1

A `CurateError` is printed without a traceback: its message names the place, what was found, what was
expected and what to do next. Anything else is a bug of ours and is printed with its traceback.
A record that cannot be used is none of these: it is a drop with a reason, and the run goes on.
"""

from __future__ import annotations


class CurateError(Exception):
    """The root of all errors a user of `curate` is meant to read."""

    exit_code = 1


class SpecError(CurateError):
    """The recipe or the command line is wrong.

    Args:
        message: what was found, what was expected, what to do next.
        where: the place, as `file:line:column  path`, when the error comes from a recipe.
    """

    exit_code = 2

    def __init__(self, message: str, where: str | None = None):
        self.message = message
        self.where = where
        super().__init__(f"{where}\n  {message}" if where else message)

    def __reduce__(self):
        return type(self), (self.message, self.where)


class InputError(CurateError):
    """An input is missing, empty or not what it was said to be."""

    exit_code = 2


class StageError(CurateError):
    """A stage broke its contract, or failed on a batch of documents."""


class RunError(CurateError):
    """The run folder, a task or an executor failed."""
