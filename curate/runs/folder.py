"""The run folder on any file system: its lock, and files written so that a killed process leaves none half-written.

A file is written aside as `*.part`, flushed to disk and renamed; a task's record comes last. So a killed task
leaves parts, never half a file, and doing a task twice is harmless.
"""

from __future__ import annotations

import contextlib
import json
import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from curate.errors import RunError, SpecError


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

    def folders(self, folder: str) -> list[str]:
        """Return the names of the folders directly in a folder, sorted; an absent folder is empty."""
        try:
            listed = self.fs.ls(self.path(folder), detail=True, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(posixpath.basename(entry["name"].rstrip("/")) for entry in listed if entry["type"] == "directory")

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
        if self.fs.isdir(self.path(path)):
            raise RunError(f"{self.path(path)} is a folder, and the run writes a file there.  Remove it.")
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
        return self.digest_of(self.path(path))

    def digest_of(self, full_path: str) -> str:
        """Return the XXH3-128 of the bytes of a file that is given by its full path."""
        import xxhash

        state = xxhash.xxh3_128()
        with self.fs.open(full_path, "rb") as file:
            while chunk := file.read(1 << 20):
                state.update(chunk)
        return state.hexdigest()

    def claim(self, marker: str) -> None:
        """Make sure that this folder may be written to as a run folder.

        Args:
            marker: the file whose presence makes a folder a run folder.

        Raises:
            SpecError: it is a file, or a folder that holds something else.
        """
        if self.exists(marker) or not self.fs.exists(self.root):
            return
        if self.fs.isfile(self.root):
            raise SpecError(f"{self.url} is a file; a run needs a folder.  Choose one with --output.")
        if [entry for entry in self.fs.ls(self.root, detail=False) if posixpath.basename(entry) != ".lock"]:
            raise SpecError(
                f"{self.url} is not empty and not a run folder, so nothing was written there.  "
                "Choose another folder with --output, or empty this one."
            )

    def holds(self, url: str) -> bool:
        """Return whether a file or folder lies in this folder."""
        if not self.is_local:
            return url.startswith(f"{self.url.rstrip('/')}/")
        return os.path.realpath(url).startswith(os.path.realpath(self.root) + os.sep)

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


def finished_name(name: str) -> str | None:
    """Return the name that an unfinished part would have had: `a.parquet` for `a.parquet.4711.part`; else None."""
    match = re.fullmatch(r"(.+)\.\d+\.part", name)
    return match[1] if match else None


@dataclass(slots=True)
class Part:
    """A file being written aside."""

    folder: RunFolder
    path: str
    aside: str
    file: BinaryIO

    def closed(self) -> str:
        """Close the file and return the full path at which it lies until it is committed."""
        if not self.file.closed:
            self.file.close()
        return self.aside

    def commit(self) -> None:
        """Flush to disk and give the file its name."""
        self.closed()
        if self.folder.is_local:
            with open(self.aside, "rb") as written:
                os.fsync(written.fileno())
            os.replace(self.aside, self.folder.path(self.path))
