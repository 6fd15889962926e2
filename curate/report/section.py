"""What a section of the report is: a part of the HTML page, and lines on the terminal."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterator
from html import escape
from typing import ClassVar

from curate.errors import CurateError
from curate.report.finished_run import FinishedRun


class Section(ABC):
    """A part of the report on a finished run. A member of the table is an instance; a subclass defines what it shows."""

    name: ClassVar[str]
    """How the table calls it."""

    is_brief: ClassVar[bool] = True
    """Whether `curate run` prints its lines, too; else only `curate stats` does."""

    def claims(self, run: FinishedRun) -> set[str]:
        """Return the labels of the stages whose metrics this section shows; all others are printed generically."""
        return set()

    def html(self, run: FinishedRun) -> Iterator[str]:
        """Yield HTML. Everything that comes from documents or recipes must be escaped."""
        return iter(())

    def lines(self, run: FinishedRun) -> Iterator[str]:
        """Yield lines of plain text, indented ones for details, which are printed dim; nothing if there is nothing to show."""
        return iter(())


def shown(section: Section, what: Callable[[FinishedRun], Iterator[str]], run: FinishedRun) -> list[str]:
    """Return what a section shows, or one line that says how it failed: a section must not hide the rest of a report.

    Args:
        what: the section's method, `html` or `lines`.
    """
    try:
        return list(what(run))
    except CurateError:
        raise
    except Exception as error:
        failed = f"the section {section.name} failed: {type(error).__name__}: {error}"
        return [escape(failed) if what == section.html else failed]
