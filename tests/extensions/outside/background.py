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
    """The id of a job is `jobs/<n>` in the run folder, so that another process can ask about it: `<n>.pid`, `<n>.done` and
    `<n>.failed` say how far it is."""

    is_detached = True

    def __init__(self, poll_seconds: float):
        self.poll_seconds = poll_seconds
        self.n_jobs = 0

    def submit(self, job: Job, after: str | None = None) -> str:
        folder = Path(job.run_url).absolute() / "jobs"
        folder.mkdir(exist_ok=True)
        job_id = str(folder / str(self.n_jobs))
        self.n_jobs += 1
        for ending in ("done", "failed"):
            Path(f"{job_id}.{ending}").unlink(missing_ok=True)
        about = json.dumps({"job": asdict(job), "id": job_id, "after": after, "poll": self.poll_seconds})
        log = open(f"{job_id}.log", "wb")  # noqa: SIM115  (the process keeps it)
        process = subprocess.Popen([sys.executable, __file__, about], stdout=log, stderr=log, start_new_session=True)
        Path(f"{job_id}.pid").write_text(str(process.pid))
        return job_id

    def status(self, job_id: str) -> JobStatus:
        if Path(f"{job_id}.done").exists():
            return JobStatus(n_done=1)
        return JobStatus(n_failed=1) if Path(f"{job_id}.failed").exists() else JobStatus(n_running=1)

    def log(self, job: Job, task: int) -> str:
        return str(Path(job.run_url) / "jobs")

    def cancel(self, job_id: str) -> None:
        os.killpg(int(Path(f"{job_id}.pid").read_text()), signal.SIGKILL)


def _work(about: dict) -> None:
    from curate import extensions
    from curate.engine import worker

    job, before = about["job"], about["after"]
    extensions.import_from(job["import_from"])
    while before is not None and not Path(f"{before}.done").exists():
        if Path(f"{before}.failed").exists():
            sys.exit(1)
        time.sleep(about["poll"])
    for task in job["tasks"]:
        worker.run_task(job["run_url"], job["phase"], task)


if __name__ == "__main__":
    about = json.loads(sys.argv[1])
    ending = "failed"
    try:
        _work(about)
        ending = "done"
    finally:
        Path(f"{about['id']}.{ending}").touch()
