"""What a section of the report is: numbers and a template for the HTML page, and lines on the terminal."""

from __future__ import annotations

import inspect
from abc import ABC
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from curate.errors import CurateError
from curate.report.finished_run import FinishedRun


class Section(ABC):
    """A part of the report on a finished run. A member of the table is an instance; a subclass defines what it shows."""

    name: ClassVar[str]
    """How the table calls it."""

    template: ClassVar[str] = ""
    """The file with its Jinja template, beside the module of the class. It shows `numbers`, as the variable `it`, and
    escapes them. Empty if the section is not part of the page."""

    is_brief: ClassVar[bool] = True
    """Whether `curate run` prints its lines, too; else only `curate stats` does."""

    def claims(self, run: FinishedRun) -> set[str]:
        """Return the labels of the stages whose metrics this section shows; all others are printed generically."""
        return set()

    def numbers(self, run: FinishedRun) -> Mapping[str, Any] | None:
        """Return what the page shows, as JSON-like data without any markup; None if there is nothing to show."""
        return None

    def lines(self, run: FinishedRun) -> Iterator[str]:
        """Yield lines of plain text, indented ones for details, which are printed dim; nothing if there is nothing to show."""
        return iter(())

    def source(self) -> str:
        """Return the text of the template."""
        if not self.template:
            return ""
        return Path(inspect.getfile(type(self))).with_name(self.template).read_text(encoding="utf-8")


def printed(section: Section, run: FinishedRun) -> list[str]:
    """Return the lines of a section, or one that says how it failed: a section must not hide the rest of a report."""
    try:
        return list(section.lines(run))
    except CurateError:
        raise
    except Exception as error:
        return [failed(section, error)]


def failed(section: Section, error: Exception) -> str:
    """Return a sentence that stands in place of a section."""
    return f"the section {section.name} failed: {type(error).__name__}: {error}"
