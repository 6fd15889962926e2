"""Turn edges into decisions: find connected components, then decide in each which documents are kept or dropped.

Only the first step reads all edges in one task; it stores none of them, only four or eight bytes per document. The
components are then distributed over many tasks, since decisions in one do not depend on another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from curate.barrier import ReduceContext
from curate.kernels import greedy_clustering, union_find
from curate.stages.dedup._pairs import PAIRS_AT_ONCE, priority
from curate.stages.dedup._sketch import Sketcher, place_of, shard_and_row

LINK, REASON, KEPT = 0, 1, 2
"""Kinds of rows in `DECIDED`: an edge; a dropped document and the one kept for it; a kept document with copies."""

DECIDED = pa.schema(
    {
        "shard": pa.uint32(), "row": pa.uint32(), "kept_shard": pa.uint32(), "kept_row": pa.uint32(),
        "similarity": pa.float32(), "shared_bands": pa.int16(), "what": pa.int8(), "n_copies": pa.uint32(),
    }
)  # fmt: skip
"""n_copies: the size of the cluster, the kept document included; 0 in rows of the kind `LINK`."""

UNKNOWN = np.uint64(0xFFFFFFFFFFFFFFFF)
"""Marks a place that is not known."""


@dataclass(frozen=True, slots=True)
class Components:
    """Finds connected components: documents that are linked directly or through others."""

    n_parts: int

    def find(self, edges: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Yield the edges with their component (the number of its first document) and the part in which it is decided."""
        n_docs = int(context.n_docs.sum())
        first = np.r_[0, np.cumsum(context.n_docs)[:-1]]
        parent = np.arange(n_docs, dtype=np.uint32 if n_docs < 1 << 32 else np.uint64)

        def number(batch: pa.RecordBatch, side: str) -> np.ndarray:
            shard, row = batch[f"{side}_shard"].to_numpy(), batch[f"{side}_row"].to_numpy()
            return (first[shard] + row).astype(parent.dtype)

        n_edges = 0
        for batch in edges:
            union_find.join(parent, number(batch, "a"), number(batch, "b"))
            n_edges += batch.num_rows
        for batch in edges:
            root = union_find.roots(parent, number(batch, "a"))
            part = root.astype(np.uint64) * np.uint64(self.n_parts) // np.uint64(max(1, n_docs))
            yield pa.RecordBatch.from_arrays(
                [*batch.columns, pa.array(root.astype(np.uint64)), pa.array(part.astype(np.uint32))],
                names=[*batch.schema.names, "component", "part"],
            )
        context.report(
            {
                "cluster_memory": {
                    "bytes_per_document": parent.itemsize, "documents": n_docs, "bytes_per_edge": 0,
                    "bytes_per_edge_on_disk": 34, "edges": n_edges,
                },
            }
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decisions:
    """Decides in each component which documents are dropped.

    Args:
        sketcher: measures similarities.
        threshold: a document is dropped only for a kept one that is at least this similar, 0-1.
    """

    sketcher: Sketcher
    threshold: float

    def find(self, edges: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Yield rows of `DECIDED`, by component: edges, dropped documents, and kept documents with copies."""
        graph = Graph.of(pa.Table.from_batches(edges).combine_chunks(), context)
        threshold = -1.0 if self.sketcher.verify == "none" else self.threshold - 1e-6
        via, via_similarity = np.full(len(graph.high), -1, np.int64), np.full(len(graph.high), np.nan, np.float32)
        while greedy_clustering.decide(
            graph.bounds, graph.low, graph.state, graph.keeper, via, via_similarity, threshold
        ):
            unknown = np.flatnonzero((via >= 0) & np.isnan(via_similarity))
            via_similarity[unknown], _ = self._compare(graph, via[unknown], graph.high[unknown], context)
        yield self._rows(graph, context)

    def _compare(
        self, graph: Graph, left: np.ndarray, right: np.ndarray, context: ReduceContext
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (similarity, shared bands) of pairs of documents of the graph, computed in chunks."""
        similarity, shared = np.empty(len(left), np.float32), np.empty(len(left), np.int16)
        for start in range(0, len(left), PAIRS_AT_ONCE):
            part = slice(start, start + PAIRS_AT_ONCE)
            places = (shard_and_row(graph.place[side[part]]) for side in (left, right))
            similarity[part], shared[part] = self.sketcher.similarity(context, *places)
        return similarity, shared

    def _rows(self, graph: Graph, context: ReduceContext) -> pa.RecordBatch:
        """Return the rows of `DECIDED`, ordered by component, kept document and document."""
        shard, _ = shard_and_row(graph.place)
        dropped = np.flatnonzero((graph.state == greedy_clustering.DROPPED) & (shard < context.n_own))
        keeper = graph.keeper[dropped]
        edge = graph.edge(keeper, dropped)
        is_direct = edge >= 0
        similarity, shared = np.empty(len(dropped), np.float32), np.empty(len(dropped), np.int16)
        similarity[is_direct], shared[is_direct] = graph.similarity[edge[is_direct]], graph.shared[edge[is_direct]]
        indirect = ~is_direct
        similarity[indirect], shared[indirect] = self._compare(graph, keeper[indirect], dropped[indirect], context)
        kept, n_dropped = np.unique(keeper, return_counts=True)
        is_link = np.ones(len(graph.high), bool)
        is_link[edge[is_direct]] = False
        low, high = graph.low[is_link], graph.high[is_link]
        return _rows(
            graph,
            kind=np.repeat(np.array([LINK, REASON, KEPT], np.int8), [len(low), len(dropped), len(kept)]),
            document=np.concatenate([high, dropped, kept]),
            kept=np.concatenate([low, keeper, kept]),
            similarity=np.concatenate([graph.similarity[is_link], similarity, np.ones(len(kept), np.float32)]),
            shared=np.concatenate([graph.shared[is_link], shared, np.zeros(len(kept), np.int16)]),
            n_copies=np.concatenate(
                [np.zeros(len(low), np.int64), n_dropped[np.searchsorted(kept, keeper)] + 1, n_dropped + 1]
            ),
        )


@dataclass(frozen=True, slots=True)
class Graph:
    """The documents of some components, numbered by priority, with their links to documents of higher priority.

    Args:
        place, component: uint64[n], of each document.
        bounds: int64[n + 1]; the links of document i are those from `bounds[i]` to `bounds[i + 1]`.
        low, high: int64[m], the two documents of each link, `low < high`, ordered by (high, low).
        similarity, shared: float32[m] and int16[m], the similarity and the number of shared bands of each link.
        state, keeper: see `greedy_clustering.decide`; already set for reference data.
    """

    place: np.ndarray
    component: np.ndarray
    bounds: np.ndarray
    low: np.ndarray
    high: np.ndarray
    similarity: np.ndarray
    shared: np.ndarray
    state: np.ndarray
    keeper: np.ndarray

    @classmethod
    def of(cls, edges: pa.Table, context: ReduceContext) -> Graph:
        """Build the graph from distinct edges."""
        a = place_of(edges["a_shard"].to_numpy(), edges["a_row"].to_numpy())
        b = place_of(edges["b_shard"].to_numpy(), edges["b_row"].to_numpy())
        linked = np.unique(np.concatenate([a, b]))
        reference_keeper = _keepers_of_references(linked, context)
        place = np.unique(np.concatenate([linked, reference_keeper[reference_keeper != UNKNOWN]]))
        rank = priority(place, _orders(place, context), context.n_own)
        ends = np.sort(np.stack([rank[np.searchsorted(place, side)] for side in (a, b)]), axis=0)
        order = np.lexsort(ends)
        low, high = ends[0][order], ends[1][order]
        component = np.zeros(len(place), np.uint64)
        component[low] = component[high] = edges["component"].to_numpy()[order]
        state, keeper = _reference_decisions(place, rank, linked, reference_keeper, context.n_own)
        return cls(
            place[np.argsort(rank)], component, np.searchsorted(high, np.arange(len(place) + 1)), low, high,
            edges["similarity"].to_numpy()[order], edges["shared_bands"].to_numpy()[order], state, keeper,
        )  # fmt: skip

    def edge(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Return int64[k]: the link of each pair of documents, -1 if there is none."""
        n = np.int64(len(self.place))
        keys, wanted = self.high * n + self.low, high * n + low
        at = np.minimum(np.searchsorted(keys, wanted), max(0, len(keys) - 1))
        return np.where(keys[at] == wanted, at, -1) if len(keys) else np.full(len(wanted), -1)


def _orders(place: np.ndarray, context: ReduceContext) -> np.ndarray:
    return context.lookup(["order"], *shard_and_row(place))["order"].to_numpy() if len(place) else np.zeros(0, np.int64)


def _keepers_of_references(places: np.ndarray, context: ReduceContext) -> np.ndarray:
    """Return uint64[n]: for a reference document, the place of the document that was kept for it, or its own if kept.

    `UNKNOWN` for the run's own documents.
    """
    kept = np.full(len(places), UNKNOWN)
    shard, row = shard_and_row(places)
    is_reference = shard >= context.n_own
    if is_reference.any():
        stored = context.lookup(["kept_shard", "kept_row"], shard[is_reference], row[is_reference])
        of_index = place_of(stored["kept_shard"].to_numpy(), stored["kept_row"].to_numpy())
        is_of_dataset = of_index == UNKNOWN  # datasets record no decisions, so all their documents count as kept
        kept[is_reference] = np.where(is_of_dataset, places[is_reference], of_index)
    return kept


def _reference_decisions(
    place: np.ndarray, rank: np.ndarray, linked: np.ndarray, reference_keeper: np.ndarray, n_own: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (state int8[n], keeper int64[n]) by rank; set for reference data, as decided by earlier runs."""
    state, keeper = np.full(len(place), greedy_clustering.UNDECIDED), np.full(len(place), -1, np.int64)
    is_reference = shard_and_row(place)[0] >= n_own
    state[rank[is_reference]], keeper[rank[is_reference]] = greedy_clustering.KEPT, rank[is_reference]
    was_dropped = (shard_and_row(linked)[0] >= n_own) & (reference_keeper != linked)
    dropped = rank[np.searchsorted(place, linked[was_dropped])]
    state[dropped], keeper[dropped] = (
        greedy_clustering.DROPPED,
        rank[np.searchsorted(place, reference_keeper[was_dropped])],
    )
    return state, keeper


def _rows(
    graph: Graph,
    *,
    kind: np.ndarray,
    document: np.ndarray,
    kept: np.ndarray,
    similarity: np.ndarray,
    shared: np.ndarray,
    n_copies: np.ndarray,
) -> pa.RecordBatch:
    """Return rows of `DECIDED`; documents are given by their numbers in the graph."""
    order = np.lexsort((graph.place[document], -kind, graph.place[kept], graph.component[document]))
    columns = [
        *shard_and_row(graph.place[document]), *shard_and_row(graph.place[kept]),
        similarity, shared, kind, n_copies.astype(np.uint32),
    ]  # fmt: skip
    return pa.RecordBatch.from_arrays([pa.array(column[order]) for column in columns], schema=DECIDED)
