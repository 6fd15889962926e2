"""Ways in which a file that a user names, or that a run left, can be wrong."""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest


def _put(content: bytes) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.write_bytes(content)

    return damage


def _missing(path: Path) -> None:
    path.unlink()


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x55
    path.write_bytes(content)


def _unreadable(path: Path) -> None:
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user can read every file")


DAMAGES: dict[str, Callable[[Path], None]] = {
    "missing": _missing,
    "empty": _put(b""),
    "folder": _folder,
    "list": _put(b"[1]"),
    "number": _put(b"5"),
    "string": _put(b'"x"'),
    "object": _put(b'{"x": 1}'),
    "object of lists": _put(b'{"name": [], "stages": 5, "phases": [[]], "files": {}, "settings": [], "format": 1}'),
    "random bytes": _put(random.Random(1).randbytes(4096)),
    "not UTF-8": _put(b"\xff\xfe\xfd text\n"),
    "nested": _put(b"[" * 100_000),
    "cut off": _cut_off,
    "flipped": _flipped,
    "unreadable": _unreadable,
}
"""What is done to a file, by name."""


def copied(source: Path, target: Path) -> Path:
    """Return a copy of a file or folder, to damage it."""
    shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)
    return target
