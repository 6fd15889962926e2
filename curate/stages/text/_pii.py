"""The description of one type of personal data: where it can occur, a pattern over bytes, and a check of the match."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Match = re.Match[bytes]

CONTEXT_BYTES = 48
"""Number of bytes before a match in which words that name the data are searched."""

MAX_EXTENSION = 1024
"""If a match ends at the edge of the searched range, it may extend by this many bytes; no address is longer."""


def accept(match: Match) -> bool:
    """Accept every match of the pattern."""
    return True


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds one type of personal data.

    Args:
        type: the name of the type; the placeholder has the same name.
        sign: the kind of candidate (`curate.kernels.pii_candidates`) in which the data can occur.
        pattern: a regular expression over UTF-8 bytes, so `\\w` and `\\d` are ASCII. A match may start up to 4 bytes
            before its candidate and end up to `reach` bytes after it, including look-ahead. If the match ends with a named
            group, only that group is masked.
        check: returns whether a match is valid: check digits, issuers, the words before it.
        digits: minimum number of digits in a candidate.
        reach: see `pattern`.
    """

    type: str
    sign: int
    pattern: re.Pattern[bytes]
    check: Callable[[Match], bool] = accept
    digits: int = 0
    reach: int = 8

    def find(self, text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the byte ranges that match in the candidate from `start` to `end` of a text."""
        edge = min(len(text), end + self.reach)
        for match in self.pattern.finditer(text, max(0, start - 4), edge):
            if match.end() == edge:  # the match may be incomplete: search beyond the edge
                match = self.pattern.match(text, match.start(), edge + MAX_EXTENSION)
            if match and match.start() < end and self.check(match):  # later matches belong to another candidate
                yield match.span(match.lastgroup or 0)


def context_before(match: Match) -> bytes:
    """Return up to `CONTEXT_BYTES` bytes before a match, on the same line."""
    return match.string[max(0, match.start() - CONTEXT_BYTES) : match.start()].rpartition(b"\n")[2]


def digits_of(match: Match) -> str:
    """Return the digits of a match."""
    return re.sub(rb"\D", b"", match.group()).decode()


def any_of(*alternatives: str) -> bytes:
    """Return a pattern over UTF-8 bytes that matches any of the alternatives."""
    return b"(?:" + "|".join(alternatives).encode() + b")"
