"""Features of the second stage: the first-stage probabilities of the blocks around."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.compiled import inlined
from curate.kernels.blocks.tags import tag

NEIGHBOURS = (-3, -2, -1, 1, 2, 3)
REACH = (1.0, 3.0, 8.0)
LEVELS = 4
CONTEXT = (
    "p", *(f"p@{offset:+d}" for offset in NEIGHBOURS), *(f"p_behind_{reach:g}" for reach in REACH),
    *(f"p_ahead_{reach:g}" for reach in REACH), "p_before", "p_after", *(f"p^{level}" for level in range(LEVELS)),
    "p_same", "p_page", "p_long_before", "p_long_after", "kept_before", "kept_after",
    "p_row", "p_table", "p_list", "p_heading",
)  # fmt: skip
"""The features that the second stage has in addition to those of the first, in the order of their columns."""

N_CONTEXT = len(CONTEXT)

_P, _NEIGHBOURS, _LEVELS = (CONTEXT.index(name) for name in ("p", f"p@{NEIGHBOURS[0]:+d}", "p^0"))
_BEHIND, _AHEAD = (CONTEXT.index(f"p_{side}_{REACH[0]:g}") for side in ("behind", "ahead"))
(
    _BEFORE, _AFTER, _SAME, _PAGE, _LONG_BEFORE, _LONG_AFTER, _KEPT_BEFORE, _KEPT_AFTER, _IN_ROW, _IN_TABLE, _IN_LIST,
    _HEADING,
) = (
    CONTEXT.index(name) for name in (
        "p_before", "p_after", "p_same", "p_page", "p_long_before", "p_long_after", "kept_before", "kept_after", "p_row",
        "p_table", "p_list", "p_heading",
    )
)  # fmt: skip

_TABLE, _UL, _OL, _DL = tag("table"), tag("ul"), tag("ol"), tag("dl")
_UP = 15  # how many elements up the enclosing table and list are looked for


@njit(cache=True, nogil=True)
def context_features(t, m, p):
    """Compute what the first-stage probabilities say about the surroundings of each block.

    Args:
        t: `layout.Tables` after `read_blocks`.
        m: their `Measures`.
        p: float32[n], the first-stage probabilities.
    Returns:
        float32[n, N_CONTEXT], columns as in CONTEXT.
    """
    n = len(p)
    found = np.zeros((n, N_CONTEXT), np.float32)
    sums, same = np.zeros(n + 1, np.float64), np.zeros(n, np.float64)
    for i in range(n):
        sums[i + 1] = sums[i] + p[i] * m.width[i]
        same[m.same[i]] += p[i] * m.width[i]
    _fade(m, p, found)
    heading = np.float32(-1)
    for i in range(n):
        row = found[i]
        row[_P] = p[i]
        for k in range(len(NEIGHBOURS)):
            j = i + NEIGHBOURS[k]
            row[_NEIGHBOURS + k] = p[j] if 0 <= j < n else -1
        row[_BEFORE] = sums[i] / max(m.sums[i, 0], 1.0)
        row[_AFTER] = (sums[n] - sums[i + 1]) / max(m.sums[n, 0] - m.sums[i + 1, 0], 1.0)
        element, level = t.blocks[i, at_.ELEMENT], 0
        while element >= 0 and level < LEVELS:
            row[_LEVELS + level] = _mean(t, m, sums, element)
            element, level = t.elements[element, at_.PARENT], level + 1
        row[_SAME] = same[m.same[i]] / max(m.same_sums[m.same[i], 1], 1.0)
        row[_PAGE] = sums[n] / max(m.sums[n, 0], 1.0)
        row[_LONG_BEFORE] = p[m.before[i]] if m.before[i] >= 0 else -1
        row[_LONG_AFTER] = p[m.after[i]] if m.after[i] < n else -1
        row[_KEPT_BEFORE] = sums[i] / max(sums[n], 1.0)
        row[_KEPT_AFTER] = np.log1p(sums[n] - sums[i + 1])
        _boxes(t, m, sums, i, row)
        row[_HEADING] = heading
        heading = p[i] if t.blocks[i, at_.HEADING] else heading
    return found


@inlined
def _boxes(t, m, sums, i, row):
    """Write the mean probability of the row, the table and the list that contain the block, -1 where there is none."""
    row[_IN_ROW] = row[_IN_TABLE] = row[_IN_LIST] = -1
    if t.blocks[i, at_.ROW] >= 0:
        row[_IN_ROW] = _mean(t, m, sums, t.blocks[i, at_.ROW])
    element, level = t.blocks[i, at_.ELEMENT], 0
    while element >= 0 and level < _UP and (row[_IN_TABLE] < 0 or row[_IN_LIST] < 0):
        kind = t.elements[element, at_.TAG]
        if row[_IN_TABLE] < 0 and kind == _TABLE:
            row[_IN_TABLE] = _mean(t, m, sums, element)
        elif row[_IN_LIST] < 0 and kind in (_UL, _OL, _DL):
            row[_IN_LIST] = _mean(t, m, sums, element)
        element, level = t.elements[element, at_.PARENT], level + 1


@inlined
def _mean(t, m, sums, element):
    first, end = t.elements[element, at_.FIRST_BLOCK], t.elements[element, at_.END_BLOCK]
    return (sums[end] - sums[first]) / max(m.sums[end, 0] - m.sums[first, 0], 1.0)


@njit(cache=True, nogil=True)
def _fade(m, p, found):
    """Write means over the blocks before and after, with weights that decrease with distance and grow with width."""
    n = len(p)
    for k in range(len(REACH)):
        fade = np.exp(-1.0 / REACH[k])
        for back in range(2):
            total, weight, column = 0.0, 1e-3, (_AHEAD if back else _BEHIND) + k
            for step in range(n):
                i = n - 1 - step if back else step
                found[i, column] = total / weight
                worth = min(m.width[i], 400.0) + 10.0
                total, weight = fade * (total + worth * p[i]), fade * (weight + worth)
