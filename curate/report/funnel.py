"""The funnel: stage by stage, how many documents came, went and why. The same rows for every medium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from curate.ledger import Ledger, StageLedger
from curate.statistics.tokens import PUBLISHED, TokenRatio


@dataclass(frozen=True, slots=True)
class Row:
    """One stage of the funnel.

    Args:
        share_left: documents left after the stage, as a share of all that the recipe asked for.
        share_dropped: dropped documents as a share of those that came to the stage.
        n_bytes: of text that went on.
        tokens_in, tokens_out: about how many tokens of text came and went on, from their bytes.
        reasons: (reason, documents) by frequency.
        counts: (name, times) of what happened that dropped nobody, by name; what never happened is left out.
    """

    stage: str
    n_in: int
    n_dropped: int
    n_out: int
    share_left: float
    share_dropped: float
    seconds: float
    n_bytes: int
    tokens_in: int
    tokens_out: int
    reasons: tuple[tuple[str, int], ...]
    counts: tuple[tuple[str, int], ...]


def rows(ledger: Ledger, ratio: TokenRatio = PUBLISHED) -> Iterator[Row]:
    """Yield a row for each stage, in the order of the recipe.

    Args:
        ratio: how bytes become tokens; `curate.statistics.tokens.ratio` returns that of a run.
    """
    read = max(1, ledger.n_read)
    for entry in ledger.stages:
        came = entry.n_in + entry.n_born
        yield Row(
            entry.stage, came, entry.n_dropped, entry.n_out, entry.n_out / read,
            entry.n_dropped / came if came else 0.0, entry.seconds, entry.bytes_out, ratio.tokens(entry.bytes_in),
            ratio.tokens(entry.bytes_out), _by_frequency(entry),
            tuple((name, n) for name, n in sorted(entry.counts.items()) if n),
        )  # fmt: skip


def _by_frequency(entry: StageLedger) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(entry.dropped.items(), key=lambda pair: (-pair[1], pair[0])))


def balance(ledger: Ledger) -> str:
    """Return the conservation law with this run's numbers."""
    law = f"{ledger.n_born:,} documents in = {ledger.n_out:,} kept + {ledger.n_dropped:,} dropped"
    if not ledger.n_left_out:
        return law
    return f"{law}; {ledger.n_left_out:,} of these are not in the recipe's sample, and shares are of the others"
