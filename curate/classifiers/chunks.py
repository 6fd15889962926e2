"""Score long texts: cut each into chunks, score the chunks, and combine their scores.

A page is rarely bad throughout, and models are trained on texts of limited length. So a long text is cut into chunks of
at most `size` characters (`curate.kernels.chunks`), at line breaks if possible, otherwise after sentences or between
words. `max` takes the highest score of the chunks; `mean` takes the mean, weighted by their characters. A text of at most
`size` characters is one chunk. A text without a visible character has no chunk and no score.
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
        model: an open model.
        batch: with a column `text`.
        size: characters per chunk at most, 1 or more; 0 scores texts whole.
        aggregate: how the scores of a text's chunks are combined: `max` or `mean`.
    Returns:
        `(float32[n], counts)`: one score per text, 0 to 1, NaN for a text without a score; and counts for the ledger:
        `texts_in_chunks` (cut into two or more), `chunks_cut_off` (chunks longer than the model's input), `no_score_blank`
        and `no_score_not_a_number` (texts without a score). Counts of 0 are left out.
    """
    from curate.kernels import characters
    from curate.kernels.chunks import cut_chunks

    offsets, data = batch.text_buffers()
    bounds, starts, ends, lengths = cut_chunks(offsets, data, characters.classes(), size)
    before = model.n_truncated
    found = model.score_spans(data, starts, ends)
    found = np.where(np.isfinite(found), found, np.nan).astype(np.float32)
    scores = combined(bounds, found, lengths, aggregate)
    n_chunks = np.diff(bounds)
    is_missing = np.isnan(scores)
    counts = {
        "texts_in_chunks": int((n_chunks > 1).sum()),
        "chunks_cut_off": model.n_truncated - before,
        "no_score_blank": int((is_missing & (n_chunks == 0)).sum()),
        "no_score_not_a_number": int((is_missing & (n_chunks > 0)).sum()),
    }
    return scores, {name: n for name, n in counts.items() if n}


def combined(bounds: np.ndarray, scores: np.ndarray, lengths: np.ndarray, aggregate: Aggregate) -> np.ndarray:
    """Combine the scores of chunks into scores of texts.

    Args:
        bounds: int64[n + 1]; the chunks of text i are `bounds[i]` to `bounds[i + 1] - 1`.
        scores: float32[n_chunks], 0 to 1; NaN is ignored.
        lengths: int64[n_chunks], characters; the weights for `mean`.
        aggregate: `max` or `mean`.
    Returns:
        float32[n], NaN for a text without a chunk that has a score.
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
