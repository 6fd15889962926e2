"""Exact duplicates: documents whose text, or whose URL, is the same once it is normalised."""

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
from curate.stages.dedup._keep_policy import date_number

TRACKING = re.compile(
    r"utm_\w+|fbclid|gclid|dclid|msclkid|mc_[ce]id|igshid|yclid|_ga|ref_src|phpsessid|jsessionid", re.IGNORECASE
)
"""Query parameters that say how a reader came, not what is shown."""

SHARDS_PER_TASK = 8
"""How many shards' keys one reduce task takes in: 16 bytes and a place a document."""


class exact(Barrier):
    """Drop documents whose text or URL another document has too, keeping one of each.

    Why:
        Crawls fetch the same page under several addresses and in several years. Exact copies are the
        cheapest to find, so this stands before anything that looks closer.
    Args:
        by: `text` compares the text, lower-cased by Unicode with white space collapsed; `url` compares the
            URL without scheme, `www.`, fragment, default port, trailing slash and tracking parameters, with
            the query sorted.
        keep: `newest` keeps the copy with the latest `date`, `first` the one that comes first in the input.
            Ties are kept by input order, so the result does not depend on workers.
    Drops:
        exact_duplicate: another copy was kept; the value is how many copies there are, the evidence where
            the kept one stands.
    Cost: 24 bytes a document pass through the reduce; texts never do.
    Kept:
        "A page that only one address holds."
    Source: exact matching is not a step of WanJuan-CC; it stands before its fuzzy deduplication because it
        is exact and a hundred times cheaper. Which copy is kept follows InternLM2 (2403.17297, 3.1): the newest.
    """

    names_kept_copies = True

    def __init__(self, *, by: Literal["text", "url"] = "text", keep: Literal["newest", "first"] = "newest"):
        self.by = by
        self.keep = keep
        self.columns = Columns(needs=(by,))

    def emit(self, batch: Batch) -> Emitted:
        """Return the key (128 bits) and the date as a number for each document; key 0 0 means "no key"."""
        keys = [_key(normal) for normal in self._normal(batch)]
        dates = batch["date"].to_pylist() if "date" in batch and self.keep == "newest" else [None] * len(batch)
        rows = pa.RecordBatch.from_arrays(
            [
                pa.array([key[0] for key in keys], pa.uint64()),
                pa.array([key[1] for key in keys], pa.uint64()),
                pa.array([date_number(date) for date in dates], pa.int64()),
            ],
            names=["high", "low", "date"],
        )
        return Emitted(rows)

    def reductions(self, n_shards: int) -> tuple[Reduction, ...]:
        n_tasks = -(-n_shards // SHARDS_PER_TASK)
        return (Reduction("copies", n_tasks, lambda rows: _modulo(rows["high"].to_numpy(), n_tasks), self.find_copies),)

    def find_copies(self, batches: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Return a row for each document that is not the one kept: its place, the kept one's, and how many there are."""
        table = pa.Table.from_batches(batches).combine_chunks()
        high, low, date, shard, row = (table[name].to_numpy() for name in ("high", "low", "date", "shard", "row"))
        order = np.lexsort((row, shard, -date, low, high))
        order = order[(high[order] != 0) | (low[order] != 0)]
        starts_group = np.ones(len(order), bool)
        starts_group[1:] = (high[order][1:] != high[order][:-1]) | (low[order][1:] != low[order][:-1])
        group = np.cumsum(starts_group) - 1
        first = order[np.flatnonzero(starts_group)]
        size = np.bincount(group) if len(order) else np.zeros(0, np.int64)
        lost, of = order[~starts_group], group[~starts_group]
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(shard[lost], pa.uint32()),
                pa.array(row[lost], pa.uint32()),
                pa.array(shard[first[of]], pa.uint32()),
                pa.array(row[first[of]], pa.uint32()),
                pa.array(size[of], pa.uint32()),
            ],
            names=["shard", "row", "kept_shard", "kept_row", "n_copies"],
        )

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        """Drop every document there is a fact about."""
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
    """Return what two addresses of the same page have in common; the empty string stays empty."""
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
    query = sorted((k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not TRACKING.fullmatch(k))
    return f"{where}{path}{'?' + urlencode(query) if query else ''}"


def _key(normal: str) -> tuple[int, int]:
    if not normal:
        return 0, 0
    digest = xxhash.xxh3_128_intdigest(normal.encode("utf-8", "surrogatepass"))
    return digest >> 64, digest & 0xFFFFFFFFFFFFFFFF


def _modulo(keys: np.ndarray, n: int) -> np.ndarray:
    return (keys % np.uint64(n)).astype(np.int64)
