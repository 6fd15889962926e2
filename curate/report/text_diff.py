"""Two texts that are nearly the same, side by side: the places where they differ, with a few words around."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

AROUND = 8
"""Words shown before and after a difference."""

LONGEST = 40
"""Words shown of a difference."""

COMPARED = 4000
"""Words compared of each text: it is an excerpt, and comparing takes time that grows with the square."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two texts differ: what one has, what the other has, and the words around in both."""

    before: str
    this: str
    other: str
    after: str


def differences(this: str, other: str, most: int = 4) -> list[Difference]:
    """Return the first places where two texts differ; none if the compared words are the same."""
    left, right = (re.findall(r"\S+", text)[:COMPARED] for text in (this, other))
    return [*_differences(left, right)][:most]


def _differences(left: list[str], right: list[str]) -> Iterator[Difference]:
    codes = SequenceMatcher(None, left, right, autojunk=False).get_opcodes()
    for kind, a, b, c, d in codes:
        if kind != "equal":
            yield Difference(
                " ".join(left[max(0, a - AROUND) : a]),
                _cut(left[a:b]),
                _cut(right[c:d]),
                " ".join(left[b : b + AROUND]),
            )


def _cut(words: list[str]) -> str:
    shown = " ".join(words[:LONGEST])
    return f"{shown} ... ({len(words):,} words)" if len(words) > LONGEST else shown
