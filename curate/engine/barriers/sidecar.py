"""Sidecars: what a barrier stores next to the documents of a shard, one row for each, to be looked up by place.

A sidecar is an uncompressed Arrow file of batches of `BATCH` rows, so that row `r` is row `r % BATCH` of batch
`r // BATCH`. A local file is mapped into memory and let go after each look-up, so that reading all sidecars of a
large corpus does not make the process large.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from curate.runs import RunFolder, arrow_files
from curate.runs.arrow_files import ArrowReader, ArrowWriter
from curate.runs.layout import PhaseFolder

BATCH = 4096


OPEN = 64
"""Sidecar files that a task holds open at most."""


class Writer:
    """Writes the sidecar of one shard."""

    def __init__(self, file: BinaryIO):
        self.file, self.n_rows = file, 0
        self._writer: ArrowWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._n_waiting = 0

    def write(self, rows: pa.RecordBatch) -> None:
        self._writer = self._writer or ArrowWriter(self.file, rows.schema, compression=None)
        self._waiting.append(rows)
        self._n_waiting += rows.num_rows
        self.n_rows += rows.num_rows
        if self._n_waiting >= BATCH:
            self._flush(self._n_waiting // BATCH * BATCH)

    def close(self) -> None:
        self._flush(self._n_waiting)
        if self._writer:
            self._writer.close()

    def _flush(self, n: int) -> None:
        if not n:
            return
        (rows,) = pa.Table.from_batches(self._waiting).combine_chunks().to_batches()
        for start in range(0, n, BATCH):
            self._writer.write(rows.slice(start, min(BATCH, n - start)))
        self._waiting, self._n_waiting = [rows.slice(n)] if n < rows.num_rows else [], rows.num_rows - n


class Reader:
    """The sidecars of one phase: whole, or rows of them by place. The last `OPEN` files looked into stay open."""

    def __init__(self, folder: RunFolder, phase: str, n_tasks: int):
        self.phase, self.n_tasks = PhaseFolder(folder, phase), n_tasks
        self._open: OrderedDict[int, ArrowReader] = OrderedDict()

    def lookup(self, columns: Sequence[str], shard: np.ndarray, row: np.ndarray) -> pa.RecordBatch:
        """Return the rows at these places, in their order.

        Args:
            shard, row: uint32[n]. At least one place.
        """
        order = np.lexsort((row, shard))
        shard, row = shard[order], row[order]
        found: list[pa.RecordBatch] = []
        starts = np.flatnonzero(np.r_[True, shard[1:] != shard[:-1]])
        for start, end in zip(starts, [*starts[1:], len(shard)], strict=True):
            found += _taken(self._reader(int(shard[start])), columns, row[start:end])
        rows = pa.Table.from_batches(found).combine_chunks()
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return rows.take(pa.array(back)).combine_chunks().to_batches()[0]

    def read(self, shard: int, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the sidecar of a shard, in row order; at least one batch, even if empty."""
        for batch in self._opened(shard).batches():
            yield batch.select(columns) if columns else batch

    def _reader(self, shard: int) -> ArrowReader:
        if shard not in self._open:
            if len(self._open) >= OPEN:
                self._open.popitem(last=False)
            self._open[shard] = self._opened(shard)
        self._open.move_to_end(shard)
        return self._open[shard]

    def _opened(self, shard: int) -> ArrowReader:
        # The sidecar of reference data was written by one of the run's own tasks.
        place = self.phase.task(shard % self.n_tasks)
        return arrow_files.open_file(place, self.phase.sidecar(shard), in_memory_map=True)


def _taken(reader: ArrowReader, columns: Sequence[str], row: np.ndarray) -> Iterator[pa.RecordBatch]:
    batch = row // BATCH
    starts = np.flatnonzero(np.r_[True, batch[1:] != batch[:-1]])
    for start, end in zip(starts, [*starts[1:], len(row)], strict=True):
        rows = reader.batch(int(batch[start])).select(columns)
        yield rows.take(pa.array(row[start:end] % BATCH))
