"""Ending a task at a batch, when its process is told that it will be ended."""

from __future__ import annotations

_IS_ASKED = False


class Stopped(BaseException):
    """A task ended at a batch because it was asked to; what it did since is done again later. No error of the task."""


def ask() -> None:
    """Ask the task of this process to end at its next batch; again is the same as once."""
    global _IS_ASKED
    _IS_ASKED = True


def check() -> None:
    """End the task if it was asked to.

    Raises:
        Stopped: it was.
    """
    if _IS_ASKED:
        raise Stopped
