"""The record of a finished task: which files it wrote, with which content, and what they depend on."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, BinaryIO

from curate.errors import RunError
from curate.ledger import Ledger
from curate.runs.folder import Part, RunFolder
from curate.runs.layout import TaskFolder, data_file


class Role(StrEnum):
    """What a file of a task is for."""

    DATA = "data"  # the curated documents
    REJECTS = "rejects"  # what was dropped
    EVIDENCE = "evidence"  # what a barrier writes for people to read
    INTERMEDIATE = "intermediate"  # for later tasks and runs

    @property
    def is_result(self) -> bool:
        """Whether the file is for the user of the run."""
        return self is not Role.INTERMEDIATE


@dataclass(slots=True)
class Output:
    """A finished file of a task: where it is, what it is for, a cheap mark (size first) and its content digest."""

    path: str
    role: Role
    mark: str
    digest: str

    @property
    def n_bytes(self) -> int:
        return int(self.mark.partition(":")[0])


@dataclass(slots=True)
class Record:
    """The record of a finished task.

    Args:
        key: what the results depend on; the task need not run again while this is the same.
        inputs: for each split it read, its cheap mark and its digest.
        docs_of_shard: of a task that emits: how many documents it emitted about, by shard.
        metrics, warnings: what a barrier's reduction reported.
    """

    key: str
    outputs: list[Output]
    ledger: dict[str, Any]
    inputs: dict[str, str] = field(default_factory=dict)
    docs_of_shard: dict[str, int] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Record:
        return cls(**{**data, "outputs": [Output(**{**o, "role": Role(o["role"])}) for o in data["outputs"]]})


def read_record(place: TaskFolder) -> Record | None:
    """Return a task's record, or None if it never finished, or its record cannot be read."""
    try:
        record = Record.from_json(place.run.read_json(place.record))
        Ledger.from_json(record.ledger)
        return record
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def need_record(place: TaskFolder) -> Record:
    """Return the record of a task that must have finished.

    Raises:
        RunError: it has none.
    """
    record = read_record(place)
    if record is None:
        raise RunError(f"task {place.number} of {place.phase} has no record; run again.")
    return record


def is_valid(folder: RunFolder, record: Record | None, key: str) -> bool:
    """Return whether a task need not run again: done for the same key, and its outputs are still what they were."""
    if record is None or record.key != key:
        return False
    for output in record.outputs:
        mark = folder.mark(output.path)
        if mark is None or (mark != output.mark and folder.digest(output.path) != output.digest):
            return False
    return True


class TaskFiles:
    """The files of one task: written aside one by one, named all together when the task is done."""

    def __init__(self, place: TaskFolder):
        self.place, self.folder = place, place.run
        self._parts: list[tuple[Part, Role]] = []

    def open(self, path: str, role: Role = Role.INTERMEDIATE) -> BinaryIO:
        """Open a file for writing; `path` is relative to the run folder."""
        part = self.folder.part(path)
        self._parts.append((part, role))
        return part.file

    def commit(self) -> list[Output]:
        """Name all files and return them with their digests, in the order they were opened.

        Raises:
            RunError: a file is not there any more.
        """
        self._note_results()
        outputs = []
        for part, role in self._parts:
            part.commit()
            mark = self.folder.mark(part.path)
            if mark is None:
                raise RunError(
                    f"{self.folder.path(part.path)} vanished while it was written; is another run using this folder?"
                )
            outputs.append(Output(part.path, role, mark, self.folder.digest(part.path)))
        return outputs

    def _note_results(self) -> None:
        """Write down which result files will appear, before they do: a killed task leaves none that nobody knows."""
        results = [part for part, role in self._parts if role.is_result]
        if results:
            known = results_written(self.place)
            known |= {part.path: self.folder.digest_of(part.closed()) for part in results}
            self.folder.write_json(self.place.written, known)


def results_written(place: TaskFolder) -> dict[str, str]:
    """Return every result file that a task has ever written, with the digest of its last content."""
    try:
        return dict(place.run.read_json(place.written))
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


class DataWriter:
    """The `ShardWriter` of a run: data/00012.parquet, then data/00012-001.parquet and so on."""

    def __init__(self, files: TaskFiles, shard: int):
        self.files = files
        self.shard = shard
        self.n_files = 0

    @contextlib.contextmanager
    def open(self, extension: str) -> Iterator[BinaryIO]:
        path = data_file(self.shard, self.n_files, extension)
        self.n_files += 1
        with self.files.open(path, Role.DATA) as file:
            yield file
