"""Tasks on a Ray cluster, by datatrove's Ray executor."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Sequence
from dataclasses import replace

from datatrove.executor.ray import RayPipelineExecutor

from curate.engine.datatrove.phase_step import PhaseStep, log_of
from curate.errors import RunError, SpecError
from curate.executor import Job, JobStatus, Launcher
from curate.params import AboveZero, Natural, Positive
from curate.runs import RunFolder
from curate.runs.layout import PhaseFolder
from curate.runs.records import read_record

LINES = 3
"""Of the log of a task that failed, so many of the last ones are shown."""


def ray(
    *,
    address: str = "",
    at_once: Positive | None = None,
    cpus: Positive = 1,
    mem_gib: AboveZero = 2.0,
    gpus: Natural = 0,
    tasks_per_job: Positive = 1,
) -> Launcher:
    """Run tasks on a Ray cluster, and wait for them.

    The run folder, and this installation of Python, must be there on all nodes. A task whose node is lost runs again elsewhere.

    Args:
        address: of the cluster; empty for that in RAY_ADDRESS, or else a cluster on this machine that ends with the run.
        at_once: the most tasks that run at a time; null for as many as the cluster has room for.
        cpus: processor cores of a task. mem_gib: its memory in GiB. gpus: accelerators of a task of a phase that asks for one.
        tasks_per_job: tasks that run side by side in one job of Ray.
    """
    return RayLauncher(address, at_once, cpus, mem_gib, gpus, tasks_per_job)


class RayLauncher(Launcher):
    """Connects to a cluster when the first phase needs it."""

    def __init__(self, address: str, at_once: int | None, cpus: int, mem_gib: float, gpus: int, tasks_per_job: int):
        self.address, self.at_once, self.tasks_per_job = address, at_once, tasks_per_job
        self.cpus, self.mem_gib, self.gpus = cpus, mem_gib, gpus
        self._is_connected = False
        self._status: dict[str, JobStatus] = {}

    def submit(self, job: Job, after: str | None = None) -> str:
        """Run a job to its end.

        Raises:
            RunError: a task failed; with the end of its log.
        """
        job_id = job.phase or "finish"
        if job.phase is None:
            from curate.engine import worker

            worker.run_task(job.run_url, None, 0)
        elif job.tasks:
            job = replace(job, run_url=_everywhere(job.run_url))
            self._connect(job)
            self._check(job, _PhaseExecutor(job, self).run_quietly())
        self._status[job_id] = JobStatus(n_done=len(job.tasks))
        return job_id

    def _connect(self, job: Job) -> None:
        """Connect to the cluster, and make sure that it can run a task of a job at all."""
        try:
            import ray as package
        except ImportError:
            raise SpecError("the executor ray needs the package ray: pip install 'curate[ray]'") from None
        address = self.address or os.environ.get("RAY_ADDRESS") or None
        if not self._is_connected:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            try:
                package.init(
                    address=address,
                    ignore_reinit_error=True,
                    log_to_driver=False,
                    logging_level="ERROR",
                    include_dashboard=None if address else False,
                )
            except Exception as error:  # Ray raises errors of many types
                raise SpecError(
                    f"there is no Ray cluster at {address}: {error}.  Start it, or set `executor: {{ray: {{address: ...}}}}` or RAY_ADDRESS."
                ) from error
            self._is_connected = True
        there = package.cluster_resources()
        wanted = {"CPU": max(self.cpus, job.resources.cpus), "GPU": self.gpus_of(job)}
        if lacking := [f"{n} {name}" for name, n in wanted.items() if n > there.get(name, 0)]:
            has = ", ".join(f"{there.get(name, 0):g} {name}" for name in wanted)
            raise SpecError(f"the Ray cluster has {has}, and a task needs {' and '.join(lacking)}.  Add workers, or set `cpus` and `gpus` of the executor.")  # fmt: skip

    def gpus_of(self, job: Job) -> int:
        """Return how many accelerators a task of a job gets."""
        return (self.gpus or job.resources.gpus) if job.resources.gpus else 0

    def _check(self, job: Job, said: Sequence[str]) -> None:
        """Make sure that all tasks have left records: datatrove reports no errors of tasks.

        Args:
            said: what it noted meanwhile.
        """
        run = RunFolder(job.run_url)
        place = PhaseFolder(run, job.phase)
        failed = [task for task in job.tasks if read_record(place.task(task)) is None]
        if not failed:
            return
        log = place.task(failed[0]).log
        what = f"{len(failed):,} of {len(job.tasks):,} tasks of {job.phase} failed"
        if last := _last_lines(run, log):
            raise RunError(f"{what}; of task {failed[0]}, {run.path(log)} ends with:\n{last}\nFinished tasks are kept.")
        noted = "\n".join(f"  {line}" for line in "\n".join(said).splitlines()[-10:])
        raise RunError(f"{what} without a log.  Ray says:\n{noted}\nFinished tasks are kept.")

    def status(self, job_id: str) -> JobStatus:
        return self._status[job_id]

    def cancel(self, job_id: str) -> None:
        self.close(failed=True)

    def log(self, job: Job, task: int) -> str:
        return log_of(job, task)

    def close(self, *, failed: bool) -> None:
        if self._is_connected:
            import ray as package

            package.shutdown()
            self._is_connected = False


def _everywhere(run_url: str) -> str:
    """Return the address of a run folder that means the same on every node, whatever the current folder is there."""
    run = RunFolder(run_url)
    return os.path.abspath(run.root) if run.is_local else run_url


def _last_lines(run: RunFolder, path: str) -> str:
    try:
        with run.open(path) as file:
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(f"  {line}" for line in [line for line in lines if line.strip()][-LINES:])


class _PhaseExecutor(RayPipelineExecutor):
    """datatrove's Ray executor for those tasks of a phase that have something to do."""

    def __init__(self, job: Job, launcher: RayLauncher):
        run = RunFolder(job.run_url)
        cpus = max(launcher.cpus, job.resources.cpus)
        super().__init__(
            pipeline=[PhaseStep(job.run_url, job.phase)],
            tasks=len(job.tasks),
            workers=launcher.at_once or -1,
            skip_completed=False,
            logging_dir=f"{job.run_url.rstrip('/')}/{PhaseFolder(run, job.phase).path}",
            cpus_per_task=cpus,
            mem_per_cpu_gb=launcher.mem_gib / cpus,
            gpus_per_task=launcher.gpus_of(job),
            tasks_per_job=launcher.tasks_per_job,
        )
        self.numbers = job.tasks

    def get_incomplete_ranks(self, ranks: Sequence[int] | None = None, skip_completed: bool | None = None) -> list[int]:
        """Return the tasks to run."""
        return list(self.numbers)

    @property
    def world_size(self) -> int:
        """0: the base class adds up statistics of as many tasks, from 0, and those that had nothing to do have none."""
        return 0

    def run_quietly(self) -> list[str]:
        """Run the tasks, and return what datatrove noted; the command line prints what a user should read."""
        from loguru import logger

        noted: list[str] = []
        sink = logger.add(
            lambda line: noted.append(str(line)), level="DEBUG", filter="datatrove.executor.ray", format="{message}"
        )
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                self.run()
        finally:
            logger.remove(sink)
        return noted
