"""Decode character references: `&amp;`, `&#228;`, `&#xe4;`.

The named ones are those of the HTML standard that give one character. Those that the standard also accepts without a
semicolon (`&copy 2020`) are accepted here too, unless a letter, a digit or `=` follows, as in the query of a URL.
"""

from __future__ import annotations

import html.entities

import numpy as np
from numba import njit

from curate.kernels.blocks.tags import hash_next, hash_start

MAX_NAME = 32
"""Longer than any name, so longer names are not looked up."""

_OFFSET, _PRIME = 0xCBF29CE484222325, 0x100000001B3
_SLOTS = 8192
_OPEN = np.uint64(1 << 32)  # marks the names that need no semicolon


def _hash(name: str) -> int:
    value = _OFFSET
    for byte in name.encode():
        value = (value ^ byte) * _PRIME % (1 << 64)
    return value


def _table() -> np.ndarray:
    """Return uint64[_SLOTS, 2]: the hash of the name; the code point, with `_OPEN` if it needs no semicolon."""
    slots = np.zeros((_SLOTS, 2), np.uint64)
    for name, value in sorted(html.entities.html5.items()):
        if len(value) != 1 or not name.endswith(";"):
            continue
        bare = name[:-1]
        slot = _hash(bare) % _SLOTS
        while slots[slot, 1]:
            slot = (slot + 1) % _SLOTS
        slots[slot, 0] = _hash(bare)
        slots[slot, 1] = ord(value) | (int(_OPEN) if bare in html.entities.html5 else 0)
    return slots


_TABLE = _table()
# &#128; to &#159; as browsers read them: old pages mean windows-1252.
_WINDOWS = np.array([ord(bytes([byte]).decode("cp1252", "replace")) for byte in range(128, 160)], np.int64)


@njit(cache=True, nogil=True)
def reference_at(data, at, end):
    """Decode the character reference at an ampersand.

    Args:
        data: uint8[>= end].
        at, end: byte position of the ampersand, and the end of the page; `at < end`.
    Returns:
        `(code point, number of bytes)`; `(38, 1)` if it is not a reference.
    """
    if at + 1 < end and data[at + 1] == 0x23:
        return _numeric(data, at, end)
    value, place = hash_start(), at + 1
    limit = min(end, at + 1 + MAX_NAME)
    while place < limit:
        byte = data[place]
        if not (48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122):
            break
        value = hash_next(value, byte)
        place += 1
    if place == at + 1:
        return np.int64(38), 1
    found = _named(value)
    is_closed = place < end and data[place] == 0x3B
    if found == 0 or not (is_closed or (found & _OPEN and not (place < end and data[place] == 0x3D))):
        return np.int64(38), 1
    return np.int64(found & np.uint64(0xFFFFFFFF)), place - at + is_closed


@njit(cache=True, nogil=True, forceinline=True)
def _named(value):
    slot = np.int64(value & np.uint64(_SLOTS - 1))
    while _TABLE[slot, 1]:
        if _TABLE[slot, 0] == value:
            return _TABLE[slot, 1]
        slot = (slot + 1) & (_SLOTS - 1)
    return np.uint64(0)


@njit(cache=True, nogil=True, forceinline=True)
def _numeric(data, at, end):
    place = at + 2
    is_hex = place < end and data[place] | 32 == 0x78
    place += is_hex
    first, code = place, np.int64(0)
    while place < end and place - first < 8:  # more digits than any code point has; further ones are text
        byte = data[place]
        if 48 <= byte <= 57:
            digit = byte - 48
        elif is_hex and 97 <= byte | 32 <= 102:
            digit = (byte | 32) - 87
        else:
            break
        code = code * (16 if is_hex else 10) + digit
        place += 1
    if place == first:
        return np.int64(38), 1
    if place < end and data[place] == 0x3B:
        place += 1
    if 128 <= code < 160:
        code = _WINDOWS[code - 128]
    if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        code = np.int64(0xFFFD)
    return code, place - at
