"""Hash URLs for lookup in block lists: the host with its parent domains, and the prefixes of the address.

The input may be any string: scheme, user, port and path may each be missing. Host names and paths are compared without
regard to ASCII case. A host that a browser would rewrite before the lookup (letters outside ASCII, percent signs, numbers
such as `0x7f.1`, IPv6) is marked as *noncanonical*; the caller rewrites it and asks again.

* `host_suffixes`: `a.b.example.org` gives `example.org`, `b.example.org`, `a.b.example.org`. A single label (`org`) is
  left out. An IP address has no parents.
* `url_prefixes`: `www.example.org/a/b?c#d` gives `example.org/a`, `example.org/a/b`, `example.org/a/b?c`. A leading `www.`
  and the port are ignored. `%7e` counts as `~` and `%D0` as that byte; of other escapes only the case is ignored.

Hashes have 64 bits. If t of them are looked up in a list of k entries, t * k / 2**64 false hits are expected: one in 1.8
trillion lookups for ten million entries. A plain Python version is in `tests/reference/urls.py`.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.hashing import MIX_A, mix
from curate.kernels.pointers import address_of, byte_at

SEED = np.uint64(0x2545F4914F6CDD1D)
DOT, SLASH, COLON, PERCENT = 0x2E, 0x2F, 0x3A, 0x25
HIGH_HALF = np.uint64(32)


@njit(cache=True, nogil=True, forceinline=True)
def _fold(byte):
    return byte | 0x20 if 0x41 <= byte <= 0x5A else byte


@njit(cache=True, nogil=True, forceinline=True)
def _is_digit(byte):
    return 0x30 <= byte <= 0x39


@njit(cache=True, nogil=True, forceinline=True)
def _step(value, byte):
    value = (value ^ np.uint64(byte)) * MIX_A
    return value ^ value >> HIGH_HALF


@njit(cache=True, nogil=True, forceinline=True)
def _closed(value):
    """Return the final hash; it is never 0, which marks an empty slot."""
    value = mix(value)
    return value if value else np.uint64(1)


@njit(cache=True, nogil=True)
def find_host(text, start, end):
    """Find the host of a URL.

    Args:
        text: address of uint8[m].
        start, end: byte bounds of the URL.
    Returns:
        `(host start, host end, path start, end, is IP address, is noncanonical)`; the host is empty if there is none.
    """
    while start < end and byte_at(text, start) <= 0x20:
        start += 1
    while end > start and byte_at(text, end - 1) <= 0x20:
        end -= 1
    at = _after_scheme(text, start, end)
    stop = user_end = at
    while stop < end:
        byte = byte_at(text, stop)
        if byte <= 0x20 or byte == SLASH or byte == 0x5C or byte == 0x3F or byte == 0x23:
            break
        stop += 1
        if byte == 0x40:
            user_end = stop
    first = last = user_end
    if first < stop and byte_at(text, first) == 0x5B:
        while last < stop and byte_at(text, last) != 0x5D:
            last += 1
        last = min(last + 1, stop)
        return first, last, stop, end, True, True
    while last < stop and byte_at(text, last) != COLON:
        last += 1
    for place in range(last + 1, stop):
        if not _is_digit(byte_at(text, place)):  # not a port, so no host comes before it: `mailto:`, `urn:isbn:`
            return first, first, stop, end, False, False
    while last > first and byte_at(text, last - 1) == DOT:
        last -= 1
    is_address, is_noncanonical = _shape(text, first, last)
    return first, last, stop, end, is_address, is_noncanonical


@njit(cache=True, nogil=True)
def _after_scheme(text, start, end):
    at = start
    while at < end:
        byte = byte_at(text, at)
        if not (0x61 <= (byte | 0x20) <= 0x7A or _is_digit(byte) or byte == 0x2B or byte == 0x2D):
            break
        at += 1
    is_scheme = start < at < end and byte_at(text, at) == COLON
    slashes = at + 1 if is_scheme else start
    n = 0
    while slashes + n < end and (byte_at(text, slashes + n) == SLASH or byte_at(text, slashes + n) == 0x5C):
        n += 1
    if is_scheme:
        return slashes + n if n else start
    return slashes + n if n > 1 else start


@njit(cache=True, nogil=True)
def _shape(text, first, last):
    """Return `(whether a host is an IPv4 address, whether it is noncanonical)`."""
    is_noncanonical = False
    label = first
    n_plain = n_labels = 0
    for at in range(first, last + 1):
        byte = byte_at(text, at) if at < last else DOT
        is_noncanonical |= byte >= 0x80 or byte == PERCENT
        if byte == DOT and at < last:
            n_plain += _is_octet(text, label, at)
            n_labels += 1
            label = at + 1
    n_plain += _is_octet(text, label, last)
    n_labels += 1
    if label == last or not _is_digit(byte_at(text, label)):
        return False, is_noncanonical
    for at in range(label, last):  # the last label is a number: 1.2.3.4, 0x7f.1, 2130706433
        byte = byte_at(text, at) | 0x20
        is_hexadecimal = 0x61 <= byte <= 0x66 or byte == 0x78
        if not _is_digit(byte_at(text, at)) and not (is_hexadecimal and byte_at(text, label) == 0x30):
            return False, is_noncanonical
    return True, is_noncanonical or n_labels != 4 or n_plain != 4


@njit(cache=True, nogil=True)
def _is_octet(text, first, last):
    if not 0 < last - first <= 3 or (byte_at(text, first) == 0x30 and last - first > 1):
        return False
    value = 0
    for at in range(first, last):
        if not _is_digit(byte_at(text, at)):
            return False
        value = 10 * value + byte_at(text, at) - 0x30
    return value < 256


@njit(cache=True, nogil=True)
def hosts(offsets, data):
    """Return the byte bounds of the host of each URL: int64[n, 2]; `offsets` is int64[n + 1], `data` uint8[m]."""
    text, found = address_of(data), np.zeros((len(offsets) - 1, 2), np.int64)
    for i in range(len(found)):
        found[i, 0], found[i, 1], _, _, _, _ = find_host(text, offsets[i], offsets[i + 1])
    return found


# ------------------------------------------------------------------ hashes


@njit(cache=True, nogil=True)
def hash_host(text, start, end):
    """Hash a whole host name, as `host_suffixes` does.

    Args:
        text: address of uint8[m].
        start, end: byte bounds of the host.
    Returns:
        uint64, not 0.
    """
    value = SEED
    for at in range(end - 1, start - 1, -1):
        value = _step(value, _fold(byte_at(text, at)))
    return _closed(value)


@njit(cache=True, nogil=True)
def hash_name(name):
    """Return the hash of a host name that is a whole array: uint8[m]."""
    return hash_host(address_of(name), 0, len(name))


@njit(cache=True, nogil=True)
def _room(array, n):
    if n < len(array):
        return array
    larger = np.empty(2 * len(array), array.dtype)
    larger[:n] = array[:n]
    return larger


@njit(cache=True, nogil=True)
def host_suffixes(offsets, data):
    """Hash the host of each URL and its parent domains, from the shortest to the longest.

    Args:
        offsets: int64[n + 1], byte bounds of the URLs in `data`; need not begin at 0.
        data: uint8[m], UTF-8.
    Returns:
        `(bounds int64[n + 1], hashes uint64[k], starts int64[k], ends int64[n], is_noncanonical bool[n])`: the hashes of
        URL i are those from `bounds[i]` to `bounds[i + 1]`; hash j is of the bytes from `starts[j]` to `ends[i]`. A URL
        without a host has none.
    """
    text, n = address_of(data), len(offsets) - 1
    bounds, ends, is_noncanonical = np.zeros(n + 1, np.int64), np.zeros(n, np.int64), np.zeros(n, np.bool_)
    hashes, starts, total = np.empty(4 * n + 64, np.uint64), np.empty(4 * n + 64, np.int64), 0
    for i in range(n):
        first, last, _, _, is_address, is_noncanonical[i] = find_host(text, offsets[i], offsets[i + 1])
        ends[i] = last
        value, n_labels = SEED, 0
        for at in range(last - 1, first - 1, -1):
            byte = byte_at(text, at)
            if byte == DOT:
                n_labels += 1
                if n_labels > 1 and not is_address:
                    hashes, starts = _room(hashes, total), _room(starts, total)
                    hashes[total], starts[total] = _closed(value), at + 1
                    total += 1
            value = _step(value, _fold(byte))
        if first < last and (n_labels or is_address):
            hashes, starts = _room(hashes, total), _room(starts, total)
            hashes[total], starts[total] = _closed(value), first
            total += 1
        bounds[i + 1] = total
    return bounds, hashes[:total], starts[:total], ends, is_noncanonical


@njit(cache=True, nogil=True, forceinline=True)
def _hexadecimal(byte):
    if _is_digit(byte):
        return byte - 0x30
    byte |= 0x20
    return byte - 0x57 if 0x61 <= byte <= 0x66 else -1


@njit(cache=True, nogil=True, forceinline=True)
def _path_byte(text, at, end):
    """Return `(byte at this position of a path, number of bytes in the URL that spell it)`."""
    byte = byte_at(text, at)
    if byte == PERCENT and at + 2 < end:
        high, low = _hexadecimal(byte_at(text, at + 1)), _hexadecimal(byte_at(text, at + 2))
        if high >= 0 and low >= 0:
            spelled = high << 4 | low
            is_letter = 0x61 <= (spelled | 0x20) <= 0x7A
            is_free = spelled == 0x2D or spelled == DOT or spelled == 0x5F or spelled == 0x7E
            if spelled >= 0x80 or is_letter or _is_digit(spelled) or is_free:
                return _fold(spelled), 3
    return _fold(byte), 1


@njit(cache=True, nogil=True)
def _skip_www(text, first, last):
    if last - first > 4 and byte_at(text, first + 3) == DOT:
        w = 0x77
        if _fold(byte_at(text, first)) == w == _fold(byte_at(text, first + 1)) == _fold(byte_at(text, first + 2)):
            return first + 4
    return first


@njit(cache=True, nogil=True)
def hash_url(text, first, last, path, end):
    """Hash a whole address, as `url_prefixes` does; slashes at its end are ignored.

    Args:
        text: address of uint8[m].
        first, last: byte bounds of the host.
        path, end: byte bounds of the path, query and fragment; the fragment is ignored.
    Returns:
        uint64, not 0.
    """
    value = SEED
    for at in range(_skip_www(text, first, last), last):
        value = _step(value, _fold(byte_at(text, at)))
    while end > path and byte_at(text, end - 1) == SLASH:
        end -= 1
    at = path
    while at < end and byte_at(text, at) != 0x23:
        byte, size = _path_byte(text, at, end)
        value = _step(value, byte)
        at += size
    return _closed(value)


@njit(cache=True, nogil=True)
def url_prefixes(offsets, data):
    """Hash the prefixes of each URL: up to each `/`, `?` and `&` after its host, and up to its end, the shortest first.

    Args:
        offsets: int64[n + 1], byte bounds of the URLs in `data`; need not begin at 0.
        data: uint8[m], UTF-8.
    Returns:
        `(bounds int64[n + 1], hashes uint64[k], starts int64[n], ends int64[k])`: the hashes of URL i are those from
        `bounds[i]` to `bounds[i + 1]`; hash j is of the bytes from `starts[i]` to `ends[j]`.
    """
    text, n = address_of(data), len(offsets) - 1
    bounds, starts = np.zeros(n + 1, np.int64), np.zeros(n, np.int64)
    hashes, ends, total = np.empty(8 * n + 64, np.uint64), np.empty(8 * n + 64, np.int64), 0
    for i in range(n):
        first, last, path, end, _, _ = find_host(text, offsets[i], offsets[i + 1])
        starts[i] = first
        if first < last:
            value = SEED
            for at in range(_skip_www(text, first, last), last):
                value = _step(value, _fold(byte_at(text, at)))
            at = path
            while at < end and byte_at(text, at) != 0x23:
                byte, size = _path_byte(text, at, end)
                if at > path and size == 1 and (byte == SLASH or byte == 0x3F or byte == 0x26):
                    hashes, ends = _room(hashes, total), _room(ends, total)
                    hashes[total], ends[total] = _closed(value), at
                    total += 1
                value = _step(value, byte)
                at += size
            if at > path:
                hashes, ends = _room(hashes, total), _room(ends, total)
                hashes[total], ends[total] = _closed(value), at
                total += 1
        bounds[i + 1] = total
    return bounds, hashes[:total], starts, ends[:total]


# ------------------------------------------------------------------ tables


@njit(cache=True, nogil=True, forceinline=True)
def _home(value, n_homes):
    return np.int64((value >> HIGH_HALF) * n_homes >> HIGH_HALF)


@njit(cache=True, nogil=True)
def table(hashes):
    """Build a hash table in which one memory access finds most hashes.

    The highest 32 bits of a hash select its home slot. Hashes are stored in ascending order, each in its home slot or in the
    first free one after it, so that a search ends at the first larger hash. At most three quarters of the home slots are used.

    Args:
        hashes: uint64[k], ascending, without repeats, not 0; k < 2**31.
    Returns:
        uint64[]: the number of home slots, then these slots and some more; an empty slot is 0.
    """
    n_homes = np.uint64(len(hashes) * 4 // 3 + 1)
    last = np.int64(0)
    for value in hashes:
        last = max(last + 1, _home(value, n_homes) + 1)
    made = np.zeros(max(last, np.int64(n_homes)) + 2, np.uint64)
    made[0] = n_homes
    last = np.int64(0)
    for value in hashes:
        last = max(last + 1, _home(value, n_homes) + 1)
        made[last] = value
    return made


@njit(cache=True, nogil=True, forceinline=True)
def contains(made, value):
    """Return whether a `table` contains a hash."""
    place = _home(value, made[0]) + 1
    while np.uint64(0) < made[place] < value:
        place += 1
    return made[place] == value


@njit(cache=True, nogil=True)
def first_found(made, bounds, hashes):
    """Find the first hash of each URL that a table contains.

    Args:
        made: uint64[], what `table` returned.
        bounds: int64[n + 1], bounds of the URLs in `hashes`.
        hashes: uint64[k].
    Returns:
        int64[n]: an index into `hashes`, or -1.
    Cost: 30 to 150 ns a hash, depending on how much of the table is in the caches of the processor.
    """
    found = np.full(len(bounds) - 1, -1, np.int64)
    for i in range(len(found)):
        for k in range(bounds[i], bounds[i + 1]):
            if contains(made, hashes[k]):
                found[i] = k
                break
    return found
