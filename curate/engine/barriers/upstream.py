"""What a task that reads the rows of other tasks depends on: their keys, and the digests of what they wrote.

The key of a task covers those of the tasks before it, and so on up to the phase in which the barrier emitted. The digests say
in addition what a stage made that does not always make the same of the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from curate import fingerprint
from curate.plan import MergePhase, ReducePhase
from curate.runs import Record, Role, RunFolder
from curate.runs.layout import PhaseFolder
from curate.runs.records import need_record


def records(folder: RunFolder, phase: str, tasks: Iterable[int]) -> list[Record]:
    """Return the records of some tasks of a phase, which must have finished.

    Raises:
        RunError: one has none.
    """
    return [need_record(PhaseFolder(folder, phase).task(task)) for task in tasks]


def key(phase: MergePhase | ReducePhase, task: int, before: Sequence[Record]) -> str:
    """Return what a task's results depend on.

    Args:
        before: the records of the tasks whose rows it reads.
    """
    made = [
        [record.key, *(output.digest for output in record.outputs if output.role is Role.INTERMEDIATE)]
        for record in before
    ]
    return fingerprint.combine(phase.fingerprint, task, phase.into, made)
