"""What a worker does: one task of a job. Everything it needs to know is in the run folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from curate import extensions, fingerprint
from curate.engine import compiling, finish, warm_up
from curate.engine.tasks import map_task, merge_task, reduce_task, write_task
from curate.engine.tasks.former_results import HERE
from curate.errors import CurateError, InputError, RunError
from curate.executor import PREPARE
from curate.plan import AnyPhase, MapPhase, MergePhase, ReducePhase, WritePhase, fingerprints, phases
from curate.runs import RunFolder, layout, reading
from curate.runs.arrow_files import DamagedFile
from curate.runs.layout import PhaseFolder

TASKS = {MapPhase: map_task, MergePhase: merge_task, ReducePhase: reduce_task, WritePhase: write_task}
"""The module that does the tasks of each kind of phase."""


AT_ONCE = 8
"""Tasks of which is asked at the same time whether they are done: an object store answers slowly."""


def run_task(run_url: str, phase: str | None, task: int) -> None:
    """Do one task of a job, unless it is done.

    Args:
        phase: as `Job.phase`.

    Raises:
        InputError: an input is wrong. RunError: anything else failed; the message names the phase, the task and its log.
    """
    folder = RunFolder(run_url)
    if phase == PREPARE:
        _prepare(folder)
        return
    if phase is None:
        _repairing(folder, lambda warnings: finish.finish(folder, warnings))
        return
    found = _read_phase(folder, phase)
    extensions.import_from(found.import_from)
    try:
        _check_code(found)
        _check_files(found)
        _do(folder, found, task)
        try:
            _check_files(found)
        except InputError:
            folder.remove(PhaseFolder(folder, phase).task(task).record)
            raise
    except (Exception, SystemExit) as error:
        what = str(error) if isinstance(error, CurateError) else f"{type(error).__name__}: {error}"
        where = f"phase {phase}, task {task}: {what}"
        if isinstance(error, InputError):
            raise InputError(where) from error
        log = folder.path(PhaseFolder(folder, phase).task(task).log)
        raise RunError(f"{where}\n  The traceback is in {log}.  Finished tasks are kept.") from error


def _prepare(folder: RunFolder) -> None:
    """Compile the kernels of a run for the processor of this machine.

    Raises:
        RunError: this machine does not see the run folder.
    """
    if not folder.is_file(layout.PLAN):
        raise RunError(
            f"{os.uname().nodename} does not see {folder.path(layout.PLAN)}, which was written where the run was started.  Choose an "
            "--output on storage that all nodes share."
        )
    found = reading.read_json(folder, layout.PLAN, {"phases": [{"folder": str}]})["phases"]
    with reading.whole(folder, layout.PLAN):
        all_phases = [phases.from_json(described) for described in found]
    extensions.import_from(all_phases[0].import_from)
    compiling.compile(warm_up.waiting(all_phases))
    place = PhaseFolder(folder, PREPARE).task(0)
    folder.write_json(place.record, {"node": os.uname().nodename}, place.parts)


def _do(folder: RunFolder, phase: AnyPhase, task: int) -> None:
    _repairing(folder, lambda warnings: TASKS[type(phase)].run(folder, phase, task, warnings))


def _repairing(folder: RunFolder, work: Callable[[Sequence[str]], None]) -> None:
    """Do something; if it finds a damaged intermediate file, do first the task that wrote the file again.

    Args:
        work: gets what has to be said about this.
    """
    warnings: list[str] = []
    repaired: set[str] = set()
    while True:
        try:
            work(warnings)
            return
        except DamagedFile as damage:
            if damage.path in repaired:
                raise
            repaired.add(damage.path)
            folder.remove(damage.place.record)
            _do(folder, _read_phase(folder, damage.place.phase), damage.place.number)
            warnings.append(f"{damage.path} was missing or damaged ({damage.problem}); it was made again.")


@dataclass(slots=True)
class Pending:
    """What is left of a phase.

    Args:
        tasks: that have to run.
        taken_over: how many tasks' results were taken over just now from each neighbouring run folder.
    """

    tasks: list[int] = field(default_factory=list)
    taken_over: Counter[str] = field(default_factory=Counter)


def pending(folder: RunFolder, phase: AnyPhase) -> Pending:
    """Return what is left of a phase, after taking over what neighbouring run folders have of it."""
    left = Pending()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found_in = list(pool.map(partial(_found_in, folder, phase), range(phase.n_tasks)))
    for task, found in enumerate(found_in):
        if found is None:
            left.tasks.append(task)
        elif found != HERE:
            left.taken_over[found] += 1
    return left


def _found_in(folder: RunFolder, phase: AnyPhase, task: int) -> str | None:
    try:
        return TASKS[type(phase)].found_in(folder, phase, task)
    except DamagedFile:  # the task will have it made again
        return None


def _check_code(phase: AnyPhase) -> None:
    """Make sure that this process runs the code that the plan was made with: results are recorded under its digest."""
    if changed := fingerprint.changed(phase.users_code):
        raise RunError(
            f"{', '.join(changed)} changed after the run was planned, or is another file on this machine.  "
            "Run again, so that the plan is made with the code that runs."
        )


def _check_files(phase: AnyPhase) -> None:
    """Make sure that the files that parameters name are those that the plan was made with, as `_check_code`."""
    now = fingerprints.files(phase) if phase.files else {}
    changed = [name for name, mark in phase.files.items() if now.get(name) != mark]
    if changed:
        raise InputError(
            f"{', '.join(changed)} changed after the run was planned, so this task kept nothing.  Run again."
        )


def _read_phase(folder: RunFolder, name: str) -> AnyPhase:
    for described in reading.read_json(folder, layout.PLAN, {"phases": [{"folder": str}]})["phases"]:
        if described["folder"] == name:
            with reading.whole(folder, layout.PLAN):
                return phases.from_json(described)
    raise RunError(
        f"{folder.url} has no phase {name} in its plan any more: another run has begun in this folder.  "
        "Give each recipe a folder of its own with --output."
    )
