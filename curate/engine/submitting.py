"""Submitting all jobs of a run to an executor that runs them later, and asking it about them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from curate import extensions, registry
from curate.errors import RunError, SpecError
from curate.executor import PREPARE, Job, Launcher
from curate.plan import AnyPhase, Plan
from curate.runs import RunFolder, jobs, layout
from curate.runs.jobs import SubmittedJob, SubmittedJobs
from curate.runs.layout import PhaseFolder

FINISH = "finish"
"""What the last job is called, where others have a phase."""


def submit(folder: RunFolder, planned: Plan, launcher: Launcher, said: Callable[[AnyPhase, str], None]) -> None:
    """Submit all jobs of a run, each after the one before it.

    Which tasks have something to do is known only when those before have run, so all tasks are submitted.

    Args:
        said: is given each phase with the id of its job.

    Raises:
        RunError: a job was refused; those before it are cancelled.
    """
    spec, last = planned.spec, planned.phases[-1]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    known = SubmittedJobs(spec.executor.executor.name, spec.executor.params, spec.modules, last.import_from, now)
    known.write(folder)
    folder.remove(PhaseFolder(folder, PREPARE).task(0).record)
    before = None
    try:
        if launcher.compiles_kernels:
            before = _submit(
                folder, known, launcher, Job(folder.url, PREPARE, (0,), 1, import_from=last.import_from), None
            )
        for phase in planned.phases:
            tasks = tuple(range(phase.n_tasks))
            job = Job(folder.url, phase.folder, tasks, phase.n_tasks, phase.resources, phase.import_from)
            before = _submit(folder, known, launcher, job, before)
            said(phase, before)
        _submit(folder, known, launcher, Job(folder.url, None, (0,), 1, import_from=last.import_from), before)
    except BaseException:
        for job in reversed(known.jobs):
            launcher.cancel(job.job_id)
        raise


def _submit(folder: RunFolder, known: SubmittedJobs, launcher: Launcher, job: Job, before: str | None) -> str:
    job_id = launcher.submit(job, before)
    known.jobs.append(SubmittedJob(job.phase or FINISH, job_id, len(job.tasks)))
    known.write(folder)
    return job_id


def launcher_of(known: SubmittedJobs) -> Launcher:
    """Return the launcher that submitted some jobs, to ask it about them.

    Raises:
        SpecError, StageError: the executor is not there any more, or has other parameters.
    """
    extensions.import_from(known.import_from)
    executor = registry.find_executor(known.executor, known.modules)
    params: dict[str, Any] = {
        name: executor.params[name].convert(value) for name, value in known.params.items() if name in executor.params
    }
    return executor.target(**params)


def check_idle(folder: RunFolder) -> None:
    """Make sure that no job of a former launch of a run waits or runs.

    Raises:
        RunError: one does, or nobody knows.
    """
    known = jobs.read(folder)
    if known is None or folder.is_file(layout.MANIFEST):
        return
    try:
        launcher = launcher_of(known)
        active = [job for job in known.jobs if (s := launcher.status(job.job_id)).n_waiting or s.n_running]
    except Exception as error:  # an executor of a user may fail in any way
        raise RunError(
            f"{folder.url}: jobs of this run were submitted to {known.executor} on {known.submitted}, and whether they still run is "
            f"not known: {error}.  Make sure that they do not, and remove {folder.path(layout.JOBS)}."
        ) from error
    if active:
        raise RunError(
            f"{folder.url}: {len(active)} jobs of this run wait or run, submitted to {known.executor} on {known.submitted}.  "
            f"`curate status {folder.url}` shows them, `curate cancel {folder.url}` ends them."
        )


def cancel(url: str) -> int:
    """End the jobs of a run, and return how many of them waited or ran.

    Raises:
        SpecError: its executor has submitted none. RunError: the executor refused it.
    """
    folder = RunFolder(url)
    known = jobs.read(folder)
    if known is None:
        raise SpecError(f"{url}: no job was submitted; stop the process that runs it.")
    launcher = launcher_of(known)
    active = [job for job in known.jobs if (status := launcher.status(job.job_id)).n_waiting or status.n_running]
    for job in reversed(active):
        launcher.cancel(job.job_id)
    return len(active)
