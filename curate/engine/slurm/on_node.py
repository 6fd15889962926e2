"""What a Slurm job runs: `python -m curate.engine.slurm.on_node RUN PHASE TASKS_PER_JOB MAX_ARRAY`.

A signal that announces the end of the job (SIGUSR1 before its time limit, SIGTERM when it is preempted) lets the task end at
the next batch; then the job is queued again, and a later job does what is left.
"""

from __future__ import annotations

import os
import signal
import sys

from curate.engine import stopping, worker
from curate.engine.slurm import commands
from curate.errors import CurateError
from curate.executor import PREPARE, Job
from curate.runs import RunFolder
from curate.runs.layout import PhaseFolder


def main(run_url: str, phase: str, tasks_per_job: str, max_array: str) -> int:
    """Do what the job is for, and return its exit code."""
    for each in (signal.SIGUSR1, signal.SIGTERM):
        signal.signal(each, lambda number, frame: stopping.ask())
    try:
        if phase in (PREPARE, "finish"):
            worker.run_task(run_url, PREPARE if phase == PREPARE else None, 0)
        else:
            _array(run_url, phase, int(tasks_per_job), int(max_array)).run()
    except stopping.Stopped:
        sys.stderr.write("stopped at a batch before the end of the job; it is queued again\n")
        commands.requeue(os.environ["SLURM_JOB_ID"])
        return 0
    except CurateError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _array(run_url: str, phase: str, tasks_per_job: int, max_array: int):
    from curate.engine.slurm.phase_array import RANKS, PhaseArray
    from curate.engine.slurm.settings import Settings

    run = RunFolder(run_url)
    tasks = tuple(run.read_json(f"{PhaseFolder(run, phase).path}/{RANKS}"))
    job = Job(run_url, phase, tasks, len(tasks))
    return PhaseArray(job, Settings(tasks_per_job=tasks_per_job), max_array)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
