"""Hands the tasks of a phase to datatrove's executors.

A task travels as where the run folder is and which phase it belongs to; everything else the worker reads there.
datatrove's own completion markers know nothing of configuration, so they are not asked: every task compares
its key with its record and returns at once when there is nothing to do.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import sys
import threading
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection

import pyarrow as pa
from datatrove.executor.local import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
from datatrove.utils.stats import PipelineStats

from curate import extensions
from curate.engine import warm_up
from curate.errors import CurateError, InputError, RunError
from curate.plan import Phase
from curate.runs import PHASES, RunFolder, read_record

PRELOAD = ["curate.engine.tasks.map_task", "curate.signals", "pyarrow.parquet", "numba", "curate.engine.preload"]
"""Imported once, before workers fork off, so that each starts in milliseconds; the last loads compiled kernels."""


class PhaseTask(PipelineStep):
    """All of a phase's work as the one step of a datatrove pipeline."""

    type = "curate"

    def __init__(self, run_url: str, phase: str):
        self.name = phase
        super().__init__()
        self.run_url, self.phase = run_url, phase

    def run(self, data=None, rank: int = 0, world_size: int = 1):
        """Do task `rank`, and copy its ledger into datatrove's statistics."""
        from curate.engine.tasks import map_task, reduce_task

        folder = RunFolder(self.run_url)
        phase = Phase.from_json(folder.read_json(phase_path(self.phase)))
        extensions.import_from(phase.import_from)
        try:
            (reduce_task if phase.is_reduce else map_task).run(folder, phase, rank)
        except (Exception, SystemExit) as error:
            what = str(error) if isinstance(error, CurateError) else f"{type(error).__name__}: {error}"
            where = f"phase {self.phase}, task {rank}: {what}"
            if isinstance(error, InputError):
                raise InputError(where) from error
            log = folder.path(PHASES, self.phase, "logs", f"task_{rank:05d}.log")
            raise RunError(f"{where}\n  The traceback is in {log}.  Finished tasks are kept.") from error
        for entry in read_record(folder, self.phase, rank).ledger["stages"]:
            self.stat_update(f"{entry['name']}/total", value=entry["in"] + entry["born"])
            self.stat_update(f"{entry['name']}/forwarded", value=entry["out"])
            for reason, n in entry["dropped"].items():
                self.stat_update(f"{entry['name']}/dropped_{reason}", value=n)
        yield from data or ()


def phase_path(phase: str) -> str:
    """Return where the recipe of a phase is written for its workers."""
    return f"{PHASES}/{phase}/phase.json"


def pending(folder: RunFolder, phase: Phase) -> list[int]:
    """Return the tasks of a phase that have something to do."""
    from curate.engine.tasks import map_task, reduce_task

    is_done = (reduce_task if phase.is_reduce else map_task).is_done
    return [task for task in range(phase.n_tasks) if not is_done(folder, phase, task)]


class Workers:
    """A pool of processes that lasts for a whole run, started when the first phase needs it.

    Args:
        n: how many.
        to_load: what `warm_up.told` says they will need.
    """

    def __init__(self, n: int, to_load: str = "[]"):
        self.n, self.to_load = n, to_load
        self._pool: ProcessPoolExecutor | None = None

    @property
    def has_started(self) -> bool:
        return self._pool is not None

    @property
    def pool(self) -> ProcessPoolExecutor:
        if self._pool is None:
            os.environ[warm_up.TO_LOAD] = self.to_load
            context = multiprocessing.get_context("forkserver")
            context.set_forkserver_preload(PRELOAD)
            self._pool = ProcessPoolExecutor(self.n, mp_context=context, initializer=_begin_worker)
        return self._pool

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type | None, *exc: object) -> None:
        if self._pool is None:
            return
        if kind is not None:  # nobody waits for the tasks that are still running
            for process in list((self._pool._processes or {}).values()):
                process.kill()
        self._pool.shutdown(wait=kind is None, cancel_futures=True)


def _begin_worker() -> None:
    """Let this worker die with the process that started the run: what a dead run writes could meet what the next one does.

    Arrow's own allocator keeps what it once had; the system's gives most of it back, and is no slower here.
    """
    pa.set_memory_pool(pa.system_memory_pool())

    def wait() -> None:
        connection.wait([multiprocessing.parent_process().sentinel])
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


class LocalExecutor(LocalPipelineExecutor):
    """datatrove's local executor on a process pool that notices when a worker dies.

    The pool of the base class waits for ever for a task whose worker was killed (by the kernel, for memory, say),
    and is started anew for every phase.
    """

    def __init__(self, folder: RunFolder, phase: Phase, ranks: list[int], workers: Workers):
        super().__init__(
            pipeline=[PhaseTask(folder.url, phase.folder)],
            tasks=phase.n_tasks,
            workers=workers.n,
            logging_dir=f"{folder.url.rstrip('/')}/{PHASES}/{phase.folder}",
            skip_completed=False,
        )
        self.ranks = ranks
        self.shared = workers

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
                "run again with fewer --workers, or with smaller shards (shard_mib)."
            ) from error
        return total

    def _quietly(self, rank: int) -> PipelineStats:
        """Run a rank with datatrove's log on its file only; what we have to say is said by the command line."""
        with contextlib.redirect_stdout(sys.stderr), contextlib.redirect_stderr(io.StringIO()):
            return self._run_for_rank(rank, local_rank=1)


def quiet() -> None:
    """Take datatrove's log off the terminal in this process."""
    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level="CRITICAL")
