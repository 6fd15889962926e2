"""Write kept blocks as plain text: one line for each paragraph, heading, list item and table row."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.compiled import compiled
from curate.kernels.blocks.lists import NOT_FIRST, entry_marks

LONG_CELL = 300
"""A row with a cell of more characters is taken as page layout: each of its cells is a line."""

_MARK_BYTES = 24  # at most this many bytes come before a block


@njit(cache=True, nogil=True)
def plain_text(t, kept):
    """Return the text of the kept blocks.

    Args:
        t: `layout.Tables` after `read_blocks`.
        kept: int64[k], indices of blocks, ascending.
    Returns:
        uint8[m], UTF-8: list items begin with `- ` or their number, the cells of a row are separated by ` | `.
    """
    marks, size = entry_marks(t, kept), 0
    for k in range(len(kept)):
        size += t.blocks[kept[k], at_.END] - t.blocks[kept[k], at_.START] + _MARK_BYTES
    text, out, in_row_until, is_row, laid_out = np.empty(size, np.uint8), 0, 0, False, -1
    for k in range(len(kept)):
        if k >= in_row_until:
            row = t.blocks[kept[k], at_.ROW]
            in_row_until = k + 1 if row < 0 or row == laid_out else _end_of_row(t, kept, k)
            is_row = in_row_until > k + 1
            laid_out = -1 if is_row else row  # the other cells of this row are not examined again
            if k > 0:
                text[out], out = 0x0A, out + 1
        elif t.blocks[kept[k], at_.CELL] != t.blocks[kept[k - 1], at_.CELL]:
            text[out], text[out + 1], text[out + 2], out = 0x20, 0x7C, 0x20, out + 3
        else:
            text[out], out = 0x20, out + 1
        if marks[k] != NOT_FIRST:
            out = _write_mark(text, out, marks[k])
        out = _copy(t, kept[k], text, out, is_row)
    return text[:out]


@compiled
def _end_of_row(t, kept, k):
    """Return the index in `kept` after the row that begins with this block; k + 1 if its cells are lines."""
    row, end = t.blocks[kept[k], at_.ROW], k + 1
    longest = t.blocks[kept[k], at_.CHARACTERS]
    while end < len(kept) and t.blocks[kept[end], at_.ROW] == row and longest <= LONG_CELL:
        longest = max(longest, t.blocks[kept[end], at_.CHARACTERS])
        end += 1
    return end if longest <= LONG_CELL else k + 1


@compiled
def _write_mark(text, out, order):
    """Write `- ` or `12. `; return the position after it."""
    if order == 0:
        text[out], text[out + 1] = 0x2D, 0x20
        return out + 2
    size, rest = 0, order
    while rest > 0:
        size, rest = size + 1, rest // 10
    for k in range(size):
        text[out + size - 1 - k] = 0x30 + order % 10
        order //= 10
    text[out + size], text[out + size + 1] = 0x2E, 0x20
    return out + size + 2


@compiled
def _copy(t, block, text, out, is_one_line):
    for at in range(t.blocks[block, at_.START], t.blocks[block, at_.END]):
        byte = t.text[at]
        text[out] = 0x20 if is_one_line and byte == 0x0A else byte
        out += 1
    return out
