"""`dedup.exact`: drop documents with the same normalised text, or the same normalised URL, as another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import numpy as np
import pyarrow as pa
import xxhash

from curate.barrier import Barrier, Emitted, ReduceContext, Reduction
from curate.batch import Batch, Columns, Places, Verdicts
from curate.stages.dedup import _keep_policy

TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|yclid|_ga|ref_src|phpsessid|jsessionid", re.IGNORECASE
)
"""Query parameters that track the visitor and do not change the page."""

SHARDS_PER_TASK = 8
"""How many shards' keys one reduce task processes: 16 bytes and a place per document."""


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
    Drops:
        exact_duplicate: another copy was kept; value: the number of copies, evidence: the kept copy.
    Cost: 24 bytes per document are shuffled; texts are not.
    Kept:
        "A page that only one address holds." | "Another page."
    Dropped:
        "The harbour was quiet." | "THE HARBOUR WAS  QUIET." -> exact_duplicate
    Source: Exact matching is not a step of WanJuan-CC. It runs before the fuzzy deduplication because it is exact and a
        hundred times cheaper. Keeping the newest copy follows InternLM2 (2403.17297, 3.1).
    """

    names_kept_copies = True

    def __init__(self, *, by: Literal["text", "url"] = "text", keep: Literal["newest", "first"] = "newest"):
        self.by = by
        self.keep = keep
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
        return Emitted(rows, None, ranks.counts, ranks.warnings)

    def reductions(self, n_shards: int) -> tuple[Reduction, ...]:
        n_tasks = -(-n_shards // SHARDS_PER_TASK)
        return (Reduction("copies", n_tasks, lambda rows: _modulo(rows["high"].to_numpy(), n_tasks), self.find_copies),)

    def find_copies(self, batches: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Yield a row per duplicate: its place, the place of the kept copy, and the number of copies."""
        table = pa.Table.from_batches(batches).combine_chunks()
        high, low, rank, shard, row = (table[name].to_numpy() for name in ("high", "low", "order", "shard", "row"))
        order = np.lexsort((row, shard, -rank, low, high))
        order = order[(high[order] != 0) | (low[order] != 0)]
        starts_group = np.ones(len(order), bool)
        starts_group[1:] = (high[order][1:] != high[order][:-1]) | (low[order][1:] != low[order][:-1])
        group = np.cumsum(starts_group) - 1
        first = order[np.flatnonzero(starts_group)]
        size = np.bincount(group) if len(order) else np.zeros(0, np.int64)
        dropped, of = order[~starts_group], group[~starts_group]
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


def _key(normal: str) -> tuple[int, int]:
    if not normal:
        return 0, 0
    digest = xxhash.xxh3_128_intdigest(normal.encode("utf-8", "surrogatepass"))
    return digest >> 64, digest & 0xFFFFFFFFFFFFFFFF


def _modulo(keys: np.ndarray, n: int) -> np.ndarray:
    return (keys % np.uint64(n)).astype(np.int64)
