"""Lines and paragraphs in plain Python: the definitions of `curate.kernels.lines`."""

from __future__ import annotations

from curate.kernels.characters import SENTENCE_ENDS
from curate.kernels.lines import BULLETS, SHORT
from tests.reference.words import is_space


def strip(text: str) -> str:
    """Return the text without white space at the ends, as `str.strip`; the zero-width space counts as white space."""
    while text and is_space(text[0]):
        text = text[1:]
    while text and is_space(text[-1]):
        text = text[:-1]
    return text


def repeated(items: list[str]) -> list[str]:
    """Return the items that occur earlier in the list."""
    return [item for i, item in enumerate(items) if item in items[:i]]


def paragraphs(lines: list[str]) -> list[str]:
    """Return the runs of lines that are not blank."""
    found, inside = [], False
    for line in lines:
        if line and inside:
            found[-1] += "\n" + line
        elif line:
            found.append(line)
        inside = bool(line)
    return found


def count_lines(text: str) -> list[int]:
    """Return a row of `curate.kernels.lines.count_lines`."""
    every = [strip(line) for line in text.splitlines()]
    lines, blocks = [line for line in every if line], paragraphs(every)
    return [
        len(lines),
        sum(line[0] in BULLETS for line in lines),
        sum(line.endswith(("...", "…")) for line in lines),
        sum(line[-1] in SENTENCE_ENDS for line in lines),
        sum(len(line) <= SHORT for line in lines),
        sum(map(len, lines)),
        len(repeated(lines)),
        sum(map(len, repeated(lines))),
        len(blocks),
        sum(map(len, blocks)),
        len(repeated(blocks)),
        sum(map(len, repeated(blocks))),
    ]
