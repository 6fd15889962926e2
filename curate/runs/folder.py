"""The run folder on any file system: its lock, and files written so that a killed process leaves none half-written.

A file is written aside as `*.part`, flushed to disk and renamed; a task's record comes last. So a killed task leaves
parts, never half a file, and doing a task twice is harmless.
"""

from __future__ import annotations

import contextlib
import copy
import errno
import itertools
import json
import os
import posixpath
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any, BinaryIO

from curate.errors import RunError, SpecError

LOCK = ".lock"
"""The file that a run holds a lock on."""

LOCKED_BY = "process "
"""What the file begins with."""


def locked_by(process: int) -> str:
    """Return what the file says if a process of this machine holds the lock, or held it last."""
    return f"{LOCKED_BY}{process} on {os.uname().nodename}"


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

    @property
    def address(self) -> str:
        """The one address of the folder, however it was given."""
        return os.path.realpath(self.root) if self.is_local else self.fs.unstrip_protocol(self.root)

    def path(self, *parts: str) -> str:
        """Return the full path as the file system (and pyarrow, locally) understands it."""
        return posixpath.join(self.root, *parts)

    def beside(self, name: str) -> RunFolder:
        """Return the folder of a name, whatever characters it has, in the folder that this one lies in."""
        other = copy.copy(self)
        other.root = posixpath.join(posixpath.dirname(self.root.rstrip("/")), name)
        other.url = other.root if self.is_local else f"{self.url.rstrip('/').rpartition('/')[0]}/{name}"
        return other

    def siblings(self) -> list[str]:
        """Return the names of the folders beside this one, sorted; those that are not UTF-8 are left out.

        Raises:
            OSError: they cannot be listed.
        """
        parent, own = posixpath.split(self.root.rstrip("/"))
        if not parent:  # a bucket lies in no folder
            return []
        try:
            listed = self.fs.ls(parent, detail=True, refresh=True)
        except FileNotFoundError:
            return []
        named = {posixpath.basename(entry["name"].rstrip("/")): entry["type"] for entry in listed}
        return sorted(
            name for name, kind in named.items() if kind != "file" and name not in ("", own) and _is_unicode(name)
        )

    def is_file(self, path: str) -> bool:
        """Return whether there is a file, and not a folder, a pipe or a device."""
        return self.fs.isfile(self.path(path))

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

    def times(self, folder: str) -> list[float]:
        """Return when each file right in a folder was changed, in seconds since 1970; none where that is not known."""
        if not self.is_local or not os.path.isdir(self.path(folder)):
            return []
        with os.scandir(self.path(folder)) as entries:
            return [entry.stat().st_mtime for entry in entries]

    def open(self, path: str) -> BinaryIO:
        return self.fs.open(self.path(path), "rb")

    def read_bytes(self, path: str) -> bytes:
        with self.open(path) as file:
            return file.read()

    def read_json(self, path: str) -> Any:
        with self.open(path) as file:
            return json.load(file)

    def write_json(self, path: str, data: Any, parts: str = "") -> None:
        """Write JSON so that readers see the old file or the new one, never a part."""
        self.write_bytes(path, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode(), parts)

    def write_bytes(self, path: str, data: bytes, parts: str = "") -> None:
        part = self.part(path, parts)
        with part.file as file:
            file.write(data)
        part.commit()

    def remove(self, path: str) -> None:
        if self.fs.isdir(self.path(path)):
            raise RunError(f"{self.path(path)} is a folder, and the run writes a file there.  Remove it.")
        if self.exists(path):
            self.fs.rm(self.path(path))

    def move(self, path: str, to: str) -> None:
        """Give a file another path; there must be no file of that path."""
        self.fs.makedirs(posixpath.dirname(self.path(to)), exist_ok=True)
        self.fs.mv(self.path(path), self.path(to))

    def unused(self, path: str) -> str:
        """Return the path, or the first of `path.2`, `path.3`, ... that does not exist."""
        numbered = (f"{path}.{n}" for n in itertools.count(2))
        return path if not self.exists(path) else next(other for other in numbered if not self.exists(other))

    def part(self, path: str, parts: str = "") -> Part:
        """Open a file for writing aside; it appears under its name when committed.

        Args:
            parts: the folder in which it is until then; empty: beside the file. An object store needs none.
        """
        full = self.path(path)
        self.fs.makedirs(posixpath.dirname(full), exist_ok=True)
        if not self.is_local:
            return Part(self, path, full, self.fs.open(full, "wb"))
        aside = self._aside(path, parts)
        return Part(self, path, aside, self.fs.open(aside, "wb"))

    def taken(self, source: RunFolder, path: str, parts: str, *, is_linked: bool) -> Part:
        """Put a file of another folder of the same file system aside, as `part`.

        Args:
            is_linked: the two may share their bytes on a local disk (a hard link): nothing will write to either in place.
                Where links cannot be made, it is a copy.

        Raises:
            OSError: there is no such file, or it cannot be read.
        """
        original, full = source.path(path), self.path(path)
        self.fs.makedirs(posixpath.dirname(full), exist_ok=True)
        if not self.is_local:
            self.fs.cp_file(original, full)
            return Part(self, path, full)
        aside = self._aside(path, parts)
        if not (is_linked and _linked(original, aside)):
            shutil.copyfile(original, aside)
        return Part(self, path, aside)

    def _aside(self, path: str, parts: str) -> str:
        """Return where a local file lies until it is finished. What a killed process has left there is removed: it may be
        a link, and to write into it would change the file of another run."""
        folder, name = posixpath.split(self.path(path))
        if parts:
            folder, name = self.path(parts), path.replace("/", "-")
            self.fs.makedirs(folder, exist_ok=True)
        aside = f"{folder}/{name}.{os.getpid()}.part"  # no two processes share a file
        with contextlib.suppress(FileNotFoundError):
            os.remove(aside)
        return aside

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

    @staticmethod
    def digest_of_bytes(data: bytes) -> str:
        """Return the XXH3-128 of bytes, as `digest` of a file."""
        import xxhash

        return xxhash.xxh3_128_hexdigest(data)

    def holds(self, url: str) -> bool:
        """Return whether a file or folder lies in this folder."""
        if not self.is_local:
            return url.startswith(f"{self.url.rstrip('/')}/")
        return os.path.realpath(url).startswith(os.path.realpath(self.root) + os.sep)

    def lock_text(self) -> str:
        """Return which process holds the lock, or held it last; "" if that is not known."""
        try:
            with self.open(LOCK) as file:
                return file.read(1000).decode(errors="replace").strip()
        except OSError:
            return ""

    def check_unlocked(self) -> None:
        """Make sure that no run holds the lock at the moment.

        Raises:
            RunError: one does.
        """
        if self.is_local and self.exists(LOCK):
            with open(self.path(LOCK), "rb") as file:
                self._take_lock(file)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for one run at a time; the lock of a killed process is gone with it.

        Object stores have no locks: there, tasks are idempotent and their records decide.

        Raises:
            SpecError: the folder cannot be written. RunError: another run holds it.
        """
        if not self.is_local:
            yield
            return
        try:
            os.makedirs(self.root, exist_ok=True)
            file = open(self.path(LOCK), "a+")  # noqa: SIM115  (closed below)
        except OSError as error:
            raise SpecError(f"{self.url}: cannot be written to: {error.strerror}.  Choose another --output.") from error
        with file:
            self._take_lock(file)
            file.truncate(0)
            file.write(f"{locked_by(os.getpid())}\n")
            file.flush()
            yield

    def _take_lock(self, file: IO) -> None:
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise RunError(
                f"{self.url} is in use by another run ({self.lock_text() or 'unknown process'}).  "
                "Wait for it, or give this run a folder of its own with --output."
            ) from None


@dataclass(slots=True)
class Part:
    """A file being written aside, or taken from another folder."""

    folder: RunFolder
    path: str
    aside: str
    file: BinaryIO | None = None

    @property
    def is_taken(self) -> bool:
        """Whether it was complete from the start."""
        return self.file is None

    def closed(self) -> str:
        """Close the file and return the full path at which it lies until it is committed."""
        if self.file is not None and not self.file.closed:
            self.file.close()
        return self.aside

    def discard(self) -> None:
        """Remove the file instead of giving it its name."""
        self.closed()
        if self.folder.fs.exists(self.aside):
            self.folder.fs.rm(self.aside)

    def commit(self) -> None:
        """Flush to disk and give the file its name."""
        self.closed()
        if self.folder.is_local:
            with open(self.aside, "rb") as written:
                os.fsync(written.fileno())
            _rename(self.aside, self.folder.path(self.path))


def _rename(aside: str, path: str) -> None:
    """Give a file its name, also if that is on another file system (a linked folder)."""
    try:
        os.replace(aside, path)
        with contextlib.suppress(FileNotFoundError):
            os.remove(aside)  # two links to one file: the system has replaced nothing, and leaves both
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = f"{path}.{os.getpid()}.part"
        shutil.copyfile(aside, beside)
        os.replace(beside, path)
        os.remove(aside)


def _is_unicode(name: str) -> bool:
    try:
        name.encode()
        return True
    except UnicodeEncodeError:
        return False


def _linked(original: str, aside: str) -> bool:
    """Make a hard link, if the file is a plain one of this user's and the file system can."""
    found = os.lstat(original)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
        return False
    try:
        os.link(original, aside)
    except FileNotFoundError:
        raise
    except OSError:  # another device, no links here, too many of them
        return False
    return True
