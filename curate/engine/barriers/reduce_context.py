"""What a reduction can reach besides its rows: notes, texts, evidence files, and a line in the record."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate.engine.barriers import sidecar
from curate.errors import RunError
from curate.plan import Phase
from curate.runs import PHASES, RunFolder, TaskFiles, read_record

ROW_GROUP = 1 << 16
"""Rows in a row group of an evidence file."""


OPEN = 64
"""Notes files that a task keeps open."""


class TaskReduceContext:
    """The `barrier.ReduceContext` of one reduce task. What it reads was written by the phase in which the barrier asked."""

    def __init__(self, folder: RunFolder, phase: Phase, files: TaskFiles):
        self.folder, self.phase, self.files = folder, phase, files
        self.n_own = phase.n_shards
        self.told: dict[str, Any] = {}
        self.warnings: list[str] = []
        self._readers: OrderedDict[int, pa.ipc.RecordBatchFileReader] = OrderedDict()

    @cached_property
    def n_docs(self) -> np.ndarray:
        """int64[n]: documents of each shard, those of reference data included."""
        sizes: dict[int, int] = {}
        for task in range(self.phase.n_shards):
            record = read_record(self.folder, self.phase.notes_from, task)
            if record is None:
                raise RunError(f"task {task} of {self.phase.notes_from} has no record; run again.")
            sizes.update({int(shard): n for shard, n in record.n_notes.items()})
        return np.array([sizes[shard] for shard in range(len(sizes))], np.int64)

    def lookup(self, columns: Sequence[str], shard: np.ndarray, row: np.ndarray) -> pa.RecordBatch:
        return sidecar.take(self._opened, columns, shard, row)

    def _opened(self, shard: int) -> pa.ipc.RecordBatchFileReader:
        """Return a shard's notes file, the last `OPEN` of which stay open."""
        if shard not in self._readers:
            if len(self._readers) >= OPEN:
                self._readers.popitem(last=False)
            self._readers[shard] = sidecar.opened(self.folder, sidecar.sidecar_path(self.phase.notes_from, shard))
        self._readers.move_to_end(shard)
        return self._readers[shard]

    def sidecar(self, shard: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return sidecar.read(self.folder, self.phase.notes_from, shard, columns)

    def texts(self, shard: np.ndarray, row: np.ndarray) -> list[str | None]:
        found: list[str | None] = [None] * len(shard)
        order = np.lexsort((row, shard))
        for own in np.unique(shard[shard < self.n_own]):
            mine = order[shard[order] == own]
            path = f"{PHASES}/{self.phase.notes_from}/docs/{own:05d}.arrow"
            with self.folder.open(path) as file:
                for at, text in zip(mine, _texts_at(pa.ipc.open_file(file), row[mine]), strict=True):
                    found[at] = text
        return found

    @contextmanager
    def evidence(self, name: str, schema: pa.Schema) -> Iterator[EvidenceWriter]:
        family, _, rest = self.phase.emit.label.partition(".")
        _, _, number = rest.partition("#")
        path = f"{family}/{name}{f'-{number}' if number else ''}.parquet"
        with self.files.open(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
            evidence = EvidenceWriter(writer, schema)
            yield evidence
            evidence.close()

    def report(self, metrics: Mapping[str, Any]) -> None:
        self.told.update(metrics)

    def warn(self, message: str) -> None:
        self.warnings.append(f"{self.phase.emit.label}: {message}")


class EvidenceWriter:
    """Writes rows in row groups of one size, so that the file depends on the rows and nothing else."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema):
        self.writer, self.schema = writer, schema
        self._waiting = schema.empty_table()

    def write(self, rows: pa.RecordBatch) -> None:
        self._waiting = pa.concat_tables([self._waiting, pa.Table.from_batches([rows], self.schema)])
        while len(self._waiting) >= ROW_GROUP:
            self.writer.write_table(self._waiting.slice(0, ROW_GROUP).combine_chunks(), row_group_size=ROW_GROUP)
            self._waiting = self._waiting.slice(ROW_GROUP)

    def close(self) -> None:
        if len(self._waiting):
            self.writer.write_table(self._waiting.combine_chunks(), row_group_size=ROW_GROUP)


def _texts_at(reader: pa.ipc.RecordBatchFileReader, row: np.ndarray) -> Iterator[str | None]:
    """Yield the texts of some rows, ascending, opening each batch once."""
    i, first = 0, 0
    batch = reader.get_batch(0) if reader.num_record_batches else None
    for wanted in row.tolist():
        while wanted - first >= batch.num_rows:
            first += batch.num_rows
            i += 1
            batch = reader.get_batch(i)
        yield batch["text"][wanted - first].as_py()
