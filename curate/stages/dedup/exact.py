"""`dedup.exact`: drop documents with the same normalised text, or the same normalised URL, as another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import numpy as np
import pyarrow as pa
import xxhash

from curate.assets import Location
from curate.barrier import Barrier, Emitted, ReduceContext, Reduction
from curate.batch import Batch, Columns, Places, Verdicts
from curate.stages.dedup import _keep_policy

TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|yclid|_ga|ref_src|phpsessid|jsessionid", re.IGNORECASE
)
"""Query parameters that track the visitor and do not change the page."""


FORMAT = 1
"""The version of indexes; raised when the meaning of a hash changes."""


class exact(Barrier):
    """Drop documents with the same text or URL as another; keep one copy of each.

    Why:
        Crawls fetch the same page from several addresses and in several years. Exact duplicates are the cheapest to
        find, so run this stage before the more expensive ones.
    Args:
        by: `text` compares texts, lower-cased (Unicode) and with white space collapsed. `url` compares URLs without
            scheme, `www.`, fragment, default port, trailing slash and tracking parameters, and with a sorted query.
            Documents with an empty text (or URL) are kept.
        keep: which copy is kept: `newest`, the one with the latest `date`, or `first`, the first in the input. Ties are
            resolved by input order, so the result does not depend on the number of workers. Dates are compared as
            instants, to the microsecond. They may be ISO 8601, also in part (`2024-03`), the dates of HTTP and e-mail,
            10 or 13 digits (seconds or milliseconds since 1970), and other forms that state a year; `01/02/2024` is the
            second of January. Without an offset they are in UTC. Missing dates, and those that cannot be read, count as
            the oldest; of the latter the run warns, and the ledger counts them as `dates.unparsed`.
        reference: datasets (parquet, JSON Lines, a folder of them, a run folder) and indexes to compare with. Copies of
            documents in them are dropped, whatever `keep` says; the reference data is not changed.
        index: a folder (URL) in which this run stores a hash of each kept document, so that later runs can name it in
            `reference`. Runs with another `by` are refused. The same folder can be `reference` and `index` in run after
            run, each with a run folder of its own. Documents in the index are never dropped, so with `keep: newest`
            process the newest data first. Each `dedup.exact` needs an index of its own.
    Drops:
        exact_duplicate: another copy was kept; value: the number of copies, those in the reference data included,
            evidence: the kept copy.
    Cost: 24 bytes per document are shuffled; texts are not. An index takes 24 bytes and the id of each kept document.
    Kept:
        "A page that only one address holds." | "Another page."
    Dropped:
        "The harbour was quiet." | "THE HARBOUR WAS  QUIET." -> exact_duplicate
    Source: Exact matching is not a step of WanJuan-CC. It runs before the fuzzy deduplication because it is exact and a
        hundred times cheaper. Keeping the newest copy follows InternLM2 (2403.17297, 3.1).
    """

    names_kept_copies = True

    def __init__(
        self,
        *,
        by: Literal["text", "url"] = "text",
        keep: Literal["newest", "first"] = "newest",
        reference: list[Location] = [],  # noqa: B006
        index: Location | None = None,
    ):
        self.by, self.keep = by, keep
        self.reference, self.index = reference, index
        self.columns = Columns(needs=(by,))

    def emit(self, batch: Batch) -> Emitted:
        """Return a 128-bit key and the rank of each document; the key (0, 0) means that there is no key."""
        keys = [_key(normal) for normal in self._normal(batch)]
        ranks = _keep_policy.ranks(batch, self.keep)
        rows = pa.RecordBatch.from_arrays(
            [
                pa.array([key[0] for key in keys], pa.uint64()),
                pa.array([key[1] for key in keys], pa.uint64()),
                pa.array(ranks.order, pa.int64()),
            ],
            names=["high", "low", "order"],
        )
        return Emitted(rows, rows if self.index else None, ranks.counts, ranks.warnings)

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        return (Reduction("copies", n_parts, lambda rows: _modulo(rows["high"].to_numpy(), n_parts), self.find_copies),)

    def find_copies(self, batches: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Yield a row per duplicate: its place, the place of the kept copy, and the number of copies."""
        table = _compared(batches, context.n_own)
        high, low, rank, shard, row = (table[name].to_numpy() for name in ("high", "low", "order", "shard", "row"))
        is_own = shard < context.n_own
        order = np.lexsort((row, shard, -rank, is_own, low, high))
        starts_group = np.ones(len(order), bool)
        starts_group[1:] = (high[order][1:] != high[order][:-1]) | (low[order][1:] != low[order][:-1])
        group = np.cumsum(starts_group) - 1
        first = order[np.flatnonzero(starts_group)]
        size = np.bincount(group) if len(order) else np.zeros(0, np.int64)
        is_dropped = ~starts_group & is_own[order]
        dropped, of = order[is_dropped], group[is_dropped]
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(shard[dropped], pa.uint32()),
                pa.array(row[dropped], pa.uint32()),
                pa.array(shard[first[of]], pa.uint32()),
                pa.array(row[first[of]], pa.uint32()),
                pa.array(size[of], pa.uint32()),
            ],
            names=["shard", "row", "kept_shard", "kept_row", "n_copies"],
        )

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        """Drop each duplicate; the evidence is the kept copy."""
        verdicts = Verdicts.keep_all(len(batch))
        rows = results["row"].to_numpy()
        kept = Places(np.zeros(len(batch), np.uint32), np.zeros(len(batch), np.uint32))
        kept.shard[rows], kept.row[rows] = results["kept_shard"].to_numpy(), results["kept_row"].to_numpy()
        verdicts.code[rows] = 0
        verdicts.value[rows] = results["n_copies"].to_numpy()
        return Verdicts(("exact_duplicate",), verdicts.code, verdicts.value, kept_copy=kept)

    def index_settings(self) -> dict[str, object]:
        """Return the settings in which a run and an index must agree: those that the hashes depend on."""
        return {"hashes": FORMAT, "by": self.by}

    def recall(self, rows: pa.RecordBatch) -> Emitted:
        """Return what `emit` returned about documents that an index remembers."""
        return Emitted(rows.select(["high", "low", "order"]))

    def remember(self, sidecar: pa.RecordBatch, results: pa.RecordBatch, shard: int, start: int) -> pa.RecordBatch:
        """Return the sidecar of the kept documents: a copy of a dropped one is a copy of the one kept for it, too."""
        is_kept = np.ones(sidecar.num_rows, bool)
        is_kept[results["row"].to_numpy()] = False
        return sidecar.filter(pa.array(is_kept))

    def _normal(self, batch: Batch) -> Iterator[str]:
        if self.by == "text":
            return (" ".join(text.lower().split()) for text in batch.texts())
        return (normal_url(url) for url in batch.texts("url"))


