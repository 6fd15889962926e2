"""Count marks that an unfilled template leaves in a text: placeholder text and curly brackets."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.pointers import EACH, address_of, byte_at, bytes_equal, count_byte, eight_at, trailing_zeros

PLACEHOLDER = "lorem ipsum"

CURLY, PLACEHOLDERS, N_COUNTS = range(3)
"""Columns of the counts; N_COUNTS is the number of columns."""

_PLACEHOLDER = np.frombuffer(PLACEHOLDER.encode(), np.uint8)
_M_AT = PLACEHOLDER.index("m")


@njit(cache=True, nogil=True)
def count_template_markers(offsets, data):
    """Count the template markers in texts.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
    Returns:
        int64[n, N_COUNTS], one row for each text: CURLY, opening curly brackets; PLACEHOLDERS, occurrences of
        `lorem ipsum` in upper or lower case.
    Cost: about 1 GB/s of English text, one core (`python -m tests.bench.kernels`).
    """
    text, n = address_of(data), len(offsets) - 1
    counts = np.zeros((n, N_COUNTS), np.int64)
    for i in range(n):
        counts[i, CURLY] = count_byte(text, offsets[i], offsets[i + 1], 0x7B)
        counts[i, PLACEHOLDERS] = _count_placeholders(text, offsets[i], offsets[i + 1])
    return counts


@njit(cache=True, nogil=True)
def _count_placeholders(text, start, end):
    phrase, size = address_of(_PLACEHOLDER), len(_PLACEHOLDER)
    found = 0
    at = start
    while at + 8 <= end:  # find an m before a space, seven bytes at a time
        eight = eight_at(text, at)
        spaces = bytes_equal(eight, 0x20) >> np.uint64(8)
        hits = bytes_equal(eight | EACH * np.uint64(0x20), 0x6D) & spaces
        while hits:
            first = at + (trailing_zeros(hits) >> 3) - _M_AT
            found += first >= start and stands_at(text, first, end, phrase, size)
            hits &= hits - np.uint64(1)
        at += 7
    for place in range(at, end):
        first = place - _M_AT
        found += first >= start and stands_at(text, first, end, phrase, size)
    return found


@njit(cache=True, nogil=True, forceinline=True)
def stands_at(text, at, end, phrase, size):
    """Return whether a lower-case ASCII phrase occurs at a byte, in upper or lower case.

    Args:
        text: address of uint8[m], UTF-8.
        at, end: byte position, and the end of the text.
        phrase: address of uint8[size].
        size: bytes of the phrase.
    """
    if at + size > end:
        return False
    for k in range(size):
        byte = byte_at(text, at + k)
        if 0x41 <= byte <= 0x5A:
            byte |= 0x20
        if byte != byte_at(phrase, k):
            return False
    return True
