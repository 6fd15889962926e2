"""JSON lines, plain or compressed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from curate.formats.format import Format


class JsonLines(Format):
    """JSON lines; only an uncompressed file can be entered in the middle."""

    name = "JSON lines"
    suffixes = (".jsonl", ".ndjson", ".json")
    reader = "sources.jsonl"
    loader = "json"

    def is_splittable(self, file_name: str) -> bool:
        return file_name.lower().endswith(self.suffixes)

    def find_rows(self, file: BinaryIO, file_name: str, value: str) -> Iterator[tuple[int, dict[str, Any]]]:
        from fsspec.compression import compr
        from fsspec.utils import infer_compression

        codec = infer_compression(file_name)
        wanted = value.encode()
        with io.BufferedReader(compr[codec](file, mode="rb") if codec else file) as lines:
            for number, line in enumerate(lines):
                if wanted in line and value in ((row := json.loads(line)).get("id"), row.get("url")):
                    yield number, row


JSONL = JsonLines()
