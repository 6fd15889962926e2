"""Tokens of a run: counted where it counted them, else estimated from the bytes of texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curate.ledger import Ledger
from curate.signals import BYTES_PER_TOKEN
from curate.statistics.run_statistics import KEPT, RunStatistics

COUNTED = "tokens"
"""The column of `text.count_tokens`."""

_PUBLISHED = "English web text, WanJuan-CC (arXiv 2402.19282); no tokenizer was run"
_MEASURED = "counted by text.count_tokens in the kept documents of this run"


@dataclass(frozen=True, slots=True)
class TokenRatio:
    """How bytes of text become tokens.

    Args:
        bytes_per_token: of UTF-8.
        source: where the number is from, for readers.
        is_measured: whether the tokens of this run were counted.
    """

    bytes_per_token: float
    source: str
    is_measured: bool

    def tokens(self, n_bytes: int) -> int:
        """Return about how many tokens a number of bytes has."""
        return round(n_bytes / self.bytes_per_token)


PUBLISHED = TokenRatio(BYTES_PER_TOKEN, _PUBLISHED, is_measured=False)


def ratio(statistics: RunStatistics) -> TokenRatio:
    """Return the ratio of the kept documents if their tokens were counted, else `PUBLISHED`."""
    tokens, n_bytes = (statistics.kept(column).moments for column in (COUNTED, "text.bytes"))
    if not tokens.sum or not n_bytes.sum or tokens.n != statistics.documents.get(KEPT):
        return PUBLISHED
    return TokenRatio(n_bytes.sum / tokens.sum, _MEASURED, is_measured=True)


def of_run(ledger: Ledger, statistics: RunStatistics) -> Mapping[str, Any]:
    """Return what the manifest says of tokens: those that came and those that were kept, and how both were found.

    `out` is exact if `counted` is true; `in` is always estimated, as documents may have left before their tokens were counted.
    """
    found = ratio(statistics)
    return {
        "in": found.tokens(bytes_born(ledger)),
        "out": round(statistics.kept(COUNTED).moments.sum) if found.is_measured else found.tokens(bytes_kept(ledger)),
        "counted": found.is_measured,
        "bytes_per_token": round(found.bytes_per_token, 4),
        "source": found.source,
    }


def bytes_born(ledger: Ledger) -> int:
    """Return the bytes of text that the first stage with texts gave out: the sources, or an extraction.

    Several sources pass on what those before them read, so that the last of them has all.
    """
    with_text = [entry for entry in ledger.stages if entry.bytes_out]
    if not with_text:
        return 0
    following = with_text[1:]
    last = with_text[0]
    for entry in following:
        if not entry.n_born:
            break
        last = entry
    return last.bytes_out


def bytes_kept(ledger: Ledger) -> int:
    """Return the bytes of text that were kept."""
    return ledger.stages[-1].bytes_out if ledger.stages else 0
