"""A phase as the one step of a datatrove pipeline, for executors that are datatrove's."""

from __future__ import annotations

from datatrove.pipeline.base import PipelineStep

from curate.engine import worker
from curate.executor import PREPARE, Job
from curate.runs import RunFolder
from curate.runs.layout import PhaseFolder
from curate.runs.records import need_record


def log_of(job: Job, task: int) -> str:
    """Return where datatrove logs a task; "" for a step of a run that is not one of its phases."""
    run = RunFolder(job.run_url)
    return "" if job.phase in (None, PREPARE) else run.path(PhaseFolder(run, job.phase).task(task).log)


class PhaseStep(PipelineStep):
    """Does one task of a phase for each rank.

    datatrove's completion markers do not know the configuration, so they are not used: every task compares its key with
    its record and returns at once when there is nothing to do.
    """

    type = "curate"

    def __init__(self, run_url: str, phase: str):
        self.name = phase
        super().__init__()
        self.run_url, self.phase = run_url, phase

    def run(self, data=None, rank: int = 0, world_size: int = 1):
        """Do task `rank`, and copy its ledger into datatrove's statistics."""
        worker.run_task(self.run_url, self.phase, rank)
        record = need_record(PhaseFolder(RunFolder(self.run_url), self.phase).task(rank))
        for entry in record.ledger["stages"]:
            self.stat_update(f"{entry['name']}/total", value=entry["in"] + entry["born"])
            self.stat_update(f"{entry['name']}/forwarded", value=entry["out"])
            for reason, n in entry["dropped"].items():
                self.stat_update(f"{entry['name']}/dropped_{reason}", value=n)
        yield from data or ()
