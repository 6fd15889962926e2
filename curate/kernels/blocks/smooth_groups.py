"""Tables of data and lists are kept or dropped as one: their blocks get one probability."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.tags import tag

LEAST_BLOCKS, LEAST_ROWS = 8, 3
"""Blocks from which a list or table is one, and rows from which a table is."""

MOST_LONG = 0.3
"""How much of it may be long paragraphs: with more it is laid out as a table or list, and holds what it likes."""

_TABLE, _UL, _OL, _DL = tag("table"), tag("ul"), tag("ol"), tag("dl")


@njit(cache=True, nogil=True)
def even_out(t, m, p):
    """Return the probabilities, each list's and data table's own blocks with the mean of theirs, wide blocks counting more.

    A block belongs to the innermost list or table around it.

    Args:
        t, m: the page's tables and measures.
        p: float32[n], the probability that a block is main text.
    Returns:
        float32[n].
    """
    n, evened = len(p), p.copy()
    box, sums = np.full(n, -1, np.int32), np.zeros((t.state[at_.ELEMENTS], 5), np.float64)
    row = np.full(t.state[at_.ELEMENTS], -1, np.int32)  # the last row met, of each table
    for i in range(n):
        if t.blocks[i, at_.ROW] < 0 and t.blocks[i, at_.LIST] == 0:
            continue
        box[i] = _box_of(t.elements, t.blocks[i, at_.ELEMENT])
        if box[i] >= 0:
            own, weight = sums[box[i]], m.width[i] + 1.0
            own[0], own[1], own[2] = own[0] + 1, own[1] + weight, own[2] + weight * p[i]
            own[3] += weight if m.is_long[i] else 0.0
            own[4] += row[box[i]] != t.blocks[i, at_.ROW] or t.elements[box[i], at_.TAG] != _TABLE
            row[box[i]] = t.blocks[i, at_.ROW]
    for i in range(n):
        if box[i] >= 0:
            own = sums[box[i]]
            if own[0] >= LEAST_BLOCKS and own[4] >= LEAST_ROWS and own[3] <= MOST_LONG * own[1]:
                evened[i] = own[2] / own[1]
    return evened


@njit(cache=True, nogil=True, forceinline=True)
def _box_of(elements, element):
    """Return the innermost list or table around an element, or -1."""
    while element >= 0:
        kind = elements[element, at_.TAG]
        if kind in (_TABLE, _UL, _OL, _DL):
            return element
        element = elements[element, at_.PARENT]
    return -1
