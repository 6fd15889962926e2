"""What stages counted that dropped no document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.report.finished_run import FinishedRun
from curate.report.funnel import rows
from curate.report.section import Section
from curate.report.wrapping import wrapped


class Counts(Section):
    """Changes and observations, counted by stage."""

    name = "counts"
    template = "counts.html"
    is_brief = False

    def numbers(self, run: FinishedRun) -> Mapping[str, Any] | None:
        counted = [
            {"stage": entry.stage, "name": name, "n": n}
            for entry in run.ledger.stages
            for name, n in sorted(entry.counts.items())
        ]
        return {"counts": counted} if counted else None

    def lines(self, run: FinishedRun) -> Iterator[str]:
        counted = [row for row in rows(run.ledger) if row.counts]
        if counted:
            yield "also counted"
        for row in counted:
            yield f"  {row.stage}"
            yield from wrapped([f"{name} {n:,}" for name, n in row.counts], "    ")


COUNTS = Counts()
