"""What a text is made of: letters, digits, marks, control characters, and how the marks are distributed."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.characters import decode
from curate.kernels.pointers import address_of, byte_at, short_at

RUN = 4
"""This many equal marks in a row are a separator (`----`, `****`, `....`): one more than an ellipsis has."""

(
    CHARACTERS, VISIBLE, LETTERS, NUMBERS, PUNCTUATION, SYMBOLS, CONTROL, MOJIBAKE, SEPARATOR_TOKENS, SEPARATORS,
    REPEATED, COMMONEST, N_COUNTS,
) = range(13)  # fmt: skip
"""Columns of the counts; N_COUNTS is the number of columns."""

N_TIMES = 1024
"""Length of the scratch array for character frequencies."""


@njit(cache=True, nogil=True)
def count_composition(offsets, data, classes):
    """Count the characters of texts by kind.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
    Returns:
        int64[n, N_COUNTS], one row for each text: all CHARACTERS; the VISIBLE ones; LETTERS with their combining
        marks; NUMBERS; PUNCTUATION, including the spaces that replace it after Thai, Lao, Khmer and Myanmar letters;
        SYMBOLS; CONTROL characters; MOJIBAKE, characters in pairs that result from reading UTF-8 as Latin-1;
        SEPARATOR_TOKENS of menus and tables; SEPARATORS, marks in runs of `RUN` or more; REPEATED, marks that follow
        an equal mark; COMMONEST, how often the most frequent visible character occurs (code points beyond ASCII
        with the same remainder modulo 896 are counted together).
    Cost: about 300 MB/s of English text, one core (`python -m tests.bench.kernels`).
    """
    text, table, n = address_of(data), address_of(classes), len(offsets) - 1
    counts = np.zeros((n, N_COUNTS), np.int64)
    times = np.empty(N_TIMES, np.int64)
    for i in range(n):
        scan_composition(text, table, offsets[i], offsets[i + 1], counts[i], times)
    return counts


@njit(cache=True, nogil=True)
def scan_composition(text, table, start, end, counts, times):
    """Count the characters of one text by kind.

    Args:
        text, table: addresses of uint8[m] and uint16[0x110000], see `characters`.
        start, end: byte bounds of the text.
        counts: int64[N_COUNTS], written: a row of what `count_composition` returns.
        times: int64[N_TIMES], scratch.
    """
    counts[:] = 0
    times[:] = 0
    before, run = np.int64(-1), 0
    separators = repeated = 0
    at = start
    while at < end:
        code, size = byte_at(text, at), 1
        if code < 0x80:
            bits = short_at(table, code)
            times[code] += 1
            if code == 0x20 and before >= 0x0E00 and _is_southeast_asian(before):
                counts[PUNCTUATION] += 1
        else:
            code, size = decode(text, at, end)
            bits = short_at(table, code)
            _count_wide(code, before, bits, counts, times)
        at += size
        if bits & ch.MARK:
            run = run + 1 if code == before else 1
            repeated += run > 1
            separators += RUN if run == RUN else run > RUN
        before = code
    _sum_up(table, times, counts)
    counts[SEPARATORS], counts[REPEATED] = separators, repeated


@njit(cache=True, nogil=True)
def _count_kind(bits, n, counts):
    counts[CHARACTERS] += n
    counts[VISIBLE] += n * (bits & (ch.SPACE | ch.INVISIBLE) == 0)
    counts[LETTERS] += n * (bits & ch.LETTER != 0 or bits & (ch.EXTEND | ch.INVISIBLE) == ch.EXTEND)
    counts[NUMBERS] += n * (bits & ch.NUMBER != 0)
    counts[PUNCTUATION] += n * (bits & ch.PUNCTUATION != 0)
    counts[SYMBOLS] += n * (bits & ch.SYMBOL != 0)
    counts[CONTROL] += n * (bits & ch.CONTROL != 0)
    counts[SEPARATOR_TOKENS] += n * (bits & ch.SEPARATOR_TOKEN != 0)


@njit(cache=True, nogil=True)
def _count_wide(code, before, bits, counts, times):
    _count_kind(bits, 1, counts)
    if bits & (ch.SPACE | ch.INVISIBLE) == 0:
        times[128 + code % 896] += 1
    if 0x80 <= code < 0xC0:
        counts[MOJIBAKE] += 2 * (before == 0xC2 or before == 0xC3 or before == 0xE2)
    elif code == 0x20AC:
        counts[MOJIBAKE] += 2 * (before == 0xE2)


@njit(cache=True, nogil=True)
def _sum_up(table, times, counts):
    for code in range(128):
        if times[code]:
            bits = short_at(table, code)
            _count_kind(bits, times[code], counts)
            if bits & (ch.SPACE | ch.INVISIBLE) == 0:
                counts[COMMONEST] = max(counts[COMMONEST], times[code])
    for k in range(128, N_TIMES):
        counts[COMMONEST] = max(counts[COMMONEST], times[k])


@njit(cache=True, nogil=True)
def _is_southeast_asian(code):
    """Return whether this is a character of Thai, Lao, Myanmar or Khmer, where a space ends a phrase."""
    return code <= 0x0EFF or 0x1000 <= code <= 0x109F or 0x1780 <= code <= 0x17FF
