"""JSON lines, plain or compressed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from curate.errors import InputError
from curate.formats.format import Format
from curate.formats.lines import lines


class JsonLines(Format):
    """JSON lines; only an uncompressed file can be entered in the middle."""

    name = "JSON lines"
    suffixes = (".jsonl", ".ndjson", ".json")
    reader = "sources.jsonl"
    loader = "json"

    def is_splittable(self, file_name: str) -> bool:
        return file_name.lower().endswith(self.suffixes)

    def rows(self, file: BinaryIO, file_name: str) -> Iterator[tuple[int, Any]]:
        """Yield the objects and strings of a file. An array is several rows: a whole file may be one array on one line."""
        filled = ((number, line) for number, line in lines(file, file_name) if line.strip())
        yield from enumerate(row for number, line in filled for row in _parsed(line, f"{file_name}:{number}"))


def _parsed(line: str, where: str) -> list[Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where}: not valid JSON: {error}.  Expected one object or string per line.") from None
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        if not isinstance(row, (dict, str)):
            raise InputError(f"{where}: expected an object or a string, got {json.dumps(row)[:40]}.")
    return rows


JSONL = JsonLines()
