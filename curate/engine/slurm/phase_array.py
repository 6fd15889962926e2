"""The tasks of a phase as datatrove's Slurm executor."""

from __future__ import annotations

import math
import os
import shlex
import sys
import uuid

from datatrove.executor.base import DistributedEnvVars
from datatrove.executor.slurm import SlurmPipelineExecutor

from curate.engine.datatrove.phase_step import PhaseStep
from curate.engine.slurm import commands
from curate.engine.slurm.settings import Settings
from curate.executor import Job
from curate.runs import RunFolder
from curate.runs.layout import PhaseFolder

RANKS = "ranks_to_run.json"
"""Where datatrove finds which tasks the jobs of an array do."""

WARNED_BEFORE = 120
"""Seconds before its time limit at which a job is asked to stop."""


class PhaseArray(SlurmPipelineExecutor):
    """datatrove's Slurm executor for one job of a run: a phase, the step before the first, or the one behind the last.

    It differs from the base class where a job is submitted. Nothing is pickled: a worker makes this object again from the run
    folder, so that a file which somebody else could have written is never unpickled. Arrays beyond the cluster's limit start at
    the same time, and what comes after waits for all of them; those whose predecessor has failed are cancelled.
    """

    def __init__(self, job: Job, settings: Settings, max_array: int):
        run = RunFolder(job.run_url)
        self.job, self.place = job, PhaseFolder(run, job.phase or "finish")
        super().__init__(
            pipeline=[PhaseStep(job.run_url, self.place.name)],
            tasks=len(job.tasks),
            time=settings.time,
            partition=settings.partition,
            cpus_per_task=max(settings.cpus, job.resources.cpus),
            gpus_per_task=settings.gpus if job.resources.gpus else 0,
            workers=settings.at_once or -1,
            qos=settings.qos,
            env_command="\n".join([*settings.setup, *(f"export {name}={shlex.quote(value)}" for name, value in settings.env.items())]),
            sbatch_args=_options(settings, job),
            max_array_size=max_array,
            logging_dir=f"{run.root.rstrip('/')}/{self.place.path}",
            skip_completed=False,
            slurm_logs_folder=run.path(f"{self.place.path}/slurm"),
            requeue_signals=None,
            tasks_per_job=settings.tasks_per_job,
        )  # fmt: skip
        self.container = settings.container

    def launch(self, after: str | None) -> str:
        """Submit the arrays; their ids are joined by colons.

        Args:
            after: ids of the jobs that must have succeeded before.

        Raises:
            SpecError, RunError: as `commands.submit`.
        """
        self.place.run.write_json(f"{self.place.path}/{RANKS}", list(self.job.tasks), self.place.parts)
        options = [f"--dependency=afterok:{after}", "--kill-on-invalid-dep=yes"] if after else []
        n_jobs, found = max(1, math.ceil(self.tasks / self.tasks_per_job)), []
        for number in range(math.ceil(n_jobs / self.max_array_size)):
            n = min(self.max_array_size, n_jobs - number * self.max_array_size)
            script = self.get_launch_file_contents(self.get_sbatch_args(n), self._command())
            name = f"curate-{self.place.name[:40]}-{uuid.uuid4().hex[:12]}"
            found.append(commands.submit(script, name, [f"--export=ALL,RUN_OFFSET={number}", *options]))
        return ":".join(found)

    def _command(self) -> str:
        how = [str(self.tasks_per_job), str(self.max_array_size)]
        worker = [sys.executable, "-m", "curate.engine.slurm.on_node", self.job.run_url, self.place.name, *how]
        command = " ".join(filter(None, ("exec", self.container, shlex.join(worker))))
        return f"cd {shlex.quote(os.getcwd())}\n{command}"

    def get_sbatch_args(self, max_array: int = 1) -> dict:
        """Return the options of `sbatch`; those without a value are left to the cluster."""
        usual = super().get_sbatch_args(max_array)
        wanted = {**usual, "signal": f"B:USR1@{WARNED_BEFORE}", "open-mode": "append"}
        if "mem" in wanted:
            del wanted["mem-per-cpu"]
        return {name: value for name, value in wanted.items() if value != "" or name == "requeue"}

    def get_distributed_env(self, node_rank: int = -1) -> DistributedEnvVars:
        """Return what datatrove's blocks may ask for; the base class calls `scontrol`, which a container need not have."""
        return DistributedEnvVars(
            datatrove_node_ips=os.environ.get("SLURMD_NODENAME", ""),
            datatrove_cpus_per_task=str(self.cpus_per_task),
            datatrove_mem_per_cpu=str(self.mem_per_cpu_gb),
            datatrove_gpus_on_node=str(self.gpus_per_task),
            datatrove_executor="SLURM",
        )


def _options(settings: Settings, job: Job) -> dict[str, str]:
    memory = f"{job.resources.memory_mib}M" if job.resources.memory_mib else settings.mem
    return {"mem": memory, "account": settings.account, **settings.options}
