"""The words of short blocks, as hashes: what `Read more`, `Share` or `Posted by` look like to a table of odds.

A word is a run of letters and numbers, lower-cased where it is ASCII; in scripts without spaces each character is one.
Numbers are all the same word for each number of digits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.compiled import compiled, inlined
from curate.kernels.blocks.tags import TITLE, hash_next, hash_start, lower

SHORT = 120
"""Characters up to which a block's words are looked at."""

MAX_WORDS = 32
"""How many words of one block are looked at."""

_NUMBER = np.uint64(0x6E756D626572)


@njit(cache=True, nogil=True)
def short_words(t):
    """Return the words of short blocks and of the page's title.

    Returns:
        `(hashes uint32[m], bounds int64[n + 1], title uint32[k])`: the words of block i are
        `hashes[bounds[i]:bounds[i + 1]]`, none for long blocks.
    """
    n = t.state[at_.BLOCKS]
    hashes, bounds = np.empty(n * MAX_WORDS, np.uint32), np.zeros(n + 1, np.int64)
    m = 0
    for i in range(n):
        if t.blocks[i, at_.CHARACTERS] <= SHORT:
            m = _words(t.text, t.classes, t.blocks[i, at_.START], t.blocks[i, at_.END], hashes, m, m + MAX_WORDS)
        bounds[i + 1] = m
    title, k = np.empty(MAX_WORDS, np.uint32), 0
    for h in range(t.state[at_.HEADS]):
        if t.heads[h, at_.HEAD_PROPERTY] == TITLE:
            start, end = t.heads[h, at_.HEAD_START], t.heads[h, at_.HEAD_END]
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
