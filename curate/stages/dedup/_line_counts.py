"""From units to facts: which lines or paragraphs stand in too many documents, who holds them, and a list to read."""

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
"""Different units that one task counts at once; it goes through a larger partition in several rounds. About 250 MB."""

LISTED = 1_000_000
"""Units that the evidence lists at most, the most frequent ones."""

WITH_TEXT = 10_000
"""How many of these, the most frequent ones, with their text."""

TEXT_CHARACTERS = 1_000
"""Of a longer text the evidence has the beginning."""

TEXTS_AT_ONCE = 64
"""Documents that are read together to find texts of units."""

NAMED_AT_ONCE = 1 << 18
"""Units that are looked up together to name the document each stands in first."""

SEEN, UNIT, HELD = 0, 1, 2
"""What a row of `FOUND` is: how many units a task counted; a unit in too many documents, with its first; a document
that is to lose it."""

FOUND = pa.schema(
    {"key": pa.uint64(), "shard": pa.uint32(), "row": pa.uint32(), "n_documents": pa.uint64(), "what": pa.int8()}
)
FACTS = pa.schema({"key": pa.uint64(), "shard": pa.uint32(), "row": pa.uint32()})
LINE_FILE = pa.schema(
    {
        "text": pa.string(), "n_documents": pa.int64(), "n_removed": pa.int64(), "scope": pa.string(),
        "example_id": pa.string(), "hash": pa.uint64(),
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Units:
    """Which units of a text count, and their keys.

    Args:
        by_paragraph, one_number, least: see `curate.kernels.line_hashes`.
    """

    by_paragraph: bool
    one_number: bool
    least: int

    def keys(self, offsets: np.ndarray, data: np.ndarray, salts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return `(bounds int64[n + 1], keys uint64[m])` of the different units of each text."""
        return kernel.unit_keys(offsets, data, *self._how(), salts)

    def without(
        self, offsets: np.ndarray, data: np.ndarray, salts: np.ndarray, bounds: np.ndarray, keys: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return `(offsets, data, removed)` of the texts without some units, see `kernel.drop_units`."""
        return kernel.drop_units(offsets, data, *self._how(), salts, bounds, keys)

    def find(self, text: str, salt: np.uint64, keys: np.ndarray) -> list[str]:
        """Return how units stand in a text, cut to `TEXT_CHARACTERS`; `keys` are uint64[k], ascending."""
        raw = text.encode()
        spans = kernel.find_units(np.frombuffer(raw, np.uint8), *self._how(), salt, keys)
        return [
            raw[left:right][: 4 * TEXT_CHARACTERS].decode(errors="ignore")[:TEXT_CHARACTERS] for left, right in spans
        ]

    def _how(self) -> tuple[np.ndarray, np.ndarray, tuple[bool, bool, int]]:
        return characters.classes(), characters.lower(), (self.by_paragraph, self.one_number, self.least)


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts in how many documents each unit stands."""

    max_documents: int
    spares_first: bool

    def find(self, rows: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Yield the units in too many documents and who is to lose them; see `FOUND`."""
        n_rounds = max(1, -(-sum(batch.num_rows for batch in rows) // KEYS_AT_ONCE))
        for turn in range(n_rounds):
            key, n, first = _counted(_of_turn(rows, turn, n_rounds))
            yield _found(SEEN, key[:1], first[:1], np.full(len(key[:1]), len(key)))
            is_over = n > self.max_documents
            key, n, first = key[is_over], n[is_over], first[is_over]
            yield _found(UNIT, key, first, n)
            if not len(key):
                continue
            for held, place in _of_turn(rows, turn, n_rounds):
                at = np.minimum(np.searchsorted(key, held), len(key) - 1)
                goes = key[at] == held
                if self.spares_first:
                    goes &= place != first[at]
                yield _found(HELD, held[goes], place[goes], n[at[goes]])


def _of_turn(rows: Iterable[pa.RecordBatch], turn: int, n_rounds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (key uint64[m], place uint64[m]) of the rows of one round."""
    for batch in rows:
        key, shard, row = (batch[name].to_numpy() for name in ("key", "shard", "row"))
        if n_rounds > 1:
            is_mine = (key & np.uint64(0xFFFFFFFF)) % np.uint64(n_rounds) == turn
            key, shard, row = key[is_mine], shard[is_mine], row[is_mine]
        yield key, place_of(shard, row)


def _counted(held: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return (key uint64[m], documents int64[m], first place uint64[m]) of each unit, by key.

    Counts are added up whenever as many new rows have come as there are units, so that memory depends on how many
    units differ, and a unit in every document of the corpus costs no more than another.
    """
    key, n, first = np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.uint64)
    waiting: list[tuple[np.ndarray, np.ndarray]] = []
    n_waiting = 0
    for keys, places in held:
        waiting.append((keys, places))
        n_waiting += len(keys)
        if n_waiting >= max(KEYS_AT_ONCE // 4, len(key)):
            key, n, first = _added(key, n, first, waiting)
            waiting, n_waiting = [], 0
    return _added(key, n, first, waiting)


def _added(
    key: np.ndarray, n: np.ndarray, first: np.ndarray, waiting: list[tuple[np.ndarray, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Add one document for each row that waited."""
    every = np.concatenate([key, *(keys for keys, _ in waiting)])
    if not len(every):
        return key, n, first
    counts = np.concatenate([n, np.ones(len(every) - len(n), np.int64)])
    places = np.concatenate([first, *(places for _, places in waiting)])
    order = np.argsort(every, kind="stable")
    every = every[order]
    starts = np.flatnonzero(np.r_[True, every[1:] != every[:-1]])
    return every[starts], np.add.reduceat(counts[order], starts), np.minimum.reduceat(places[order], starts)


def _found(what: int, key: np.ndarray, place: np.ndarray, n: np.ndarray) -> pa.RecordBatch:
    columns = [key, *shard_and_row(place), n.astype(np.uint64), np.full(len(key), what, np.int8)]
    return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], schema=FOUND)


@dataclass(frozen=True, slots=True)
class Lister:
    """Writes down which units go, most frequent first, and hands on who is to lose them."""

    units: Units
    spares_first: bool

    def record(self, rows: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Write `lines.parquet`; yield the facts about documents."""
        units = [np.zeros(0, kind) for kind in (np.uint64, np.int64, np.uint64)]  # key, documents, first place
        n_seen = n_units = n_removed = 0
        for batch in rows:
            what = batch["what"].to_numpy()
            yield batch.filter(pa.array(what == HELD)).select(FACTS.names)
            documents = batch["n_documents"].to_numpy().astype(np.int64)
            is_unit = what == UNIT
            n_seen += int(documents[what == SEEN].sum())
            n_units += int(is_unit.sum())
            n_removed += int((what == HELD).sum())
            places = place_of(batch["shard"].to_numpy(), batch["row"].to_numpy())
            if is_unit.any():
                new = (batch["key"].to_numpy()[is_unit], documents[is_unit], places[is_unit])
                units = [np.concatenate(pair) for pair in zip(units, new, strict=True)]
            if len(units[0]) > 2 * LISTED:
                units = _most_frequent(*units)
        yield pa.RecordBatch.from_pylist([], schema=FACTS)
        key, n, place = _most_frequent(*units)
        with context.evidence("lines", LINE_FILE) as file:
            starts = [0, *range(WITH_TEXT, len(key), NAMED_AT_ONCE)] if len(key) else []
            for start, end in pairwise([*starts, len(key)]):
                part = slice(start, end)
                file.write(self._described(key[part], n[part], place[part], context, with_text=start == 0))
        context.report(
            {
                "documents": int(context.n_docs.sum()), "units_counted": n_seen, "units_over_the_limit": n_units,
                "units_listed": len(key), "removals": n_removed,
            }
        )  # fmt: skip

    def _described(
        self, key: np.ndarray, n: np.ndarray, place: np.ndarray, context: ReduceContext, *, with_text: bool
    ) -> pa.RecordBatch:
        notes = context.lookup(["id", "scope", "salt"], *shard_and_row(place))
        texts: list[str | None] = [None] * len(key)
        if with_text:
            self._find_texts(texts, key, place, notes["salt"].to_numpy(), context)
        columns = [
            pa.array(texts, pa.string()), pa.array(n), pa.array(n - self.spares_first),
            notes["scope"], notes["id"], pa.array(key),
        ]  # fmt: skip
        return pa.RecordBatch.from_arrays(columns, schema=LINE_FILE)

    def _find_texts(
        self, texts: list[str | None], key: np.ndarray, place: np.ndarray, salt: np.ndarray, context: ReduceContext
    ) -> None:
        """Fill in how each unit stands in its first document, document by document in the order of the corpus."""
        different, which = np.unique(place, return_inverse=True)
        by_document = np.lexsort((key, which))
        bounds = np.searchsorted(which[by_document], np.arange(len(different) + 1))
        for start in range(0, len(different), TEXTS_AT_ONCE):
            documents = context.texts(*shard_and_row(different[start : start + TEXTS_AT_ONCE]))
            for i, document in enumerate(documents, start):
                mine = by_document[bounds[i] : bounds[i + 1]]
                for k, text in zip(mine, self.units.find(document or "", salt[mine[0]], key[mine]), strict=True):
                    texts[k] = text


def _most_frequent(key: np.ndarray, n: np.ndarray, place: np.ndarray) -> list[np.ndarray]:
    order = np.lexsort((key, -n))[:LISTED]
    return [key[order], n[order], place[order]]
