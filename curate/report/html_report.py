"""One self-contained HTML file about a finished run, which opens offline: every section of the table, in order."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from curate.errors import CurateError
from curate.report.finished_run import FinishedRun
from curate.report.page import Page
from curate.report.section import Section, failed


def page(run: FinishedRun, sections: Iterable[Section]) -> str:
    """Return the report."""
    with Page() as made:
        return made.finished(run.manifest["name"], [_rendered(section, run, made) for section in sections])


def _rendered(section: Section, run: FinishedRun, made: Page) -> Markup:
    """Return the HTML of a section, or one line that says how it failed: a section must not hide the rest of a report."""
    try:
        numbers = section.numbers(run)
        return Markup("") if numbers is None else made.render(section.source(), numbers)
    except CurateError:
        raise
    except Exception as error:
        return made.render("<p>{{ it.failed }}</p>\n", {"failed": failed(section, error)})
