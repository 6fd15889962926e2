"""One task of a reduce phase: its part of the facts of every task before it, to the facts of the next phase."""

from __future__ import annotations

from functools import partial

import numpy as np
import pyarrow as pa

from curate import fingerprint
from curate.barrier import Reduction
from curate.engine.barriers import shuffle
from curate.engine.barriers.reduce_context import TaskReduceContext
from curate.engine.tasks.recorder import Clock
from curate.errors import RunError, StageError
from curate.ledger import Ledger
from curate.plan import Phase
from curate.runs import PHASES, Record, RunFolder, TaskFiles, is_valid, read_record, record_path


def is_done(folder: RunFolder, phase: Phase, task: int) -> bool:
    """Say whether nothing the task depends on, and nothing it wrote, has changed since it was done."""
    return is_valid(folder, read_record(folder, phase.folder, task), _key(folder, phase, task))


def run(folder: RunFolder, phase: Phase, task: int) -> None:
    """Do the task, unless it is done."""
    key = _key(folder, phase, task)
    if is_valid(folder, read_record(folder, phase.folder, task), key):
        return
    folder.remove(record_path(phase.folder, task))
    files, clock = TaskFiles(folder), Clock()
    label, context = phase.emit.label, TaskReduceContext(folder, phase, files)
    with clock.of(label):
        reductions = phase.emit.open(phase.modules).reductions(phase.n_shards)
        came = shuffle.Reader(folder, phase.facts_from, phase.n_facts_from, task, phase.n_tasks)
        part_of = partial(_part_of, reductions, phase.reduction + 1, label)
        writer = shuffle.Writer(files.open(shuffle.shuffle_path(phase.folder, task)), part_of, phase.n_facts, label)
        for rows in reductions[phase.reduction].reduce(came, context):
            writer.write(rows)
        writer.close()
    ledger = Ledger()
    ledger.stage(label).seconds = clock.seconds[label]
    outputs = files.commit()
    record = Record(key, outputs, ledger.to_json(), told=context.told, warnings=context.warnings)
    folder.write_json(record_path(phase.folder, task), record.to_json())


def _part_of(reductions: tuple[Reduction, ...], k: int, label: str, rows: pa.RecordBatch) -> np.ndarray:
    """Return int64[n_rows]: the task of the next phase for each row; after the last reduction, its shard."""
    if k < len(reductions):
        return reductions[k].partition(rows)
    missing = {"shard", "row"} - set(rows.schema.names)
    if missing:
        raise StageError(
            f"{label}: rows of the last reduction have no `{min(missing)}`; it says which document a fact is about"
        )
    return rows["shard"].to_numpy().astype(np.int64)


def _key(folder: RunFolder, phase: Phase, task: int) -> str:
    return fingerprint.combine(phase.fingerprint, task, phase.n_facts, _came_in(folder, phase))


def _came_in(folder: RunFolder, phase: Phase) -> list[str]:
    """Return the digests of every facts file of the phase before, and of what the phase that asked wrote."""
    digests = []
    for before, n_tasks in {phase.facts_from: phase.n_facts_from, phase.notes_from: phase.n_shards}.items():
        for task in range(n_tasks):
            record = read_record(folder, before, task)
            if record is None:
                raise RunError(f"task {task} of {before} has no record, but {phase.folder} needs it; run again.")
            digests += [o.digest for o in record.outputs if o.path.startswith(f"{PHASES}/")]
    return digests
