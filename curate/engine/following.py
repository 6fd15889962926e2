"""How far a run is whose tasks run elsewhere: from the records that tasks leave, and from what the executor says of its jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from curate.engine import submitting
from curate.errors import RunError, SpecError
from curate.executor import PREPARE, JobStatus
from curate.plan import phases
from curate.runs import RunFolder, jobs, layout, reading
from curate.runs.jobs import SubmittedJobs
from curate.runs.layout import PhaseFolder, phase_title

SECONDS = 5.0
"""How often a run is looked at while it is followed."""


class State(StrEnum):
    """Of a phase."""

    DONE = "done"
    RUNNING = "running"
    WAITING = "waiting"
    FAILED = "failed or cancelled"
    NOT_STARTED = "not started"


@dataclass(frozen=True, slots=True)
class PhaseProgress:
    """How far a phase is.

    Args:
        folder: of the phase; `executor.PREPARE` and "finish" for the steps around the phases.
        n_tasks, n_done: of its tasks, and how many left a record.
        jobs: what the executor says of its job; None if there is none, or nobody was asked.
        docs_read: about how many documents its running tasks have read.
        seconds: between the first and the last record; None with fewer than two.
        missing: tasks without a record, of a phase that failed.
    """

    folder: str
    n_tasks: int
    n_done: int
    state: State
    job_id: str = ""
    jobs: JobStatus | None = None
    docs_read: int = 0
    seconds: float | None = None
    missing: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        return phase_title(self.folder) if self.folder not in (PREPARE, submitting.FINISH) else self.folder

    @property
    def seconds_left(self) -> float | None:
        """About how long the rest of the tasks takes, at the rate of those that are done."""
        if not self.seconds or self.n_done < 2 or self.state is not State.RUNNING:
            return None
        return self.seconds / (self.n_done - 1) * (self.n_tasks - self.n_done)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Args:
        state: the state of the whole run.
        problem: why the executor did not say how far its jobs are; empty if it did, or if no jobs were submitted.
    """

    url: str
    state: State
    phases: tuple[PhaseProgress, ...]
    problem: str = ""

    @property
    def failed(self) -> PhaseProgress | None:
        """The first phase of which tasks failed."""
        return next((phase for phase in self.phases if phase.state is State.FAILED), None)

    def to_json(self) -> dict[str, Any]:
        described = [
            {"phase": each.folder, "title": each.title, "state": each.state, "tasks": each.n_tasks, "done": each.n_done,
             "job": each.job_id, "running": each.jobs.n_running if each.jobs else None,
             "waiting": each.jobs.n_waiting if each.jobs else None, "documents_read": each.docs_read,
             "seconds_left": each.seconds_left, "missing": list(each.missing) if each.state is State.FAILED else []}
            for each in self.phases
        ]  # fmt: skip
        return {"run": self.url, "state": self.state, "problem": self.problem, "phases": described}


def look(url: str) -> Progress:
    """Return how far a run is.

    Raises:
        SpecError: the folder is not a run folder. InputError: the plan of the run is damaged.
    """
    folder = RunFolder(url)
    if not folder.is_file(layout.RUN):
        raise SpecError(
            f"{url}: expected a run folder, found no {layout.RUN} in it.  Name the folder that you gave to `curate run -o`."
        )
    sizes = _sizes(folder)
    is_finished, known = folder.is_file(layout.MANIFEST), jobs.read(folder)
    statuses, problem = ({}, "") if known is None or is_finished else _asked(known)
    found: list[PhaseProgress] = []
    for name, n_tasks in sizes.items():
        before = found[-1].state if found else State.DONE
        job = known.of_phase(name) if known else None
        if name == PREPARE and job is None:
            continue
        n_done = n_tasks if is_finished else PhaseFolder(folder, name).n_done()
        state = _state(n_tasks, n_done, statuses.get(name), may_have_begun=before is State.DONE)
        found.append(_progress(folder, name, n_tasks, n_done, state, job.job_id if job else "", statuses.get(name)))
    return Progress(url, _whole(found, is_finished), tuple(found), problem)


def _sizes(folder: RunFolder) -> dict[str, int]:
    """Return how many tasks each step of a run has, in their order."""
    described = reading.read_json(folder, layout.PLAN, {"phases": [{"folder": str}]})["phases"]
    with reading.whole(folder, layout.PLAN):
        planned = {each.folder: each.n_tasks for each in map(phases.from_json, described)}
    return {PREPARE: 1, **planned, submitting.FINISH: 1}


def _state(n_tasks: int, n_done: int, status: JobStatus | None, *, may_have_begun: bool) -> State:
    if n_done >= n_tasks:
        return State.DONE
    if status and (status.n_running or (status.n_waiting and n_done)):
        return State.RUNNING
    if status and status.n_waiting:
        return State.WAITING
    return State.FAILED if may_have_begun and status else State.NOT_STARTED


def _progress(
    folder: RunFolder, name: str, n_tasks: int, n_done: int, state: State, job_id: str, status: JobStatus | None
) -> PhaseProgress:
    found, place = PhaseProgress(name, n_tasks, n_done, state, job_id, status), PhaseFolder(folder, name)
    if state is State.RUNNING:
        return replace(found, docs_read=place.docs_read(), seconds=_seconds(place))
    if state is State.FAILED:
        return replace(found, missing=tuple(sorted({*range(n_tasks)} - {*place.tasks_done()})))
    return found


def _whole(found: Sequence[PhaseProgress], is_finished: bool) -> State:
    if is_finished:
        return State.DONE
    states = {phase.state for phase in found}
    order = (State.RUNNING, State.FAILED, State.WAITING)
    return next((state for state in order if state in states), State.NOT_STARTED)


def _asked(known: SubmittedJobs) -> tuple[dict[str, JobStatus], str]:
    """Return what the executor says of the jobs by phase, and why it could not be asked."""
    try:
        launcher = submitting.launcher_of(known)
        return {job.phase: launcher.status(job.job_id) for job in known.jobs}, ""
    except Exception as error:  # an executor of a user may fail in any way
        return {}, str(error) or type(error).__name__


def _seconds(place: PhaseFolder) -> float | None:
    """Return the time between the first and the last record of a phase's tasks."""
    times = place.run.times(f"{place.path}/done")
    return max(times) - min(times) if len(times) > 1 else None


def wait(url: str, seen: Callable[[Progress, Progress | None], None], seconds: float = SECONDS) -> None:
    """Wait until a run is finished.

    Args:
        seen: is given each look at it, with the one before it.

    Raises:
        RunError: tasks failed, or its jobs were cancelled.
    """
    before = None
    while True:
        found = look(url)
        seen(found, before)
        before = found
        if found.state is State.DONE:
            return
        if found.state in (State.FAILED, State.NOT_STARTED):
            raise RunError(failure(found))
        time.sleep(seconds)


def failure(found: Progress) -> str:
    """Return what failed, and what to do next, as a message."""
    phase = found.failed
    if phase is None:
        return f"{found.url}: no job of the run waits or runs{f' ({found.problem})' if found.problem else ''}.  Run again: finished tasks are kept."
    which = ", ".join(map(str, phase.missing[:5])) + (", ..." if len(phase.missing) > 5 else "")
    tasks = f"{phase.n_tasks - phase.n_done:,} of {phase.n_tasks:,} tasks of {phase.title} failed or were cancelled (task {which})"
    return f"{found.url}: {tasks}.  `curate logs {found.url}` prints why.  Run again: finished tasks are kept."
