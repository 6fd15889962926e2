"""From groups of documents that may be alike to pairs worth comparing, and from pairs to connected components."""

from __future__ import annotations

import numpy as np
from numba import njit

ALL_PAIRS = 8
"""Up to this many different documents in a bucket, every two are compared."""

PIVOTS = 3
"""In a larger bucket each is compared with so many at its head and with the one before it, so that a million copies
in one bucket cost a few million comparisons and not half a trillion."""


@njit(cache=True, nogil=True)
def link_buckets(bounds, digests, left, right):
    """Choose the pairs of each bucket that are worth comparing.

    A document whose digest stood in the bucket before is linked to the first with that digest and to nobody else.

    Args:
        bounds: int64[k + 1], where each bucket begins among its members, which stand in order of priority.
        digests: uint64[m], equal for members that are the same.
        left, right: int64[r], written; r is at least `m * (PIVOTS + 1)`.
    Returns:
        how many pairs were written; `left[i] < right[i]` are places among the members.
    """
    n = 0
    for k in range(len(bounds) - 1):
        start, end = bounds[k], bounds[k + 1]
        if end - start < 2:
            continue
        first, different = _first_of_its_kind(digests[start:end])
        head = np.empty(different, np.int64)
        seen = 0
        for i in range(end - start):
            if first[i] != i:
                left[n], right[n] = start + first[i], start + i
                n += 1
                continue
            if different <= ALL_PAIRS or seen <= PIVOTS:
                for j in range(seen):
                    left[n], right[n] = start + head[j], start + i
                    n += 1
            else:
                for j in range(PIVOTS):
                    left[n], right[n] = start + head[j], start + i
                    n += 1
                left[n], right[n] = start + head[seen - 1], start + i
                n += 1
            head[seen] = i
            seen += 1
    return n


@njit(cache=True, nogil=True)
def _first_of_its_kind(digests):
    """Return `(first, different)`: for each digest the place of the first equal one, and how many differ."""
    n = len(digests)
    first = np.empty(n, np.int64)
    different = 0
    if n <= 2 * ALL_PAIRS:
        for i in range(n):
            first[i] = i
            for j in range(i):
                if digests[j] == digests[i]:
                    first[i] = j
                    break
            different += first[i] == i
        return first, different
    order = np.argsort(digests, kind="mergesort")
    for k in range(n):
        i = order[k]
        is_new = k == 0 or digests[order[k - 1]] != digests[i]
        first[i] = i if is_new else first[order[k - 1]]
        different += is_new
    return first, different


@njit(cache=True, nogil=True)
def join(parent, left, right):
    """Join the components of each pair; the root of a component is its smallest member, whatever the order of pairs.

    Args:
        parent: int64[n] or uint32[n], `arange(n)` at first, changed.
        left, right: of the same type, [m].
    """
    for i in range(len(left)):
        a, b = _root(parent, left[i]), _root(parent, right[i])
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b


@njit(cache=True, nogil=True)
def roots(parent, members):
    """Return the root of each member, of the type of `parent`."""
    found = np.empty(len(members), parent.dtype)
    for i in range(len(members)):
        found[i] = _root(parent, members[i])
    return found


@njit(cache=True, nogil=True)
def _root(parent, i):
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
