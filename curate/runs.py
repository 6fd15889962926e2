"""The run folder: its layout, atomic writes, and the records that say which tasks are done.

    run.json        what runs here; its presence makes a folder a run folder
    inputs.json     the shards, known before the first task starts
    phases/NN-name-<fingerprint>/
        phase.json  the recipe of the phase: all a worker needs to know
        done/       one record a finished task: its key, its outputs with digests, its ledger
        docs/       documents for the next phase; facts/  numbers for the next reduce or apply
        notes/      what a barrier keeps beside the documents; index/  what it will remember for later runs
        logs/ ...   what datatrove keeps
    data/  rejects/  what the user wants; complete only when manifest.json is there
    dedup/           the evidence of deduplication: edges, clusters
    manifest.json  ledger.json  README.md  report.html

A file is written aside as `*.part`, flushed to disk and renamed; a task's record comes last. So a killed task
leaves parts, never half a file, and doing a task twice is harmless.
"""

from __future__ import annotations

import contextlib
import json
import os
import posixpath
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, BinaryIO

from curate.errors import RunError, SpecError
from curate.ledger import Ledger

RUN, INPUTS, MANIFEST, LEDGER = "run.json", "inputs.json", "manifest.json", "ledger.json"
DATA, REJECTS, PHASES = "data", "rejects", "phases"
EVIDENCE = ("dedup",)
"""Folders in which barriers lay down what their decisions rest on."""


