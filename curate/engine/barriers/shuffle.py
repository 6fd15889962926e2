"""The shuffle: rows of numbers from the tasks of one phase to the tasks of the next, each row to one task.

A shuffle file is an Arrow IPC file of rounds: record batch `round * n_parts + part` holds the rows of one round for
task `part` of the next phase. So a writer keeps one round in memory and a reader takes its part and nothing else.
Rows keep their order within a part.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import xxhash

from curate.errors import StageError
from curate.plan import Shuffled
from curate.runs import RunFolder, arrow_files
from curate.runs.arrow_files import ArrowWriter
from curate.runs.layout import PhaseFolder

ROUND_BYTES = 8 << 20
"""How many bytes of rows a writer gathers before it writes them."""


class Writer:
    """Writes the rows of one task, by part.

    Args:
        part_of: rows -> int64[n_rows], which task of the next phase sees each row.
        label: the stage, for what goes wrong.
    """

    def __init__(self, file: BinaryIO, part_of: Callable[[pa.RecordBatch], np.ndarray], n_parts: int, label: str):
        self.file, self.part_of, self.n_parts, self.label = file, part_of, n_parts, label
        self._waiting: list[pa.RecordBatch] = []
        self._n_bytes = 0
        self._writer: ArrowWriter | None = None

    def write(self, rows: pa.RecordBatch) -> None:
        self._waiting.append(rows)
        self._n_bytes += rows.nbytes
        if self._n_bytes >= ROUND_BYTES:
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
        if rows:
            self._round(rows[0])

    def _round(self, rows: pa.RecordBatch) -> None:
        part_of = np.asarray(self.part_of(rows), np.int64)
        if len(part_of) != rows.num_rows:
            raise StageError(f"{self.label}: a partition gave {len(part_of)} numbers for {rows.num_rows} rows")
        if part_of.min() < 0 or part_of.max() >= self.n_parts:
            strange = part_of.min() if part_of.min() < 0 else part_of.max()
            raise StageError(f"{self.label} sent a row to task {strange} of {self.n_parts}")
        if self.n_parts > 1:
            order = np.argsort(part_of, kind="stable")
            part_of, rows = part_of[order], rows.take(pa.array(order))
        bounds = np.searchsorted(part_of, np.arange(self.n_parts + 1))
        for part in range(self.n_parts):
            self._writer.write(rows.slice(bounds[part], bounds[part + 1] - bounds[part]))


class Reader:
    """The rows for one task, from every task of the phase before it, in task order; may be read more than once.

    Args:
        rows: where they are.
        part, n_parts: which of how many partitions to read.
    """

    def __init__(self, folder: RunFolder, rows: Shuffled, part: int, n_parts: int):
        self.phase, self.n_tasks = PhaseFolder(folder, rows.phase), rows.n_tasks
        self.part, self.n_parts = part, n_parts

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for task in range(self.n_tasks):
            place = self.phase.task(task)
            with contextlib.closing(arrow_files.open_file(place, place.shuffle)) as reader:
                yield from reader.batches(range(self.part, reader.n_batches, self.n_parts))


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
