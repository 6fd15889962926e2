"""What an executor is: a function that returns a `Launcher`, which runs the tasks of phases somewhere.

    def slurm(*, partition: str, time: str = "24:00:00") -> Launcher: ...

Its keyword parameters are its schema: `executor: {slurm: {partition: long}}` in a recipe, or `--executor slurm`. A
launcher may return from `submit` before a task has run; then it gets all jobs of a run at once, each after the one
before it, the last of which finishes the run.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from curate import params
from curate.errors import StageError
from curate.params import Param

PREPARE = "prepare"
"""In place of a phase: the step before the first one, which compiles kernels where tasks run."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What one task needs.

    Args:
        cpus: processor cores. gpus: accelerators. memory_mib: memory in MiB; None leaves it to the executor.
    """

    cpus: int = 1
    gpus: int = 0
    memory_mib: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Tasks of one phase, or the step that prepares or finishes a run. A worker needs no more than this and a task's number.

    Args:
        run_url: the run folder.
        phase: the phase's folder name; `PREPARE`, or None for the step that finishes the run (both one task, number 0).
        tasks: the numbers of the tasks to run, ascending; those of the phase's `n_tasks` that have something to do.
        resources: of each task.
        import_from: folders in which the worker looks for the user's modules.
    """

    run_url: str
    phase: str | None
    tasks: tuple[int, ...]
    n_tasks: int
    resources: Resources = Resources()
    import_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JobStatus:
    """How many tasks of a job are in which state."""

    n_waiting: int = 0
    n_running: int = 0
    n_done: int = 0
    n_failed: int = 0


class Launcher(ABC):
    """Runs jobs. A context manager: leaving it releases what it holds, at once if an exception is on its way."""

    is_detached: ClassVar[bool] = False
    """Whether `submit` returns before the tasks ran. A run then submits all its jobs and ends."""

    compiles_kernels: ClassVar[bool] = False
    """Whether a job `PREPARE` is submitted before the first phase, to compile kernels on the processors that need them. Otherwise
    they are compiled by the process that starts the run."""

    def prepare(self, stages: str) -> None:
        """Be ready for these stages: `stages` is what `warm_up.load` takes. Called once, before the first job."""

    @abstractmethod
    def submit(self, job: Job, after: str | None = None) -> str:
        """Start a job and return its id.

        Args:
            after: the id of the job that must have succeeded before a task of this one starts.

        Raises:
            RunError: a task failed, or the job was refused; the message says what to do next.
        """

    @abstractmethod
    def status(self, job_id: str) -> JobStatus:
        """Return how far a job is. Another process than the one that submitted it may ask, so an id has to say it all."""

    @abstractmethod
    def cancel(self, job_id: str) -> None:
        """Stop the tasks of a job that have not ended, and every job after it."""

    @abstractmethod
    def log(self, job: Job, task: int) -> str:
        """Return where the log of a task is: a path or URL."""

    def __enter__(self) -> Launcher:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        self.close(failed=kind is not None)

    def close(self, *, failed: bool) -> None:
        """Release what the launcher holds; after a failure without waiting for tasks that still run."""


@dataclass(frozen=True, slots=True)
class Executor:
    """An executor as the rest of the program knows it: its name, what to call, and its schema."""

    name: str
    target: Callable[..., Launcher]
    params: Mapping[str, Param]

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return (inspect.getdoc(self.target) or "").split("\n")[0]


def read_executor(name: str, target: object) -> Executor:
    """Read an executor's schema from the signature of its function.

    Raises:
        StageError: it is not a function that returns a `Launcher`, or a parameter is not keyword-only with a type.
    """
    returns = params.hints(name, target).get("return") if inspect.isfunction(target) else None
    if not (isinstance(returns, type) and issubclass(returns, Launcher)):
        raise StageError(
            f"{name} is not an executor: expected a function with keyword parameters that returns a Launcher"
        )
    return Executor(name, target, params.of(name, target, skip=0))
