"""Where everything in a run folder is: every path in one place.

run.json        what runs here; with this content a folder is a run folder
written.json    the files of this level that curate has written, with their digests
plan.json       the phases, neighbours that have results of them, and what finishing the run needs; inputs.json: the shards.
                Written before the first task
jobs.json       the jobs that were submitted to an executor which runs them later
phases/NN-title-<fingerprint>/
    written/    the result files that each task has ever written, so that stale ones are known
    parts/      files that are not finished
    done/       one record for each finished task: its key, its outputs with digests, its ledger
    docs/       documents for the next phase; empty/: what stands in data/ if nothing is left
    statistics/ statistics of the shard's documents, from the phase that completes their record
    judged/     what was measured of the documents that the phase dropped, for the last phase
    shuffle/    rows for the next reduction, or for the barrier that decides
    sidecar/    what a barrier stores beside the documents; index/: what an index will remember
    logs/ ...   what datatrove writes
data/  rejects/  judgements/   the result; complete only when manifest.json is there
<family>/       the evidence of barriers: dedup/edges.parquet, dedup/clusters.parquet
manifest.json  ledger.json  statistics.json  README.md  report.html
set-aside/      files of users that were at the path of a result
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from curate.errors import StageError
from curate.runs.folder import RunFolder

RUN, PLAN, INPUTS, REFERENCES = "run.json", "plan.json", "inputs.json", "references.json"
MANIFEST, LEDGER, STATISTICS, CARD, REPORT = (
    "manifest.json",
    "ledger.json",
    "statistics.json",
    "README.md",
    "report.html",
)
WRITTEN, NEW_CARD, JOBS = "written.json", "README.new.md", "jobs.json"
DATA, REJECTS, JUDGEMENTS, PHASES, ASIDE = "data", "rejects", "judgements", "phases", "set-aside"
PARTS = f"{PHASES}/parts"
"""Where files of the top level are until they are finished."""
INTERMEDIATE = ("docs", "empty", "judged", "shuffle", "sidecar", "index", "statistics")
"""The folders of a phase that hold the files of its tasks."""
FINGERPRINT_DIGITS = 10
"""Digits of a phase's fingerprint in the name of its folder."""


def check_word(name: str, what: str) -> None:
    """Refuse a name that cannot be a part of a file name: letters, digits, underscores and hyphens only.

    Raises:
        StageError: with what it is the name of.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise StageError(f"{what} is {name!r}; use letters, digits, underscores and hyphens.")


def phase_folder_name(number: int, title: str, fingerprint: str) -> str:
    """Return the name of a phase's folder: `04-dedup.exact-0123456789`."""
    return f"{number:02d}-{title}-{fingerprint[:FINGERPRINT_DIGITS]}"


def phase_title(folder_name: str) -> str:
    """Return what a phase is called where its fingerprint does not matter: `04-dedup.exact`."""
    return folder_name[: -FINGERPRINT_DIGITS - 1]


@dataclass(frozen=True, slots=True)
class PhaseFolder:
    """The folder of one phase in a run folder."""

    run: RunFolder
    name: str

    @property
    def path(self) -> str:
        return f"{PHASES}/{self.name}"

    @property
    def parts(self) -> str:
        """The folder in which the phase's files are until they are finished."""
        return f"{self.path}/parts"

    def task(self, number: int) -> TaskFolder:
        """Return where one task's files are."""
        return TaskFolder(self.run, self.name, number)

    def n_done(self) -> int:
        """Return how many tasks have left a record."""
        return len(self.run.files(f"{self.path}/done"))

    def tasks_done(self) -> list[int]:
        """Return the numbers of the tasks that have left a record, ascending."""
        names = (name.partition(".")[0] for name in self.run.files(f"{self.path}/done"))
        return [int(name) for name in names if name.isdigit()]

    def tasks_with_results(self) -> list[int]:
        """Return the numbers of the tasks that have ever written a result file, ascending."""
        names = (name.partition(".")[0] for name in self.run.files(f"{self.path}/written"))
        return [int(name) for name in names if name.isdigit()]

    def docs_read(self) -> int:
        """Return about how many documents the tasks that run, or ran last, have read."""
        return sum(self._progress())

    def _progress(self) -> Iterator[int]:
        for name in self.run.files(f"{self.path}/progress"):
            try:
                yield int(self.run.read_json(f"{self.path}/progress/{name}"))
            except (OSError, ValueError):
                continue

    def sidecar(self, shard: int) -> str:
        """Return where the sidecar of a shard is; shards of reference data have one, too."""
        return f"{self.path}/sidecar/{shard:05d}.arrow"


