"""Report on a deduplication: edges, clusters, estimates of precision and recall, and the cap on removals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from curate.barrier import EvidenceFile, ReduceContext
from curate.batch import Batch
from curate.errors import RunError
from curate.kernels import minhash as kernel
from curate.stages.dedup._clusters import DECIDED, KEPT, LINK, REASON
from curate.stages.dedup._sketch import Sketcher, fixed, place_of, shard_and_row

EDGE_FILE = pa.schema(
    {
        "id": pa.string(), "kept_first_id": pa.string(), "similarity": pa.float32(), "shared_bands": pa.int16(),
        "is_reason": pa.bool_(),
    }
)  # fmt: skip
CLUSTER_FILE = pa.schema(
    {
        "id": pa.string(), "kept_id": pa.string(), "is_kept": pa.bool_(), "similarity": pa.float32(),
        "n_copies": pa.int64(), "why_kept": pa.string(),
    }
)  # fmt: skip

SAMPLE = 200
"""How many dropped documents are sampled; their exact similarity is measured on the texts."""

PROBES = 128
"""How many documents are compared with all others, to estimate the recall of banding."""

PROBED = 1_000_000
"""About how many documents the probes are compared with at most."""

SOURCE = "source"
"""The column of the sidecars by which documents are counted."""

FEWEST = 100
"""Sources with fewer documents are exempt from the cap."""


@dataclass(frozen=True, slots=True)
class DedupReport:
    """Writes the evidence of a deduplication and yields its decisions.

    Args:
        sketcher: measures similarities.
        threshold: Jaccard similarity from which documents are near-duplicates, 0-1.
        cap: maximum share of a source's documents that may be dropped, 0-1; None for no limit.
        over_cap: what happens beyond the cap: "warn" or "stop".
        why: the reason that `clusters.parquet` gives for documents kept by the policy.
    """

    sketcher: Sketcher
    threshold: float
    cap: float | None
    over_cap: str
    why: str

    def record(self, rows: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Write `edges.parquet` and `clusters.parquet`; yield the decisions about the run's own documents.

        Raises:
            RunError: a source exceeds the cap and `over_cap` is "stop".
        """
        totals = _Totals(context)
        with context.evidence("edges", EDGE_FILE) as edges, context.evidence("clusters", CLUSTER_FILE) as clusters:
            for batch in rows:
                for start in range(0, batch.num_rows, 1 << 16):
                    part = batch.slice(start, 1 << 16)
                    names = _Names(part, context)
                    totals.add(part, names)
                    _write_edges(edges, part, names)
                    self._write_clusters(clusters, part, names, context.n_own)
                    is_own = (part["shard"].to_numpy() < context.n_own) & (part["what"].to_numpy() != LINK)
                    yield part.filter(pa.array(is_own))
        yield pa.RecordBatch.from_pylist([], schema=DECIDED)
        sources = totals.sources()
        context.report(
            {
                **totals.numbers(),
                "threshold": self.threshold,
                "s_curve": [[j / 50, round(float(self.sketcher.bands.found(j / 50)), 4)] for j in range(51)],
                "sources": sources,
                "precision": self._precision(totals.sample, context),
                "recall": self._recall(totals.is_dropped, context),
            }
        )
        self._guard(sources, totals.largest(5), context)

    def _write_clusters(self, file: EvidenceFile, part: pa.RecordBatch, names: _Names, n_own: int) -> None:
        kind = part["what"].to_numpy()
        is_member = kind != LINK
        is_kept = kind == KEPT
        is_reference = part["kept_shard"].to_numpy() >= n_own
        why = np.where(is_reference, "it is in the reference data", self.why).astype(object)
        table = {
            "id": names.id, "kept_id": names.kept_id, "is_kept": pa.array(is_kept), "similarity": part["similarity"],
            "n_copies": part["n_copies"].cast(pa.int64()), "why_kept": pa.array(np.where(is_kept, why, None), pa.string()),
        }  # fmt: skip
        rows = pa.RecordBatch.from_arrays(list(table.values()), schema=CLUSTER_FILE)
        file.write(rows.filter(pa.array(is_member)))

    # ------------------------------------------------------------------ precision and recall

    def _precision(self, sample: list[tuple[int, int, int]], context: ReduceContext) -> dict[str, Any] | None:
        """Measure the exact similarity of a sample of dropped documents to the documents they were dropped for."""
        if not sample:
            return None
        dropped, kept = (np.array([entry[k] for entry in sample], np.uint64) for k in (1, 2))
        texts = [context.texts(*shard_and_row(places)) for places in (dropped, kept)]
        pairs = [(one, other) for one, other in zip(*texts, strict=True) if one is not None and other is not None]
        if not pairs:
            return None
        sides = [self._sets([pair[k] for pair in pairs]) for k in (0, 1)]
        exact = np.sort(kernel.jaccard_sorted(*sides[0], *sides[1]).astype(float))
        n_similar = int((exact >= self.threshold - 0.1).sum())
        return {
            "sampled": len(pairs), "similarity_at_least": round(self.threshold - 0.1, 6), "share": n_similar / len(pairs),
            "interval": wilson(n_similar, len(pairs)),
            "exact_similarity": {f"p{q}": round(float(np.quantile(exact, q / 100)), 4) for q in (0, 5, 25, 50, 100)},
        }  # fmt: skip

    def _sets(self, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
        batch = Batch.from_columns({"id": texts, "text": texts})
        return kernel.sorted_sets(*self.sketcher.shingles(*batch.text_buffers()))

    def _recall(self, is_dropped: list[np.ndarray], context: ReduceContext) -> dict[str, Any] | None:
        """Compare some documents with all others by signature: in how many similar pairs was a document dropped?

        Under `scope: {per: source}` with those of their source; under other scopes not at all, as sidecars do not have the column.
        """
        per = self.sketcher.per
        if self.sketcher.verify == "none" or per not in (None, SOURCE):
            return None
        shards = _stride(context.n_docs[: context.n_own], PROBED)
        probes = _probes(context, shards)
        if not len(probes):
            return None
        stored = context.lookup(["signature", SOURCE], *shard_and_row(probes))
        signatures, sources = fixed(stored["signature"], np.uint32), _objects(stored[SOURCE])
        has_tokens = (signatures != kernel.NOTHING).any(axis=1)
        probes, signatures, sources = probes[has_tokens], signatures[has_tokens], sources[has_tokens]
        probe_dropped = np.array([is_dropped[s][r] for s, r in zip(*shard_and_row(probes), strict=True)])
        n_similar = n_missed = 0
        for shard in shards:
            start = 0
            for stored in context.sidecar(shard, ["signature", SOURCE]):
                others, of_source = fixed(stored["signature"], np.uint32), _objects(stored[SOURCE])
                dropped = is_dropped[shard][start : start + len(others)]
                for k, probe in enumerate(probes):
                    is_similar = kernel.agreement_with(signatures[k], others) >= self.threshold
                    if per:
                        is_similar &= of_source == sources[k]
                    at = int(probe) - (int(shard) << 32) - start
                    if 0 <= at < len(others):
                        is_similar[at] = False
                    n_similar += int(is_similar.sum())
                    n_missed += 0 if probe_dropped[k] else int((is_similar & ~dropped).sum())
                start += len(others)
        if not n_similar:
            return {"probes": len(probes), "pairs": 0}
        return {
            "probes": len(probes), "pairs": n_similar, "share": (n_similar - n_missed) / n_similar,
            "interval": wilson(n_similar - n_missed, n_similar),
        }  # fmt: skip

    # ------------------------------------------------------------------ cap

    def _guard(
        self, sources: dict[str, dict[str, int]], largest: list[tuple[int, str]], context: ReduceContext
    ) -> None:
        """Warn, or stop the run, for sources that exceed the cap."""
        if self.cap is None:
            return
        over = [
            (name, n["dropped"], n["documents"])
            for name, n in sources.items()
            if n["documents"] >= FEWEST and n["dropped"] > self.cap * n["documents"]
        ]
        lines = [
            f"{name}: {dropped:,} of {n:,} documents ({dropped / n:.1%}) are near-duplicates"
            for name, dropped, n in over
        ]
        if over and self.over_cap == "stop":
            clusters = [f"    {n:,} copies of {id}" for n, id in largest]
            raise RunError(
                f"more near-duplicates than removal_cap {self.cap:g} allows; the run stops before anything is dropped:\n  "
                + "\n  ".join([*lines, "The largest clusters:"])
                + "\n"
                + "\n".join(clusters)
                + "\nLook at these documents.  If they are copies, raise removal_cap or set over_cap: warn.  If they share only "
                "a template, remove it with dedup.lines before this stage, or raise the threshold."
            )
        for line in lines:
            context.warn(f"{line}, more than removal_cap {self.cap:g}")


def _objects(values: pa.Array) -> np.ndarray:
    return values.to_numpy(zero_copy_only=False)


class _Names:
    """The ids, sources and places of the documents in some rows of `DECIDED`."""

    def __init__(self, rows: pa.RecordBatch, context: ReduceContext):
        sides = [("shard", "row"), ("kept_shard", "kept_row")]
        places = [place_of(rows[shard].to_numpy(), rows[row].to_numpy()) for shard, row in sides]
        self.place, self.kept = places
        distinct, which = np.unique(np.concatenate(places), return_inverse=True)
        if len(distinct):
            stored = context.lookup(["id", SOURCE], *shard_and_row(distinct))
            ids, self.source = stored["id"].take(pa.array(which)), stored[SOURCE].take(pa.array(which[: len(rows)]))
        else:
            ids = self.source = pa.array([], pa.string())
        self.id, self.kept_id = ids[: len(rows)], ids[len(rows) :]


def _write_edges(file: EvidenceFile, part: pa.RecordBatch, names: _Names) -> None:
    kind = part["what"].to_numpy()
    columns = [names.id, names.kept_id, part["similarity"], part["shared_bands"], pa.array(kind == REASON)]
    file.write(pa.RecordBatch.from_arrays(columns, schema=EDGE_FILE).filter(pa.array(kind != KEPT)))


class _Totals:
    """Counts and samples of the decisions; memory: one byte per document."""

    def __init__(self, context: ReduceContext):
        self.context = context
        self.is_dropped = [np.zeros(n, bool) for n in context.n_docs]
        self.n_edges = self.n_dropped = self.n_clusters = 0
        self.dropped_of: Counter[str] = Counter()
        self.sample: list[tuple[int, int, int]] = []
        self._largest: list[tuple[int, str]] = []

    def add(self, part: pa.RecordBatch, names: _Names) -> None:
        kind = part["what"].to_numpy()
        is_reason = kind == REASON
        shard, row = part["shard"].to_numpy(), part["row"].to_numpy()
        for own in np.unique(shard[is_reason]):
            self.is_dropped[own][row[is_reason & (shard == own)]] = True
        self.n_edges += int((kind != KEPT).sum())
        self.n_dropped += int(is_reason.sum())
        self.n_clusters += int((kind == KEPT).sum())
        reason = pa.array(is_reason)
        self.dropped_of.update(_counts(names.source.filter(reason)))
        chosen = zip(names.id.filter(reason).to_pylist(), names.place[is_reason], names.kept[is_reason], strict=True)
        hashed = [(xxhash.xxh3_64_intdigest(id.encode()), int(place), int(kept)) for id, place, kept in chosen]
        self.sample = sorted([*self.sample, *hashed])[:SAMPLE]
        sizes = part["n_copies"].filter(pa.array(kind == KEPT)).to_pylist()
        ids = names.id.filter(pa.array(kind == KEPT)).to_pylist()
        self._largest = sorted([*self._largest, *((-n, id) for n, id in zip(sizes, ids, strict=True))])[:20]

    def numbers(self) -> dict[str, Any]:
        return {
            "documents": int(self.context.n_docs[: self.context.n_own].sum()),
            "reference_documents": int(self.context.n_docs[self.context.n_own :].sum()),
            "edges": self.n_edges, "dropped": self.n_dropped, "clusters": self.n_clusters,
            "largest_clusters": [{"kept_id": id, "n_copies": n} for n, id in self.largest(5)],
        }  # fmt: skip

    def largest(self, n: int) -> list[tuple[int, str]]:
        return [(-size, id) for size, id in self._largest[:n]]

    def sources(self) -> dict[str, dict[str, int]]:
        total: Counter[str] = Counter()
        for shard in range(self.context.n_own):
            for stored in self.context.sidecar(shard, [SOURCE]):
                total.update(_counts(stored[SOURCE]))
        return {name: {"documents": n, "dropped": self.dropped_of[name]} for name, n in sorted(total.items())}


def _counts(sources: pa.Array) -> dict[str, int]:
    counted = pc.value_counts(sources.fill_null("(none)"))
    return {entry["values"]: entry["counts"] for entry in counted.to_pylist()}


def _stride(n_docs: np.ndarray, most: int) -> list[int]:
    """Return evenly spaced shards that together hold about `most` documents."""
    total = int(n_docs.sum())
    step = max(1, math.ceil(total / most))
    return list(range(0, len(n_docs), step))


def _probes(context: ReduceContext, shards: list[int]) -> np.ndarray:
    """Return the places of the documents with the lowest digests: a sample that depends only on the texts."""
    best = np.zeros((0, 2), np.uint64)
    for shard in shards:
        start = 0
        for stored in context.sidecar(shard, ["digest"]):
            digest = stored["digest"].to_numpy()
            row = np.arange(start, start + len(digest), dtype=np.uint32)
            new = np.stack([digest, place_of(np.full(len(digest), shard, np.uint32), row)], axis=1)
            both = np.concatenate([best, new])
            best = both[np.lexsort((both[:, 1], both[:, 0]))[:PROBES]]
            start += len(digest)
    return best[:, 1]


def wilson(n: int, of: int, z: float = 1.96) -> list[float]:
    """Return the Wilson (1927) 95 % interval of the share n / of, which is valid for shares near 0 and 1 too."""
    p = n / of
    middle, width = p + z * z / (2 * of), z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of))
    return [round((middle - width) / (1 + z * z / of), 4), round((middle + width) / (1 + z * z / of), 4)]
