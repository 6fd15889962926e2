"""Count the documents that each line or paragraph (unit) is in; list the units to remove, and where."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from curate.barrier import ReduceContext
from curate.kernels import characters
from curate.kernels import line_hashes as kernel
from curate.stages.dedup._sketch import place_of, shard_and_row

KEYS_AT_ONCE = 1 << 21
"""Units that one task counts at once, about 250 MB; a larger partition is processed in several rounds."""

LISTED = 1_000_000
"""Maximum number of units in `lines.parquet`: the most frequent ones."""

WITH_TEXT = 10_000
"""How many of these, again the most frequent, are listed with their text."""

TEXT_CHARACTERS = 1_000
"""Longer texts are truncated in `lines.parquet`."""

TEXTS_AT_ONCE = 64
"""Documents read in one call to find the texts of units."""

NAMED_AT_ONCE = 1 << 18
"""Units looked up in one call to find the id of the first document of each."""

COUNTED, FREQUENT, REMOVAL = 0, 1, 2
"""Kinds of rows in `COUNTS`: how many units a task counted; a unit in too many documents, with the first of them; a
document from which such a unit is removed."""

COUNTS = pa.schema(
    {"key": pa.uint64(), "shard": pa.uint32(), "row": pa.uint32(), "n_documents": pa.uint64(), "what": pa.int8()}
)
RESULTS = pa.schema({"key": pa.uint64(), "shard": pa.uint32(), "row": pa.uint32()})
LINE_FILE = pa.schema(
    {
        "text": pa.string(), "n_documents": pa.int64(), "n_removed": pa.int64(), "scope": pa.string(),
        "example_id": pa.string(), "hash": pa.uint64(),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Units:
    """Splits texts into units and hashes them.

    Args:
        by_paragraph, one_number, least: see `curate.kernels.line_hashes`.
    """

    by_paragraph: bool
    one_number: bool
    least: int

    def keys(self, offsets: np.ndarray, data: np.ndarray, salts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return `(bounds int64[n + 1], keys uint64[m])` of the distinct units of each text."""
        return kernel.unit_keys(offsets, data, *self._settings(), salts)

    def without(
        self, offsets: np.ndarray, data: np.ndarray, salts: np.ndarray, bounds: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return `(offsets, data, removed)` of the texts without the units `keys`, see `kernel.drop_units`."""
        return kernel.drop_units(offsets, data, *self._settings(), salts, bounds, keys)

    def find(self, text: str, salt: np.uint64, keys: np.ndarray) -> list[str]:
        """Return the spelling of units in a text, cut to `TEXT_CHARACTERS`; `keys` are uint64[k], ascending."""
        raw = text.encode()
        spans = kernel.find_units(np.frombuffer(raw, np.uint8), *self._settings(), salt, keys)
        return [
            raw[left:right][: 4 * TEXT_CHARACTERS].decode(errors="ignore")[:TEXT_CHARACTERS] for left, right in spans
        ]

    def _settings(self) -> tuple[np.ndarray, np.ndarray, tuple[bool, bool, int]]:
        return characters.classes(), characters.lower(), (self.by_paragraph, self.one_number, self.least)


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts the documents that each unit is in.

    Args:
        max_documents: units in more documents than this are removed.
        keeps_first: whether the first document keeps its copy of the unit.
    """

    max_documents: int
    keeps_first: bool

    def find(self, rows: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Yield the units in too many documents, and the documents to remove them from; see `COUNTS`."""
        n_rounds = max(1, -(-sum(batch.num_rows for batch in rows) // KEYS_AT_ONCE))
        for turn in range(n_rounds):
            key, n, first = _count(_rows_of_round(rows, turn, n_rounds))
            yield _count_rows(COUNTED, key[:1], first[:1], np.full(len(key[:1]), len(key)))
            is_over = n > self.max_documents
            key, n, first = key[is_over], n[is_over], first[is_over]
            yield _count_rows(FREQUENT, key, first, n)
            if not len(key):
                continue
            for unit, place in _rows_of_round(rows, turn, n_rounds):
                at = np.minimum(np.searchsorted(key, unit), len(key) - 1)
                is_removed = key[at] == unit
                if self.keeps_first:
                    is_removed &= place != first[at]
                yield _count_rows(REMOVAL, unit[is_removed], place[is_removed], n[at[is_removed]])


def _rows_of_round(rows: Iterable[pa.RecordBatch], turn: int, n_rounds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (key uint64[m], place uint64[m]) of the rows of one round."""
    for batch in rows:
        key, shard, row = (batch[name].to_numpy() for name in ("key", "shard", "row"))
        if n_rounds > 1:
            in_round = (key & np.uint64(0xFFFFFFFF)) % np.uint64(n_rounds) == turn
            key, shard, row = key[in_round], shard[in_round], row[in_round]
        yield key, place_of(shard, row)


def _count(rows: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (key uint64[m], documents int64[m], first place uint64[m]) of each unit, by key.

    New rows are merged into the counts once there are as many of them as units. Memory therefore depends on the number
    of distinct units, not on how many documents each is in.
    """
    key, n, first = np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.uint64)
    waiting: list[tuple[np.ndarray, np.ndarray]] = []
    n_waiting = 0
    for keys, places in rows:
        waiting.append((keys, places))
        n_waiting += len(keys)
        if n_waiting >= max(KEYS_AT_ONCE // 4, len(key)):
            key, n, first = _add_counts(key, n, first, waiting)
            waiting, n_waiting = [], 0
    return _add_counts(key, n, first, waiting)


def _add_counts(
    key: np.ndarray, n: np.ndarray, first: np.ndarray, waiting: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Merge waiting rows into the counts; each adds one document."""
    all_keys = np.concatenate([key, *(keys for keys, _ in waiting)])
    if not len(all_keys):
        return key, n, first
    counts = np.concatenate([n, np.ones(len(all_keys) - len(n), np.int64)])
    places = np.concatenate([first, *(places for _, places in waiting)])
    order = np.argsort(all_keys, kind="stable")
    all_keys = all_keys[order]
    starts = np.flatnonzero(np.r_[True, all_keys[1:] != all_keys[:-1]])
    return all_keys[starts], np.add.reduceat(counts[order], starts), np.minimum.reduceat(places[order], starts)


def _count_rows(kind: int, key: np.ndarray, place: np.ndarray, n: np.ndarray) -> pa.RecordBatch:
    columns = [key, *shard_and_row(place), n.astype(np.uint64), np.full(len(key), kind, np.int8)]
    return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=COUNTS)


@dataclass(frozen=True, slots=True)
class LineReport:
    """Writes `lines.parquet`, the removed units by frequency, and yields the removals.

    Args:
        units: splits and hashes texts.
        keeps_first: see `Counter`.
    """

    units: Units
    keeps_first: bool

    def record(self, rows: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Write `lines.parquet`; yield which unit is removed from which document."""
        units = [np.zeros(0, kind) for kind in (np.uint64, np.int64, np.uint64)]  # key, documents, first place
        n_counted = n_units = n_removed = 0
        for batch in rows:
            kind = batch["what"].to_numpy()
            yield batch.filter(pa.array(kind == REMOVAL)).select(RESULTS.names)
            documents = batch["n_documents"].to_numpy().astype(np.int64)
            is_unit = kind == FREQUENT
            n_counted += int(documents[kind == COUNTED].sum())
            n_units += int(is_unit.sum())
            n_removed += int((kind == REMOVAL).sum())
            places = place_of(batch["shard"].to_numpy(), batch["row"].to_numpy())
            if is_unit.any():
                new = (batch["key"].to_numpy()[is_unit], documents[is_unit], places[is_unit])
                units = [np.concatenate(pair) for pair in zip(units, new, strict=True)]
            if len(units[0]) > 2 * LISTED:
                units = _most_frequent(*units)
        yield pa.RecordBatch.from_pylist([], schema=RESULTS)
        key, n, place = _most_frequent(*units)
        with context.evidence("lines", LINE_FILE) as file:
            starts = [0, *range(WITH_TEXT, len(key), NAMED_AT_ONCE)] if len(key) else []
            for start, end in pairwise([*starts, len(key)]):
                part = slice(start, end)
                file.write(self._described(key[part], n[part], place[part], context, with_text=start == 0))
        context.report(
            {
                "documents": int(context.n_docs.sum()), "units_counted": n_counted, "units_over_the_limit": n_units,
                "units_listed": len(key), "removals": n_removed,
            }
        )  # fmt: skip

    def _described(
        self, key: np.ndarray, n: np.ndarray, place: np.ndarray, context: ReduceContext, *, with_text: bool
    ) -> pa.RecordBatch:
        stored = context.lookup(["id", "scope", "salt"], *shard_and_row(place))
        texts: list[str | None] = [None] * len(key)
        if with_text:
            self._find_texts(texts, key, place, stored["salt"].to_numpy(), context)
        columns = [
            pa.array(texts, pa.string()), pa.array(n), pa.array(n - self.keeps_first),
            stored["scope"], stored["id"], pa.array(key),
        ]  # fmt: skip
        return pa.RecordBatch.from_arrays(columns, schema=LINE_FILE)

    def _find_texts(
        self, texts: list[str | None], key: np.ndarray, place: np.ndarray, salt: np.ndarray, context: ReduceContext
    ) -> None:
        """Fill in the spelling of each unit in its first document, in the order of these documents."""
        distinct, which = np.unique(place, return_inverse=True)
        by_document = np.lexsort((key, which))
        bounds = np.searchsorted(which[by_document], np.arange(len(distinct) + 1))
        for start in range(0, len(distinct), TEXTS_AT_ONCE):
            documents = context.texts(*shard_and_row(distinct[start : start + TEXTS_AT_ONCE]))
            for i, document in enumerate(documents, start):
                units = by_document[bounds[i] : bounds[i + 1]]
                for k, text in zip(units, self.units.find(document or "", salt[units[0]], key[units]), strict=True):
                    texts[k] = text


def _most_frequent(key: np.ndarray, n: np.ndarray, place: np.ndarray) -> list[np.ndarray]:
    order = np.lexsort((key, -n))[:LISTED]
    return [key[order], n[order], place[order]]
