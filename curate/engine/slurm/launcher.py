"""Submits the jobs of a run to Slurm."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from curate.engine.datatrove.phase_step import log_of
from curate.engine.slurm import commands
from curate.engine.slurm.phase_array import PhaseArray
from curate.engine.slurm.settings import Settings
from curate.errors import SpecError
from curate.executor import Job, JobStatus, Launcher
from curate.runs import RunFolder
from curate.runs.layout import PhaseFolder

WAITING = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "SUSPENDED", "CONFIGURING")
RUNNING = ("RUNNING", "COMPLETING", "STAGE_OUT", "SIGNALING")
DONE = ("COMPLETED",)
"""The states of a job, as `squeue --format=%T` prints them; all others are failures."""


class SlurmLauncher(Launcher):
    """Each phase is one array of jobs, or several if it is large, which start when all of the phase before have succeeded."""

    is_detached = True
    compiles_kernels = True

    def __init__(self, settings: Settings):
        self.settings = settings

    def submit(self, job: Job, after: str | None = None) -> str:
        """Submit the jobs of a phase; their ids are joined by colons."""
        if not RunFolder(job.run_url).is_local:
            raise SpecError(
                f"{job.run_url}: Slurm jobs write their logs beside the results, so --output must be a folder that all nodes share."
            )
        return PhaseArray(job, self.settings, self._max_array).launch(after)

    @cached_property
    def _max_array(self) -> int:
        allowed = commands.most_in_an_array()
        return min(allowed, self.settings.max_array or allowed)

    def status(self, job_id: str) -> JobStatus:
        """Return how many jobs, each of `tasks_per_job` tasks, are in which state. Slurm forgets those that ended some minutes ago."""
        found: Counter[str] = Counter()
        for state, n in commands.states(job_id.split(":")).items():
            found[next((kind for kind, states in _KINDS.items() if state in states), "n_failed")] += n
        return JobStatus(**found)

    def cancel(self, job_id: str) -> None:
        commands.cancel(job_id.split(":"))

    def log(self, job: Job, task: int) -> str:
        run = RunFolder(job.run_url)
        return log_of(job, task) or run.path(f"{PhaseFolder(run, job.phase or 'finish').path}/slurm")


_KINDS = {"n_waiting": WAITING, "n_running": RUNNING, "n_done": DONE}
