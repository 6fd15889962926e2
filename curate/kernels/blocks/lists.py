"""Which of the kept blocks begin an entry of a list."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.tags import tag

NOT_FIRST = -1
"""The mark of a block that begins no entry."""

_LI = tag("li")
_UP = 15


@njit(cache=True, nogil=True)
def entry_marks(t, kept):
    """Return what stands before each kept block.

    Args:
        t: tables after `read_blocks`.
        kept: int64[k], blocks, ascending.
    Returns:
        int64[k]: the number of the entry that the block begins, 0 in a list without numbers, NOT_FIRST where it begins
        none. A block in a table's row begins none.
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
        # An entry begins once: later entries have higher numbers, and those around this one lower ones.
        if (
            element > last
            and t.elements[element, at_.TAG] == _LI
            and t.elements[element, at_.IN_LISTS] == block[at_.LIST]
        ):
            marks[k], last = t.elements[element, at_.ORDER], element
    return marks
