"""Decide which of several linked documents are kept: a greedy clustering in order of priority."""

from __future__ import annotations

import numpy as np
from numba import njit

UNDECIDED, KEPT, DROPPED = np.int8(0), np.int8(1), np.int8(2)
"""The state of a document."""


@njit(cache=True, nogil=True)
def decide(bounds, higher, state, representative, via, via_similarity, threshold):
    """Decide as many documents as possible, in order of priority.

    A document is dropped if a document it is linked to is kept. It is also dropped if a linked document was dropped and
    it is similar enough to the representative of that one. Otherwise it is kept. A similarity that is needed and not known
    is requested; the document stays undecided until it is known, and so do later documents that depend on it.

    Args:
        bounds: int64[n + 1]; the links of document i are `higher[bounds[i] : bounds[i + 1]]`.
        higher: int64[m], documents of higher priority (a smaller index), ascending.
        state: int8[n], changed: UNDECIDED, KEPT or DROPPED.
        representative: int64[n], changed: the kept document of the cluster, the document itself if it is kept, -1 while
            it is undecided.
        via: int64[m], changed: the representative whose similarity a link requests or knows, -1 for none.
        via_similarity: float32[m], changed: that similarity; NaN while it is requested and not known.
        threshold: least similarity to a representative; a negative one accepts every chain without a similarity.
    Returns:
        the number of links that request a similarity. If it is 0, every document is decided.
    """
    n_requested = 0
    for i in range(len(state)):
        if state[i] != UNDECIDED:
            continue
        start, end = bounds[i], bounds[i + 1]
        found, waits = np.int64(-1), False
        for k in range(start, end):
            if state[higher[k]] == UNDECIDED:
                waits = True
            elif state[higher[k]] == KEPT and found < 0:
                found = higher[k]
        if waits:
            continue
        if found < 0:
            for k in range(start, end):
                other = representative[higher[k]]
                if found >= 0 and other >= found:
                    continue
                if threshold >= 0 and via[k] != other:
                    via[k], via_similarity[k] = other, np.float32(np.nan)
                    n_requested += 1
                    waits = True
                elif threshold < 0 or via_similarity[k] >= threshold:
                    found = other
        if waits:
            continue
        state[i] = DROPPED if found >= 0 else KEPT
        representative[i] = found if found >= 0 else i
    return n_requested
