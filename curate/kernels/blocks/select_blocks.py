"""Select the blocks to keep: the most probable ones, as many as maximise the expected F score of the page."""

from __future__ import annotations

import numpy as np
from numba import njit

BETA_SQUARED = 0.65  # precision counts a little more than recall; chosen by cross-validation
LEAST, MOST = 0.25, 0.6  # a block with a probability of MOST or more is always kept, one below LEAST never


@njit(cache=True, nogil=True)
def select_blocks(p, weight, beta_squared, least, most):
    """Select the blocks to keep.

    Args:
        p: float32[n], the probability that a block is main text.
        weight: float32[n], the amount of text.
        beta_squared: the weight of recall in F, relative to precision.
        least, most: bounds of the threshold on p.
    Returns:
        `(is_kept bool[n], expected F)`; F is 0 if nothing is kept.
    """
    n = len(p)
    order = np.argsort(-p, kind="mergesort")
    total = 0.0
    for i in range(n):
        total += p[i] * weight[i]
    best, best_n, right, kept = 0.0, 0, 0.0, 0.0
    chosen = 0.0
    for rank in range(n):
        i = order[rank]
        if p[i] < least:
            break
        right, kept = right + p[i] * weight[i], kept + weight[i]
        expected = (1 + beta_squared) * right / (beta_squared * total + kept)
        if expected > best or p[i] >= most:
            best, best_n = max(best, expected), rank + 1
            chosen = expected
    is_kept = np.zeros(n, np.bool_)
    for rank in range(best_n):
        is_kept[order[rank]] = True
    return is_kept, chosen
