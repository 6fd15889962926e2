"""Hard-wrapped text in plain Python: the definitions of `curate.kernels.hard_wraps`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from curate.kernels.characters import BREAKS
from curate.kernels.hard_wraps import DASHES, FENCES, ITEM_MARKS, LONGEST_WORD, MIN_WRAPS, WIDTHS
from tests.reference.lines import strip
from tests.reference.words import category, is_space, is_unspaced

NUMBER = re.compile(r"[0-9]{1,3}[.)](?!\S)")


@dataclass
class Line:
    """A line without the white space at its ends; `start` and `end` are where it is in the text."""

    text: str
    start: int
    end: int
    indent: int
    is_fenced: bool

    @property
    def length(self) -> int:
        return self.indent + len(self.text)

    @property
    def is_item(self) -> bool:
        return self.text.startswith(tuple(ITEM_MARKS)) or NUMBER.match(self.text) is not None

    @property
    def first_word(self) -> int:
        """Characters of the first word; 0 if it is long or has a letter of a script without spaces."""
        n = next((i for i, char in enumerate(self.text) if is_space(char)), len(self.text))
        return 0 if n > LONGEST_WORD or any(map(is_unspaced, self.text[:n])) else n


def lines_of(text: str) -> list[Line]:
    found, at, fenced = [], 0, False
    for raw in text.splitlines(keepends=True):
        body = raw.rstrip(BREAKS) if raw[-1] in BREAKS else raw
        inner = strip(body)
        indent = body.index(inner) if inner else 0
        is_fence = inner.startswith(FENCES)
        found.append(Line(inner, at + indent, at + indent + len(inner), indent, fenced or is_fence))
        fenced ^= is_fence
        at += len(raw)
    return found


def may_wrap(line: Line, after: Line) -> bool:
    """Return whether the break between two lines can be one that a program put between two words."""
    return (
        bool(line.text and after.text and after.first_word)
        and not after.is_item
        and not (line.is_fenced or after.is_fenced)
        and (after.indent <= line.indent or line.is_item)
    )


def wraps_at(line: Line, after: Line, width: int) -> bool:
    return line.length <= width <= line.length + after.first_word


def is_inside_a_sentence(line: Line, after: Line) -> bool:
    first = category(after.text[0])
    is_open = line.text[-1] == "," or category(line.text[-1])[0] in "LN"
    return is_open and first[0] == "L" and first != "Lu"


def is_wrap(line: Line, after: Line, width: int) -> bool:
    is_near = 0.75 * width <= line.length <= 1.25 * width
    return wraps_at(line, after, width) or (is_near and is_inside_a_sentence(line, after))


def width_of(pairs: list[tuple[Line, Line]]) -> int:
    """Return the width at which the most breaks are wraps, the least such; 0 if the text is not wrapped."""
    if not pairs:
        return 0
    width = max(WIDTHS, key=lambda width: sum(wraps_at(*pair, width) for pair in pairs))
    wraps = [pair for pair in pairs if wraps_at(*pair, width)]
    inside = sum(is_inside_a_sentence(*pair) for pair in wraps)
    return width if len(wraps) >= MIN_WRAPS and 2 * len(wraps) >= len(pairs) and 2 * inside >= len(wraps) else 0


def join_wraps(text: str) -> tuple[str, int]:
    """Return the text with its hard wraps replaced by spaces, and how many there were."""
    lines = lines_of(text)
    width = width_of([(a, b) for a, b in pairwise(lines) if may_wrap(a, b)])
    joined: list[int] = []
    block: list[int] = []
    for i, line in enumerate(lines):
        if line.text:
            block.append(i)
        if block and (not line.text or i + 1 == len(lines)):
            possible = [k for k in block[:-1] if may_wrap(lines[k], lines[k + 1])]
            wraps = [k for k in possible if is_wrap(lines[k], lines[k + 1], width)]
            joined += wraps if 2 * len(wraps) >= len(possible) else []
            block = []
    found, at = "", 0
    for k in joined if width else []:
        glued = lines[k].text[-1] in DASHES and len(lines[k].text) > 1 and not is_space(lines[k].text[-2])
        found += text[at : lines[k].end] + ("" if glued else " ")
        at = lines[k + 1].start
    return found + text[at:], len(joined) if width else 0
