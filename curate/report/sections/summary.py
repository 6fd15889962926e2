"""The head of the report: how many documents came and were kept, when, how long it took, and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from curate.report.finished_run import FinishedRun
from curate.report.funnel import balance
from curate.report.section import Section
from curate.statistics import tokens

TIME = "%Y-%m-%d %H:%M UTC"


class Summary(Section):
    """Name, totals, time, warnings."""

    name = "summary"
    template = "summary.html"

    def numbers(self, run: FinishedRun) -> Mapping[str, Any]:
        manifest, ledger = run.manifest, run.ledger
        return {
            "name": manifest["name"],
            "description": manifest["description"],
            "limit": manifest["limit"],
            "n_born": ledger.n_born,
            "n_out": ledger.n_out,
            "n_dropped": ledger.n_dropped,
            "share": ledger.n_out / max(1, ledger.n_read),
            "bytes": tokens.bytes_kept(ledger),
            "tokens": tokens.of_run(ledger, run.statistics),
            "warnings": list(manifest["warnings"]),
            "balance": balance(ledger),
            "time": _time(run),
        }


def _time(run: FinishedRun) -> Mapping[str, Any] | None:
    """Return when the run ended and how long it took; None for a run that an earlier version of curate made."""
    if "ended" not in run.manifest:
        return None
    return {
        "ended": datetime.fromisoformat(run.manifest["ended"]).strftime(TIME),
        "seconds": run.manifest["seconds"],
        "task_seconds": sum(entry.seconds for entry in run.ledger.stages),
    }


SUMMARY = Summary()
