"""What was found in files of code, kept by their content: parsing the 190 files behind a recipe takes a second.

Each entry is a small file in the user's cache folder (`XDG_CACHE_HOME`), named after a digest of the code and of what parses
it. One that is damaged, or cannot be written, costs the time to parse the code again.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

Found = tuple[str, frozenset[str]]
"""The digest of the code, and the names of the modules that it imports."""


def found(content: bytes, package: str, parser: str, parse: Callable[[], Found]) -> Found:
    """Return what `parse` returns, or returned earlier for the same code.

    Args:
        content: the code.
        package: in which its relative imports begin.
        parser: path of the file that defines `parse`; when it changes, earlier results do not count.
    """
    digest = hashlib.sha256(f"{_version(parser)} {package} ".encode() + content).hexdigest()
    folder = _folder()
    if folder is None:
        return parse()
    known = _read(folder / digest)
    if known is None:
        known = parse()
        with contextlib.suppress(OSError):
            _write(folder / digest, json.dumps([known[0], *sorted(known[1])]))
    return known


@functools.cache
def _version(parser: str) -> str:
    return f"{hashlib.sha256(Path(parser).read_bytes()).hexdigest()} {sys.version_info[:3]}"


def _folder() -> Path | None:
    """Return the folder of the entries, which may not exist yet; None for a user without a home."""
    with contextlib.suppress(RuntimeError):
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "curate" / "code"
    return None


def _read(path: Path) -> Found | None:
    """Return an entry; None if there is none, or if it is damaged."""
    with contextlib.suppress(OSError, ValueError):
        entry = json.loads(path.read_bytes())
        if isinstance(entry, list) and entry and all(isinstance(name, str) for name in entry):
            return entry[0], frozenset(entry[1:])
    return None


def _write(path: Path, text: str) -> None:
    """Write a file that is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(file, "w", encoding="utf-8") as part:
            part.write(text)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
