"""What one kind of personal data looks like: a pattern over bytes, a test of what it matched, where to look for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Found = re.Match[bytes]

CONTEXT = 48
"""How many bytes before a find may say what it is."""


MORE = 1024
"""How many more bytes are looked at where a match ends at the edge of what was; no address is longer."""


def anything(found: Found) -> bool:
    """Accept whatever the pattern matched."""
    return True


@dataclass(frozen=True, slots=True)
class Finder:
    """One kind of personal data.

    Args:
        type: what users call it; the placeholder is named after it.
        sign: the spots (`curate.kernels.pii_candidates`) in which it can be.
        pattern: over UTF-8 bytes, so `\\w` and `\\d` are ASCII. A match may stick out of its spot by 4 bytes on the
            left and by `reach` on the right, its look-ahead included. If a named group ends it, only that is masked.
        check: whether a match is meant: check digits, issuers, the words before it.
        digits: a spot with fewer digits cannot hold it.
        reach: see `pattern`.
    """

    type: str
    sign: int
    pattern: re.Pattern[bytes]
    check: Callable[[Found], bool] = anything
    digits: int = 0
    reach: int = 8

    def find(self, text: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield the byte bounds of what is found in a spot of a text."""
        edge = min(len(text), end + self.reach)
        for found in self.pattern.finditer(text, max(0, start - 4), edge):
            if found.end() == edge:  # perhaps cut short: the spot also holds the beginning of the next one
                found = self.pattern.match(text, found.start(), edge + MORE)
            if found and found.start() < end and self.check(found):  # what begins further right is in a spot of its own
                yield found.span(found.lastgroup or 0)


def before(found: Found) -> bytes:
    """Return the bytes before a match that may say what it is, on the same line."""
    return found.string[max(0, found.start() - CONTEXT) : found.start()].rpartition(b"\n")[2]


def digits_of(found: Found) -> str:
    """Return the digits of a match."""
    return re.sub(rb"\D", b"", found.group()).decode()


def words(*alternatives: str) -> bytes:
    """Return alternatives as a pattern over UTF-8."""
    return b"(?:" + "|".join(alternatives).encode() + b")"