@dataclass(frozen=True, slots=True)
class TaskFolder:
    """Where the files of one task of one phase are: paths relative to the run folder."""

    run: RunFolder
    phase: str
    number: int

    def _at(self, part: str, ending: str) -> str:
        return f"{PHASES}/{self.phase}/{part}/{self.number:05d}{ending}"

    @property
    def parts(self) -> str:
        """The folder in which the task's files are until they are finished."""
        return PhaseFolder(self.run, self.phase).parts

    @property
    def record(self) -> str:
        """What the task leaves when it is done."""
        return self._at("done", ".json")

    @property
    def written(self) -> str:
        """Every result file that the task has ever written, with the digest of its last content."""
        return self._at("written", ".json")

    @property
    def docs(self) -> str:
        """The shard's documents, for the next phase."""
        return self._at("docs", ".arrow")

    @property
    def empty(self) -> str:
        """The folder of the files that stand in data/ if no task has documents; only the first task has them."""
        return f"{PHASES}/{self.phase}/empty"

    @property
    def shuffle(self) -> str:
        """The task's rows for the tasks of the next phase."""
        return self._at("shuffle", ".arrow")

    @property
    def remembered(self) -> str:
        """What an index will store of this shard when the run is complete."""
        return self._at("index", ".arrow")

    @property
    def progress(self) -> str:
        """A number that says how many documents the task has read."""
        return self._at("progress", "")

    @property
    def log(self) -> str:
        """What datatrove logs of the task."""
        return f"{PHASES}/{self.phase}/logs/task_{self.number:05d}.log"

    @property
    def rejects(self) -> str:
        """What the phase dropped of this shard: rejects/<phase number>-<shard>.parquet."""
        return f"{REJECTS}/{self.phase.partition('-')[0]}-{self.number:05d}.parquet"

    @property
    def statistics(self) -> str:
        """The statistics of the shard's documents, kept and dropped."""
        return self._at("statistics", ".json.zst")

    @property
    def judged(self) -> str:
        """What was measured of the documents whose way ended in this phase, for the last phase."""
        return self._at("judged", ".arrow")


def data_name(number: int, n_numbers: int, n_before: int, extension: str) -> str:
    """Return the name of a file of curated documents, such that names sort as numbers do.

    Args:
        number, n_numbers: which of how many it is.
        n_before: files that have the same number: 00012.parquet comes before 00012_00001.parquet.
    """
    width = max(5, len(str(n_numbers - 1)))
    return f"{number:0{width}d}{f'_{n_before:05d}' if n_before else ''}.{extension}"


def judgements_file(shard: int) -> str:
    """Return where all that was measured of a shard's documents is: judgements/00012.parquet."""
    return f"{JUDGEMENTS}/{shard:05d}.parquet"


def shard_of_judgements(path: str) -> int:
    """Return the shard whose documents a file of judgements is about."""
    return int(path.rpartition("/")[2].partition(".")[0])


def shard_of_rejects(path: str) -> int:
    """Return the shard that a file of rejects is about."""
    return int(path.rpartition("-")[2].partition(".")[0])


def phase_of_rejects(path: str) -> int:
    """Return the number of the phase that wrote a file of rejects."""
    return int(path.rpartition("/")[2].partition("-")[0])


def is_result_file(path: str) -> bool:
    """Return whether a path is one that a result file can have: a file in a folder for results, and nowhere else."""
    folder, _, name = path.partition("/")
    return (
        folder not in ("", ".", "..", PHASES, ASIDE)
        and name not in ("", ".", "..")
        and "/" not in name
        and "\\" not in name
    )


def is_task_file(path: str, phase: str) -> bool:
    """Return whether a path is one that a task of a phase can write: a result file, or a file in a folder of its phase."""
    *folders, part, name = path.split("/") if path.count("/") == 3 else ("", "")
    is_intermediate = folders == [PHASES, phase] and part in INTERMEDIATE and name not in ("", ".", "..")
    return "\\" not in path and (is_intermediate or is_result_file(path))


def evidence_file(label: str, name: str) -> str:
    """Return where a barrier's evidence is: `dedup/edges.parquet`, `dedup/edges-2.parquet` for the label `...#2`.

    Raises:
        StageError: the name is not a plain word.
    """
    check_word(name, f"{label}: the name of an evidence file")
    family, _, rest = label.partition(".")
    _, _, number = rest.partition("#")
    return f"{family}/{name}{f'-{number}' if number else ''}.parquet"
