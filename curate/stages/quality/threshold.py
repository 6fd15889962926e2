"""`quality.threshold`: a line drawn through a score."""

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
    """Drop documents whose score lies below a minimum or above a maximum.

    Why:
        Scores are kept with every document, and a threshold is a decision of its own: it can be changed, or asked
        about, without scoring again. Quality wants a minimum, safety a maximum.
    Args:
        score: the column, one that a stage before this made.
        min: drop what scores less; null for no minimum.
        max: drop what scores more; null for no maximum.
        missing: what becomes of a document whose score is null: its text was blank, or the model failed on it. `drop`,
            since nothing is known about it; `keep` leaves it to other stages.
    Drops:
        no_score: the score is null.
        score_too_low: less than `min`.
        score_too_high: more than `max`.
    Cost: nothing to speak of; judged in one pass with the filters beside it.
    Kept:
        "The harbour was quiet." with score="words.count", min=3
    Dropped:
        "The harbour." with score="words.count", min=3 -> score_too_low
        "The harbour was quiet." with score="words.count", max=3 -> score_too_high
        "港口" with score="words.mean_length", min=1 -> no_score
    Source: of WanJuan-CC (2402.19282) no threshold is published.
    """
    if min is not None and max is not None and min > max:
        raise SpecError(f"min: {min:g} is more than max: {max:g}, so nothing would be left.")
    return Rules(
        **({"no_score": present(score)} if missing == "drop" else {}),
        score_too_low=at_least(score, min),
        score_too_high=at_most(score, max),
    )
