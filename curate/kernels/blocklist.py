"""Read the lines of block lists: domains, addresses, and lines that are neither.

A line is a domain (`example.org`, `*.example.org`, `.example.org`), an address with a path (`example.org/a`), both with
or without a scheme, or a line of a hosts file (`0.0.0.0 example.org`, possibly with more names). `#`, `;` and `!` begin a
comment at the start of a line, `#` and `;` also after white space. A domain followed only by slashes is a domain.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.pointers import address_of, byte_at
from curate.kernels.urls import COLON, DOT, PERCENT, SLASH, contains, find_host, hash_host, hash_url

N_DOMAINS, N_URLS, N_NONCANONICAL, N_SUFFIXES, N_REFUSED, FIRST_REFUSED, N_COUNTS = range(7)
"""What the counts are: the number of entries of each kind, and the line number, from 1, of the first refused one."""

DOMAIN, URL, NONCANONICAL, SUFFIX, REFUSED = range(5)
LONGEST_HOST, LONGEST_URL = 253, 4096


@njit(cache=True, nogil=True)
def read_lines(data, wild, exempt, is_canonical):
    """Read the entries of a list.

    Args:
        data: uint8[m], the list, UTF-8, without a byte order mark.
        wild: uint64[], the `urls.table` of domains directly below which every name is a public suffix.
        exempt: uint64[], the `urls.table` of the exceptions to these.
        is_canonical: treat every entry as canonical (see `urls`), because the caller has rewritten those that were not.
    Returns:
        `(domains uint64[], urls uint64[], noncanonical int64[k, 2], counts int64[N_COUNTS])`: the hashes of domains and of
        addresses in the order of the list, the byte bounds of entries that must be rewritten first, and the counts.
    """
    text, size = address_of(data), len(data)
    counts = np.zeros(N_COUNTS, np.int64)
    domains, urls, noncanonical = np.empty(1024, np.uint64), np.empty(64, np.uint64), np.empty((64, 2), np.int64)
    at, line = np.int64(0), 0
    while at < size:
        stop = at
        while stop < size and byte_at(text, stop) != 0x0A and byte_at(text, stop) != 0x0D:
            stop += 1
        line += not (byte_at(text, at - 1) == 0x0D and byte_at(text, at) == 0x0A) if 0 < at < size else 1
        end = _without_comment(text, at, stop)
        first, last = _token(text, at, end)
        more, _ = _token(text, last, end)
        if more < end and _is_sink(text, first, last):
            first, last = _token(text, last, end)
            more = end
        if more < end and first < last:
            _refuse(counts, line)
        else:
            while first < last:
                kind, value = _entry(text, first, last, wild, exempt, is_canonical)
                if kind == DOMAIN:
                    domains = _appended(domains, counts[N_DOMAINS], value)
                    counts[N_DOMAINS] += 1
                elif kind == URL:
                    urls = _appended(urls, counts[N_URLS], value)
                    counts[N_URLS] += 1
                elif kind == NONCANONICAL:
                    noncanonical = _spanned(noncanonical, counts[N_NONCANONICAL], first, last)
                    counts[N_NONCANONICAL] += 1
                elif kind == SUFFIX:
                    counts[N_SUFFIXES] += 1
                else:
                    _refuse(counts, line)
                first, last = _token(text, last, end)
        at = stop + 1
    return domains[: counts[N_DOMAINS]], urls[: counts[N_URLS]], noncanonical[: counts[N_NONCANONICAL]], counts


@njit(cache=True, nogil=True)
def _refuse(counts, line):
    counts[N_REFUSED] += 1
    if counts[FIRST_REFUSED] == 0:
        counts[FIRST_REFUSED] = line


@njit(cache=True, nogil=True)
def _appended(array, n, value):
    if n == len(array):
        larger = np.empty(2 * n, array.dtype)
        larger[:n] = array
        array = larger
    array[n] = value
    return array


@njit(cache=True, nogil=True)
def _spanned(array, n, first, last):
    if n == len(array):
        larger = np.empty((2 * n, 2), array.dtype)
        larger[:n] = array
        array = larger
    array[n, 0], array[n, 1] = first, last
    return array


@njit(cache=True, nogil=True, forceinline=True)
def _token(text, at, end):
    """Return the byte bounds of the next token between white space."""
    while at < end and byte_at(text, at) <= 0x20:
        at += 1
    first = at
    while at < end and byte_at(text, at) > 0x20:
        at += 1
    return first, at


@njit(cache=True, nogil=True, forceinline=True)
def _without_comment(text, start, stop):
    is_open = True  # at the start of the line or after white space
    for at in range(start, stop):
        byte = byte_at(text, at)
        if is_open and (byte == 0x23 or byte == 0x3B):
            return at
        if byte == 0x21 and is_open:
            first, _ = _token(text, start, stop)
            if first == at:
                return at
        is_open = byte <= 0x20
    return stop


@njit(cache=True, nogil=True)
def _is_sink(text, first, last):
    """Return whether a token is the address that begins a line of a hosts file; host names follow it."""
    if first == last:
        return False
    has_colon = False
    for at in range(first, last):
        byte = byte_at(text, at)
        has_colon |= byte == COLON
        is_digit, is_mark = 0x30 <= byte <= 0x39, byte in (DOT, COLON, PERCENT)
        if not is_digit and not is_mark and not 0x61 <= (byte | 0x20) <= 0x66:
            return has_colon and at > first + 1  # fe80::1%lo0
    if has_colon:
        return True
    _, _, _, _, is_address, is_noncanonical = find_host(text, first, last)
    return is_address and not is_noncanonical


@njit(cache=True, nogil=True)
def _entry(text, first, last, wild, exempt, is_canonical):
    """Return `(kind, hash)` of an entry; the hash is 0 for a kind without one."""
    none = np.uint64(0)
    if last - first > LONGEST_URL:
        return REFUSED, none
    if byte_at(text, first) == 0x2A and first + 1 < last and byte_at(text, first + 1) == DOT:
        first += 1
    while first < last and byte_at(text, first) == DOT:
        first += 1
    start, stop, path, end, is_address, is_noncanonical = find_host(text, first, last)
    if is_noncanonical and not is_canonical:
        return NONCANONICAL, none
    if start == stop or stop - start > LONGEST_HOST:
        return REFUSED, none
    is_bracketed = byte_at(text, start) == 0x5B and byte_at(text, stop - 1) == 0x5D
    if not (is_bracketed or _is_name(text, start, stop)):
        return REFUSED, none
    while end > path and byte_at(text, end - 1) == SLASH:
        end -= 1
    if end > path:
        return URL, hash_url(text, start, stop, path, end)
    if not is_address and _is_suffix(text, start, stop, wild, exempt):
        return SUFFIX, none
    return DOMAIN, hash_host(text, start, stop)


@njit(cache=True, nogil=True)
def _is_name(text, start, stop):
    before = DOT
    for at in range(start, stop):
        byte = byte_at(text, at)
        is_letter = 0x61 <= (byte | 0x20) <= 0x7A or 0x30 <= byte <= 0x39 or byte == 0x2D or byte == 0x5F
        if not is_letter and not (byte == DOT and before != DOT):
            return False
        before = byte
    return True


@njit(cache=True, nogil=True)
def _is_suffix(text, start, stop, wild, exempt):
    """Return whether a name is a single label, or directly below a domain of `wild` and not in `exempt`."""
    dot = start
    while dot < stop and byte_at(text, dot) != DOT:
        dot += 1
    if dot == stop:
        return True
    return contains(wild, hash_host(text, dot + 1, stop)) and not contains(exempt, hash_host(text, start, stop))