def normal_url(url: str) -> str:
    """Normalise a URL, so that addresses of the same page are equal; an empty one stays empty."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".")
        port = parts.port
    except ValueError:
        return url.strip()
    host = host.removeprefix("www.")
    where = f"{host}:{port}" if port not in (None, 80, 443) else host
    path = quote(
        unquote(parts.path, errors="surrogateescape"), safe="/:@!$&'()*+,;=~-._", errors="surrogateescape"
    ).rstrip("/")
    pairs = parse_qsl(parts.query, keep_blank_values=True, errors="surrogateescape")
    query = urlencode(sorted(pair for pair in pairs if not TRACKING.fullmatch(pair[0])), errors="surrogateescape")
    return f"{where}{path}{'?' + query if query else ''}"


def _compared(batches: Iterable[pa.RecordBatch], n_own: int) -> pa.Table:
    """Return the rows with a key: the run's own, and of the reference data those that may be equal to one of them.

    So memory does not grow with the reference data.
    """
    own = [_with_key(rows, rows["shard"].to_numpy() < n_own) for rows in batches]
    hashes = np.unique(np.concatenate([rows["high"].to_numpy() for rows in own]))
    references = (
        _with_key(rows, (rows["shard"].to_numpy() >= n_own) & np.isin(rows["high"].to_numpy(), hashes))
        for rows in batches
    )
    return pa.Table.from_batches([*own, *references]).combine_chunks()


def _with_key(rows: pa.RecordBatch, is_wanted: np.ndarray) -> pa.RecordBatch:
    return rows.filter(pa.array(is_wanted & ((rows["high"].to_numpy() != 0) | (rows["low"].to_numpy() != 0))))


def _key(normal: str) -> tuple[int, int]:
    if not normal:
        return 0, 0
    digest = xxhash.xxh3_128_intdigest(normal.encode("utf-8", "surrogatepass"))
    return digest >> 64, digest & 0xFFFFFFFFFFFFFFFF


def _modulo(keys: np.ndarray, n: int) -> np.ndarray:
    return (keys % np.uint64(n)).astype(np.int64)
