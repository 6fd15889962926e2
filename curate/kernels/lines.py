"""Lines and paragraphs: what they begin and end with, and which of them stood before.

A line ends where `str.splitlines` says so. White space at its ends is no part of it, and a line with nothing
else in it is blank: it counts for nothing but the end of a paragraph. A paragraph is a run of lines that are
not blank. Two lines, or paragraphs, are duplicates when they are equal to the letter.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.characters import count_characters, decode, decode_before, strip
from curate.kernels.hashing import MIX_A, hash_bytes, mix, number_equal, slots_for
from curate.kernels.pointers import EACH, HIGH, address_of, byte_at, eight_at, short_at

BULLETS = "-*•‣◦▪●○■"
"""Marks that begin an entry of a list."""

SHORT = 30
"""A line of at most so many characters is short (Penedo et al. 2024, FineWeb, section 3.6)."""

(
    LINES, BULLETED, TRAILING, ENDED, SHORTS, CHARACTERS, DUPLICATES, DUPLICATE_CHARACTERS,
    PARAGRAPHS, PARAGRAPH_CHARACTERS, DUPLICATE_PARAGRAPHS, DUPLICATE_PARAGRAPH_CHARACTERS, N_COUNTS,
) = range(13)  # fmt: skip
"""Columns of the counts; N_COUNTS is how many there are."""

_BULLETS = np.array(sorted(map(ord, BULLETS)), np.int64)


@njit(cache=True, nogil=True)
def count_lines(offsets, data, classes):
    """Count the lines and paragraphs of texts.

    Args:
        offsets: int64[n + 1], bounds of the texts.
        data: uint8[m], UTF-8.
        classes: `characters.classes()`.
    Returns:
        int64[n, N_COUNTS], one row for each text: LINES, those that are not blank; of these BULLETED, TRAILING
        with an ellipsis at the end, ENDED with the end of a sentence, SHORTS, DUPLICATES of an earlier one;
        CHARACTERS and DUPLICATE_CHARACTERS in them, breaks left out; the same for PARAGRAPHS, breaks between
        their lines included.
    Cost: 500 to 900 MB/s of English text, one core (`python -m tests.bench.kernels`).
    """
    text, table, n = address_of(data), address_of(classes), len(offsets) - 1
    counts = np.zeros((n, N_COUNTS), np.int64)
    hashes, lengths = np.empty(64, np.uint64), np.empty(64, np.int64)
    slots, first = np.empty(slots_for(64), np.int32), np.empty(64, np.int32)
    for i in range(n):
        k = scan_lines(text, table, offsets[i], offsets[i + 1], counts[i], hashes, lengths)
        if k > len(hashes):
            hashes, lengths = np.empty(2 * k, np.uint64), np.empty(2 * k, np.int64)
            slots, first = np.empty(slots_for(2 * k), np.int32), np.empty(2 * k, np.int32)
            scan_lines(text, table, offsets[i], offsets[i + 1], counts[i], hashes, lengths)
        compare_lines(hashes, lengths, k, slots, first, counts[i])
    return counts


@njit(cache=True, nogil=True)
def next_break(text, at, end):
    """Return `(where the line ends, where the next begins)` for a line that begins at `at`."""
    while at < end:
        byte = byte_at(text, at)
        if byte >= 0x20 and byte != 0xC2 and byte != 0xE2:
            at += 1
            while at + 8 <= end and not _may_break(eight_at(text, at)):
                at += 8
        elif byte == 0x0D:
            both = at + 1 < end and byte_at(text, at + 1) == 0x0A
            return at, at + 1 + both
        elif 0x0A <= byte <= 0x0C or 0x1C <= byte <= 0x1E:
            return at, at + 1
        elif byte == 0xC2 and at + 1 < end and byte_at(text, at + 1) == 0x85:
            return at, at + 2
        elif byte == 0xE2 and at + 2 < end and byte_at(text, at + 1) == 0x80 and byte_at(text, at + 2) & 0xFE == 0xA8:
            return at, at + 3
        else:
            at += 1
    return end, end


@njit(cache=True, nogil=True, forceinline=True)
def _may_break(eight):
    """Is one of eight bytes a control character or beyond ASCII? (Never wrongly no.)"""
    return (eight - EACH * np.uint64(0x20) | eight) & HIGH != 0


@njit(cache=True, nogil=True)
def scan_lines(text, table, start, end, counts, hashes, lengths):
    """Find the lines of one text and look at their ends.

    Args:
        text, table: addresses, see `characters`.
        start, end: the bounds of the text.
        counts: int64[N_COUNTS], written, but for what concerns duplicates and paragraphs.
        hashes, lengths: uint64[k] and int64[k], written for the first k lines; 0 for a blank one.
    Returns:
        how many lines there are, blank ones included.
    """
    counts[:] = 0
    room = len(hashes)
    n = 0
    at = start
    while at < end:
        stop, following = next_break(text, at, end)
        left, right = strip(text, table, at, stop)
        at = following
        length = 0
        if left < right:
            length = count_characters(text, left, right)
            counts[LINES] += 1
            counts[CHARACTERS] += length
            counts[SHORTS] += length <= SHORT
            _look_at_ends(text, table, left, right, counts)
        if n < room:
            hashes[n] = hash_bytes(text, left, right, end)
            lengths[n] = length
        n += 1
    return n


@njit(cache=True, nogil=True)
def compare_lines(hashes, lengths, n, slots, first, counts):
    """Count which of `n` lines, and of the paragraphs they make, stood before; overwrites the lines.

    Args:
        hashes, lengths: uint64[>= n] and int64[>= n], of `scan_lines`; overwritten.
        slots, first: int32[>= slots_for(n)] and int32[>= n], scratch.
        counts: int64[N_COUNTS], completed.
    """
    if counts[LINES] > 1:
        _count_duplicates(hashes, lengths, n, slots, first, counts, DUPLICATES)
    n = _join_paragraphs(hashes, lengths, n)
    counts[PARAGRAPHS] = n
    for i in range(n):
        counts[PARAGRAPH_CHARACTERS] += lengths[i]
    if n > 1:
        _count_duplicates(hashes, lengths, n, slots, first, counts, DUPLICATE_PARAGRAPHS)


@njit(cache=True, nogil=True)
def _look_at_ends(text, table, left, right, counts):
    code, _ = decode(text, left, right)
    for k in range(len(_BULLETS)):
        counts[BULLETED] += code == _BULLETS[k]
    code, _ = decode_before(text, right, left)
    counts[ENDED] += short_at(table, code) & ch.SENTENCE_END != 0
    if code == 0x2026:
        counts[TRAILING] += 1
    elif code == 0x2E and right - left >= 3:
        counts[TRAILING] += byte_at(text, right - 2) == 0x2E and byte_at(text, right - 3) == 0x2E


@njit(cache=True, nogil=True)
def _count_duplicates(hashes, lengths, n, slots, first, counts, column):
    """Count what is not blank and stood before, and (in the column after) its characters."""
    number_equal(hashes, n, slots, first)
    for i in range(n):
        if first[i] != i and lengths[i]:
            counts[column] += 1
            counts[column + 1] += lengths[i]


@njit(cache=True, nogil=True)
def _join_paragraphs(hashes, lengths, n):
    """Turn lines into paragraphs, in place; a break inside a paragraph is one character. Returns how many."""
    m = 0
    inside = False
    for i in range(n):
        if lengths[i] == 0:
            inside = False
        elif inside:
            hashes[m - 1] = mix(hashes[m - 1] ^ mix(hashes[i] + MIX_A))
            lengths[m - 1] += lengths[i] + 1
        else:
            hashes[m], lengths[m] = hashes[i], lengths[i]
            m += 1
            inside = True
    return m
