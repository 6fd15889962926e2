"""The words of short blocks, as hashes: `Read more`, `Share` and `Posted by` are looked up in a table of log odds.

A word is a run of letters and numbers, in lower case if it is ASCII; in scripts without spaces each character is one.
All numbers with the same number of digits are the same word.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.compiled import compiled, inlined
from curate.kernels.blocks.tags import TITLE, hash_next, hash_start, lower

SHORT = 120
"""The words of a block are read if it has at most this many characters."""

MAX_WORDS = 32
"""How many words of one block are read."""

_NUMBER = np.uint64(0x6E756D626572)


@njit(cache=True, nogil=True)
def short_words(t):
    """Return the words of short blocks and of the title of the page.

    Args:
        t: `layout.Tables` after `read_blocks`.
    Returns:
        `(hashes uint32[m], bounds int64[n + 1], title uint32[k])`: the words of block i are
        `hashes[bounds[i] : bounds[i + 1]]`, none for long blocks.
    """
    n = t.state[at_.BLOCKS]
    hashes, bounds = np.empty(n * MAX_WORDS, np.uint32), np.zeros(n + 1, np.int64)
    m = 0
    for i in range(n):
        if t.blocks[i, at_.CHARACTERS] <= SHORT:
            m = _words(t.text, t.classes, t.blocks[i, at_.START], t.blocks[i, at_.END], hashes, m, m + MAX_WORDS)
        bounds[i + 1] = m
    title, k = np.empty(MAX_WORDS, np.uint32), 0
    for h in range(t.state[at_.METADATA]):
        if t.metadata[h, at_.METADATA_PROPERTY] == TITLE:
            start, end = t.metadata[h, at_.METADATA_START], t.metadata[h, at_.METADATA_END]
            k = _words(t.data, t.classes, start, min(end, start + 400), title, 0, MAX_WORDS)
            break
    return hashes[:m].copy(), bounds, title[:k].copy()


@compiled
def _words(text, classes, start, end, hashes, m, limit):
    value, n_digits, in_word, at = hash_start(), 0, False, start
    while at < end and m < limit:
        byte = np.int64(text[at])
        if byte < 0x80:
            bits, size = np.int64(classes[byte]), 1
        else:
            size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            bits = np.int64(classes[_code(text, at, size, end)])
        if bits & ch.WORD or (bits & ch.EXTEND and in_word):
            if bits & ch.UNSPACED and in_word:
                hashes[m], m, in_word = _finished(value, n_digits), m + 1, False
                continue
            if not in_word:
                value, n_digits, in_word = hash_start(), 0, True
            n_digits = n_digits + 1 if bits & ch.NUMBER and n_digits >= 0 else -1
            for k in range(at, min(at + size, end)):
                value = hash_next(value, lower(text[k]))
            if bits & ch.UNSPACED:
                hashes[m], m, in_word = _finished(value, n_digits), m + 1, False
        elif in_word:
            hashes[m], m, in_word = _finished(value, n_digits), m + 1, False
        at += size
    if in_word and m < limit:
        hashes[m], m = _finished(value, n_digits), m + 1
    return m


@inlined
def _finished(value, n_digits):
    if n_digits > 0:
        value = hash_next(_NUMBER, n_digits)
    return np.uint32((value ^ value >> np.uint64(32)) & np.uint64(0xFFFFFFFF))


@inlined
def _code(text, at, size, end):
    if at + size > end:
        return np.int64(0xFFFD)
    code = np.int64(text[at]) & (0x7F >> size)
    for k in range(1, size):
        code = code << 6 | (np.int64(text[at + k]) & 0x3F)
    return min(code, np.int64(0x10FFFF))
