"""What is in folders, local or not: the files that a source reads, and what to say where there is none."""

from __future__ import annotations

import difflib
import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import fsspec

from curate.errors import InputError
from curate.formats import FORMATS, Format


@contextmanager
def asking(pattern: str) -> Iterator[None]:
    """Name the pattern when a file system fails; the error may be of any type: no such host, bucket or package."""
    try:
        yield
    except Exception as error:
        raise InputError(f"{pattern}: cannot be listed: {error}") from error


def stat(fs: Any, path: str) -> dict | None:
    """Return what the file system knows about a path, or None if nothing is there (usual for a glob)."""
    try:
        return fs.info(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def is_local(fs: Any) -> bool:
    """Return whether a file system is that of this machine."""
    return "file" in _protocols(fs)


def is_web(fs: Any) -> bool:
    """Return whether a file system is a web server, which lists nothing."""
    return "https" in _protocols(fs)


def _protocols(fs: Any) -> tuple[str, ...]:
    return (fs.protocol,) if isinstance(fs.protocol, str) else tuple(fs.protocol)


@dataclass(frozen=True, slots=True)
class InFolder:
    """What is in a folder and in the folders in it.

    Args:
        files: name -> what the file system knows of the file.
        others: names of what is no file: links without a target, pipes, devices.
    """

    files: dict[str, dict]
    others: tuple[str, ...]

    def said_of_others(self) -> str:
        """Return a clause that says what is left out as it is no file; empty if there is nothing."""
        if not self.others:
            return ""
        return f"{_many(len(self.others), 'entry', 'entries')} left out that lead{'s' * (len(self.others) == 1)} to no file (a link without a target?), such as {self.others[0]}"


def files_in(fs: Any, folder: str) -> InFolder:
    """Return what the file system knows of each file in a folder and in the folders in it."""
    with asking(folder):
        found = fs.find(folder, detail=True)
        links = {name: stat(fs, name) for name, info in found.items() if info["type"] != "file"}
    found.update(links)  # a listing does not show the targets of links
    others = (name for name, info in found.items() if info is None or info["type"] not in ("file", "directory"))
    return InFolder(
        {name: info for name, info in found.items() if info and info["type"] == "file"}, tuple(sorted(others))
    )


def is_read(name: str, reader: str, kinds: Sequence[Format]) -> bool:
    """Return whether a file in a folder is one that a source reads."""
    return any(kind.is_read_by(reader, posixpath.basename(name)) for kind in kinds)


def of_folders(patterns: Sequence[str], reader: str, kinds: Sequence[Format] = FORMATS) -> Iterator[str]:
    """Yield a line for each folder among the patterns: how many of its files the source reads, and which it leaves out."""
    for pattern in patterns:
        fs, path = fsspec.core.url_to_fs(pattern)
        if (info := stat(fs, path)) is None or info["type"] != "directory":
            continue
        found = files_in(fs, path)
        names = sorted(found.files)
        others = [name[len(path) :].lstrip("/") for name in names if not is_read(name, reader, kinds)]
        left = f"; {_many(len(others), 'other')} left out, such as {others[0]}" if others else ""
        no_files = f"; {found.said_of_others()}" if found.others else ""
        yield f"{pattern}: {_many(len(names) - len(others), 'file')} for {reader}{left}{no_files}"


def _many(n: int, what: str, several: str = "") -> str:
    return f"{n:,} {what if n == 1 else several or what + 's'}"


# ---------------------------------------------------------------------- error messages for missing files


def no_file(fs: Any, pattern: str, path: str, info: dict | None) -> InputError:
    """Return the error for a path at which there is no file, or a folder without files for the source."""
    if info is not None:
        inside = files_in(fs, path)
        endings = Counter(_ending(name) for name in inside.files)
        if not endings:
            return InputError(f"{pattern}: is a folder without files.  {inside.said_of_others() or 'Name another one'}")
        glob = f"**/*{endings.most_common(1)[0][0]}"
        return InputError(
            f"{pattern}: is a folder with {_many(endings.total(), 'file')}, none of which this source reads by its name.  "
            f"If the format is right, try {pattern.rstrip('/')}/{glob}"
        )
    folder, name = posixpath.split(path.rstrip("/"))
    return InputError(f"{pattern}: no such file.{_hint(fs, folder, name)}")


def no_match(fs: Any, pattern: str, path: str, folder: str, n_folders: int) -> InputError:
    """Return the error for a glob that matches no file."""
    if n_folders:
        return InputError(f"{pattern}: matches {n_folders} folders and no file.  Try {pattern.rstrip('/')}/**")
    rest = path[len(folder) :].strip("/")
    return InputError(f"{pattern}: no file matches.{_hint(fs, folder, rest)}")


def _hint(fs: Any, folder: str, wanted: str) -> str:
    """Return what is there instead: the most similar names in the folder, or the first folder that is missing."""
    listing = _listing(fs, folder)
    if listing is None:
        if is_web(fs) or fs.isdir(folder):
            return ""
        parent, name = posixpath.split(folder)
        listed = _listing(fs, parent) or [] if parent and name else []
        beside = [posixpath.basename(entry["name"]) for entry in listed]
        near = difflib.get_close_matches(name, beside, n=1, cutoff=0.5)
        return f"  There is no folder {folder}." + (f"  Did you mean {near[0]}?" if near else "")
    if not listing:
        return f"  {folder or '/'} is empty."
    names = sorted(posixpath.basename(entry["name"].rstrip("/")) for entry in listing)
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    if near:
        return f"  Did you mean {' or '.join(near)}?"
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return f"  {folder or '/'} contains {shown}"


def _listing(fs: Any, folder: str) -> list[dict] | None:
    """Return the entries of a folder; None, and so no hint, if there is no such folder or it cannot be read."""
    if is_web(fs):  # a web server has no folders that can be listed
        return None
    try:
        return [entry for entry in fs.ls(folder, detail=True) if entry["name"].rstrip("/") != folder.rstrip("/")]
    except OSError:
        return None


def _ending(name: str) -> str:
    return "".join(PurePosixPath(name).suffixes[-2:])
