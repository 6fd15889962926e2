"""Render the kept blocks of a page as plain text or Markdown.

Plain text has one line per paragraph, heading, list entry and table row. List entries start with `- ` or their number,
table cells are separated by ` | `, and preformatted text keeps its lines. Markdown adds headings, code fences, quotes,
tables, links, emphasis and images. Special characters of Markdown are not escaped, which keeps the text readable.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.layout import Tables
from curate.kernels.blocks.lists import NOT_FIRST, entry_marks
from curate.kernels.blocks.plain import LONG_CELL, plain_text
from curate.kernels.blocks.tags import tag

_TABLE = tag("table")
_LINE_FIELDS = (at_.CHARACTERS, at_.ROW, at_.CELL)
_ENTRY = re.compile(r"- |\d+\. ")
_LANGUAGE = re.compile(r"(?:^|\s)(?:language|lang|highlight-source|brush:?|sourceCode)[-: ]\s*([\w+#-]{1,20})")
_MARKERS = {
    at_.BOLD_OPENS: "**", at_.BOLD_CLOSES: "**", at_.ITALIC_OPENS: "*", at_.ITALIC_CLOSES: "*", at_.CODE_OPENS: "`",
    at_.CODE_CLOSES: "`",
}  # fmt: skip
_CLOSES = {
    at_.BOLD_OPENS: at_.BOLD_CLOSES,
    at_.ITALIC_OPENS: at_.ITALIC_CLOSES,
    at_.CODE_OPENS: at_.CODE_CLOSES,
    at_.LINK_OPENS: at_.LINK_CLOSES,
}


class Line(NamedTuple):
    """The text of one block or of one table row, with the position of the block."""

    text: str
    block: int
    characters: int
    row: int
    cell: int


def render(t: Tables, kept: np.ndarray, form: str) -> str:
    """Return the text of the kept blocks.

    Args:
        t: the tables that `read_blocks` filled.
        kept: int64[k], indices of the blocks, ascending.
        form: `text` or `markdown`.
    """
    if form == "text":
        return plain_text(t, kept).tobytes().decode("utf-8")
    whole = t.text.tobytes()
    orders = iter(entry_marks(t, kept).tolist())
    lines = []
    for number, place in zip(kept.tolist(), t.blocks[kept][:, _LINE_FIELDS].tolist(), strict=True):
        text = _inline(t, whole, t.blocks[number].tolist())
        order = next(orders)
        if order != NOT_FIRST:
            text = (f"{order}. " if order else "- ") + text
        lines.append(Line(text, number, *place))
    return "\n".join(_markdown(t, _rows(lines)))


def _rows(lines: list[Line]) -> list[Line]:
    """Join the blocks of each table row to one line, except in tables that are only used for page layout."""
    joined, at = [], 0
    while at < len(lines):
        row, end = lines[at].row, at + 1
        while row >= 0 and end < len(lines) and lines[end].row == row:
            end += 1
        group = lines[at:end]
        if end - at > 1 and max(line.characters for line in group) <= LONG_CELL:
            cells: dict[int, list[str]] = {}
            for line in group:
                cells.setdefault(line.cell, []).append(line.text.replace("\n", " "))
            joined.append(group[0]._replace(text=" | ".join(map(" ".join, cells.values()))))
        else:
            joined.extend(line._replace(row=-1) if row >= 0 else line for line in group)
        at = end
    return joined


# ---------------------------------------------------------------------- Markdown


def _markdown(t: Tables, lines: list[Line]) -> Iterator[str]:
    table_before, in_list = -1, False
    for place, line in enumerate(lines):
        block = t.blocks[line.block]
        depth = int(block[at_.LIST]) if line.row < 0 else 0
        if place and not (line.row >= 0 and table_before == _table_of(t, line.row)) and not (depth and in_list):
            yield ""
        quote = "> " * int(block[at_.QUOTED])
        if line.row >= 0:
            yield f"| {line.text} |"
            if table_before != _table_of(t, line.row):
                yield "|" + " --- |" * (line.text.count(" | ") + 1)
        elif block[at_.PRE]:
            yield f"```{_language(t, block)}\n{line.text}\n```"
        elif block[at_.HEADING]:
            yield f"{quote}{'#' * int(block[at_.HEADING])} {line.text}".replace("\n", " ")
        elif depth:
            is_first = _ENTRY.match(line.text) is not None
            yield "  " * (depth - is_first) + line.text
        else:
            yield quote + line.text.replace("\n", f"\n{quote}")
        table_before, in_list = _table_of(t, line.row), depth > 0


def _table_of(t: Tables, row: int) -> int:
    element = row
    while element >= 0 and t.elements[element, at_.TAG] != _TABLE:
        element = int(t.elements[element, at_.PARENT])
    return element


def _language(t: Tables, block: np.ndarray) -> str:
    """Return the programming language from the class of the block's element or its parents, or ""."""
    element = int(block[at_.ELEMENT])
    for _ in range(3):
        if element < 0:
            break
        start, end = (int(value) for value in t.elements[element, [at_.CLASS_START, at_.CLASS_END]])
        if start >= 0 and (match := _LANGUAGE.search(t.data[start:end].tobytes().decode("utf-8", "replace"))):
            return match[1]
        element = int(t.elements[element, at_.PARENT])
    return ""


def _inline(t: Tables, whole: bytes, block: list[int]) -> str:
    """Return the text of a block with links, emphasis, code and images; markers that cross its bounds end there."""
    start, end = block[at_.START], block[at_.END]
    n = int(t.state[at_.N_MARKS])
    if block[at_.PRE] or not n:
        return whole[start:end].decode("utf-8")
    first = int(np.searchsorted(t.marks[:n, at_.MARK_AT], start, "left"))
    last = int(np.searchsorted(t.marks[:n, at_.MARK_AT], end, "right"))
    parts, at, waiting = [], start, []
    for place, kind, target, target_end, alt, alt_end in t.marks[first:last].tolist():
        opening = _CLOSES.get(kind)
        marker = _marker(t, kind, target, target_end, alt, alt_end)
        while (opening is not None or kind == at_.IMAGE) and place < end and whole[place] in b" \n":
            place += 1  # put the marker after white space
        if opening is not None and place < end:
            waiting.append((opening, f"]({_source(t, target, target_end)})" if kind == at_.LINK_OPENS else marker))
        elif opening is None and kind != at_.IMAGE:
            if not waiting or waiting[-1][0] != kind:
                continue  # it was opened outside the block, or it crosses another pair
            marker = waiting.pop()[1]
        elif opening is not None:
            continue
        parts += [whole[at:place].decode("utf-8"), marker]
        at = place
    parts += [whole[at:end].decode("utf-8"), *(marker for _, marker in reversed(waiting))]
    return "".join(parts).strip()


def _marker(t: Tables, kind: int, target: int, target_end: int, alt: int, alt_end: int) -> str:
    if kind == at_.IMAGE:
        words = _source(t, alt, alt_end) if alt >= 0 else ""
        source = _source(t, target, target_end) if target >= 0 else ""
        return f"![{words}]({source})" if words and not source.startswith("data:") else ""
    return "[" if kind == at_.LINK_OPENS else _MARKERS.get(kind, "")


def _source(t: Tables, start: int, end: int) -> str:
    return " ".join(html.unescape(t.data[start:end].tobytes().decode("utf-8", "replace")).split())
