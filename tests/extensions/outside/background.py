"""An executor of a user's own: each job runs in a process of its own, in the background, after the one before it."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

from curate.executor import Job, JobStatus, Launcher


def start(*, poll_seconds: float = 0.1) -> Launcher:
    """Run jobs in the background on this machine.

    Args:
        poll_seconds: how often a job looks whether the one before it is done.
    """
    return Background(poll_seconds)


class Background(Launcher):
    """Jobs are numbered; `jobs/<n>.pid`, `<n>.done` and `<n>.failed` in the run folder say how far each is."""

    is_detached = True

    def __init__(self, poll_seconds: float):
        self.poll_seconds = poll_seconds
        self.folder: Path | None = None
        self.sizes: dict[str, int] = {}

    def submit(self, job: Job, after: str | None = None) -> str:
        self.folder = Path(job.run_url) / "jobs"
        self.folder.mkdir(exist_ok=True)
        job_id = str(len(self.sizes))
        self.sizes[job_id] = len(job.tasks)
        about = json.dumps({"job": asdict(job), "id": job_id, "after": after, "poll": self.poll_seconds})
        log = open(self.folder / f"{job_id}.log", "wb")  # noqa: SIM115  (the process keeps it)
        process = subprocess.Popen([sys.executable, __file__, about], stdout=log, stderr=log, start_new_session=True)
        (self.folder / f"{job_id}.pid").write_text(str(process.pid))
        return job_id

    def status(self, job_id: str) -> JobStatus:
        n = self.sizes[job_id]
        if (self.folder / f"{job_id}.done").exists():
            return JobStatus(n_done=n)
        return JobStatus(n_failed=n) if (self.folder / f"{job_id}.failed").exists() else JobStatus(n_running=n)

    def log(self, job: Job, task: int) -> str:
        return str(self.folder)

    def cancel(self, job_id: str) -> None:
        os.killpg(int((self.folder / f"{job_id}.pid").read_text()), signal.SIGKILL)


def _work(about: dict) -> None:
    from curate import extensions
    from curate.engine import tasks

    job, folder = about["job"], Path(about["job"]["run_url"]) / "jobs"
    extensions.import_from(job["import_from"])
    while about["after"] is not None and not (folder / f"{about['after']}.done").exists():
        if (folder / f"{about['after']}.failed").exists():
            sys.exit(1)
        time.sleep(about["poll"])
    for task in job["tasks"]:
        tasks.run(job["run_url"], job["phase"], task)


if __name__ == "__main__":
    about = json.loads(sys.argv[1])
    ending = "failed"
    try:
        _work(about)
        ending = "done"
    finally:
        (Path(about["job"]["run_url"]) / "jobs" / f"{about['id']}.{ending}").touch()
