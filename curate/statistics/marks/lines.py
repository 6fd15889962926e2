"""Mark lines and paragraphs, which are what `curate.kernels.lines` counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curate.kernels import characters as ch
from curate.kernels.lines import BULLETS, SHORT
from curate.statistics.marks.marker import Marker, Span


def lines_of(text: str) -> Iterator[Span]:
    """Yield the lines of a text that are not blank, and an empty span for each that is, without white space at the ends."""
    at = 0
    for line in text.splitlines(keepends=True):
        yield _stripped(text, at, at + len(line))
        at += len(line)


def _stripped(text: str, start: int, end: int) -> Span:
    classes = ch.classes()
    while start < end and classes[ord(text[start])] & ch.SPACE:
        start += 1
    while start < end and classes[ord(text[end - 1])] & ch.SPACE:
        end -= 1
    return start, end


def paragraphs_of(text: str) -> Iterator[Span]:
    """Yield the runs of lines without a blank line between them."""
    first, last = -1, -1
    for start, end in [*lines_of(text), (0, 0)]:
        if start < end:
            first, last = (start if first < 0 else first), end
        elif first >= 0:
            yield first, last
            first = -1


@dataclass(frozen=True)
class Lines(Marker):
    """Marks the lines that fit."""

    name: str
    shows: str
    fits: Callable[[str], bool]
    signals: tuple[str, ...] = ()

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        return [(start, end) for start, end in lines_of(text) if start < end and self.fits(text[start:end])]


@dataclass(frozen=True)
class Repeated(Marker):
    """Marks the parts of a text that stood before in it."""

    name: str
    shows: str
    parts: Callable[[str], Iterator[Span]]
    signals: tuple[str, ...] = ()

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        seen: set[str] = set()
        found = []
        for start, end in self.parts(text):
            part = "\n".join(text[start + a : start + b] for a, b in lines_of(text[start:end]))
            if start < end and part in seen:
                found.append((start, end))
            seen.add(part)
        return found


def _is_unended(line: str) -> bool:
    return not ch.classes()[ord(line[-1])] & ch.SENTENCE_END


MARKERS: tuple[Marker, ...] = (
    Repeated("repeated_lines", "lines that stood before", lines_of, ("lines.duplicate_share", "lines.duplicate_char_share")),
    Repeated("repeated_paragraphs", "paragraphs that stood before", paragraphs_of, ("paragraphs.duplicate_share", "paragraphs.duplicate_char_share")),
    Lines("short_lines", f"lines of at most {SHORT} characters", lambda line: len(line) <= SHORT, ("lines.short_share",)),
    Lines("bullets", "lines that begin with a bullet", lambda line: line[0] in BULLETS, ("lines.bullet_share",)),
    Lines("cut_off_lines", "lines that end in an ellipsis", lambda line: line.endswith(("...", "…")), ("lines.ellipsis_share",)),
    Lines("unended_lines", "lines that do not end a sentence", _is_unended, ("lines.ended_share",)),
)  # fmt: skip
