"""Find the kept blocks that begin a list item."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.tags import tag

NOT_FIRST = -1
"""The mark of a block that does not begin a list item."""

_LI = tag("li")
_UP = 15


@njit(cache=True, nogil=True)
def entry_marks(t, kept):
    """Return the list mark of each kept block.

    Args:
        t: `layout.Tables` after `read_blocks`.
        kept: int64[k], indices of blocks, ascending.
    Returns:
        int64[k]: the number of the item that the block begins, 0 in a list without numbers, NOT_FIRST if it does not begin
        an item. A block in a table row never does.
    """
    marks, last = np.full(len(kept), NOT_FIRST, np.int64), -1
    for k in range(len(kept)):
        block = t.blocks[kept[k]]
        element = block[at_.ELEMENT]
        if block[at_.LIST] == 0 or block[at_.ROW] >= 0:
            continue
        for _ in range(_UP):
            if element < 0 or t.elements[element, at_.TAG] == _LI:
                break
            element = t.elements[element, at_.PARENT]
        # An item begins only once: elements are numbered in the order of the page, so a later item has a higher number.
        if (
            element > last
            and t.elements[element, at_.TAG] == _LI
            and t.elements[element, at_.IN_LISTS] == block[at_.LIST]
        ):
            marks[k], last = t.elements[element, at_.ORDER], element
    return marks
