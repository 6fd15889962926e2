"""One self-contained HTML file about a finished run, which opens offline: every section of the table, in order."""

from __future__ import annotations

from collections.abc import Iterable

from curate.report import page_shell
from curate.report.finished_run import FinishedRun
from curate.report.section import Section, shown


def page(run: FinishedRun, sections: Iterable[Section]) -> str:
    """Return the report."""
    return page_shell.page(
        run.manifest["name"], [piece for section in sections for piece in shown(section, section.html, run)]
    )
