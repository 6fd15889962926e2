"""Who stays and who leaves among documents that are linked: the greedy cover in order of priority."""

from __future__ import annotations

import numpy as np
from numba import njit

OPEN, STAYS, LEAVES = np.int8(0), np.int8(1), np.int8(2)
"""What is known of a document."""


@njit(cache=True, nogil=True)
def decide(bounds, higher, state, keeper, via, via_similarity, threshold):
    """Decide as many documents as can be decided, in order of priority.

    A document leaves if one it is linked to stays; else if it is as similar to the one for which a linked document
    left; else it stays. What is not known of the second case is asked for, and the document stays open, as do those
    after it that depend on it.

    Args:
        bounds: int64[n + 1]; the links of document i are `higher[bounds[i] : bounds[i + 1]]`.
        higher: int64[m], documents of higher priority (smaller number), ascending.
        state: int8[n], changed: OPEN, STAYS, LEAVES.
        keeper: int64[n], changed: for whom each leaves, itself if it stays, -1 while it is open.
        via: int64[m], changed: for which keeper the similarity of a link is asked or known, -1 for none.
        via_similarity: float32[m], changed: that similarity; NaN where it is asked and not yet known.
        threshold: similarity from which one leaves for another; a negative one takes every chain for granted.
    Returns:
        how many links ask for a similarity. When it is 0, every document is decided.
    """
    asked = 0
    for i in range(len(state)):
        if state[i] != OPEN:
            continue
        start, end = bounds[i], bounds[i + 1]
        found, waits = np.int64(-1), False
        for k in range(start, end):
            if state[higher[k]] == OPEN:
                waits = True
            elif state[higher[k]] == STAYS and found < 0:
                found = higher[k]
        if waits:
            continue
        if found < 0:
            for k in range(start, end):
                other = keeper[higher[k]]
                if found >= 0 and other >= found:
                    continue
                if threshold >= 0 and via[k] != other:
                    via[k], via_similarity[k] = other, np.float32(np.nan)
                    asked += 1
                    waits = True
                elif threshold < 0 or via_similarity[k] >= threshold:
                    found = other
        if waits:
            continue
        state[i] = LEAVES if found >= 0 else STAYS
        keeper[i] = found if found >= 0 else i
    return asked
