"""One task of a reduce phase: its partition of the rows of every task before it, to rows for the next phase."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from curate import fingerprint
from curate.engine.barriers import shuffle
from curate.engine.barriers.reduce_context import TaskReduceContext
from curate.engine.tasks.former_results import FormerResults
from curate.engine.tasks.recorder import Clock
from curate.errors import StageError
from curate.ledger import Ledger
from curate.plan import ReducePhase
from curate.runs import Record, Role, RunFolder, TaskFiles
from curate.runs.layout import PhaseFolder
from curate.runs.records import need_record


def found_in(folder: RunFolder, phase: ReducePhase, task: int) -> str | None:
    """Return where the task's results are, as `FormerResults.find`; None if it has to run."""
    former = FormerResults(PhaseFolder(folder, phase.folder).task(task))
    return former.find(key(folder, phase, task)) if former else None


def key(folder: RunFolder, phase: ReducePhase, task: int, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what the task's results depend on; it reads no inputs, so nothing needs to be known of any."""
    return fingerprint.combine(phase.fingerprint, task, phase.n_partitions, _came_in(folder, phase))


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
        reductions = phase.barrier.construct(phase.modules).reductions(phase.n_shards)
        rows = shuffle.Reader(folder, phase.rows, task, phase.n_tasks)
        partition = _by_shard(label) if phase.is_last else reductions[phase.reduction + 1].partition
        writer = shuffle.Writer(files.open(place.shuffle), partition, phase.n_partitions, label)
        for made in reductions[phase.reduction].reduce(rows, context):
            writer.write(made)
        writer.close()
    ledger = Ledger()
    ledger.stage(label).seconds = clock.seconds[label]
    outputs = files.commit()
    notes = [*warnings, *former.notes, *files.warnings]
    record = Record(own_key, outputs, ledger.to_json(), metrics=context.metrics, warnings=context.warnings, notes=notes)
    folder.write_json(place.record, record.to_json(), place.parts)


def _by_shard(label: str) -> Callable[[pa.RecordBatch], np.ndarray]:
    """Return the partition after the last reduction: int64[n_rows], the shard of the document that each row is about."""

    def partition(rows: pa.RecordBatch) -> np.ndarray:
        missing = {"shard", "row"} - set(rows.schema.names)
        if missing:
            raise StageError(
                f"{label}: rows of the last reduction have no `{min(missing)}`; it says which document a result is about"
            )
        return rows["shard"].to_numpy().astype(np.int64)

    return partition


def _came_in(folder: RunFolder, phase: ReducePhase) -> list[str]:
    """Return the digests of what every task of the phase before wrote, and of the phase in which the barrier emitted."""
    digests = []
    for before, n_tasks in {phase.rows.phase: phase.rows.n_tasks, phase.emitted_in: phase.n_shards}.items():
        for task in range(n_tasks):
            record = need_record(PhaseFolder(folder, before).task(task))
            digests += [output.digest for output in record.outputs if output.role is Role.INTERMEDIATE]
    return digests
