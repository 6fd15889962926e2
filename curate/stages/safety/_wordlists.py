"""Word lists as files: one entry a line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from curate.assets import File
from curate.errors import InputError
from curate.kernels import characters as ch
from curate.kernels.word_trie import LONGEST, fold
from curate.stages.safety import _files

ANY = "any"
"""The name of a list for all languages."""

SHORTEST_UNSPACED = 2
"""Characters of an entry in a script without spaces: one of them alone is in every other word."""


def read(lists: Mapping[str, File]) -> tuple[list[str], np.ndarray, dict[str, int]]:
    """Read lists.

    Returns:
        `(entries, lists uint64[n], counts)`: folded entries, each once, the lists each is on as bits, and how many lines of each
        list do not count, for the ledger.
    Raises:
        InputError: a file cannot be read, or a list has no entry.
    """
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    for k, (name, file) in enumerate(lists.items()):
        entries: set[str] = set()
        for url in file.find():
            for line in _files.read(url).decode().splitlines():
                entry = "" if line.lstrip().startswith("#") else _entry(line)
                if not entry:
                    continue
                if why := "repeated" if entry in entries else _flaw(entry):
                    counts[f"ignored in {name}: {why}"] = counts.get(f"ignored in {name}: {why}", 0) + 1
                else:
                    entries.add(entry)
        if not entries:
            ignored = f": {sum(counts.values())} lines do not count" if counts else ""
            raise InputError(
                f"{file}: has no entry{ignored}.  Expected one word or phrase a line, of at most {LONGEST} characters."
            )
        for entry in entries:
            found[entry] = found.get(entry, 0) | 1 << k
    ordered = sorted(found)
    return ordered, np.array([found[entry] for entry in ordered], np.uint64), counts


def _entry(line: str) -> str:
    """Fold a line; one far too long is not worth the time."""
    return fold(line) if len(line) <= 4 * LONGEST else line[: 4 * LONGEST]


def _flaw(entry: str) -> str | None:
    """Return why an entry does not count, or None."""
    table = ch.classes()
    if len(entry) > LONGEST:
        return "too long"
    if table[ord(entry[0])] & ch.EXTEND:
        return "begins with a combining mark"
    if len(entry) < SHORTEST_UNSPACED and table[ord(entry)] & ch.UNSPACED:
        return "one character"
    return None
