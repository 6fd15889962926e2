"""Scores of long texts: cut into chunks, each scored, the scores put together.

A page is rarely bad throughout, and models are trained on texts of some length; so a long text is cut into chunks of
at most `size` characters (`curate.kernels.chunks`), at line breaks if possible, else after sentences or between words.
`max` takes the highest score of them, `mean` the mean weighted by their characters. A text of at most `size`
characters is one chunk; one without a visible character has none, and no score.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from curate.batch import Batch
from curate.classifiers.model import Model

Aggregate = Literal["max", "mean"]


def score(model: Model, batch: Batch, size: int, aggregate: Aggregate) -> tuple[np.ndarray, dict[str, int]]:
    """Score the texts of a batch.

    Args:
        size: characters in a chunk at most; 0 scores texts whole.
        aggregate: how the chunks of a text are put together.
    Returns:
        `(float32[n], counts)`: scores from 0 to 1, NaN where a text has none; and how often something happened that
        the ledger should know: `texts_in_chunks`, `chunks_cut_off` (longer than the model takes), `no_score_blank`, `no_score_not_a_number`.
    """
    from curate.kernels import characters
    from curate.kernels.chunks import cut_chunks

    offsets, data = batch.text_buffers()
    bounds, starts, ends, lengths = cut_chunks(offsets, data, characters.classes(), size)
    before = model.n_truncated
    found = model.score_spans(data, starts, ends)
    found = np.where(np.isfinite(found), found, np.nan).astype(np.float32)
    scores = together(bounds, found, lengths, aggregate)
    n_chunks = np.diff(bounds)
    is_missing = np.isnan(scores)
    counts = {
        "texts_in_chunks": int((n_chunks > 1).sum()),
        "chunks_cut_off": model.n_truncated - before,
        "no_score_blank": int((is_missing & (n_chunks == 0)).sum()),
        "no_score_not_a_number": int((is_missing & (n_chunks > 0)).sum()),
    }
    return scores, {name: n for name, n in counts.items() if n}


def together(bounds: np.ndarray, scores: np.ndarray, lengths: np.ndarray, aggregate: Aggregate) -> np.ndarray:
    """Put the scores of chunks together: float32[n].

    Args:
        bounds: int64[n + 1], the chunks of each text.
        scores: float32[total]; NaN takes no part, and a text with nothing else is NaN.
        lengths: int64[total], the weight of each chunk for `mean`.
    """
    n = len(bounds) - 1
    owner = np.repeat(np.arange(n), np.diff(bounds))
    there = ~np.isnan(scores)
    owner, values, weight = owner[there], scores[there].astype(np.float64), lengths[there].astype(np.float64)
    out = np.full(n, np.nan, np.float32)
    if aggregate == "max":
        np.fmax.at(out, owner, values.astype(np.float32))
        return out
    weights = np.bincount(owner, weight, n)
    sums = np.bincount(owner, weight * values, n)
    np.divide(sums, weights, out=out, where=weights > 0, casting="unsafe")
    return out
