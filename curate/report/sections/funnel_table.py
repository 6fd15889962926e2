"""The funnel as a table: documents and text in, dropped and out for each stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from curate.report.finished_run import FinishedRun
from curate.report.funnel import Row, balance, rows
from curate.report.section import Section
from curate.report.wrapping import wrapped
from curate.statistics.tokens import ratio

N_REASONS = 3
"""Reasons that are named for each stage."""


class Funnel(Section):
    """A line for each stage and, on the terminal, why it dropped documents."""

    name = "funnel"
    template = "funnel_table.html"

    def numbers(self, run: FinishedRun) -> Mapping[str, Any]:
        read = max(1, run.ledger.n_read)
        of_run = ratio(run.statistics)
        return {
            "rows": [_row(row, read) for row in rows(run.ledger, of_run)],
            "bytes_per_token": of_run.bytes_per_token,
            "ratio_source": of_run.source,
        }

    def lines(self, run: FinishedRun) -> Iterator[str]:
        table = list(rows(run.ledger))
        width = max([5, *(len(row.stage) for row in table)])
        yield f"{'stage':<{width}} {'in':>12} {'dropped':>12} {'out':>12} {'left':>7} {'seconds':>9}"
        for row in table:
            dropped = f"{row.n_dropped:,}" if row.n_dropped else ""
            yield f"{row.stage:<{width}} {row.n_in:>12,} {dropped:>12} {row.n_out:>12,} {row.share_left:>7.1%} {row.seconds:>9.1f}"
            yield from wrapped([f"{reason} {n:,}" for reason, n in row.reasons], "    ")
        yield ""
        yield balance(run.ledger)


def _row(row: Row, read: int) -> dict[str, Any]:
    return {
        "stage": row.stage,
        "in": row.n_in,
        "dropped": row.n_dropped,
        "share_dropped": row.share_dropped,
        "dropped_of_all": row.n_dropped / read,
        "out": row.n_out,
        "share_left": row.share_left,
        "bytes": row.n_bytes,
        "tokens": row.tokens_out,
        "seconds": row.seconds,
        "reasons": [{"reason": reason, "n": n} for reason, n in row.reasons[:N_REASONS]],
        "more_reasons": max(0, len(row.reasons) - N_REASONS),
    }


FUNNEL = Funnel()
