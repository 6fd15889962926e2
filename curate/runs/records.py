"""The record of a finished task: which files it wrote, with which content, and what they depend on."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any, BinaryIO

from curate.errors import RunError
from curate.ledger import Ledger
from curate.runs import own_files
from curate.runs.folder import Part, RunFolder
from curate.runs.layout import DATA, TaskFolder, data_name


class Role(StrEnum):
    """What a file of a task is for."""

    DATA = "data"  # the curated documents
    REJECTS = "rejects"  # what was dropped
    JUDGEMENTS = "judgements"  # what was measured of every document
    STATISTICS = "statistics"  # all of that, added up
    EVIDENCE = "evidence"  # what a barrier writes for people to read
    EMPTY = "empty"  # the columns without documents, for a run of which nothing is left
    INTERMEDIATE = "intermediate"  # for later tasks and runs

    @property
    def is_result(self) -> bool:
        """Whether the file is for the user of the run."""
        return self not in (Role.EMPTY, Role.INTERMEDIATE)


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
        metrics: what a barrier's reduction reported.
        warnings: what the user should know of the task -> an example; empty if there is none.
        written: of a task before a write phase: the `documents` it wrote down, and their content `bytes`.
    """

    key: str
    outputs: list[Output]
    ledger: dict[str, Any]
    inputs: dict[str, str] = field(default_factory=dict)
    docs_of_shard: dict[str, int] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    warnings: dict[str, str] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)

    @property
    def input_digests(self) -> dict[str, str]:
        """The digest of each split that the task read, by `Split.range_name`."""
        return {name: value.partition(" ")[2] for name, value in self.inputs.items()}

    def to_json(self) -> dict[str, Any]:
        content = asdict(self)
        return {**content, "digest": _digest(content)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Record:
        """Return the record. Raises ValueError if it is not what `to_json` returned."""
        content = {name: value for name, value in data.items() if name != "digest"}
        if data["digest"] != _digest(content):
            raise ValueError("the record does not fit its digest")
        return cls(**{**content, "outputs": [Output(**{**o, "role": Role(o["role"])}) for o in content["outputs"]]})


def _digest(content: dict[str, Any]) -> str:
    return RunFolder.digest_of_bytes(json.dumps(content, sort_keys=True).encode())


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
    """Return whether a task need not run again: done for the same key, and its outputs are still what they were.

    Results are read to make sure. Intermediate files are read only if their mark has changed: who reads them checks them.
    """
    if record is None or record.key != key:
        return False
    for output in record.outputs:
        mark = folder.mark(output.path)
        is_to_check = output.role.is_result or mark != output.mark
        if mark is None or (is_to_check and folder.digest(output.path) != output.digest):
            return False
    return True


class TaskFiles:
    """The files of one task: written aside one by one, named all together when the task is done."""

    def __init__(self, place: TaskFolder):
        self.place, self.folder = place, place.run
        self.warnings: list[str] = []
        self._parts: list[tuple[Part, Role]] = []

    def open(self, path: str, role: Role = Role.INTERMEDIATE) -> BinaryIO:
        """Open a file for writing; `path` is relative to the run folder. A file of a user that is there is moved aside."""
        if role.is_result and self.folder.exists(path):
            warning = own_files.make_room(self.folder, path, self._known.get(path, ()))
            self.warnings += [warning] if warning else []
        part = self.folder.part(path, self.place.parts)
        self._parts.append((part, role))
        return part.file

    def close(self) -> None:
        """Close all files."""
        for part, _ in self._parts:
            part.closed()

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
            noted = own_files.noted(self.place)
            for part in results:
                noted.setdefault(part.path, set()).add(self.folder.digest_of(part.closed()))
            known = {path: sorted(digests) for path, digests in noted.items()}
            self.folder.write_json(self.place.written, known, self.place.parts)

    @cached_property
    def _known(self) -> dict[str, set[str]]:
        return own_files.written_by_tasks(self.folder)


class DataWriter:
    """The `ShardWriter` of a run: data/00012.parquet, then data/00012_00001.parquet and so on.

    Args:
        number, n_numbers: which of how many names the files have: a task's, or a file's.
        role: `EMPTY` for a file that is published only if there are no documents.
    """

    def __init__(self, files: TaskFiles, number: int, n_numbers: int, role: Role = Role.DATA):
        self.files, self.role = files, role
        self.number, self.n_numbers = number, n_numbers
        self.n_files = 0

    @contextlib.contextmanager
    def open(self, extension: str) -> Iterator[BinaryIO]:
        name = data_name(self.number, self.n_numbers, self.n_files, extension)
        self.n_files += 1
        folder = DATA if self.role is Role.DATA else self.files.place.empty
        with self.files.open(f"{folder}/{name}", self.role) as file:
            yield file
