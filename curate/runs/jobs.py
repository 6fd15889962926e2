"""The jobs of a run whose executor runs them later: jobs.json, written as they are submitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from curate.runs import reading
from curate.runs.folder import RunFolder
from curate.runs.layout import JOBS, PARTS

_SHAPE = {"executor": str, "params": dict, "modules": [str], "import_from": [str], "submitted": str,
          "jobs": [{"phase": str, "job_id": str, "n_tasks": int}]}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SubmittedJob:
    """A job that was submitted.

    Args:
        phase: the phase's folder name, `executor.PREPARE`, or "finish".
        job_id: what the executor calls it.
    """

    phase: str
    job_id: str
    n_tasks: int


@dataclass(slots=True)
class SubmittedJobs:
    """All jobs of a run.

    Args:
        executor, params: with which they were submitted. modules, import_from: where an executor of the user's is found.
        submitted: when the first one was, ISO 8601 in UTC.
    """

    executor: str
    params: Mapping[str, Any]
    modules: tuple[str, ...]
    import_from: tuple[str, ...]
    submitted: str
    jobs: list[SubmittedJob] = field(default_factory=list)

    def of_phase(self, phase: str) -> SubmittedJob | None:
        """Return the job of a phase."""
        return next((job for job in self.jobs if job.phase == phase), None)

    def write(self, folder: RunFolder) -> None:
        """Write jobs.json."""
        folder.write_json(JOBS, asdict(self), PARTS)


def read(folder: RunFolder) -> SubmittedJobs | None:
    """Return the jobs of a run; None if its executor has run them itself.

    Raises:
        InputError: jobs.json is damaged.
    """
    if not folder.is_file(JOBS):
        return None
    found = reading.read_json(folder, JOBS, _SHAPE, "Ask the executor what runs, and remove the file.")
    jobs = [SubmittedJob(**job) for job in found["jobs"]]
    return SubmittedJobs(**{**found, "modules": tuple(found["modules"]), "import_from": tuple(found["import_from"]), "jobs": jobs})  # fmt: skip
