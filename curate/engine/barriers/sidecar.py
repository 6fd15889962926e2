"""Sidecars: what a barrier stores next to the documents of a shard, one row for each, to be looked up by place.

A sidecar file is an uncompressed Arrow IPC file of batches of `BATCH` rows, so that row `r` is row `r % BATCH` of batch
`r // BATCH`. A local file is mapped into memory and let go after each look-up, so that reading all sidecars of a
large corpus does not make the process large.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from curate.errors import RunError
from curate.runs import RunFolder
from curate.runs.layout import PhaseFolder

BATCH = 4096


OPEN = 64
"""Sidecar files that a task holds open at most."""


class Writer:
    """Writes the sidecar of one shard."""

    def __init__(self, file: BinaryIO):
        self.file, self.n_rows = file, 0
        self._writer: pa.ipc.RecordBatchFileWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._n_waiting = 0

    def write(self, rows: pa.RecordBatch) -> None:
        self._writer = self._writer or pa.ipc.new_file(self.file, rows.schema)
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
            self._writer.write_batch(rows.slice(start, min(BATCH, n - start)))
        self._waiting, self._n_waiting = [rows.slice(n)] if n < rows.num_rows else [], rows.num_rows - n


class Reader:
    """The sidecars of one phase: whole, or rows of them by place. The last `OPEN` files looked into stay open."""

    def __init__(self, folder: RunFolder, phase: str):
        self.phase = PhaseFolder(folder, phase)
        self._open: OrderedDict[int, pa.ipc.RecordBatchFileReader] = OrderedDict()

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
        reader = self._opened(shard)
        columns = columns or reader.schema.names
        if not reader.num_record_batches:
            yield pa.RecordBatch.from_pylist([], schema=reader.schema).select(columns)
        for i in range(reader.num_record_batches):
            yield reader.get_batch(i).select(columns)

    def _reader(self, shard: int) -> pa.ipc.RecordBatchFileReader:
        if shard not in self._open:
            if len(self._open) >= OPEN:
                self._open.popitem(last=False)
            self._open[shard] = self._opened(shard)
        self._open.move_to_end(shard)
        return self._open[shard]

    def _opened(self, shard: int) -> pa.ipc.RecordBatchFileReader:
        folder, path = self.phase.run, self.phase.sidecar(shard)
        try:
            if folder.is_local:
                return pa.ipc.open_file(pa.memory_map(folder.path(path)))
            with folder.open(path) as file:
                return pa.ipc.open_file(pa.BufferReader(file.read()))
        except (FileNotFoundError, pa.ArrowInvalid) as error:
            raise RunError(
                f"{folder.path(path)} is missing or damaged ({error}); run again to have it made anew."
            ) from error


def _taken(reader: pa.ipc.RecordBatchFileReader, columns: Sequence[str], row: np.ndarray) -> Iterator[pa.RecordBatch]:
    batch = row // BATCH
    starts = np.flatnonzero(np.r_[True, batch[1:] != batch[:-1]])
    for start, end in zip(starts, [*starts[1:], len(row)], strict=True):
        rows = reader.get_batch(int(batch[start])).select(columns)
        yield rows.take(pa.array(row[start:end] % BATCH))
