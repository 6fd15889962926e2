"""Plain text, plain or compressed: one item a line, as in lists and evaluation sets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

from curate.formats.format import Format
from curate.formats.lines import lines


class Text(Format):
    """Plain text; a row is a line without the white space around it, and blank lines are left out."""

    name = "plain text"
    suffixes = (".txt",)

    def rows(self, file: BinaryIO, file_name: str) -> Iterator[tuple[int, Any]]:
        yield from enumerate(stripped for _, line in lines(file, file_name) if (stripped := line.strip()))


TEXT = Text()
