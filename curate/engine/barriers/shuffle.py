"""The shuffle: rows of numbers from the tasks of one phase to the tasks of the next, each row to one part.

A shuffle file is an Arrow file of rounds; within a round, each batch has the rows of one part, in the order of the parts, and
parts without rows have none. So a writer keeps one round in memory, and a reader takes its parts by range and nothing else.
Rows keep their order within a part. A task of the next phase has several parts, of which it takes as many at a time as
fit into memory.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import xxhash

from curate.errors import StageError
from curate.plan import Shuffled
from curate.runs import RunFolder, arrow_files
from curate.runs.arrow_files import ArrowReader, ArrowWriter
from curate.runs.layout import PhaseFolder

ROUND_BYTES = 8 << 20
"""How many bytes of rows a writer gathers before it writes them."""

READ_BYTES = 32 << 20
"""How many bytes of neighbouring parts, as they are stored, a reduction gets at a time; one part is never divided."""


class Writer:
    """Writes the rows of one task, by part.

    Args:
        part_of: rows -> int64[n_rows], which part each row is for.
        label: the stage, for what goes wrong.
        round_bytes: how much is gathered before it is written.
    """

    def __init__(
        self,
        file: BinaryIO,
        part_of: Callable[[pa.RecordBatch], np.ndarray],
        n_parts: int,
        label: str,
        round_bytes: int = ROUND_BYTES,
    ):
        self.file, self.part_of, self.n_parts, self.label = file, part_of, n_parts, label
        self._round_bytes = round_bytes
        self._waiting: list[pa.RecordBatch] = []
        self._n_bytes = 0
        self._writer: ArrowWriter | None = None

    def write(self, rows: pa.RecordBatch) -> None:
        self._waiting.append(rows)
        self._n_bytes += rows.nbytes
        if self._n_bytes >= self._round_bytes:
            self._flush()

    def close(self) -> None:
        """Write what is left. There must have been a batch, even if empty, or the columns are unknown."""
        if self._waiting or self._writer is None:
            self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if not self._waiting:
            raise StageError(f"{self.label} made no rows and not even an empty batch, so its columns are unknown")
        schema = self._waiting[0].schema
        rows = pa.Table.from_batches(self._waiting).combine_chunks().to_batches()
        self._waiting, self._n_bytes = [], 0
        self._writer = self._writer or ArrowWriter(self.file, schema)
        if rows and rows[0].num_rows:
            self._round(rows[0])

    def _round(self, rows: pa.RecordBatch) -> None:
        part_of = np.asarray(self.part_of(rows), np.int64)
        if len(part_of) != rows.num_rows:
            raise StageError(f"{self.label}: a partition gave {len(part_of)} numbers for {rows.num_rows} rows")
        if part_of.min() < 0 or part_of.max() >= self.n_parts:
            strange = part_of.min() if part_of.min() < 0 else part_of.max()
            raise StageError(f"{self.label} sent a row to part {strange} of {self.n_parts}")
        if self.n_parts > 1:
            order = np.argsort(part_of, kind="stable")
            part_of, rows = part_of[order], rows.take(pa.array(order))
        starts = np.flatnonzero(np.diff(part_of, prepend=-1))
        for start, stop in zip(starts, [*starts[1:], rows.num_rows], strict=True):
            self._writer.write(rows.slice(start, stop - start), int(part_of[start]))


class Reader:
    """Rows of some parts of some shuffle files, in the order of the files; may be read more than once.

    Args:
        phase: which phase wrote the files. tasks: whose files are read.
        parts: which parts of each.
    """

    def __init__(self, folder: RunFolder, phase: str, tasks: Sequence[int], parts: range):
        self.phase, self.tasks, self.parts = PhaseFolder(folder, phase), tasks, parts

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in batches; at least one, even if empty."""
        is_empty, columns = True, None
        for reader in self._opened():
            columns = columns or reader.schema
            for number in np.flatnonzero(self._are_mine(reader)).tolist():
                is_empty = False
                yield reader.batch(number)
        if is_empty and columns is not None:
            yield arrow_files.no_rows(columns)

    def pieces(self) -> Iterator[Reader]:
        """Divide the parts into stretches of about `READ_BYTES`, in their order."""
        sizes = np.zeros(len(self.parts), np.int64)
        for reader in self._opened():
            mine = self._are_mine(reader)
            np.add.at(sizes, reader.parts[mine] - self.parts.start, reader.n_bytes[mine])
        start, n_bytes = self.parts.start, 0
        for part, size in zip(self.parts, sizes.tolist(), strict=True):
            if n_bytes and n_bytes + size > READ_BYTES:
                yield self._only(range(start, part))
                start, n_bytes = part, 0
            n_bytes += size
        yield self._only(range(start, self.parts.stop))

    def _only(self, parts: range) -> Reader:
        return Reader(self.phase.run, self.phase.name, self.tasks, parts)

    def _opened(self) -> Iterator[ArrowReader]:
        for task in self.tasks:
            place = self.phase.task(task)
            with contextlib.closing(arrow_files.open_file(place, place.shuffle)) as reader:
                yield reader

    def _are_mine(self, reader: ArrowReader) -> np.ndarray:
        return (reader.parts >= self.parts.start) & (reader.parts < self.parts.stop)


def to_one_part(rows: pa.RecordBatch) -> np.ndarray:
    """Return int64[n_rows], the only part."""
    return np.zeros(rows.num_rows, np.int64)


def about_shard(folder: RunFolder, results: Shuffled, shard: int) -> Reader:
    """Return the results of a barrier that are about the documents of a shard."""
    tasks, part = results.holding(shard)
    return Reader(folder, results.phase, tasks, range(part, part + 1))


def joined(batches: Iterable[pa.RecordBatch]) -> pa.RecordBatch:
    """Return all rows as one record batch."""
    batches = list(batches)
    whole = pa.Table.from_batches(batches).combine_chunks().to_batches()
    return whole[0] if whole else batches[0]


def by_row(rows: Iterable[pa.RecordBatch]) -> pa.RecordBatch:
    """Return all rows as one record batch, sorted by the column `row`; rows about the same document keep their order."""
    whole = joined(rows)
    return whole.take(pa.array(np.argsort(whole["row"].to_numpy(), kind="stable")))


def about(rows: pa.RecordBatch, start: int, stop: int) -> pa.RecordBatch:
    """Return the rows about documents `start .. stop - 1`, with `row` counted from `start`; `rows` is sorted by `row`."""
    places = rows["row"].to_numpy()
    low, high = np.searchsorted(places, [start, stop])
    local = pa.array(places[low:high] - start, pa.uint32())
    return rows.slice(low, high - low).set_column(rows.schema.get_field_index("row"), "row", local)


def digest(rows: Iterable[pa.RecordBatch]) -> str:
    """Return the digest of rows by content, however they were compressed."""
    state = xxhash.xxh3_128()
    for batch in rows:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        state.update(sink.getvalue())
    return state.hexdigest()
