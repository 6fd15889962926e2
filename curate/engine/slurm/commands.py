"""Slurm's commands, and what to do about their errors."""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Sequence

from curate.errors import RunError, SpecError

PATIENCE = 120
"""Seconds after which a command is given up; a busy controller answers slowly."""

PAUSES = (2, 8, 30)
"""Seconds before each further attempt to submit a job, if the controller did not answer; up to twice as many."""

SMALLEST_ARRAY = 1
"""Jobs of an array if the cluster does not say its limit: one is always allowed."""

_JOB_ID = re.compile(r"(\d+)(;\S+)?")


def submit(script: str, name: str, options: Sequence[str]) -> str:
    """Submit a job and return its id.

    Args:
        script: of the job. name: that no other job has, so that one which was accepted without an answer is found again.
        options: of `sbatch`.

    Raises:
        SpecError: there is no `sbatch`. RunError: the job was refused, or the controller does not answer.
    """
    for pause in (*PAUSES, None):
        refusal, found = _submitted(script, [f"--job-name={name}", *options])
        if found or (found := _id_of(name)):
            return found
        if pause is None or _is_answering():
            raise RunError(f"Slurm refused a job: {refusal}.{_ways_out()}")
        time.sleep(pause * (1 + random.random()))
    raise AssertionError


def _submitted(script: str, options: Sequence[str]) -> tuple[str, str]:
    """Return why a job was refused, and its id if it was not."""
    try:
        done = _run(["sbatch", "--parsable", *options], script)
    except subprocess.TimeoutExpired:
        return f"sbatch did not answer within {PATIENCE} s", ""
    if done.returncode:
        return " ".join((done.stderr or done.stdout).split()).rstrip(".") or f"exit code {done.returncode}", ""
    found = job_id(done.stdout)
    return "" if found else f"no job id in what sbatch printed: {done.stdout.strip()!r:.200}", found


def job_id(printed: str) -> str:
    """Return the job id in what `sbatch --parsable` printed: the last line that is one; wrappers of a site print more. "" if
    there is none."""
    lines = (_JOB_ID.fullmatch(line.strip()) for line in reversed(printed.splitlines()))
    return next((found[1] for found in lines if found), "")


def _id_of(name: str) -> str:
    """Return the id of the job with a name; "" if there is none."""
    try:
        return job_id(_run(["squeue", "--noheader", "--array-unique", "--format=%F", f"--name={name}"]).stdout)
    except subprocess.TimeoutExpired:
        return ""


def _is_answering() -> bool:
    """Return whether the controller answers, so that what it refused will be refused again."""
    try:
        return _run(["scontrol", "ping"]).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _ways_out() -> str:
    partitions = sorted({line.rstrip("*") for line in _printed(["sinfo", "--noheader", "--format=%P"]).split()})
    known = f"  Partitions here: {', '.join(partitions)}." if partitions else ""
    return f"{known}  Correct `executor: {{slurm: ...}}` in the recipe and run again: finished tasks are kept."


def most_in_an_array() -> int:
    """Return the most jobs of an array that the cluster allows."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", _printed(["scontrol", "show", "config"]), re.MULTILINE)
    return max(SMALLEST_ARRAY, int(found[1])) if found else SMALLEST_ARRAY


def states(job_ids: Sequence[str]) -> Counter[str]:
    """Return how many jobs, each of an array by itself, are in which state, such as PENDING; those forgotten are left out."""
    listed = _printed(["squeue", "--noheader", "--array", "--states=all", "--format=%T", f"--jobs={','.join(job_ids)}"])
    return Counter(listed.split())


def cancel(job_ids: Sequence[str]) -> None:
    """Cancel jobs, waiting or running.

    Raises:
        RunError: the controller refused it.
    """
    done = _run(["scancel", *job_ids])
    if done.returncode:
        raise RunError(f"scancel {' '.join(job_ids)}: {done.stderr.strip()}")


def requeue(job: str) -> None:
    """Put a running job back into the queue, which ends it here.

    Raises:
        RunError: the controller refused it.
    """
    done = _run(["scontrol", "requeue", job])
    if done.returncode:
        raise RunError(f"scontrol requeue {job}: {done.stderr.strip()}")


def _printed(command: Sequence[str]) -> str:
    try:
        done = _run(command)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout if done.returncode == 0 else ""


def _run(command: Sequence[str], text: str = "") -> subprocess.CompletedProcess:
    try:
        return subprocess.run(command, input=text, capture_output=True, text=True, timeout=PATIENCE)
    except FileNotFoundError:
        raise SpecError(
            f"the command `{command[0]}` was not found.  Start the run on a machine that can submit Slurm jobs, or add "
            "--executor local to run on this machine."
        ) from None
