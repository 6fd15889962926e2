"""Turn band keys into edges: documents that share a band are candidates; similar candidates become edges.

A pair may share several bands, whose keys are in different tasks. Candidates are therefore shuffled once more, by pair,
so that each pair is compared once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from curate.barrier import ReduceContext
from curate.kernels import union_find
from curate.stages.dedup._sketch import Sketcher, place_of, shard_and_row

ROWS_AT_ONCE = 1 << 21
"""Keys, or candidates, that one task holds in memory; a larger partition is processed in several rounds."""

PAIRS_AT_ONCE = 1 << 14
"""Candidates compared in one call: at most 16 MiB of signatures."""

PAIRS = pa.schema({"a": pa.uint64(), "b": pa.uint64()})
"""Places of two documents that share a band; a has the higher priority."""

EDGES = pa.schema(
    {
        "a_shard": pa.uint32(), "a_row": pa.uint32(), "b_shard": pa.uint32(), "b_row": pa.uint32(),
        "similarity": pa.float32(), "shared_bands": pa.int16(),
    }
)  # fmt: skip
"""Two similar documents; a has the higher priority."""


def candidates(rows: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
    """Yield candidate pairs among the documents of one partition of keys; another partition may yield the same pairs."""
    n_rounds = max(1, -(-sum(batch.num_rows for batch in rows) // ROWS_AT_ONCE))
    for turn in range(n_rounds):
        key, place = _members(rows, turn, n_rounds)
        pairs = _candidates(key, place, context)
        yield pa.RecordBatch.from_arrays([pa.array(side) for side in pairs], schema=PAIRS)


@dataclass(frozen=True, slots=True)
class Verified:
    """Compares candidates; those at least as similar as `threshold` become edges."""

    sketcher: Sketcher
    threshold: float

    def edges(self, rows: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Yield each pair of similar candidates once."""
        n_rounds = max(1, -(-sum(batch.num_rows for batch in rows) // ROWS_AT_ONCE))
        for turn in range(n_rounds):
            left, right = _distinct(rows, turn, n_rounds)
            for start in range(0, len(left), PAIRS_AT_ONCE):
                part = slice(start, start + PAIRS_AT_ONCE)
                yield self._similar(left[part], right[part], context)
        yield pa.RecordBatch.from_pylist([], schema=EDGES)

    def _similar(self, left: np.ndarray, right: np.ndarray, context: ReduceContext) -> pa.RecordBatch:
        a, b = shard_and_row(left), shard_and_row(right)
        similarity, shared = self.sketcher.similarity(context, a, b)
        is_edge = ~(similarity < self.threshold - 1e-6)  # NaN, if nothing is verified, is an edge
        columns = [*a, *b, similarity, shared]
        return pa.RecordBatch.from_arrays([pa.array(column[is_edge]) for column in columns], schema=EDGES)


def of_pair(rows: pa.RecordBatch, n: int) -> np.ndarray:
    """Return int64[n_rows]: which of n tasks compares each pair. Pairs with the same document a go to the same task."""
    return ((rows["a"].to_numpy() * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) % np.uint64(n)).astype(np.int64)


def _distinct(rows: Iterable[pa.RecordBatch], turn: int, n_rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (a uint64[n], b uint64[n]) of the distinct pairs of this round, in order."""
    parts = [np.zeros((2, 0), np.uint64)]
    for batch in rows:
        pairs = np.stack([batch["a"].to_numpy(), batch["b"].to_numpy()])
        parts.append(pairs[:, pairs[0] % np.uint64(n_rounds) == turn] if n_rounds > 1 else pairs)
    a, b = np.concatenate(parts, axis=1)
    order = np.lexsort((b, a))
    a, b = a[order], b[order]
    is_new = np.r_[True, (a[1:] != a[:-1]) | (b[1:] != b[:-1])][: len(a)]
    return a[is_new], b[is_new]


def _members(rows: Iterable[pa.RecordBatch], turn: int, n_rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (key uint64[m], place uint64[m]) of the documents in buckets of two or more, by key."""
    keys, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint64)]
    for batch in rows:
        key, shard, row = (batch[name].to_numpy() for name in ("key", "shard", "row"))
        if n_rounds > 1:
            in_round = (key & np.uint64(0xFFFFFFFF)) % np.uint64(n_rounds) == turn
            key, shard, row = key[in_round], shard[in_round], row[in_round]
        keys.append(key)
        places.append(place_of(shard, row))
    key, place = np.concatenate(keys), np.concatenate(places)
    order = np.argsort(key)
    key = key[order]
    is_same = key[1:] == key[:-1]
    is_shared = np.r_[False, is_same] | np.r_[is_same, False] if len(key) else np.zeros(0, bool)
    return key[is_shared], place[order[is_shared]]


def _candidates(key: np.ndarray, place: np.ndarray, context: ReduceContext) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of each candidate pair once, the document of higher priority first."""
    if not len(key):
        return place, place
    distinct, which = np.unique(place, return_inverse=True)
    stored = context.lookup(["order", "digest"], *shard_and_row(distinct))
    rank = priority(distinct, stored["order"].to_numpy(), context.n_own)
    by_rank = np.argsort(rank)
    order = np.lexsort((rank[which], key))
    key, which = key[order], which[order]
    bounds = np.r_[0, np.flatnonzero(key[1:] != key[:-1]) + 1, len(key)]
    left, right = np.empty((2, len(key) * (union_find.PIVOTS + 1)), np.int64)
    n = union_find.pairs_in_buckets(bounds, stored["digest"].to_numpy()[which], left, right)
    first, second = rank[which[left[:n]]], rank[which[right[:n]]]
    pairs = np.unique(first.astype(np.uint64) << np.uint64(32) | second.astype(np.uint64))
    first, second = (distinct[by_rank[half.astype(np.int64)]] for half in shard_and_row(pairs))
    is_own = shard_and_row(second)[0] < context.n_own  # pairs of two reference documents are not compared
    return first[is_own], second[is_own]


def priority(places: np.ndarray, order: np.ndarray, n_own: int) -> np.ndarray:
    """Return int64[n], the rank of each document: reference data first, then by `order` (largest first), then by place."""
    shard, _ = shard_and_row(places)
    rank = np.empty(len(places), np.int64)
    rank[np.lexsort((places, ~order, shard < n_own))] = np.arange(len(places))
    return rank
