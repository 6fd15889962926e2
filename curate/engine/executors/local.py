"""Tasks in processes of this machine, by datatrove's local executor on a pool of our own."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from datatrove.executor.local import LocalPipelineExecutor
from datatrove.utils.stats import PipelineStats

from curate.engine import pools, warm_up, worker
from curate.engine.datatrove import terminal_log
from curate.engine.datatrove.phase_step import PhaseStep, log_of
from curate.errors import RunError
from curate.executor import Job, JobStatus, Launcher
from curate.params import Positive
from curate.runs import RunFolder
from curate.runs.layout import PhaseFolder

PRELOAD = [
    "curate.engine.tasks.map_task",
    "curate.engine.tasks.reduce_task",
    "curate.signals",
    "pyarrow.parquet",
    "numba",
    "curate.engine.preloaded_kernels",
]
"""Imported once, before workers fork off, so that each starts in milliseconds; the last loads compiled kernels."""


def local(*, workers: Positive | None = None) -> Launcher:
    """Run tasks in processes of this machine.

    Args:
        workers: processes, 1 or more; null for one per core. With one worker, tasks run in this process.
    """
    return LocalPool(workers or os.cpu_count() or 1)


class LocalPool(Launcher):
    """A pool of processes that lasts for a whole run, started when the first phase needs it."""

    def __init__(self, n_workers: int):
        self.n_workers = n_workers
        self._stages = "[]"
        self._pool: ProcessPoolExecutor | None = None
        self._status: dict[str, JobStatus] = {}

    def prepare(self, stages: str) -> None:
        self._stages = stages

    def submit(self, job: Job, after: str | None = None) -> str:
        """Run a job to its end."""
        job_id = job.phase or "finish"
        if job.phase is None:
            worker.run_task(job.run_url, None, 0)
        elif job.tasks:
            _PhaseExecutor(job, self).run()
        self._status[job_id] = JobStatus(n_done=len(job.tasks))
        return job_id

    def status(self, job_id: str) -> JobStatus:
        return self._status[job_id]

    def cancel(self, job_id: str) -> None:
        self.close(failed=True)

    def log(self, job: Job, task: int) -> str:
        return log_of(job, task)

    def close(self, *, failed: bool) -> None:
        if self._pool is None:
            return
        pools.end(self._pool, failed=failed)
        self._pool = None

    @property
    def has_started(self) -> bool:
        return self._pool is not None

    @property
    def pool(self) -> ProcessPoolExecutor:
        if self._pool is None:
            os.environ[warm_up.TO_LOAD] = self._stages
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(PRELOAD)
            self._pool = ProcessPoolExecutor(self.n_workers, mp_context=context, initializer=_begin_worker)
        return self._pool


def _begin_worker() -> None:
    """Let this worker die with the process that started the run, and give memory back.

    Arrow's own allocator keeps what it once had; the system's gives most of it back, and is not slower here.
    """
    import pyarrow as pa

    pa.set_memory_pool(pa.system_memory_pool())
    pools.follow_parent()


class _PhaseExecutor(LocalPipelineExecutor):
    """datatrove's local executor on a process pool that notices when a worker dies.

    The pool of the base class waits for ever for a task whose worker was killed (by the kernel, for memory, say),
    and is started anew for every phase.
    """

    def __init__(self, job: Job, shared: LocalPool):
        folder = PhaseFolder(RunFolder(job.run_url), job.phase)
        super().__init__(
            pipeline=[PhaseStep(job.run_url, job.phase)],
            tasks=job.n_tasks,
            workers=shared.n_workers,
            logging_dir=f"{job.run_url.rstrip('/')}/{folder.path}",
            skip_completed=False,
        )
        self.ranks = job.tasks
        self.shared = shared

    def __getstate__(self) -> dict:
        return {**self.__dict__, "shared": None}

    def run(self) -> PipelineStats:
        """Run the ranks; one at a time in this process if there is but one worker, or one rank and no worker yet."""
        self._launched = True
        self.save_executor_as_json()
        if self.workers == 1 or (len(self.ranks) == 1 and not self.shared.has_started):
            return sum((self._quietly(rank) for rank in self.ranks), start=PipelineStats())
        total = PipelineStats()
        futures = [self.shared.pool.submit(self._quietly, rank) for rank in self.ranks]
        try:
            for future in as_completed(futures):
                total = total + future.result()
        except BrokenProcessPool as error:
            raise RunError(
                "a worker process was killed, most likely for using too much memory.  Finished tasks are kept; "
                f"run again with fewer --workers, or with smaller shards (shard_mib).{_about_scripts()}"
            ) from error
        return total

    def _quietly(self, rank: int) -> PipelineStats:
        """Run a rank with datatrove's log on its file only; the command line prints what a user should read."""
        with (
            contextlib.redirect_stdout(sys.stderr),
            contextlib.redirect_stderr(io.StringIO()),
            terminal_log.opened_quickly(),
        ):
            return self._run_for_rank(rank, local_rank=1)


def _about_scripts() -> str:
    """Return what may be wrong besides if a script of the user's started the run: workers import the script again."""
    main = sys.modules["__main__"]
    is_script = main.__spec__ is None and main.__dict__.get("__file__") and not main.__dict__.get("__package__")
    return (
        '  In a script of your own, the call of curate stands below `if __name__ == "__main__":`.' if is_script else ""
    )
