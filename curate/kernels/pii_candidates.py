"""Find candidates for personal data in one pass over the bytes, and replace spans of text.

A candidate is a stretch of text that is worth a closer look; it is not yet a find. Every sign is local: the data it
points to lies inside the candidate or extends a few bytes beyond it. So a search of the candidates finds the same as
a search of the whole text.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.pointers import address_of, byte_at, copy, short_at

AT, BRACKET, NUMBER, DOTTED, HEXADECIMAL, LOGIN, WORD, CODE, ARMOUR, N_SIGNS = range(10)
"""The sign that a candidate shows: an at sign; `at` in brackets; digits with separators; digits with three or more dots;
colons as in an IPv6 address; a user before the host of a URL; a long word of letters, digits, `_`, `-` and `.`, with a
digit or a short prefix before `_`; two capitals before two digits; a stretch from `-----BEGIN` to `-----END`.
"""

TEXT, START, END, SIGN, DIGITS, N_COLUMNS = range(6)
"""Columns of candidates: index of the text, byte bounds in the data, sign, number of digits (only of a NUMBER; else 0)."""

LEAST_DIGITS, LEAST_WORD = 7, 16
BRACKET_BEFORE, BRACKET_AFTER, LOGIN_LENGTH, CODE_LENGTH, LOCAL_LENGTH, ARMOUR_AFTER = (
    100, 224, 256, 64, 130, 40
)  # fmt: skip

_DIGIT, _UPPER, _WORD, _UNDERSCORE, _DASH, _HEX, _LOCAL, _DOMAIN, _SPACE, _SIGN = (1 << k for k in range(10))


def _classes() -> np.ndarray:
    table = np.zeros(256, np.uint16)
    for members, bit in (
        (b"0123456789", _DIGIT | _HEX | _WORD | _LOCAL | _DOMAIN),
        (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ", _UPPER | _WORD | _LOCAL | _DOMAIN),
        (b"abcdefghijklmnopqrstuvwxyz", _WORD | _LOCAL | _DOMAIN),
        (b"abcdefABCDEF", _HEX),
        (b"_", _UNDERSCORE | _WORD),
        (b"-", _DASH | _WORD),
        (b".", _WORD),
        (b"._%+-&~", _LOCAL),
        (b".-", _DOMAIN),
        (bytes(range(0x80, 0x100)), _LOCAL | _DOMAIN),
        (b' \t\n\r\x0b\x0c"<>`', _SPACE),
        (b"@:([{<", _SIGN),
    ):
        table[np.frombuffer(members, np.uint8)] |= bit
    return table


CLASSES = _classes()


@njit(cache=True, nogil=True)
def find_candidates(offsets, data, classes):
    """Find the candidates in texts.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
        classes: uint16[256], `CLASSES`.
    Returns:
        int64[k, N_COLUMNS], in the order of the texts; within a text roughly in the order of their starts.
    Cost: about 300 MB/s of English text, one core; linear on every input.
    """
    text, table = address_of(data), address_of(classes)
    candidates, n = np.empty((256, N_COLUMNS), np.int64), 0
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        # No number begins before `numbered`; `armour` is where the last -----BEGIN is.
        at, numbered, armour = start, start, -1
        while True:
            first, at, seen = _next_sign(text, table, at, end)
            if first == end:
                break
            if n + 4 > len(candidates):
                candidates = _wider(candidates)
            if seen & _SIGN:
                n = _look_at_sign(text, table, first, start, end, candidates, n, i)
                continue
            if at - first >= LEAST_WORD and (seen & _DIGIT or _has_prefix(text, first)):
                n = _put(candidates, n, i, first, at, WORD, 0)
            if seen & _DASH:
                armour, n = _look_at_armour(text, first, at, end, armour, candidates, n, i)
            if seen & _DIGIT:
                place = max(first, numbered)
                while place < at:
                    if n + 3 > len(candidates):
                        candidates = _wider(candidates)
                    place, n = _look_at_digits(text, table, place, start, end, candidates, n, i)
                numbered = place
    return candidates[:n]


@njit(cache=True, nogil=True)
def replace_spans(offsets, data, spans, names, name_bounds):
    """Replace spans of texts by names; all other bytes stay as they are.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
        spans: int64[k, 3]: byte bounds in `data` and the index of a name; in order, without overlaps, each within one text.
        names: uint8[p], the names one after the other.
        name_bounds: int64[q + 1], byte bounds of the names.
    Returns:
        `(offsets int64[n + 1], data uint8[...])`.
    """
    n, size = len(offsets) - 1, offsets[-1] - offsets[0]
    for k in range(len(spans)):
        name = spans[k, 2]
        size += name_bounds[name + 1] - name_bounds[name] - (spans[k, 1] - spans[k, 0])
    new_offsets, new = np.empty(n + 1, np.int64), np.empty(size, np.uint8)
    text, name_text, target = address_of(data), address_of(names), address_of(new)
    k, at, out = 0, offsets[0], 0
    for i in range(n):
        new_offsets[i] = out
        while k < len(spans) and spans[k, 0] < offsets[i + 1]:
            copy(target + out, text + at, spans[k, 0] - at)
            out += spans[k, 0] - at
            name = spans[k, 2]
            length = name_bounds[name + 1] - name_bounds[name]
            copy(target + out, name_text + name_bounds[name], length)
            out, at, k = out + length, spans[k, 1], k + 1
        copy(target + out, text + at, offsets[i + 1] - at)
        out, at = out + offsets[i + 1] - at, offsets[i + 1]
    new_offsets[n] = out
    return new_offsets, new


@njit(cache=True, nogil=True)
def _next_sign(text, table, at, end):
    """Return `(first, stop, seen)` of the next sign, or of the next word with a digit, `_` or enough dashes for armour."""
    while at < end:
        kind = short_at(table, byte_at(text, at))
        if kind & _SIGN:
            return at, at + 1, kind
        if not kind & _WORD:
            at += 1
            continue
        first, seen = at, 0
        while kind & _WORD:
            seen |= kind
            at += 1
            kind = short_at(table, byte_at(text, at)) if at < end else 0
        if seen & (_DIGIT | _UNDERSCORE) or (seen & _DASH and at - first >= 8):
            return first, at, seen
    return end, end, 0


@njit(cache=True, nogil=True)
def _has_prefix(text, first):
    """Return whether a word begins with two or three characters and `_`; some keys have only letters after that."""
    return byte_at(text, first + 2) == 0x5F or byte_at(text, first + 3) == 0x5F


@njit(cache=True, nogil=True)
def _look_at_sign(text, table, at, start, end, candidates, n, i):
    byte = byte_at(text, at)
    if byte == 0x40:
        return _look_at_at(text, table, at, start, end, candidates, n, i)
    if byte == 0x3A:
        return _look_at_colon(text, table, at, start, end, candidates, n, i)
    if _says_at(text, at, end):
        left, right = max(start, at - BRACKET_BEFORE), min(end, at + BRACKET_AFTER)
        if (
            n > 0
            and candidates[n - 1, SIGN] == BRACKET
            and candidates[n - 1, TEXT] == i
            and left <= candidates[n - 1, END]
        ):
            candidates[n - 1, END] = right  # one candidate for close brackets, so that each byte is read once
            return n
        return _put(candidates, n, i, left, right, BRACKET, 0)
    return n


@njit(cache=True, nogil=True)
def _wider(candidates):
    more = np.empty((2 * len(candidates), N_COLUMNS), np.int64)
    more[: len(candidates)] = candidates
    return more


@njit(cache=True, nogil=True)
def _put(candidates, n, i, start, end, sign, digits):
    candidates[n, TEXT], candidates[n, START], candidates[n, END] = i, start, end
    candidates[n, SIGN], candidates[n, DIGITS] = sign, digits
    return n + 1


@njit(cache=True, nogil=True)
def _look_at_armour(text, first, last, end, armour, candidates, n, i):
    """Look at a word with dashes in it; return where the last open `-----BEGIN` is, or -1 after its end."""
    ends = last - first >= 8 and byte_at(text, last - 4) == 0x2D and byte_at(text, last - 3) == 0x45  # -----END
    if ends and armour >= 0 and byte_at(text, last - 8) == 0x2D and byte_at(text, last - 1) == 0x44:
        return -1, _put(candidates, n, i, armour, min(end, last + ARMOUR_AFTER), ARMOUR, 0)
    if last - first >= 10 and byte_at(text, last - 10) == 0x2D and byte_at(text, last - 5) == 0x42:  # BEGIN
        return last - 10, n
    return armour, n


@njit(cache=True, nogil=True)
def _look_at_digits(text, table, at, start, end, candidates, n, i):
    """Look at the first number of a word, from `at` on; return the end of the number, or of the word if there is none."""
    while at < end and not short_at(table, byte_at(text, at)) & _DIGIT:
        if not short_at(table, byte_at(text, at)) & _WORD:
            return at, n
        at += 1
    first, count, dots = at, 0, 0
    while at < end:
        if short_at(table, byte_at(text, at)) & _DIGIT:
            count += 1
            at += 1
            continue
        stop = _after_gap(text, at, end)
        if stop == at or stop >= end or not short_at(table, byte_at(text, stop)) & _DIGIT:
            break
        dots += stop == at + 1 and byte_at(text, at) == 0x2E
        at = stop
    if first - 2 >= start and at > first + 1 and _has_capitals(text, table, first, start):
        n = _put(candidates, n, i, first - 2, min(end, first + CODE_LENGTH), CODE, 0)
    if dots >= 3:
        n = _put(candidates, n, i, first, at, DOTTED, 0)
    if count >= LEAST_DIGITS:
        n = _put(candidates, n, i, first, at, NUMBER, count)
    return at, n


@njit(cache=True, nogil=True)
def _has_capitals(text, table, first, start):
    """Return whether exactly two capitals come before a number, with at most one space between."""
    at = first - (byte_at(text, first - 1) == 0x20)
    if at - 2 < start or not short_at(table, byte_at(text, at - 1)) & short_at(table, byte_at(text, at - 2)) & _UPPER:
        return False
    if at - 3 < start:
        return True
    previous = byte_at(text, at - 3)
    return previous == 0x2E or previous == 0x2D or not short_at(table, previous) & _WORD


@njit(cache=True, nogil=True)
def _after_gap(text, at, end):
    """Return the end of the separators that begin at `at` inside a number; at most seven bytes."""
    stop = min(end, at + 7)
    while at < stop:
        byte = byte_at(text, at)
        if byte == 0x20 or byte == 0x28 or byte == 0x29 or 0x2D <= byte <= 0x2F:
            at += 1
        elif byte == 0xC2 and at + 1 < end and byte_at(text, at + 1) == 0xA0:
            at += 2
        elif byte == 0xE2 and at + 2 < end and byte_at(text, at + 1) == 0x80:
            last = byte_at(text, at + 2)
            if not (last == 0x89 or 0x90 <= last <= 0x93 or last == 0xAF):
                break
            at += 3
        elif byte == 0xEF and at + 2 < end and byte_at(text, at + 1) == 0xBC and 0x88 <= byte_at(text, at + 2) <= 0x89:
            at += 3
        else:
            break
    return at


@njit(cache=True, nogil=True)
def _look_at_at(text, table, at, start, end, candidates, n, i):
    left, right, has_dot = at, at + 1, False
    while left > start and at - left < LOCAL_LENGTH and short_at(table, byte_at(text, left - 1)) & _LOCAL:
        left -= 1
    if left == at:
        return n
    while right < end and short_at(table, byte_at(text, right)) & _DOMAIN:
        has_dot |= byte_at(text, right) == 0x2E
        right += 1
    return _put(candidates, n, i, left, right, AT, 0) if has_dot else n


@njit(cache=True, nogil=True)
def _look_at_colon(text, table, at, start, end, candidates, n, i):
    if at + 1 >= end:
        return n
    following = byte_at(text, at + 1)
    if following == 0x2F:
        if at + 2 < end and byte_at(text, at + 2) == 0x2F:
            for k in range(at + 3, min(end, at + 3 + LOGIN_LENGTH)):
                byte = byte_at(text, k)
                if byte == 0x40:
                    return _put(candidates, n, i, at, k + 1, LOGIN, 0)
                if byte == 0x2F or short_at(table, byte) & _SPACE:
                    break
        return n
    if at - 4 < start or not (following == 0x3A or short_at(table, following) & _HEX):
        return n
    first = byte_at(text, at - 4)
    if first != 0x32 and first != 0x33:  # global addresses begin with 2 or 3
        return n
    stop = at
    while stop < min(end, at + 64) and (byte_at(text, stop) == 0x3A or short_at(table, byte_at(text, stop)) & _HEX):
        stop += 1
    return _put(candidates, n, i, at - 4, stop, HEXADECIMAL, 0)


@njit(cache=True, nogil=True)
def _says_at(text, at, end):
    """Return whether a bracket may contain `at` or `@`, in upper or lower case; never wrongly False."""
    at += 1
    if at < end and byte_at(text, at) == 0x20:
        at += 1
    if at + 1 >= end:
        return False
    byte = byte_at(text, at)
    return byte == 0x40 or (byte | 0x20 == 0x61 and byte_at(text, at + 1) | 0x20 in (0x74, 0x72))
