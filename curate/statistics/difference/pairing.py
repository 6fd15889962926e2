"""Which document of one run is which of the other: by id, where an id may occur several times in a run.

Documents with one id are a multiset of fates. Those with equal fates in both runs are pairs; of the rest, the first by fate of one run
is paired with the first of the other; what is left over is in one run only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import xxhash

AT_ONCE = 1 << 21
"""About how many documents are paired at a time: it takes some 100 bytes for each."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """How the documents of two runs, A and B, go together.

    Args:
        a, b: int64[n], the row of each pair in both runs.
        only_a, only_b: int64[k], rows that have no counterpart.
        n_repeated: ids that occur more than once in one of the runs. n_rows: the documents of both runs with such an id.
    """

    a: np.ndarray
    b: np.ndarray
    only_a: np.ndarray
    only_b: np.ndarray
    n_repeated: int
    n_rows: int


def hashes(ids: pa.Array) -> np.ndarray:
    """Return uint64[n, 2], a 128-bit hash of each id."""
    digests = b"".join(map(xxhash.xxh3_128_digest, ids.to_pylist()))
    return np.frombuffer(digests, np.uint64).reshape(-1, 2)


def pair(keys: tuple[np.ndarray, np.ndarray], fates: tuple[np.ndarray, np.ndarray]) -> Pairs:
    """Find the pairs.

    Args:
        keys: of both runs, uint64[n, 2], as `hashes` returns them.
        fates: of both runs, int[n]; equal numbers mean the same fate, and they order what is left of the documents with one id.
    """
    n_parts = 1 + (len(keys[0]) + len(keys[1])) // AT_ONCE
    parts = [_pair_part(keys, fates, _rows_of(keys, part, n_parts)) for part in range(n_parts)]
    a, b, only_a, only_b = (
        np.concatenate([found[k] for found, _ in parts]).astype(np.int64, copy=False) for k in range(4)
    )
    n_repeated, n_rows = (sum(counts[k] for _, counts in parts) for k in range(2))
    return Pairs(a, b, np.sort(only_a), np.sort(only_b), n_repeated, n_rows)


def _rows_of(keys: Sequence[np.ndarray], part: int, n_parts: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of both runs whose ids are in a part of all ids: documents with one id are in one part."""
    rows = (np.flatnonzero(each[:, 1] % np.uint64(n_parts) == part).astype(np.int32) for each in keys)
    return tuple(rows)


def _pair_part(
    keys: Sequence[np.ndarray], fates: Sequence[np.ndarray], rows: tuple[np.ndarray, np.ndarray]
) -> tuple[tuple[np.ndarray, ...], tuple[int, int]]:
    """Return the rows of pairs in A and B, those that are alone in A and B; and how many ids are repeated, by how many documents."""
    mine = [each[some] for each, some in zip(keys, rows, strict=True)]
    found = _pair(mine, [each[some] for each, some in zip(fates, rows, strict=True)])
    places = zip((found.a, found.b, found.only_a, found.only_b), (0, 1, 0, 1), strict=True)
    return tuple(rows[side][place] for place, side in places), (found.n_repeated, found.n_rows)


def _pair(keys: Sequence[np.ndarray], fates: Sequence[np.ndarray]) -> Pairs:
    n_a = len(keys[0])
    order, starts, size = _groups(np.concatenate(keys))
    of_a = np.add.reduceat(order < n_a, starts, dtype=np.int64) if len(starts) else np.zeros(0, np.int64)
    of_b = size - of_a
    is_simple = (of_a == 1) & (of_b == 1)
    first = order[starts[is_simple]]
    second = order[starts[is_simple] + 1]
    single = order[starts[size == 1]]
    is_repeated = (of_a > 1) | (of_b > 1)
    rows = order[np.repeat(is_repeated, size)]
    group = np.repeat(np.arange(int(is_repeated.sum())), size[is_repeated])
    left, right = _multisets(rows, group, fates, n_a)
    paired = np.zeros(len(order), bool)
    paired[left] = paired[right] = True
    alone = np.concatenate([single, rows[~paired[rows]]])
    return Pairs(
        np.concatenate([first, left]),
        np.concatenate([second, right]) - n_a,
        np.sort(alone[alone < n_a]),
        np.sort(alone[alone >= n_a] - n_a),
        int(is_repeated.sum()),
        len(rows),
    )


def _groups(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows ordered by key, equal ones in their order; where each group of equal keys starts; and how large it is."""
    order = np.argsort(keys[:, 0], kind="stable")
    high, low = keys[order, 0], keys[order, 1]
    is_next = high[1:] == high[:-1]
    if (low[1:] != low[:-1])[is_next].any():  # half of a hash in common: one in a hundred thousand large runs
        order = np.lexsort((keys[:, 1], keys[:, 0]))
        high, low = keys[order, 0], keys[order, 1]
        is_next = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
    starts = np.flatnonzero(np.concatenate([np.ones(min(1, len(order)), bool), ~is_next]))
    return order, starts, np.diff(np.append(starts, len(order)))


def _multisets(
    rows: np.ndarray, group: np.ndarray, fates: Sequence[np.ndarray], n_a: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs among rows with repeated ids: first those with equal fates, then by the order of the fates."""
    fate = np.empty(len(rows), np.int64)
    is_b = rows >= n_a
    fate[~is_b], fate[is_b] = fates[0][rows[~is_b]], fates[1][rows[is_b] - n_a]
    n_fates = int(fate.max(initial=0)) + 1
    left, right = _matched(group * n_fates + fate, is_b)
    is_left = np.ones(len(rows), bool)
    is_left[left] = is_left[right] = False
    rest = np.flatnonzero(is_left)
    rest = rest[np.lexsort((fate[rest], group[rest]))]
    more_left, more_right = _matched(group[rest], is_b[rest])
    return rows[np.concatenate([left, rest[more_left]])], rows[np.concatenate([right, rest[more_right]])]


def _matched(kind: np.ndarray, is_b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair, for each kind, the first entry of A with the first of B, the second with the second, and so on."""
    order = np.lexsort((is_b, kind))
    kind, is_b = kind[order], is_b[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (kind[1:] != kind[:-1]) | (is_b[1:] != is_b[:-1])
    starts = np.flatnonzero(is_new)
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    key = kind * (int(rank.max(initial=0)) + 1) + rank
    a, b = np.flatnonzero(~is_b), np.flatnonzero(is_b)
    _, in_a, in_b = np.intersect1d(key[a], key[b], assume_unique=True, return_indices=True)
    return order[a[in_a]], order[b[in_b]]
