"""Cut long texts into chunks of similar length that end at a line break, after a sentence, or at least after a word."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.characters import count_characters, decode, decode_before
from curate.kernels.pointers import HIGH, address_of, byte_at, eight_at, short_at
from curate.kernels.shingles import grown

LINE, SENTENCE, WORD = 3, 2, 1
"""How good a cut is: after a line break, after the end of a sentence, after other white space."""


@njit(cache=True, nogil=True)
def cut_chunks(offsets, data, classes, size):
    """Cut texts into chunks of at most `size` characters.

    A text of c characters is planned as ceil(c / size) chunks of equal length. A chunk ends at the last line break in the
    second half of that length; if there is none, after the last sentence; else after the last white space; else
    inside a word. White space after a cut belongs to the chunk before it and does not count towards its size.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        size: characters, at least 1; 0 leaves texts whole.
    Returns:
        `(bounds int64[n + 1], starts int64[total], ends int64[total], lengths int64[total])`: the chunks of text i are
        those from `bounds[i]` to `bounds[i + 1]`, as byte bounds; lengths are in characters, white space after the cut
        included. Every byte of a text is in exactly one chunk; a text without a visible character has no chunk.
    """
    text, table, n = address_of(data), address_of(classes), len(offsets) - 1
    bounds = np.zeros(n + 1, np.int64)
    starts, ends, lengths = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.int64)
    total = 0
    for i in range(n):
        at, end = offsets[i], offsets[i + 1]
        left, is_blank = count_characters(text, at, end), _is_blank(text, table, at, end)
        while at < end and not is_blank:
            if total == len(starts):
                starts, ends = grown(starts, total, total + 1), grown(ends, total, total + 1)
                lengths = grown(lengths, total, total + 1)
            target = left if size == 0 else -(-left // -(-left // size))
            starts[total] = at
            at, lengths[total] = (end, left) if target == left else _cut(text, table, at, end, target)
            left -= lengths[total]
            ends[total] = at
            total += 1
        bounds[i + 1] = total
    return bounds, starts[:total], ends[:total], lengths[:total]


@njit(cache=True, nogil=True)
def _is_blank(text, table, at, end):
    """Return whether no character is visible."""
    while at < end:
        code, size = decode(text, at, end)
        if not short_at(table, code) & (ch.SPACE | ch.INVISIBLE):
            return False
        at += size
    return True


@njit(cache=True, nogil=True)
def _cut(text, table, at, end, target):
    """Return `(end of the chunk that begins at `at`, its characters)`."""
    middle, stop = (target + 1) // 2 - 1, _skip(text, at, end, target)
    best, cut, cut_length = 0, stop, target
    start, length, at = at, target, stop
    while length > middle and best < LINE:  # backwards: the first cut of a kind that is found is the last in the text
        code, size = np.int64(byte_at(text, at - 1)), 1
        if code >= 0x80:
            code, size = decode_before(text, at, start)
        bits = short_at(table, code)
        kind = 0
        if bits & ch.BREAK:
            kind = LINE
        elif bits & ch.SPACE:
            kind = SENTENCE if best < SENTENCE and _is_after_sentence(text, table, start, at - size) else WORD
        elif bits & ch.SENTENCE_END and code > 0x2E80:  # no space follows it in Chinese and Japanese
            kind = SENTENCE
        if kind > best:
            best, cut, cut_length = kind, at, length
        at -= size
        length -= 1
    while cut < end:
        code, size = decode(text, cut, end)
        if not short_at(table, code) & ch.SPACE:
            break
        cut += size
        cut_length += 1
    return cut, cut_length


@njit(cache=True, nogil=True)
def _skip(text, at, end, n):
    """Return the byte position n characters further on."""
    while n > 0 and at < end:
        if n >= 8 and at + 8 <= end and not eight_at(text, at) & HIGH:
            at, n = at + 8, n - 8
            continue
        _, size = decode(text, at, end)
        at, n = at + size, n - 1
    return at


@njit(cache=True, nogil=True)
def _is_after_sentence(text, table, start, at):
    """Return whether a sentence mark comes before `at`, with only punctuation between."""
    while at > start:
        code, size = decode_before(text, at, start)
        bits = short_at(table, code)
        if bits & ch.SENTENCE_END:
            return True
        if not bits & ch.PUNCTUATION:
            return False
        at -= size
    return False
