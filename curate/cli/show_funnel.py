"""What the terminal shows of the funnel of any run: a line for each stage that fits, and below it why documents went."""

from __future__ import annotations

from curate.cli.console import OUT, quoted, styled
from curate.ledger import Ledger
from curate.report import funnel
from curate.report.wrapping import wrapped

WIDEST = 96
"""Characters of a line of the report's own funnel; a narrower terminal gets this one."""

_NUMBERS = 34
"""Characters of a line that are not the name of the stage."""


def print_funnel(ledger: Ledger, *, is_finished: bool) -> None:
    """Print the funnel of a run.

    Args:
        is_finished: else documents that came out of the last stage so far are on their way.
    """
    table = [row for row in funnel.rows(ledger) if is_finished or row.n_in]
    width = min(max([5, *(len(row.stage) for row in table)]), max(12, OUT.columns - _NUMBERS))
    OUT.print(styled(f"{'stage':<{width}} {'in':>11} {'dropped':>11} {'left':>7}", "bold"))
    for row in table:
        name = row.stage if len(row.stage) <= width else row.stage[: width - 1] + "~"
        dropped = f"{row.n_dropped:,}" if row.n_dropped else ""
        OUT.print(quoted(f"{name:<{width}} {row.n_in:>11,} {dropped:>11} {row.share_left:>7.1%}"))
        for line in wrapped([f"{reason} {n:,}" for reason, n in row.reasons], "    ", OUT.columns):
            OUT.print(quoted(line, "dim"))
    OUT.print()
    n_left = ledger.n_born - ledger.n_dropped
    OUT.print(funnel.balance(ledger) if is_finished else f"{ledger.n_born:,} documents in so far = {ledger.n_dropped:,} dropped + {n_left:,} kept or on their way")  # fmt: skip
    OUT.print()
