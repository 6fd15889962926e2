"""What stages counted that dropped no document."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from curate.report.finished_run import FinishedRun
from curate.report.funnel import rows
from curate.report.section import Section
from curate.report.wrapping import wrapped


class Counts(Section):
    """Changes and observations, counted by stage."""

    name = "counts"
    is_brief = False

    def html(self, run: FinishedRun) -> Iterator[str]:
        counted = [(entry.stage, name, n) for entry in run.ledger.stages for name, n in sorted(entry.counts.items())]
        if counted:
            yield "<h2>Also counted</h2><p class=soft>What stages noticed or changed without dropping the document.</p><table>"
            yield from (
                f"<tr><td>{escape(stage)}<td>{escape(name)}<td class=n>{n:,}</tr>" for stage, name, n in counted
            )
            yield "</table>"

    def lines(self, run: FinishedRun) -> Iterator[str]:
        counted = [row for row in rows(run.ledger) if row.counts]
        if counted:
            yield "also counted"
        for row in counted:
            yield f"  {row.stage}"
            yield from wrapped([f"{name} {n:,}" for name, n in row.counts], "    ")


COUNTS = Counts()
