"""Write what a barrier emits about the documents of a task, and about reference data: shuffled rows and sidecars."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa

from curate.barrier import Barrier, Emitted
from curate.batch import Batch
from curate.engine.barriers import references, shuffle, sidecar
from curate.errors import StageError
from curate.plan import MapPhase
from curate.runs import RunFolder, TaskFiles
from curate.runs.layout import PhaseFolder


class Emitter:
    """Writes the shuffled rows and the sidecars of one task. The barrier is set up here, and closed with it.

    Args:
        docs_of_shard: shard -> how many documents it has; filled as shards are closed.
        counts, warnings: what the barrier counted among the task's own documents, and warned of.
    """

    def __init__(self, folder: RunFolder, phase: MapPhase, task: int, files: TaskFiles):
        self.folder, self.phase, self.task, self.files = folder, phase, task, files
        self.place = PhaseFolder(folder, phase.folder)
        self.label = phase.emit.barrier.label
        self.barrier: Barrier = phase.emit.barrier.construct(phase.modules)
        self.barrier.setup()
        self.docs_of_shard: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        self.warnings: dict[str, str] = {}
        n_parts = phase.emit.n_parts
        first = self.barrier.reductions(phase.emit.reductions_for)[0]
        part_of = first.partition if n_parts == first.n_parts else shuffle.to_one_part  # a merge phase divides them
        file = files.open(self.place.task(task).shuffle)
        self.rows = shuffle.Writer(file, part_of, n_parts, self.label)
        self._own = _Shard(self, task)

    def emit(self, batch: Batch) -> None:
        """Emit about a batch of the task's own documents."""
        emitted = self._checked(self.barrier.emit(batch), len(batch))
        self._own.write(emitted, batch["id"])
        self.counts.update(emitted.counts)
        for message, example in emitted.warnings.items():
            self.warnings.setdefault(f"{self.label}: {message}", example)

    def close(self) -> None:
        """Emit about this task's part of the reference data, and write what is left."""
        self._own.close()
        for number, reference in references.of_task(self.folder, self.phase, self.task):
            shard = _Shard(self, number)
            for emitted, ids in references.emitted(self.folder, self.phase, reference, self.barrier):
                shard.write(self._checked(emitted, len(ids)), ids)
            shard.close()
        self.rows.close()
        self.barrier.close()

    def _checked(self, emitted: Emitted, n: int) -> Emitted:
        if not isinstance(emitted, Emitted):
            raise StageError(f"{self.label}: `emit` returned {type(emitted).__name__}, not Emitted")
        if "row" in emitted.rows.schema.names and emitted.rows.num_rows:
            last = int(emitted.rows["row"].to_numpy().max())
            if last >= n:
                raise StageError(f"{self.label} emitted about row {last} of a batch of {n} documents")
        for what, rows in (("rows", emitted.rows), ("sidecar rows", emitted.sidecar)):
            is_free = what == "rows" and "row" in rows.schema.names
            if rows is not None and rows.num_rows != n and not is_free:
                raise StageError(f"{self.label} emitted {rows.num_rows} {what} for {n} documents; it must be one each")
        return emitted


class _Shard:
    """The sidecar of one shard, and the row of its next document."""

    def __init__(self, emitter: Emitter, number: int):
        self.emitter, self.number, self.start = emitter, number, 0
        self._sidecar: sidecar.Writer | None = None

    def write(self, emitted: Emitted, ids: pa.Array) -> None:
        self.emitter.rows.write(_placed(emitted.rows, self.number, self.start))
        if emitted.sidecar is not None or self.emitter.barrier.names_kept_copies:
            names, stored = ([], []) if (own := emitted.sidecar) is None else (own.schema.names, own.columns)
            self._write_sidecar(pa.RecordBatch.from_arrays([ids, *stored], names=["id", *names]))
        self.start += len(ids)

    def _write_sidecar(self, rows: pa.RecordBatch) -> None:
        if self._sidecar is None:
            self._sidecar = sidecar.Writer(self.emitter.files.open(self.emitter.place.sidecar(self.number)))
        self._sidecar.write(rows)

    def close(self) -> None:
        if self._sidecar:
            self._sidecar.close()
        self.emitter.docs_of_shard[str(self.number)] = self.start


def _placed(rows: pa.RecordBatch, shard: int, start: int) -> pa.RecordBatch:
    """Add the place of the document that each row is about."""
    index = rows["row"].to_numpy() if "row" in rows.schema.names else np.arange(rows.num_rows, dtype=np.uint32)
    named = {name: rows[name] for name in rows.schema.names if name != "row"}
    named["shard"] = pa.array(np.full(rows.num_rows, shard, np.uint32))
    named["row"] = pa.array(index.astype(np.uint32) + np.uint32(start))
    return pa.RecordBatch.from_arrays(list(named.values()), names=list(named))
