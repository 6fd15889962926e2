"""What a reduction can access besides its rows: sidecars, texts, evidence files, metrics and warnings."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate.engine.barriers import sidecar, upstream
from curate.errors import StageError
from curate.plan import ReducePhase
from curate.runs import Role, RunFolder, TaskFiles, arrow_files
from curate.runs.arrow_files import ArrowReader
from curate.runs.layout import PhaseFolder, evidence_file

ROW_GROUP = 1 << 16
"""Rows in a row group of an evidence file."""


class TaskReduceContext:
    """The `barrier.ReduceContext` of one reduce task. What it reads was written by the phase in which the barrier emitted."""

    def __init__(self, folder: RunFolder, phase: ReducePhase, files: TaskFiles):
        self.label, self.files = phase.barrier.label, files
        self.emitted_in, self.counted_in = PhaseFolder(folder, phase.emitted_in), phase.counted_in
        self.n_own = phase.n_shards
        self.metrics: dict[str, Any] = {}
        self.warnings: dict[str, str] = {}
        self._sidecars = sidecar.Reader(folder, phase.emitted_in, phase.n_shards)

    @cached_property
    def n_docs(self) -> np.ndarray:
        """int64[n]: documents of each shard, those of reference data included."""
        sizes: dict[int, int] = {}
        for record in upstream.records(self.emitted_in.run, self.counted_in.phase, range(self.counted_in.n_tasks)):
            sizes.update({int(shard): n for shard, n in record.docs_of_shard.items()})
        return np.array([sizes[shard] for shard in range(len(sizes))], np.int64)

    def lookup(self, columns: Sequence[str], shard: np.ndarray, row: np.ndarray) -> pa.RecordBatch:
        return self._sidecars.lookup(columns, shard, row)

    def sidecar(self, shard: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        return self._sidecars.read(shard, columns)

    def texts(self, shard: np.ndarray, row: np.ndarray) -> list[str | None]:
        found: list[str | None] = [None] * len(shard)
        order = np.lexsort((row, shard))
        for own in np.unique(shard[shard < self.n_own]):
            mine = order[shard[order] == own]
            place = self.emitted_in.task(own)
            with contextlib.closing(arrow_files.open_file(place, place.docs)) as reader:
                for at, text in zip(mine, _texts_at(reader, row[mine]), strict=True):
                    found[at] = text
        return found

    @contextlib.contextmanager
    def evidence(self, name: str, schema: pa.Schema) -> Iterator[EvidenceWriter]:
        path = evidence_file(self.label, name)
        with (
            self.files.open(path, Role.EVIDENCE) as file,
            pq.ParquetWriter(file, schema, compression="zstd") as writer,
        ):
            evidence = EvidenceWriter(writer, schema)
            yield evidence
            evidence.close()

    def report(self, metrics: Mapping[str, Any]) -> None:
        try:
            json.dumps(metrics, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise StageError(
                f"{self.label}: metrics must be plain JSON values, no NaN and no NumPy types: {error}"
            ) from None
        self.metrics = added(self.metrics, metrics)

    def warn(self, message: str) -> None:
        self.warnings[f"{self.label}: {message}"] = ""


def added(one: Any, other: Any) -> Any:
    """Return two values of a metric as one: numbers are added, mappings key by key; of other values the later."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {name: added(one.get(name), other[name]) if name in other else one[name] for name in {**one, **other}}
    are_numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (one, other))
    return one + other if are_numbers else other


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


def _texts_at(reader: ArrowReader, row: np.ndarray) -> Iterator[str | None]:
    """Yield the texts of some rows, ascending, opening each batch once."""
    batches, first = reader.batches(), 0
    batch = next(batches)
    for wanted in row.tolist():
        while wanted - first >= batch.num_rows:
            first += batch.num_rows
            batch = next(batches)
        yield batch["text"][wanted - first].as_py()
