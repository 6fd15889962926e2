"""One task of a reduce phase: its part of the facts of every task before it, to the facts of the next phase."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from curate import fingerprint
from curate.engine import facts
from curate.engine.books import Clock
from curate.errors import RunError, StageError
from curate.ledger import Ledger
from curate.plan import Phase
from curate.runs import Record, RunFolder, TaskFiles, is_valid, read_record, record_path
from curate.stage import Reduction


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
    label = phase.emit.label
    with clock.of(label):
        reductions = phase.emit.open(phase.modules).reductions(phase.n_shards)
        came = facts.read(folder, phase.facts_from, phase.n_facts_from, task)
        rows = facts.joined(reductions[phase.reduction].reduce(came), label)
        file = files.open(facts.facts_path(phase.folder, task))
        facts.write(file, rows, part_of(reductions, phase.reduction + 1, rows, label), phase.n_facts)
    ledger = Ledger()
    ledger.stage(label).seconds = clock.seconds[label]
    outputs = files.commit()
    folder.write_json(record_path(phase.folder, task), Record(key, outputs, ledger.to_json()).to_json())


def part_of(reductions: tuple[Reduction, ...], k: int, rows: pa.RecordBatch, label: str) -> np.ndarray:
    """Return int64[n_rows]: the task of the next phase for each row; after the last reduction, its shard."""
    if k < len(reductions):
        return np.asarray(reductions[k].partition(rows), np.int64)
    missing = {"shard", "row"} - set(rows.schema.names)
    if missing:
        raise StageError(
            f"{label}: rows of the last reduction have no `{min(missing)}`; it says which document a fact is about"
        )
    return rows["shard"].to_numpy().astype(np.int64)


def _key(folder: RunFolder, phase: Phase, task: int) -> str:
    return fingerprint.combine(phase.fingerprint, task, phase.n_facts, _came_in(folder, phase))


def _came_in(folder: RunFolder, phase: Phase) -> list[str]:
    """Return the digests of every facts file of the phase before."""
    digests = []
    for task in range(phase.n_facts_from):
        record = read_record(folder, phase.facts_from, task)
        if record is None:
            raise RunError(
                f"task {task} of {phase.facts_from} has no record, but {phase.folder} needs its facts; run again."
            )
        digests += [o.digest for o in record.outputs if o.path == facts.facts_path(phase.facts_from, task)]
    return digests
