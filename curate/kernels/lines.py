"""Lines and paragraphs: how they begin and end, and which of them are repeated.

Lines end where `str.splitlines` ends them. White space at the ends of a line is not part of it. A line of nothing
but white space is blank: it is not counted and ends a paragraph. A paragraph is a run of lines that are not blank.
Two lines or paragraphs are duplicates if all their characters are equal.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.characters import count_characters, decode, decode_before, strip
from curate.kernels.hashing import MIX_A, hash_bytes, mix, number_equal, slots_for
from curate.kernels.pointers import EACH, HIGH, address_of, byte_at, eight_at, short_at

BULLETS = "-*•‣◦▪●○■"
"""Marks that begin a list item."""

SHORT = 30
"""A line of at most this many characters is short (Penedo et al. 2024, FineWeb, section 3.6)."""

(
    LINES, BULLETED, TRAILING, ENDED, SHORTS, CHARACTERS, DUPLICATES, DUPLICATE_CHARACTERS,
    PARAGRAPHS, PARAGRAPH_CHARACTERS, DUPLICATE_PARAGRAPHS, DUPLICATE_PARAGRAPH_CHARACTERS, N_COUNTS,
) = range(13)  # fmt: skip
"""Columns of the counts; N_COUNTS is the number of columns."""

_BULLETS = np.array(sorted(map(ord, BULLETS)), np.int64)


@njit(cache=True, nogil=True)
def count_lines(offsets, data, classes):
    """Count the lines and paragraphs of texts.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
    Returns:
        int64[n, N_COUNTS], one row for each text: LINES, those that are not blank; of these BULLETED, TRAILING (ends
        in an ellipsis), ENDED (ends in a sentence mark), SHORTS, DUPLICATES of an earlier line; CHARACTERS and
        DUPLICATE_CHARACTERS in them, without line breaks; the same for PARAGRAPHS, including the breaks between
        their lines.
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
    """Find the end of the line that begins at `at`.

    Args:
        text: address of uint8[m], UTF-8.
        at, end: byte where the line begins, and the end of the text.
    Returns:
        `(byte where the line ends, byte where the next line begins)`.
    """
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
    """Return whether one of eight bytes is a control character or not ASCII; may be wrongly True, never wrongly False."""
    return (eight - EACH * np.uint64(0x20) | eight) & HIGH != 0


@njit(cache=True, nogil=True)
def scan_lines(text, table, start, end, counts, hashes, lengths):
    """Find the lines of one text and count what they begin and end with.

    Args:
        text, table: addresses of uint8[m] and uint16[0x110000], see `characters`.
        start, end: byte bounds of the text.
        counts: int64[N_COUNTS], written, except the columns on duplicates and paragraphs.
        hashes: uint64[k], written for the first k lines.
        lengths: int64[k], written for the same lines: characters; 0 for a blank line.
    Returns:
        the number of lines, blank ones included.
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
    """Count the lines, and the paragraphs made of them, that are repeated; overwrite the lines.

    Args:
        hashes: uint64[>= n], from `scan_lines`; overwritten.
        lengths: int64[>= n], from `scan_lines`; overwritten.
        n: number of lines.
        slots: int32[>= slots_for(n)], scratch.
        first: int32[>= n], scratch.
        counts: int64[N_COUNTS], the columns on duplicates and paragraphs are written.
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
    """Count the repeats that are not blank in a column, and their characters in the column after it."""
    number_equal(hashes, n, slots, first)
    for i in range(n):
        if first[i] != i and lengths[i]:
            counts[column] += 1
            counts[column + 1] += lengths[i]


@njit(cache=True, nogil=True)
def _join_paragraphs(hashes, lengths, n):
    """Join lines into paragraphs, in place; return how many. A break inside a paragraph is one character."""
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
