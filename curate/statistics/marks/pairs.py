"""Mark what two texts that are nearly the same do not share."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from curate.statistics.marks.marker import Span

COMPARED = 2000
"""Words that are compared of each text: comparing takes time that grows with the square."""


def differing(this: str, other: str) -> tuple[list[Span], list[Span]]:
    """Return the runs of words of each text that the other does not have in their place."""
    words = [list(re.finditer(r"\S+", text))[:COMPARED] for text in (this, other)]
    sides = [[match[0] for match in each] for each in words]
    found: tuple[list[Span], list[Span]] = ([], [])
    for kind, *ends in SequenceMatcher(None, *sides, autojunk=False).get_opcodes():
        if kind != "equal":
            for k, (first, last) in enumerate((ends[:2], ends[2:])):
                if first < last:
                    found[k].append((words[k][first].start(), words[k][last - 1].end()))
    return found
