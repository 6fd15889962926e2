"""Features of the position of a block: on the page, relative to long paragraphs, in the element with most text."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.blocks import layout as at_

POSITION = (
    "page_blocks", "page_mass", "page_long_share", "page_link_share", "page_unspaced", "position", "mass_before",
    "long_before", "gap_before", "gap_after", "width_before", "width_after", "up_to_before", "up_to_after", "same_blocks",
    "same_mass", "same_link_share", "from_title", "has_title", "inside_best", "best_share", "up_to_best", "from_best_end",
    "run_blocks", "run_width", "page_stop_density", "page_pre", "page_rows", "long_blocks",
    "same_share", "same_rank",
)  # fmt: skip
"""The features of position, in the order of their columns."""

N_POSITION = len(POSITION)

_UP = 15
_RUN = 30


@njit(cache=True, nogil=True)
def position_features(t, m, found, column):
    """Write the features of position for all blocks.

    Args:
        t: `layout.Tables` after `read_blocks`.
        m: their `Measures`.
        found: float32[n, >= column + N_POSITION], written from `column` on.
        column: the first column.
    """
    n = t.state[at_.BLOCKS]
    if n == 0:
        return
    page = np.zeros(5, np.float32)
    title = _page(t, m, page)
    best = best_element(t, m)
    total, long = max(m.sums[n, 0], 1.0), max(m.sums[n, 2], 1.0)
    largest = max(m.same_sums[:, 1].max(), np.float32(1))
    for i in range(n):
        row = found[i, column:]
        row[0], row[1], row[2] = np.log1p(n), np.log1p(total), m.sums[n, 2] / total
        row[3], row[4] = m.sums[n, 1] / total, page[0]
        row[5], row[6], row[7] = i / n, m.sums[i, 0] / total, m.sums[i, 2] / long
        before, after, own = m.before[i], m.after[i], t.blocks[i, at_.ELEMENT]
        row[8], row[9] = min(i - before, 60) if before >= 0 else 99, min(after - i, 60) if after < n else 99
        row[10] = np.log1p(m.width[before]) if before >= 0 else 0
        row[11] = np.log1p(m.width[after]) if after < n else 0
        row[12] = up_to(t.elements, own, before) if before >= 0 else 99
        row[13] = up_to(t.elements, own, after) if after < n else 99
        same = m.same_sums[m.same[i]]
        row[14], row[15], row[16] = np.log1p(same[0]), np.log1p(same[1]), same[2] / max(same[1], 1.0)
        row[29], row[30] = same[1] / total, same[1] / largest
        row[17], row[18] = min(max(i - title, -40), 80) if title >= 0 else 99, title >= 0
        _in_best(t, m, i, best, row[19:23])
        row[25], row[26], row[27], row[28] = page[1], page[2], page[3], page[4]
    _runs(t, m, found, column + 23)


@njit(cache=True, nogil=True)
def _page(t, m, page):
    """Write what is true of the whole page; return the block of its first main heading, or -1."""
    n, title = t.state[at_.BLOCKS], -1
    characters = unspaced = 0
    for i in range(n):
        block = t.blocks[i]
        characters, unspaced = characters + block[at_.CHARACTERS], unspaced + block[at_.UNSPACED]
        page[2] += m.width[i] * block[at_.PRE]
        page[3] += m.width[i] * (block[at_.ROW] >= 0)
        page[4] += m.is_long[i]
        if title < 0 and block[at_.HEADING] == 1:
            title = i
    total = max(m.sums[n, 0], 1.0)
    page[0], page[1] = unspaced / max(characters, 1), 100 * m.sums[n, 3] / total
    page[2], page[3], page[4] = page[2] / total, page[3] / total, np.log1p(page[4])
    return title


@njit(cache=True, nogil=True, forceinline=True)
def up_to(elements, element, block):
    """Return how many elements up from an element the first one is that contains a block; `_UP` at most.

    Args:
        elements: int32[MAX_ELEMENTS, N_ELEMENT].
        element: index of the element, or -1.
        block: index of the block.
    """
    level = 0
    while element >= 0 and level < _UP:
        if elements[element, at_.FIRST_BLOCK] <= block < elements[element, at_.END_BLOCK]:
            return level
        element, level = elements[element, at_.PARENT], level + 1
    return _UP


@njit(cache=True, nogil=True)
def best_element(t, m):
    """Return the element with most long text in it or right below it, or -1.

    As in Arc90's Readability: a paragraph counts a quarter for its own element, fully for the parent of that and half for the
    next one up.
    """
    score = np.zeros(t.state[at_.ELEMENTS] + 1, np.float32)
    best = -1
    for i in range(t.state[at_.BLOCKS]):
        if not m.is_long[i]:
            continue
        share = m.linked[i] / m.width[i]
        worth = (1 + min(m.width[i] / 100, 3) + min(t.blocks[i, at_.STOPS], 3)) * (1 - share)
        element = t.blocks[i, at_.ELEMENT]
        for weight in (0.25, 1.0, 0.5):
            if element < 0:
                break
            score[element] += np.float32(weight) * worth
            if best < 0 or score[element] > score[best]:
                best = element
            element = t.elements[element, at_.PARENT]
    return best


@njit(cache=True, nogil=True, forceinline=True)
def _in_best(t, m, i, best, row):
    if best < 0:
        row[2] = _UP
        return
    first, end = t.elements[best, at_.FIRST_BLOCK], t.elements[best, at_.END_BLOCK]
    row[0] = first <= i < end
    row[1] = (m.sums[end, 0] - m.sums[first, 0]) / max(m.sums[t.state[at_.BLOCKS], 0], 1.0)
    row[2] = up_to(t.elements, t.blocks[i, at_.ELEMENT], first)
    row[3] = min(i - end, 40) if i >= end else max(i - first, -40) if i < first else 0


@njit(cache=True, nogil=True)
def _runs(t, m, found, column):
    """Write, for each run of blocks of the same tag and class, its length and the mean width of its blocks."""
    n, start = t.state[at_.BLOCKS], 0
    while start < n:
        end = start + 1
        while end < n and m.same[end] == m.same[start]:
            end += 1
        width = (m.sums[end, 0] - m.sums[start, 0]) / (end - start)
        for i in range(start, end):
            found[i, column], found[i, column + 1] = min(end - start, _RUN), np.log1p(width)
        start = end