class RunFolder:
    """A folder on any fsspec file system. Paths are relative to it, with forward slashes."""

    def __init__(self, url: str):
        import fsspec

        self.url = url
        try:
            self.fs, self.root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise SpecError(f"{url}: cannot be a run folder: {error}") from error
        self.is_local = "file" in (self.fs.protocol if isinstance(self.fs.protocol, tuple) else (self.fs.protocol,))

    def __repr__(self) -> str:
        return f"RunFolder({self.url!r})"

    def path(self, *parts: str) -> str:
        """Return the full path as the file system (and pyarrow, locally) understands it."""
        return posixpath.join(self.root, *parts)

    def exists(self, path: str) -> bool:
        return self.fs.exists(self.path(path))

    def files(self, folder: str) -> list[str]:
        """Return the names of the files right in a folder, sorted; an absent folder is empty."""
        try:
            listed = self.fs.ls(self.path(folder), detail=True, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(posixpath.basename(entry["name"]) for entry in listed if entry["type"] == "file")

    def open(self, path: str) -> BinaryIO:
        return self.fs.open(self.path(path), "rb")

    def read_json(self, path: str) -> Any:
        with self.open(path) as file:
            return json.load(file)

    def write_json(self, path: str, data: Any) -> None:
        """Write JSON so that readers see the old file or the new one, never a part."""
        self.write_bytes(path, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())

    def write_bytes(self, path: str, data: bytes) -> None:
        part = self.part(path)
        with part.file as file:
            file.write(data)
        part.commit()

    def remove(self, path: str) -> None:
        if self.exists(path):
            self.fs.rm(self.path(path))

    def part(self, path: str) -> Part:
        """Open a file for writing aside; it appears under its name when committed."""
        full = self.path(path)
        self.fs.makedirs(posixpath.dirname(full), exist_ok=True)
        aside = f"{full}.{os.getpid()}.part" if self.is_local else full  # no two processes share a file
        return Part(self, path, aside, self.fs.open(aside, "wb"))

    def mark(self, path: str) -> str | None:
        """Return a cheap mark that changes when the file does, or None if there is no file."""
        try:
            info = self.fs.info(self.path(path))
        except FileNotFoundError:
            return None
        return f"{info['size']}:{info.get('mtime') or info.get('ETag') or info.get('LastModified') or ''}"

    def digest(self, path: str) -> str:
        """Return the XXH3-128 of a file's bytes."""
        import xxhash

        state = xxhash.xxh3_128()
        with self.open(path) as file:
            while chunk := file.read(1 << 20):
                state.update(chunk)
        return state.hexdigest()

    def claim(self) -> None:
        """Make sure that this folder may be written to as a run folder."""
        if self.exists(RUN) or not self.fs.exists(self.root):
            return
        if self.fs.isfile(self.root):
            raise SpecError(f"{self.url} is a file; a run needs a folder.  Choose one with --output.")
        if [entry for entry in self.fs.ls(self.root, detail=False) if posixpath.basename(entry) != ".lock"]:
            raise SpecError(
                f"{self.url} is not empty and not a run folder, so nothing was written there.  "
                "Choose another folder with --output, or empty this one."
            )

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one run at a time; the lock of a killed process is gone with it.

        Object stores have no locks: there, tasks are idempotent and their records decide.
        """
        if not self.is_local:
            yield
            return
        import fcntl

        try:
            os.makedirs(self.root, exist_ok=True)
            file = open(self.path(".lock"), "a+")  # noqa: SIM115  (closed below)
        except OSError as error:
            raise SpecError(f"{self.url}: cannot be written to: {error.strerror}.  Choose another --output.") from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.seek(0)
                raise RunError(
                    f"{self.url} is in use by another run ({file.read().strip() or 'unknown process'}).  "
                    "Wait for it, or give this run a folder of its own with --output."
                ) from None
            file.truncate(0)
            file.write(f"process {os.getpid()} on {os.uname().nodename}\n")
            file.flush()
            yield


@dataclass(slots=True)
class Part:
    """A file being written aside."""

    folder: RunFolder
    path: str
    aside: str
    file: BinaryIO

    def commit(self) -> None:
        """Flush to disk and give the file its name."""
        if not self.file.closed:
            self.file.close()
        if self.folder.is_local:
            with open(self.aside, "rb") as written:
                os.fsync(written.fileno())
            os.replace(self.aside, self.folder.path(self.path))


@dataclass(slots=True)
class Output:
    """A finished file of a task: where it is, a cheap mark and its content digest."""

    path: str
    mark: str
    digest: str


@dataclass(slots=True)
class Record:
    """What a finished task leaves: the key it was done for, its outputs, its ledger, what it learnt of its inputs.

    Args:
        n_notes: how many documents it left notes about, by shard.
        told, warnings: what a barrier's reduction put on record.
    """

    key: str
    outputs: list[Output]
    ledger: dict[str, Any]
    inputs: dict[str, str] = field(default_factory=dict)
    n_notes: dict[str, int] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Record:
        return cls(**{**data, "outputs": [Output(**o) for o in data["outputs"]]})


def record_path(phase: str, task: int) -> str:
    """Return where a task's record is."""
    return f"{PHASES}/{phase}/done/{task:05d}.json"


def read_record(folder: RunFolder, phase: str, task: int) -> Record | None:
    """Return a task's record, or None if it never finished."""
    try:
        record = Record.from_json(folder.read_json(record_path(phase, task)))
        Ledger.from_json(record.ledger)
        return record
    except (FileNotFoundError, KeyError, ValueError, TypeError, AttributeError):
        return None


def is_valid(folder: RunFolder, record: Record | None, key: str) -> bool:
    """Say whether a task need not run again: done for the same key, and its outputs are still what they were."""
    if record is None or record.key != key:
        return False
    for output in record.outputs:
        mark = folder.mark(output.path)
        if mark is None or (mark != output.mark and folder.digest(output.path) != output.digest):
            return False
    return True


class TaskFiles:
    """The files of one task: written aside one by one, named all together when the task is done."""

    def __init__(self, folder: RunFolder):
        self.folder = folder
        self.parts: list[Part] = []

    def open(self, path: str) -> BinaryIO:
        part = self.folder.part(path)
        self.parts.append(part)
        return part.file

    def commit(self) -> list[Output]:
        """Name all files and return them with their digests, in the order they were opened."""
        outputs = []
        for part in self.parts:
            part.commit()
            mark = self.folder.mark(part.path)
            if mark is None:
                raise RunError(
                    f"{self.folder.path(part.path)} vanished while it was written; is another run using this folder?"
                )
            outputs.append(Output(part.path, mark, self.folder.digest(part.path)))
        return outputs


class DataWriter:
    """The `ShardWriter` of a run: data/00012.parquet, then data/00012-001.parquet and so on."""

    def __init__(self, files: TaskFiles, shard: int):
        self.files = files
        self.shard = shard
        self.n_files = 0

    @contextlib.contextmanager
    def open(self, extension: str) -> Iterator[BinaryIO]:
        tail = f"-{self.n_files:03d}" if self.n_files else ""
        self.n_files += 1
        with self.files.open(f"{DATA}/{self.shard:05d}{tail}.{extension}") as file:
            yield file
