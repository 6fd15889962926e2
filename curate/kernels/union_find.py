"""Select the document pairs that are worth comparing, and join pairs to connected components (union-find)."""

from __future__ import annotations

import numpy as np
from numba import njit

ALL_PAIRS = 8
"""In a bucket of up to this many different documents, all pairs are compared."""

PIVOTS = 3
"""In a larger bucket, each document is compared with this many of the first ones and with the one before it. So a million
copies in one bucket cost a few million comparisons and not half a trillion.
"""


@njit(cache=True, nogil=True)
def pairs_in_buckets(bounds, digests, left, right):
    """Select the pairs of each bucket that are worth comparing.

    A document whose digest occurred earlier in the bucket is paired only with the first document of that digest.

    Args:
        bounds: int64[k + 1], bounds of the buckets among the members, which are in order of priority.
        digests: uint64[m], equal for members that are the same.
        left, right: int64[r] each, written; r is at least `m * (PIVOTS + 1)`.
    Returns:
        the number of pairs written; `left[i] < right[i]` are indices of members.
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
    """Return `(first, different)`: for each digest the index of the first equal one, and the number of different ones."""
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
    """Join the components of each pair; the root of a component is its smallest member, whatever the order of the pairs.

    Args:
        parent: uint32[n] or uint64[n], `arange(n)` at first, changed.
        left, right: uint32[m] or uint64[m] each, the type of `parent`.
    """
    for i in range(len(left)):
        a, b = _root(parent, left[i]), _root(parent, right[i])
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b


@njit(cache=True, nogil=True)
def roots(parent, members):
    """Return the root of each member, both in the type of `parent`: uint32[m] or uint64[m]."""
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
