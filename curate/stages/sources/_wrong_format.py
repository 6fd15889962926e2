"""Say what a file is that a source cannot read, and what to do with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import fsspec
import orjson

from curate.errors import InputError
from curate.stage import Split
from curate.stages.sources._buffered_file import BufferedFile
from curate.stages.sources._decompress import MAX_WINDOW, ReadFailure, WindowTooLarge, codec_of, decompressed
from curate.stages.sources._headers import RECORD_LINE, looks_like_record
from curate.stages.sources._magic import binary_format

BEGINNING = 1 << 20
"""Number of bytes, decompressed, by which a file is judged."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_ADVICE: Mapping[str, str] = {
    "parquet": "Read it with sources.parquet",
    "Arrow": "Convert it to parquet",
    "Arrow stream": "Convert it to parquet",
    "Avro": "Convert it to parquet",
    "ORC": "Convert it to parquet",
    "ZIP": "Unpack it, and name the files in it (those of a WACZ archive are in archive/)",
    "tar": "Unpack it, and name the files in it",
    "RAR": "Unpack it, and name the files in it",
    "7-Zip": "Unpack it, and name the files in it",
    "WARC": "Read it with sources.warc, or with sources.wet if it holds extracted text",
    "JSON Lines": "Read it with sources.jsonl",
    "one JSON array": "Write one object per line: jq -c '.[]' FILE",
    "one JSON array per line": "Write one object per line",
    "JSON over several lines": "Write one object per line: jq -c . FILE",
    "UTF-16 text": "Convert it to UTF-8: iconv -f UTF-16 -t UTF-8 FILE",
    "CSV": "Convert it to parquet or JSON Lines",
    "HTML or XML": "Put the pages into WARC or their texts into JSON Lines",
    "plain text": "Put the texts into JSON Lines, one object per line",
}
"""Format -> what to do with a file of it."""


def first_bytes(split: Split, max_window: int = MAX_WINDOW) -> tuple[bytes, bool]:
    """Return the first decompressed bytes of a split's file, at most `BEGINNING`, and whether these are all of it.

    Args:
        split: a part of the file.
        max_window: the largest window of a zstd frame (bytes).
    Raises:
        InputError: the first frame needs a larger window.
    """
    with fsspec.open(split.url, "rb") as file:
        stored = BufferedFile(file, split.size)
        codec = codec_of(stored)
        if codec is None:
            return stored.read_at(0, BEGINNING), split.size <= BEGINNING
        data = bytearray()
        try:
            for part in decompressed(stored, codec, max_window=max_window):
                data += part
                if len(data) >= BEGINNING:
                    return bytes(data[:BEGINNING]), False
        except WindowTooLarge as failure:
            if not data:
                raise InputError(f"{split.url}: {failure}.  Compress it again with a smaller window") from None
            return bytes(data), False
        except ReadFailure:
            return bytes(data), False
        return bytes(data), True


def wrong_format(split: Split, expected: str, found: str) -> InputError:
    """Return the error for a file of another format.

    Args:
        split: a part of the file.
        expected: the format that the source reads.
        found: what the file is, from `format_of`.
    """
    advice = _ADVICE.get(found, f"Name {expected} files in `paths`")
    return InputError(f"{split.url}: expected {expected}, found {found}.  {advice}")


def format_of(data: bytes) -> str | None:
    """Return the name of the format that the beginning of a file shows, or None if it cannot be told."""
    found = binary_format(data)
    if found or not data.strip():
        return found
    if looks_like_record(data) or _holds_record(data):
        return "WARC"
    zeros = data[0:64:2].count(0), data[1:64:2].count(0)
    if data.startswith(_UTF16) or (len(data) >= 8 and max(zeros) > 4 * min(zeros) + len(data[:64]) // 4):
        return "UTF-16 text"
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(data) - 4:  # the last character may be cut
            return None
        text = data[: error.start].decode("utf-8-sig")
    return None if _CONTROL.search(text) else _format_of_text(text.lstrip())


def _holds_record(data: bytes) -> bool:
    return any(looks_like_record(data[line.end() : line.end() + 4096]) for line in RECORD_LINE.finditer(data))


def _format_of_text(text: str) -> str:
    lines = [line for line in text.split("\n")[:3] if line.strip()]
    first = _value(lines[0])
    if isinstance(first, dict):
        return "JSON Lines"
    if isinstance(first, list) and len(lines) > 1 and isinstance(_value(lines[1]), list):
        return "one JSON array per line"
    if text.startswith("["):
        return "one JSON array"
    if text.startswith("{"):
        return "JSON over several lines" if len(lines) > 1 and lines[0].strip() == "{" else "JSON Lines"
    if text.startswith("<"):
        return "HTML or XML"
    n_fields = {len(line.split(max(",;\t|", key=lines[0].count))) for line in lines}
    return "CSV" if len(lines) > 1 and len(n_fields) == 1 and n_fields.pop() > 1 else "plain text"


def _value(line: str) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
