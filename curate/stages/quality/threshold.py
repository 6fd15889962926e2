"""`quality.threshold`: drop documents by a bound on a score."""

from __future__ import annotations

from typing import Literal

from curate.errors import SpecError
from curate.rules import Rules, at_least, at_most, present


def threshold(
    *,
    score: str,
    min: float | None = None,
    max: float | None = None,
    missing: Literal["drop", "keep"] = "drop",
) -> Rules:
    """Drop documents whose score is below a minimum or above a maximum.

    Why:
        Scoring and deciding are separate stages, so a threshold can be changed without scoring again. Use a minimum for
        quality scores and a maximum for safety scores.
    Args:
        score: the score column, made by an earlier stage, or a signal.
        min: drop documents with a lower score; null for no minimum.
        max: drop documents with a higher score; null for no maximum.
        missing: what to do with documents whose score is null (the text was blank, or the model returned no number):
            `drop` them, since nothing is known about them, or `keep` them. Documents in a language that the model of the
            score does not know always pass; the ledger counts them as `no_score_other_language`.
    Drops:
        no_score: the score is null, and not because of the document's language.
        score_too_low: the score is less than `min`.
        score_too_high: the score is more than `max`.
    Raises:
        SpecError: `min` is greater than `max`.
    Cost: Negligible; evaluated in one pass with adjacent filters.
    Kept:
        "The harbour was quiet." with score="words.count", min=3
    Dropped:
        "The harbour." with score="words.count", min=3 -> score_too_low
        "The harbour was quiet." with score="words.count", max=3 -> score_too_high
        "港口" with score="words.mean_length", min=1 -> no_score
    Source: WanJuan-CC (2402.19282) does not publish its thresholds.
    """
    if min is not None and max is not None and min > max:
        raise SpecError(
            f"min: {min:g} is greater than max: {max:g}, so no document would be kept; lower min or raise max."
        )
    return Rules(
        **({"no_score": present(score)} if missing == "drop" else {}),
        score_too_low=at_least(score, min),
        score_too_high=at_most(score, max),
    )
