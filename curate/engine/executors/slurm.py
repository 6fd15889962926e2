"""Tasks as arrays of Slurm jobs, by datatrove's Slurm executor."""

from __future__ import annotations

from curate.engine.slurm.launcher import SlurmLauncher
from curate.engine.slurm.settings import Settings
from curate.executor import Launcher
from curate.params import Natural, Positive


def slurm(
    *,
    partition: str = "",
    time: str = "24:00:00",
    cpus: Positive = 1,
    mem: str = "4G",
    gpus: Natural = 0,
    qos: str = "",
    account: str = "",
    container: str = "",
    at_once: Positive | None = None,
    max_array: Positive | None = None,
    tasks_per_job: Positive = 1,
    env: dict[str, str] | None = None,
    setup: list[str] | None = None,
    options: dict[str, str] | None = None,
) -> Launcher:
    """Submit each phase as an array of Slurm jobs, after the one before it, and return.

    The run folder, this installation of Python and the cache of compiled kernels must be on storage that all nodes share.

    Args:
        partition: of the cluster; empty for its default.
        time: the limit of a job, as `sbatch --time` takes it. Before it is reached, a task ends at a batch and is queued again.
        cpus: processor cores of a task. mem: its memory, as `sbatch --mem` takes it, such as 16G. gpus: accelerators of a task
            of a phase that asks for one.
        qos, account: of the jobs; empty for the user's default.
        container: a command in front of the worker's, such as `apptainer exec image.sif`.
        at_once: the most tasks that run at a time; null for as many as the cluster allows.
        max_array: the most jobs of an array; null asks the cluster.
        tasks_per_job: tasks that a job does one after the other; more than one for many short tasks.
        env: environment variables of the tasks. setup: lines of bash before they start, such as `module load gcc`.
        options: further options of `sbatch` without their dashes, such as `constraint: skylake`.
    """
    return SlurmLauncher(
        Settings(
            partition=partition, time=time, cpus=cpus, mem=mem, gpus=gpus, qos=qos, account=account, container=container,
            at_once=at_once, max_array=max_array, tasks_per_job=tasks_per_job, env=env or {}, setup=tuple(setup or ()),
            options=options or {},
        )
    )  # fmt: skip
