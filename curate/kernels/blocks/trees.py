"""Boosted trees of complete depth: no branches, a fixed number of comparisons a tree."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit


class Trees(NamedTuple):
    """Trees of one depth d. A node's children are 2k + 1 (value <= threshold) and 2k + 2."""

    feature: np.ndarray  # int16[n_trees, 2**d - 1]
    threshold: np.ndarray  # float32[n_trees, 2**d - 1]
    leaf: np.ndarray  # float32[n_trees, 2**d]


@njit(cache=True, nogil=True)
def predict(trees, rows):
    """Return the probability of each row.

    Args:
        trees: `Trees`.
        rows: float32[n, n_features], without NaN.
    Returns:
        float32[n].
    Cost: about 1 microsecond a row for 100 trees of depth 5, one core.
    """
    n, inner = len(rows), trees.feature.shape[1]
    score = np.zeros(n, np.float32)
    for k in range(len(trees.feature)):
        feature, threshold, leaf = trees.feature[k], trees.threshold[k], trees.leaf[k]
        for i in range(n):
            node = 0
            while node < inner:
                node = 2 * node + 1 + (rows[i, feature[node]] > threshold[node])
            score[i] += leaf[node - inner]
    return (np.float32(1) / (np.float32(1) + np.exp(-score))).astype(np.float32)
