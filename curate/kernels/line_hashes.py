"""Hash the lines or paragraphs of texts, and remove some of them.

A *unit* is a line (as `str.splitlines` cuts them) or a paragraph (a run of lines that are not blank). It is hashed in
a normal form: no white space at the ends, every run of white space as one space (so that the line breaks of a
paragraph do not matter), without format characters (category Cf: soft hyphens, joiners, byte order marks), in lower
case, and, if requested, with every run of numerals (category N) as one `0`.

The length of a unit is the number of characters of this form; a letter of a script without spaces counts as two. A unit
that is too short, or has no letter, has no hash and is never removed.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.characters import count_characters, decode, strip, to_lower
from curate.kernels.hashing import MIX_B, mix, number_equal, slots_for
from curate.kernels.lines import next_break
from curate.kernels.pointers import EACH, HIGH, address_of, bytes_equal, copy, eight_at, short_at
from curate.kernels.shingles import grown

UNITS, CHARACTERS, ALL_CHARACTERS, N_REMOVED = range(4)
"""Columns of what `drop_units` counts; N_REMOVED is the number of columns."""

NONE = np.uint64(0)
"""The hash of a unit that has none."""


@njit(cache=True, nogil=True)
def unit_keys(offsets, data, classes, lower, how, salts):
    """Hash the units of texts; repeats within a text are left out.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`; need not begin at 0.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        lower: uint32[len(CASED)], `characters.lower()`.
        how: (bool, bool, int): whether units are paragraphs; whether all numerals are equal; the least length of a unit.
        salts: uint64[n]; keys of two texts are comparable only if the salts are equal.
    Returns:
        `(bounds int64[n + 1], keys uint64[total])`; the keys of text i are `keys[bounds[i] : bounds[i + 1]]`, in
        the order of their first occurrence.
    Cost: 600 MB/s of English text, 230 MB/s of documentation in short lines, one core.
    """
    by_paragraph, one_number, least = how
    text, table, fold, n = address_of(data), address_of(classes), address_of(lower), len(offsets) - 1
    bounds = np.zeros(n + 1, np.int64)
    out = np.empty(1024, np.uint64)
    slots, first = np.empty(slots_for(64), np.int32), np.empty(64, np.int32)
    total = 0
    for i in range(n):
        at, end, begin = offsets[i], offsets[i + 1], total
        while at < end:
            left, right, _, at = next_unit(text, table, at, end, by_paragraph)
            hash_ = hash_unit(text, table, fold, left, right, one_number, least)
            if hash_ != NONE:
                if total == len(out):
                    out = grown(out, total, total + 1)
                out[total] = mix(hash_ + salts[i])
                total += 1
        m = total - begin
        if m > len(first):
            slots, first = np.empty(slots_for(2 * m), np.int32), np.empty(2 * m, np.int32)
        total = begin + _keep_different(out[begin:total], m, slots, first)
        bounds[i + 1] = total
    return bounds, out[:total].copy()


@njit(cache=True, nogil=True)
def drop_units(offsets, data, classes, lower, how, salts, bounds, keys):
    """Return the texts without some of their units.

    The rest keeps its bytes and order. A unit is removed with its line break, or, if it ends a text without one,
    with the break before it. Blank lines after it are removed too if it is between blank lines or at the beginning
    of the text; blank lines before it are removed if nothing is left after it.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`; need not begin at 0.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        lower: uint32[len(CASED)], `characters.lower()`.
        how: (bool, bool, int), as in `unit_keys`.
        salts: uint64[n], as in `unit_keys`.
        bounds: int64[n + 1], bounds of the texts in `keys`.
        keys: uint64[k], ascending within each text; units of text i with one of `keys[bounds[i] : bounds[i + 1]]` are
            removed.
    Returns:
        `(offsets int64[n + 1], data uint8[], removed int64[n, N_REMOVED])`: the new texts, and for each the number of
        removed UNITS, the CHARACTERS in them, and ALL_CHARACTERS of all its units (all 0 for a text without keys).
        White space at the ends of a unit is not counted.
    Cost: texts without keys are copied; else 320 MB/s of English text, 180 MB/s if one line in six is removed, one core.
    """
    by_paragraph, one_number, least = how
    text, table, fold, n = address_of(data), address_of(classes), address_of(lower), len(offsets) - 1
    new_offsets = np.zeros(n + 1, np.int64)
    out = np.empty(offsets[n] - offsets[0] if n else 0, np.uint8)
    target, to = address_of(out), np.int64(0)
    removed = np.zeros((n, N_REMOVED), np.int64)
    for i in range(n):
        at, end = offsets[i], offsets[i + 1]
        mine = keys[bounds[i] : bounds[i + 1]]
        if not len(mine):
            copy(target + to, text + at, end - at)
            to += end - at
            new_offsets[i + 1] = to
            continue
        begin, kept_to, kept_through, has_gap, was_blank, is_ended = to, to, to, False, True, False
        while at < end:
            start = at
            left, right, stop, at = next_unit(text, table, at, end, by_paragraph)
            is_blank, is_ended = left == right, at > stop
            if is_blank and has_gap and was_blank:
                continue
            if not is_blank:
                size = count_characters(text, left, right)
                removed[i, ALL_CHARACTERS] += size
                hash_ = hash_unit(text, table, fold, left, right, one_number, least)
                if hash_ != NONE and _is_among(mine, mix(hash_ + salts[i])):
                    removed[i, UNITS] += 1
                    removed[i, CHARACTERS] += size
                    has_gap = True
                    continue
            copy(target + to, text + start, at - start)
            if not is_blank:
                kept_to, kept_through = to + stop - start, to + at - start
            to += at - start
            has_gap, was_blank = False, is_blank
        if has_gap:
            to = begin if kept_to == begin else kept_through if is_ended else kept_to
        new_offsets[i + 1] = to
    return new_offsets, out[:to], removed


@njit(cache=True, nogil=True)
def find_units(data, classes, lower, how, salt, keys):
    """Find the first unit with each key in a text.

    Args:
        data: uint8[m], UTF-8, one text.
        classes: uint16[0x110000], `characters.classes()`.
        lower: uint32[len(CASED)], `characters.lower()`.
        how: (bool, bool, int), as in `unit_keys`.
        salt: uint64, the salt of this text.
        keys: uint64[k], ascending, without repeats.
    Returns:
        int64[k, 2]: first byte and the byte after the last; `(0, 0)` if the text has no such unit.
    """
    by_paragraph, one_number, least = how
    text, table, fold = address_of(data), address_of(classes), address_of(lower)
    spans = np.zeros((len(keys), 2), np.int64)
    at, end = 0, len(data)
    while at < end:
        left, right, _, at = next_unit(text, table, at, end, by_paragraph)
        hash_ = hash_unit(text, table, fold, left, right, one_number, least)
        if hash_ != NONE:
            key = mix(hash_ + salt)
            k = _lower_bound(keys, key)
            if k < len(keys) and keys[k] == key and spans[k, 1] == 0:
                spans[k, 0], spans[k, 1] = left, right
    return spans


# ------------------------------------------------------------------ one unit


@njit(cache=True, nogil=True)
def next_unit(text, table, at, end, by_paragraph):
    """Find the blank line or unit that begins at a byte.

    Args:
        text, table: addresses of uint8[m] and uint16[0x110000], see `characters`.
        at, end: byte where it begins, and the end of the text.
        by_paragraph: whether units are paragraphs.
    Returns:
        `(left, right, stop, following)`: its bounds without white space at the ends (equal for a blank line), the end of
        its last line, and where the next line begins.
    """
    stop, following = next_break(text, at, end)
    left, right = strip(text, table, at, stop)
    if left == right:
        return left, left, stop, following
    while by_paragraph and following < end:
        next_stop, after = next_break(text, following, end)
        next_left, next_right = strip(text, table, following, next_stop)
        if next_left == next_right:
            break
        right, stop, following = next_right, next_stop, after
    return left, right, stop, following


@njit(cache=True, nogil=True)
def hash_unit(text, table, fold, at, end, one_number, least):
    """Hash the normal form of a unit.

    Args:
        text, table, fold: addresses of uint8[m], of uint16[0x110000], `characters.classes()`, and of uint32[len(CASED)],
            `characters.lower()`.
        at, end: byte bounds of the unit.
        one_number: whether all numerals are equal.
        least: the least length of a unit, in characters of the normal form.
    Returns:
        uint64; NONE if the unit is too short or has no letter, and only then.
    """
    value, word, shift = MIX_B, np.uint64(0), np.int64(0)
    length, twice = 0, 0
    has_letter, has_space, was_number = False, False, False
    while at < end:
        if at + 8 <= end:
            eight = eight_at(text, at)
            if _is_plain(eight, one_number, has_space or length == 0):
                capitals = (eight + EACH * np.uint64(0x80 - 0x41)) & ~(eight + EACH * np.uint64(0x80 - 0x5B)) & HIGH
                eight |= capitals >> np.uint64(2)
                letters = (eight + EACH * np.uint64(0x80 - 0x61)) & ~(eight + EACH * np.uint64(0x80 - 0x7B)) & HIGH
                has_letter |= letters != 0
                if has_space and length:
                    value, word, shift = _push(value, word, shift, np.uint64(0x20), 1)
                    length += 1
                value, word, shift = _push(value, word, shift, eight, 8)
                length += 8
                at += 8
                has_space, was_number = False, False
                continue
        code, size = decode(text, at, end)
        at += size
        bits = short_at(table, code)
        if bits & ch.SPACE:
            has_space = True
            continue
        if bits & ch.EXTEND and bits & ch.INVISIBLE:
            continue
        is_number = one_number and bits & ch.NUMBER != 0
        if is_number and was_number and not has_space:
            continue
        if has_space and length:
            value, word, shift = _push(value, word, shift, np.uint64(0x20), 1)
            length += 1
        packed, size = _utf8(0x30 if is_number else to_lower(fold, code))
        value, word, shift = _push(value, word, shift, packed, size)
        length += 1
        twice += bits & ch.UNSPACED != 0 and not is_number
        has_letter |= bits & ch.LETTER != 0
        has_space, was_number = False, is_number
    if not has_letter or length + twice < least:
        return NONE
    if shift:
        value = mix(value ^ word)
    value = mix(value + np.uint64(length))
    return value if value != NONE else np.uint64(1)


@njit(cache=True, nogil=True, forceinline=True)
def _is_plain(eight, one_number, is_edge):
    """Return whether eight bytes, except for capitals, are already in normal form; may be wrongly False, never wrongly True.

    `is_edge`: white space or nothing comes before them, so that they must not begin with a space.
    """
    if eight & HIGH or ((eight - EACH * np.uint64(0x20)) & HIGH):
        return False
    spaces = bytes_equal(eight, 0x20)
    if spaces & (spaces << np.uint64(8) | np.uint64(0x80) * np.uint64(is_edge) | np.uint64(0x80) << np.uint64(56)):
        return False
    if not one_number:
        return True
    return not (eight + EACH * np.uint64(0x80 - 0x30)) & ~(eight + EACH * np.uint64(0x80 - 0x3A)) & HIGH


@njit(cache=True, nogil=True, forceinline=True)
def _push(value, word, shift, packed, size):
    """Append `size` bytes, the first one lowest, to the hashed data; `word` holds the last `shift` bits so far."""
    word |= packed << np.uint64(shift)
    shift += 8 * size
    if shift < 64:
        return value, word, shift
    value = mix(value ^ word)
    shift -= 64
    # The last `shift` bits of the appended bytes did not fit; a shift by 64 would be undefined.
    rest = packed >> np.uint64(8 * size - shift) if shift else np.uint64(0)
    return value, rest, shift


@njit(cache=True, nogil=True, forceinline=True)
def _utf8(code):
    """Return `(UTF-8 bytes as one uint64, the first one lowest, number of bytes)` of a code point."""
    if code < 0x80:
        return np.uint64(code), 1
    last = 0x80 | code & 0x3F
    if code < 0x800:
        return np.uint64(0xC0 | code >> 6 | last << 8), 2
    third = 0x80 | code >> 6 & 0x3F
    if code < 0x10000:
        return np.uint64(0xE0 | code >> 12 | third << 8 | last << 16), 3
    return np.uint64(0xF0 | code >> 18 | (0x80 | code >> 12 & 0x3F) << 8 | third << 16 | last << 24), 4


@njit(cache=True, nogil=True)
def _keep_different(keys, n, slots, first):
    """Move the first of each group of equal keys among the first `n` to the front, in order; return their number."""
    number_equal(keys, n, slots, first)
    m = 0
    for k in range(n):
        if first[k] == k:
            keys[m] = keys[k]
            m += 1
    return m


@njit(cache=True, nogil=True)
def _lower_bound(keys, key):
    """Return how many of the ascending `keys` are smaller than `key`."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def _is_among(keys, key):
    k = _lower_bound(keys, key)
    return k < len(keys) and keys[k] == key
