"""The end of a phase before a barrier: what it asks about each document, and about reference data, written down."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from curate.barrier import Barrier, Emitted
from curate.batch import Batch
from curate.engine.barriers import references, shuffle, sidecar
from curate.errors import StageError
from curate.plan import Phase
from curate.runs import RunFolder, TaskFiles


class Emitter:
    """Writes the facts and the notes of one task.

    Args:
        n_notes: shard -> how many documents there are notes about; filled as shards are closed.
    """

    def __init__(self, folder: RunFolder, phase: Phase, task: int, files: TaskFiles):
        self.folder, self.phase, self.task, self.files = folder, phase, task, files
        self.label = phase.emit.label
        self.barrier: Barrier = phase.emit.open(phase.modules)
        self.n_notes: dict[str, int] = {}
        first = self.barrier.reductions(phase.n_shards)[0]
        self._facts = shuffle.Writer(
            files.open(shuffle.shuffle_path(phase.folder, task)), first.partition, phase.n_facts, self.label
        )
        self._own = _Shard(self, task)

    def emit(self, batch: Batch) -> None:
        """Ask about a batch of the task's own documents."""
        self._own.write(self._checked(self.barrier.emit(batch), len(batch)), batch["id"])

    def close(self) -> None:
        """Ask about this task's part of the reference data, and write what is left."""
        self._own.close()
        for number, reference in references.of_task(self.folder, self.phase, self.task):
            shard = _Shard(self, number)
            for asked, ids in references.asked(self.folder, self.phase, reference, self.barrier):
                shard.write(self._checked(asked, len(ids)), ids)
            shard.close()
        self._facts.close()

    def _checked(self, asked: Emitted, n: int) -> Emitted:
        for what, rows in (("rows", asked.rows), ("notes", asked.sidecar)):
            is_free = what == "rows" and "row" in rows.schema.names
            if rows is not None and rows.num_rows != n and not is_free:
                raise StageError(f"{self.label} emitted {rows.num_rows} {what} for {n} documents; it must be one each")
        return asked


class _Shard:
    """The notes of one shard, and the place of its next document."""

    def __init__(self, emitter: Emitter, number: int):
        self.emitter, self.number, self.start = emitter, number, 0
        self._notes: sidecar.Writer | None = None

    def write(self, asked: Emitted, ids: pa.Array) -> None:
        self.emitter._facts.write(_placed(asked.rows, self.number, self.start))
        if asked.sidecar is not None:
            if self._notes is None:
                path = sidecar.sidecar_path(self.emitter.phase.folder, self.number)
                self._notes = sidecar.Writer(self.emitter.files.open(path))
            self._notes.write(
                pa.RecordBatch.from_arrays([ids, *asked.sidecar.columns], names=["id", *asked.sidecar.schema.names])
            )
        self.start += len(ids)

    def close(self) -> None:
        if self._notes:
            self._notes.close()
        self.emitter.n_notes[str(self.number)] = self.start


def _placed(rows: pa.RecordBatch, shard: int, start: int) -> pa.RecordBatch:
    """Add the place of the document that each row is about."""
    index = rows["row"].to_numpy() if "row" in rows.schema.names else np.arange(rows.num_rows, dtype=np.uint32)
    named = {name: rows[name] for name in rows.schema.names if name != "row"}
    named["shard"] = pa.array(np.full(rows.num_rows, shard, np.uint32))
    named["row"] = pa.array(index.astype(np.uint32) + np.uint32(start))
    return pa.RecordBatch.from_arrays(list(named.values()), names=list(named))
