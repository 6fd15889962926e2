"""Features of the second stage: what the first one thought of the blocks around."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.compiled import inlined
from curate.kernels.blocks.tags import tag

REACH = (1.0, 3.0, 8.0)
_TABLE, _UL, _OL, _DL = tag("table"), tag("ul"), tag("ol"), tag("dl")
_UP = 15
NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
LEVELS = 4
SECOND = (
    "p", *(f"p@{offset:+d}" for offset in NEIGHBOURS), *(f"p_behind_{reach:g}" for reach in REACH),
    *(f"p_ahead_{reach:g}" for reach in REACH), "p_before", "p_after", *(f"p^{level}" for level in range(LEVELS)),
    "p_same", "p_page", "p_long_before", "p_long_after", "kept_before", "kept_after",
    "p_row", "p_table", "p_list", "p_heading",
)  # fmt: skip
"""The features that the second stage has beyond those of the first."""

N_SECOND = len(SECOND)


@njit(cache=True, nogil=True)
def second_features(t, m, p):
    """Return what the first stage's probabilities say about the surroundings of each block.

    Args:
        t, m: the page's tables and measures.
        p: float32[n], the first stage's probabilities.
    Returns:
        float32[n, N_SECOND].
    """
    n = len(p)
    found = np.zeros((n, N_SECOND), np.float32)
    sums, same = np.zeros(n + 1, np.float64), np.zeros(n, np.float64)
    for i in range(n):
        sums[i + 1] = sums[i] + p[i] * m.width[i]
        same[m.same[i]] += p[i] * m.width[i]
    _fade(m, p, found)
    last, heading = 7 + 2 * len(REACH), np.float32(-1)
    for i in range(n):
        row = found[i]
        row[0], column = p[i], 1
        for offset in NEIGHBOURS:
            row[column] = p[i + offset] if 0 <= i + offset < n else -1
            column += 1
        row[last] = sums[i] / max(m.sums[i, 0], 1.0)
        row[last + 1] = (sums[n] - sums[i + 1]) / max(m.sums[n, 0] - m.sums[i + 1, 0], 1.0)
        element, level = t.blocks[i, at_.ELEMENT], 0
        while element >= 0 and level < LEVELS:
            row[last + 2 + level] = _mean(t, m, sums, element)
            element, level = t.elements[element, at_.PARENT], level + 1
        row[last + 6] = same[m.same[i]] / max(m.same_sums[m.same[i], 1], 1.0)
        row[last + 7] = sums[n] / max(m.sums[n, 0], 1.0)
        row[last + 8] = p[m.before[i]] if m.before[i] >= 0 else -1
        row[last + 9] = p[m.after[i]] if m.after[i] < n else -1
        row[last + 10], row[last + 11] = sums[i] / max(sums[n], 1.0), np.log1p(sums[n] - sums[i + 1])
        _boxes(t, m, sums, i, row[last + 12 :])
        row[last + 15] = heading
        heading = p[i] if t.blocks[i, at_.HEADING] else heading
    return found


@inlined
def _boxes(t, m, sums, i, row):
    """Write the mean probability in the row, the table and the list that the block stands in, -1 where there is none."""
    row[:3] = -1
    if t.blocks[i, at_.ROW] >= 0:
        row[0] = _mean(t, m, sums, t.blocks[i, at_.ROW])
    element, level = t.blocks[i, at_.ELEMENT], 0
    while element >= 0 and level < _UP and (row[1] < 0 or row[2] < 0):
        kind = t.elements[element, at_.TAG]
        if row[1] < 0 and kind == _TABLE:
            row[1] = _mean(t, m, sums, element)
        elif row[2] < 0 and kind in (_UL, _OL, _DL):
            row[2] = _mean(t, m, sums, element)
        element, level = t.elements[element, at_.PARENT], level + 1


@inlined
def _mean(t, m, sums, element):
    first, end = t.elements[element, at_.FIRST_BLOCK], t.elements[element, at_.END_BLOCK]
    return (sums[end] - sums[first]) / max(m.sums[end, 0] - m.sums[first, 0], 1.0)


@njit(cache=True, nogil=True)
def _fade(m, p, found):
    """Write means over the blocks before and after that fade with distance, wide blocks counting more."""
    n = len(p)
    for k in range(len(REACH)):
        fade = np.exp(-1.0 / REACH[k])
        for back in range(2):
            total, weight, column = 0.0, 1e-3, 7 + k + back * len(REACH)
            for step in range(n):
                i = n - 1 - step if back else step
                found[i, column] = total / weight
                worth = min(m.width[i], 400.0) + 10.0
                total, weight = fade * (total + worth * p[i]), fade * (weight + worth)
