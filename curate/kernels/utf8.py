"""Check whether bytes are UTF-8."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.pointers import HIGH, address_of, byte_at, eight_at


@njit(cache=True, nogil=True)
def is_utf8(data):
    """Return whether bytes are UTF-8 for Python's strict decoder: no overlong forms, no surrogates.

    Args:
        data: uint8[n].
    Cost: 3 to 10 GB/s of ASCII, 0.5 GB/s of other text, one core.
    """
    text, at, end = address_of(data), np.int64(0), np.int64(len(data))
    while at < end:
        if at + 8 <= end and not eight_at(text, at) & HIGH:
            at += 8
            continue
        first = byte_at(text, at)
        if first < 0x80:
            at += 1
            continue
        size = 2 if 0xC2 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF5 else 0
        if size == 0 or at + size > end:
            return False
        second = byte_at(text, at + 1)
        least = 0xA0 if first == 0xE0 else 0x90 if first == 0xF0 else 0x80
        most = 0x9F if first == 0xED else 0x8F if first == 0xF4 else 0xBF
        if not least <= second <= most:
            return False
        for k in range(2, size):
            if byte_at(text, at + k) & 0xC0 != 0x80:
                return False
        at += size
    return True
