"""Hashes of byte ranges, and the open-addressing hash table that finds equal ones."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.pointers import ALL, byte_at, eight_at

MIX_A = np.uint64(0x9E3779B97F4A7C15)  # 2**64 / golden ratio
MIX_B = np.uint64(0xD6E8FEB86659FD93)  # an odd constant that spreads bits well (P. Evensen's "rrmxmx")
EMPTY = np.int32(-1)


@njit(cache=True, nogil=True, forceinline=True)
def mix(value):
    """Return a `uint64` in which every bit depends on all bits of `value`."""
    value = (value ^ (value >> np.uint64(32))) * MIX_B
    value = (value ^ (value >> np.uint64(29))) * MIX_A
    return value ^ (value >> np.uint64(32))


@njit(cache=True, nogil=True, forceinline=True)
def tail64(text, at, end, limit):
    """Read one to eight bytes as one little-endian `uint64`.

    Args:
        text: address of uint8[>= limit].
        at, end: byte bounds; `at < end <= at + 8`.
        limit: end of the memory that may be read.
    Returns:
        uint64.
    """
    if at + 8 <= limit:
        return eight_at(text, at) & (ALL >> np.uint64(64 - 8 * (end - at)))
    word = np.uint64(0)
    for k in range(end - at):
        word |= np.uint64(byte_at(text, at + k)) << np.uint64(8 * k)
    return word


@njit(cache=True, nogil=True, forceinline=True)
def hash_bytes(text, start, end, limit):
    """Hash a range of bytes; equal bytes have equal hashes on every machine.

    Args:
        text: address of uint8[>= limit].
        start, end: byte bounds.
        limit: end of the memory that may be read.
    Returns:
        uint64.
    """
    value = np.uint64(end - start) * MIX_A
    at = start
    while end - at > 8:
        value = (value ^ mix(eight_at(text, at))) * MIX_B
        at += 8
    if end > at:
        value ^= tail64(text, at, end, limit)
    return mix(value)


@njit(cache=True, nogil=True)
def slots_for(n):
    """Return the number of slots of a table for `n` keys: a power of two; at most a quarter of them is used."""
    size = 16
    while size < 4 * n:
        size *= 2
    return size


@njit(cache=True, nogil=True)
def number_equal(hashes, n, slots, first):
    """Write into `first[i]` the index of the first hash that equals `hashes[i]`.

    Args:
        hashes: uint64[>= n].
        n: number of hashes.
        slots: int32[>= slots_for(n)], scratch.
        first: int32[>= n], written.
    Returns:
        the number of different hashes.
    """
    size = slots_for(n)
    slots[:size] = EMPTY
    mask = np.uint64(size - 1)
    different = 0
    for i in range(n):
        key = hashes[i]
        slot = key & mask
        other = slots[slot]
        while other != EMPTY and hashes[other] != key:
            slot = (slot + np.uint64(1)) & mask
            other = slots[slot]
        is_new = other == EMPTY
        place = np.int32(i) if is_new else other
        slots[slot] = place
        first[i] = place
        different += is_new
    return different
