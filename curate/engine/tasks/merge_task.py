"""One task of a merge phase: the rows of a barrier that are about some shards, from several files into one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from curate.engine.barriers import shuffle, upstream
from curate.engine.tasks.former_results import FormerResults
from curate.engine.tasks.recorder import Clock
from curate.ledger import Ledger
from curate.plan import MergePhase
from curate.runs import Record, RunFolder, TaskFiles
from curate.runs.layout import PhaseFolder

ROUND_BYTES = 128 << 20
"""How many bytes of rows are gathered before they are divided and written: more than of a map task, for longer stretches."""


def found_in(folder: RunFolder, phase: MergePhase, task: int) -> str | None:
    """Return where the task's results are, as `FormerResults.find`; None if it has to run."""
    former = FormerResults(PhaseFolder(folder, phase.folder).task(task))
    return former.find(key(folder, phase, task)) if former else None


def key(folder: RunFolder, phase: MergePhase, task: int, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what the task's results depend on; it reads no inputs, so nothing needs to be known of any."""
    return upstream.key(phase, task, upstream.records(folder, phase.rows.phase, _tasks(phase, task)))


def run(folder: RunFolder, phase: MergePhase, task: int, warnings: Sequence[str] = ()) -> None:
    """Do the task, unless it is done; arguments and errors as those of `map_task.run`."""
    place = PhaseFolder(folder, phase.folder).task(task)
    former = FormerResults(place)
    records = upstream.records(folder, phase.rows.phase, _tasks(phase, task))
    own_key = upstream.key(phase, task, records)
    if former.find(own_key) is not None:
        return
    folder.remove(place.record)
    files, clock, label = TaskFiles(place), Clock(), phase.barrier.label
    with clock.of(label):
        part = 0 if phase.is_before else task
        rows = shuffle.Reader(folder, phase.rows.phase, _tasks(phase, task), range(part, part + 1))
        writer = shuffle.Writer(files.open(place.shuffle), _partition(phase), phase.into, label, ROUND_BYTES)
        for batch in rows:
            writer.write(batch)
        writer.close()
    ledger = Ledger()
    ledger.stage(label).seconds = clock.seconds[label]
    counted = {shard: n for record in records for shard, n in record.docs_of_shard.items()} if phase.is_before else {}
    outputs = files.commit()
    notes = [*warnings, *former.notes, *files.warnings]
    record = Record(own_key, outputs, ledger.to_json(), docs_of_shard=counted, notes=notes)
    folder.write_json(place.record, record.to_json(), place.parts)


def _tasks(phase: MergePhase, task: int) -> range:
    """Return the tasks of the phase before whose files are read."""
    return phase.shards_of(task) if phase.is_before else range(phase.rows.n_tasks)


def _partition(phase: MergePhase) -> Callable[[pa.RecordBatch], np.ndarray]:
    """Return the function from rows to parts: that of the first reduction, or the shard within its group."""
    if phase.is_before:
        return phase.barrier.construct(phase.modules).reductions(phase.reductions_for)[0].partition
    return lambda rows: rows["shard"].to_numpy().astype(np.int64) % phase.shards_per_task
