"""Give all blocks of a list or data table one probability, so that it is kept or dropped as a whole."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.tags import tag

LEAST_BLOCKS, LEAST_ROWS = 8, 3
"""Least number of blocks of such a list or table, and of rows of such a table."""

MOST_LONG = 0.3
"""Largest share of long paragraphs; with more of them, the table or list is page layout and is not smoothed."""

_TABLE, _UL, _OL, _DL = tag("table"), tag("ul"), tag("ol"), tag("dl")


@njit(cache=True, nogil=True)
def smooth_groups(t, m, p):
    """Replace the probabilities of the blocks of each list and data table by their mean, weighted by width.

    A block belongs to the innermost list or table around it.

    Args:
        t: `layout.Tables` after `read_blocks`.
        m: their `Measures`.
        p: float32[n], the probability that a block is main text.
    Returns:
        float32[n], the new probabilities.
    """
    n, smoothed = len(p), p.copy()
    group, sums = np.full(n, -1, np.int32), np.zeros((t.state[at_.ELEMENTS], 5), np.float64)
    row = np.full(t.state[at_.ELEMENTS], -1, np.int32)  # the last row seen of each table
    for i in range(n):
        if t.blocks[i, at_.ROW] < 0 and t.blocks[i, at_.LIST] == 0:
            continue
        group[i] = _group_of(t.elements, t.blocks[i, at_.ELEMENT])
        if group[i] >= 0:
            own, weight = sums[group[i]], m.width[i] + 1.0
            own[0], own[1], own[2] = own[0] + 1, own[1] + weight, own[2] + weight * p[i]
            own[3] += weight if m.is_long[i] else 0.0
            own[4] += row[group[i]] != t.blocks[i, at_.ROW] or t.elements[group[i], at_.TAG] != _TABLE
            row[group[i]] = t.blocks[i, at_.ROW]
    for i in range(n):
        if group[i] >= 0:
            own = sums[group[i]]
            if own[0] >= LEAST_BLOCKS and own[4] >= LEAST_ROWS and own[3] <= MOST_LONG * own[1]:
                smoothed[i] = own[2] / own[1]
    return smoothed


@njit(cache=True, nogil=True, forceinline=True)
def _group_of(elements, element):
    """Return the innermost list or table around an element, or -1."""
    while element >= 0:
        kind = elements[element, at_.TAG]
        if kind in (_TABLE, _UL, _OL, _DL):
            return element
        element = elements[element, at_.PARENT]
    return -1
