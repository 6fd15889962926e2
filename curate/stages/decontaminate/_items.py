"""Read evaluation sets from parquet, JSON Lines and plain text files: one item per question, with its answers."""

from __future__ import annotations

import io
import json
import posixpath
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import fsspec

from curate.assets import File
from curate.errors import InputError

PACKED = re.compile(r"\.(gz|bz2|xz|zst|zstd)$", re.IGNORECASE)
KINDS = {".parquet": "parquet", ".jsonl": "lines", ".ndjson": "lines", ".json": "lines", ".txt": "text"}
IDS = ("id", "_id", "task_id", "question_id", "qid")
INSIDE = "metadata"
"""Fields are looked up in the row, then in this field of it, where curate and datatrove write extra columns."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question or one text of an evaluation set.

    Args:
        label: `file#id`, or `file#row` if the row has no id.
        set: index of the file.
        text: the question, or the text.
        answers: the accepted spellings of the answer.
    """

    label: str
    set: int
    text: str
    answers: tuple[str, ...]


def find(files: Sequence[File]) -> dict[str, str]:
    """Map the name in item labels to each file: the last part of its path, or the whole path if two files share it."""
    urls = list(dict.fromkeys(url for file in files for url in file.find()))
    shared = Counter(posixpath.basename(url) for url in urls)
    return {name if shared[name := posixpath.basename(url)] == 1 else url: url for url in urls}


def read(files: dict[str, str], questions: Sequence[str], answers: Sequence[str]) -> Iterator[Item]:
    """Yield the items of evaluation sets, file after file.

    Args:
        files: as returned by `find`.
        questions, answers: field names, in order of preference; `a.b` is the field `b` inside `a`.

    Raises:
        InputError: a file cannot be read, has an unknown format, or contains no item; the message names the file, the
            line and the fields.
    """
    for number, (name, url) in enumerate(files.items()):
        n_items, n_rows, names = 0, 0, dict[str, None]()
        for row, value in _rows(url):
            n_rows += 1
            if isinstance(value, str):
                value = {questions[0]: value}
            names.update(dict.fromkeys(value))
            texts = _first(value, questions)
            label = f"{name}#{_id(value, row)}"
            answer_texts = tuple(_first(value, answers))
            for k, text in enumerate(texts):
                yield Item(label if len(texts) == 1 else f"{label}/{k}", number, text, answer_texts)
            n_items += len(texts)
        if not n_rows:
            raise InputError(
                f"{url}: contains no rows; expected at least one item.  Remove it from the recipe, or fetch it again."
            )
        if not n_items:
            raise InputError(
                f"{url}: no row has text in any of {', '.join(questions)}; its fields are {', '.join(names) or 'none'}."
                "  Name the field with the question in `question_fields`."
            )


def read_texts(files: dict[str, str], fields: Sequence[str]) -> Iterator[str]:
    """Yield texts that are not items: a plain text file is one text; in other formats each row is one."""
    for url in files.values():
        if _kind(url) == "text":
            yield "".join(line for _, line in _lines(url))
        else:
            for _, value in _rows(url):
                yield from [value] if isinstance(value, str) else _first(value, fields)


# ---------------------------------------------------------------------- rows of files


def _kind(url: str) -> str:
    name = PACKED.sub("", url.lower())
    kind = KINDS.get(posixpath.splitext(name)[1])
    if kind is None or (kind == "parquet" and PACKED.search(url)):
        raise InputError(
            f"{url}: unknown format; expected {', '.join(KINDS)}, all but parquet optionally compressed (.gz, .zst).  "
            "Plain text has one item per line."
        )
    return kind


def _rows(url: str) -> Iterator[tuple[int, Any]]:
    """Yield (row number from 0, row); a row is a string or a mapping."""
    kind = _kind(url)
    if kind == "parquet":
        yield from enumerate(_parquet(url))
        return
    n_rows = 0
    for number, line in _lines(url):
        if not line.strip():
            continue
        for value in [line.strip()] if kind == "text" else _json(url, number, line):
            yield n_rows, value
            n_rows += 1


def _json(url: str, number: int, line: str) -> list[Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{url}:{number}: not valid JSON: {error}.  Expected one object or string per line.") from None
    values = value if isinstance(value, list) else [value]  # the whole file may be one array on one line
    for each in values:
        if not isinstance(each, (dict, str)):
            raise InputError(f"{url}:{number}: expected an object or a string, got {json.dumps(each)[:40]}.")
    return values


def _lines(url: str) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line), without a byte order mark."""
    number = 0
    try:
        is_zstd = url.lower().endswith((".zst", ".zstd"))
        with fsspec.open(url, "rb", compression=None if is_zstd else "infer") as file:
            lines = io.BytesIO(_unpacked(url, file.read())) if is_zstd else io.BufferedReader(file)
            for number, line in enumerate(lines, 1):
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{url}:{number}: not valid UTF-8 (byte {error.object[error.start]:#04x}).  Convert the file to UTF-8."
        ) from None
    except InputError:
        raise
    except Exception as error:  # every compression library raises its own errors
        raise InputError(
            f"{url}: cannot be read after line {number}: {error}.  Check the file, or fetch it again."
        ) from error


def _unpacked(url: str, data: bytes) -> bytes:
    """Decompress zstd frames. The library's stream reader does not report a truncated file."""
    import zstandard

    parts = []
    while data:
        frame = zstandard.ZstdDecompressor().decompressobj()
        parts.append(frame.decompress(data))
        if not frame.eof:
            raise InputError(f"{url}: the file is truncated.  Fetch it again.")
        data = frame.unused_data
    return b"".join(parts)


def _parquet(url: str) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with fsspec.open(url, "rb") as file:
            for batch in parquet.ParquetFile(file).iter_batches():
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{url}: cannot be read as parquet: {error}.  Check the file, or fetch it again.") from error


# ---------------------------------------------------------------------- fields of rows


def _id(row: dict[str, Any], number: int) -> str:
    for name in IDS:
        if isinstance(row.get(name), (str, int)):
            return str(row[name])
    return str(number)


def _first(row: dict[str, Any], names: Sequence[str]) -> list[str]:
    """Return the texts of the first of these fields that is not empty."""
    for name in names:
        for path in (name, f"{INSIDE}.{name}"):
            if texts := [text for text in _at(row, path.split(".")) if text.strip()]:
                return texts
    return []


def _at(value: Any, path: Sequence[str]) -> list[str]:
    """Return the texts and numbers at a path. A list, along the path or at its end, gives one per entry."""
    if isinstance(value, list):
        return [text for each in value for text in _at(each, path)]
    if path:
        return _at(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []
    if isinstance(value, str):
        return [value]
    return [str(value)] if isinstance(value, (int, float)) and not isinstance(value, bool) else []
