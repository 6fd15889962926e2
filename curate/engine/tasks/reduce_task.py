"""One task of a reduce phase: its parts of the rows of every task before it, to rows for the next phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from curate.engine.barriers import shuffle, upstream
from curate.engine.barriers.reduce_context import TaskReduceContext
from curate.engine.tasks.former_results import FormerResults
from curate.engine.tasks.recorder import Clock
from curate.errors import StageError
from curate.ledger import Ledger
from curate.plan import ReducePhase
from curate.runs import Record, RunFolder, TaskFiles
from curate.runs.layout import PhaseFolder


def found_in(folder: RunFolder, phase: ReducePhase, task: int) -> str | None:
    """Return where the task's results are, as `FormerResults.find`; None if it has to run."""
    former = FormerResults(PhaseFolder(folder, phase.folder).task(task))
    return former.find(key(folder, phase, task)) if former else None


def key(folder: RunFolder, phase: ReducePhase, task: int, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what the task's results depend on; it reads no inputs, so nothing needs to be known of any."""
    return upstream.key(phase, task, upstream.records(folder, phase.rows.phase, range(phase.rows.n_tasks)))


def run(folder: RunFolder, phase: ReducePhase, task: int, warnings: Sequence[str] = ()) -> None:
    """Do the task, unless it is done; arguments and errors as those of `map_task.run`."""
    place = PhaseFolder(folder, phase.folder).task(task)
    former, own_key = FormerResults(place), key(folder, phase, task)
    if former.find(own_key) is not None:
        return
    folder.remove(place.record)
    files, clock, label = TaskFiles(place), Clock(), phase.barrier.label
    context = TaskReduceContext(folder, phase, files)
    with clock.of(label):
        reductions = phase.barrier.construct(phase.modules).reductions(phase.reductions_for)
        rows = shuffle.Reader(folder, phase.rows.phase, range(phase.rows.n_tasks), phase.parts_of(task))
        partition = _by_shard(phase) if phase.is_last else reductions[phase.reduction + 1].partition
        writer = shuffle.Writer(files.open(place.shuffle), partition, phase.into, label)
        for piece in rows.pieces():
            for made in reductions[phase.reduction].reduce(piece, context):
                writer.write(made)
        writer.close()
    ledger = Ledger()
    ledger.stage(label).seconds = clock.seconds[label]
    outputs = files.commit()
    notes = [*warnings, *former.notes, *files.warnings]
    record = Record(own_key, outputs, ledger.to_json(), metrics=context.metrics, warnings=context.warnings, notes=notes)
    folder.write_json(place.record, record.to_json(), place.parts)


def _by_shard(phase: ReducePhase) -> Callable[[pa.RecordBatch], np.ndarray]:
    """Return the partition after the last reduction: int64[n_rows], by the shard of the document that each row is about."""

    def partition(rows: pa.RecordBatch) -> np.ndarray:
        missing = {"shard", "row"} - set(rows.schema.names)
        if missing:
            raise StageError(
                f"{phase.barrier.label}: rows of the last reduction have no `{min(missing)}`; it says which document a result "
                "is about"
            )
        return rows["shard"].to_numpy().astype(np.int64) // phase.shards_per_part

    return partition
