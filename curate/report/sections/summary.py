"""The head of the report: how many documents came and were kept, when, how long it took, and warnings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.report import measured
from curate.report.finished_run import FinishedRun
from curate.report.funnel import balance
from curate.report.section import Section

TIME = "%Y-%m-%d %H:%M UTC"


class Summary(Section):
    """Name, totals, time, warnings."""

    name = "summary"
    template = "summary.html"

    def numbers(self, run: FinishedRun) -> Mapping[str, Any]:
        manifest, ledger = run.manifest, run.ledger
        tokens, is_estimate = measured.tokens_kept(run)
        return {
            "name": manifest["name"],
            "description": manifest["description"],
            "limit": manifest["limit"],
            "n_born": ledger.n_born,
            "n_out": ledger.n_out,
            "n_dropped": ledger.n_dropped,
            "share": ledger.n_out / max(1, ledger.n_born),
            "bytes": ledger.stages[-1].bytes_out if ledger.stages else 0,
            "tokens": tokens,
            "is_estimate": is_estimate,
            "warnings": list(manifest["warnings"]),
            "balance": balance(ledger),
            "time": _time(run),
        }


def _time(run: FinishedRun) -> Mapping[str, Any] | None:
    if run.timing is None:
        return None
    return {
        "finished": run.timing.finished.strftime(TIME),
        "seconds": run.timing.seconds,
        "task_seconds": sum(entry.seconds for entry in run.ledger.stages),
    }


SUMMARY = Summary()
