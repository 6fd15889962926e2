"""The funnel as a table: documents in, dropped and out for each stage."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from curate.report.finished_run import FinishedRun
from curate.report.funnel import Row, balance, rows
from curate.report.section import Section
from curate.report.wrapping import wrapped


class Funnel(Section):
    """A line for each stage and, on the terminal, why it dropped documents."""

    name = "funnel"

    def html(self, run: FinishedRun) -> Iterator[str]:
        yield "<h2>Funnel</h2><table><tr><th>stage<th class=n>in<th class=n>dropped<th class=n>out<th class=n>left of all<th><th class=n>seconds</tr>"
        for row in rows(run.ledger):
            yield (
                f"<tr><td>{escape(row.stage)}<td class=n>{row.n_in:,}<td class=n>{_dropped(row)}<td class=n>{row.n_out:,}<td class=n>{row.share_left:.1%}"
                f'<td class=cell><div class="bar" style="width:{row.share_left:.2%}"></div><td class=n>{row.seconds:,.1f}</tr>'
            )
        yield "</table>"

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


def _dropped(row: Row) -> str:
    return f"{row.n_dropped:,} <span class=soft>({row.share_dropped:.0%})</span>" if row.n_dropped else ""


FUNNEL = Funnel()
