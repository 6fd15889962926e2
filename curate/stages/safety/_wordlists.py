"""Read word lists: files with one entry per line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from curate.assets import File
from curate.errors import InputError
from curate.kernels import characters as ch
from curate.kernels.word_trie import LONGEST, fold
from curate.stages.safety import _files

ANY = "any"
"""The name of a list that applies to all languages."""

SHORTEST_UNSPACED = 2
"""Minimum length of an entry in a script without spaces: a single character occurs in too many words."""


def read(lists: Mapping[str, File]) -> tuple[list[str], np.ndarray, dict[str, int]]:
    """Read word lists.

    Args:
        lists: the file of each list, by name.
    Returns:
        `(entries, lists uint64[n], counts)`: the distinct entries, case-folded; a bit for each list an entry is on; and
        ledger counts of the ignored lines of each list, by reason.
    Raises:
        InputError: a file cannot be read, or a list has no entry.
    """
    bits_of: dict[str, int] = {}
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
            ignored = f": {sum(counts.values())} lines are ignored" if counts else ""
            raise InputError(
                f"{file}: has no entry{ignored}.  Expected one word or phrase per line, of at most {LONGEST} characters."
            )
        for entry in entries:
            bits_of[entry] = bits_of.get(entry, 0) | 1 << k
    ordered = sorted(bits_of)
    return ordered, np.array([bits_of[entry] for entry in ordered], np.uint64), counts


def _entry(line: str) -> str:
    """Case-fold a line; one that is far too long is only truncated, to save time."""
    return fold(line) if len(line) <= 4 * LONGEST else line[: 4 * LONGEST]


def _flaw(entry: str) -> str | None:
    """Return why an entry is ignored, or None."""
    table = ch.classes()
    if len(entry) > LONGEST:
        return "too long"
    if table[ord(entry[0])] & ch.EXTEND:
        return "begins with a combining mark"
    if len(entry) < SHORTEST_UNSPACED and table[ord(entry)] & ch.UNSPACED:
        return "one character"
    return None
