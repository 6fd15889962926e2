"""Measure all blocks of a page: widths, sums over ranges, equal blocks. The features are computed from these measures.

Width is a language-independent replacement for the number of words. A character of a script with spaces counts 1, a
character of a script without spaces counts `WIDE`, so that a paragraph is about as wide in Chinese as in English.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.tags import hash_next, hash_start

WIDE = 2.5
"""Letters of English that say about as much as one Chinese character (parallel Wikipedia paragraphs: 2.3 to 2.9)."""

LONG = 100.0
"""Least width of a long paragraph; at most a third of it may be links."""


class Measures(NamedTuple):
    """Numbers about the n blocks of a page; the sum over blocks i to j - 1 is `sums[j] - sums[i]`."""

    width: np.ndarray  # float32[n]
    linked: np.ndarray  # float32[n], width in links
    is_long: np.ndarray  # bool[n]
    sums: np.ndarray  # float64[n + 1, 4]: width, width in links, width of long paragraphs, ends of sentences
    same: np.ndarray  # int32[n], first block with the same tag and class of its element and of the parent element
    same_sums: np.ndarray  # float32[n, 3], for each such first block: number of blocks, width, width in links
    copies: np.ndarray  # int32[n], number of blocks with the same text
    before: np.ndarray  # int32[n], the last long paragraph before the block, -1 if there is none
    after: np.ndarray  # int32[n], the next long paragraph, n if there is none


@njit(cache=True, nogil=True)
def measure_blocks(t):
    """Return the `Measures` of the blocks of a page; `t` is `layout.Tables` after `read_blocks`."""
    n, blocks = t.state[at_.BLOCKS], t.blocks
    width, linked, is_long = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.bool_)
    sums = np.zeros((n + 1, 4), np.float64)
    keys, signs = np.empty(n, np.uint64), np.empty(n, np.uint64)
    for i in range(n):
        row = blocks[i]
        width[i] = row[at_.CHARACTERS] + (WIDE - 1) * row[at_.UNSPACED]
        linked[i] = width[i] * row[at_.LINKED] / max(row[at_.CHARACTERS], 1)
        is_long[i] = width[i] >= LONG and linked[i] * 3 <= width[i]
        sums[i + 1, 0] = sums[i, 0] + width[i]
        sums[i + 1, 1] = sums[i, 1] + linked[i]
        sums[i + 1, 2] = sums[i, 2] + (width[i] if is_long[i] else 0.0)
        sums[i + 1, 3] = sums[i, 3] + row[at_.STOPS]
        keys[i] = _hash(t.text, row[at_.START], row[at_.END])
        signs[i] = _signature(t.elements, row[at_.ELEMENT])
    same, copies = _first_equal(signs), np.zeros(n, np.int32)
    twins, same_sums = _first_equal(keys), np.zeros((n, 3), np.float32)
    for i in range(n):
        copies[twins[i]] += 1
        same_sums[same[i], 0] += 1
        same_sums[same[i], 1] += width[i]
        same_sums[same[i], 2] += linked[i]
    for i in range(n):
        copies[i] = copies[twins[i]]
    before, after = _long_around(is_long)
    return Measures(width, linked, is_long, sums, same, same_sums, copies, before, after)


@njit(cache=True, nogil=True, forceinline=True)
def _hash(text, start, end):
    value = hash_start()
    for at in range(start, min(end, start + 200)):
        value = hash_next(value, text[at])
    return hash_next(value, (end - start) & 0xFF)


@njit(cache=True, nogil=True, forceinline=True)
def _signature(elements, element):
    if element < 0:
        return np.uint64(0)
    parent = elements[element, at_.PARENT]
    around = elements[parent, at_.SIGNATURE] if parent >= 0 else 0
    return (np.uint64(elements[element, at_.SIGNATURE]) << np.uint64(31)) ^ np.uint64(around)


@njit(cache=True, nogil=True)
def _first_equal(keys):
    """Return for each key the index of the first equal key."""
    n = len(keys)
    size = 16
    while size < 2 * n:
        size *= 2
    slots, first = np.full(size, -1, np.int32), np.empty(n, np.int32)
    for i in range(n):
        spread = (keys[i] ^ keys[i] >> np.uint64(29)) * np.uint64(0x9E3779B97F4A7C15)
        slot = np.int64(spread >> np.uint64(32)) & (size - 1)
        while slots[slot] >= 0 and keys[slots[slot]] != keys[i]:
            slot = (slot + 1) & (size - 1)
        if slots[slot] < 0:
            slots[slot] = i
        first[i] = slots[slot]
    return first


@njit(cache=True, nogil=True)
def _long_around(is_long):
    n = len(is_long)
    before, after = np.empty(n, np.int32), np.empty(n, np.int32)
    last = -1
    for i in range(n):
        before[i] = last
        last = i if is_long[i] else last
    last = n
    for i in range(n - 1, -1, -1):
        after[i] = last
        last = i if is_long[i] else last
    return before, after
