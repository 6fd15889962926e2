"""`sources.jsonl`: read documents from JSON Lines files, uncompressed or compressed."""

from __future__ import annotations

import codecs
import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

import fsspec
import orjson

from curate.batch import Batch, Columns
from curate.errors import InputError
from curate.stage import Shard, Split
from curate.stages.sources._batch_builder import BatchBuilder
from curate.stages.sources._buffered_file import BufferedFile
from curate.stages.sources._damaged_start import CONTROL, ENDINGS, HEAD_BYTES, SEARCHED, first_intact_member
from curate.stages.sources._decompress import LONG_WINDOW, Codec, ReadFailure, codec_of, decompressed
from curate.stages.sources._fields import ExtraType, schema_of
from curate.stages.sources._magic import binary_format
from curate.stages.sources._wrong_format import first_bytes, format_of, wrong_format

N_CHECKED = 1000
"""Number of lines by which a file is judged."""

PLAIN_CHUNK = 1 << 20
"""Number of bytes read from an uncompressed file at a time."""

_MISSING = object()


class jsonl:
    r"""Read documents from JSON Lines files, one object per line; uncompressed or gzip, zstd, LZ4, bzip2 or xz.

    Why: most datasets are available in this format. Frames of zstd are read with windows up to 2 GiB
        (`zstd --long=31`), as public dumps have them; memory grows with the window of the file.

    Args:
        fields: column -> key in the object, if the names differ: {text: content, url: metadata.url}. `a.b` is the
            key `b` of the object `a`, unless a key is named `a.b`. If `id` is mapped, ids come from the file;
            otherwise an id is the file name and the byte offset of the line (in the decompressed file).
        extra: additional columns to keep, with their types: {stars: int}. A value of another type, or a number that
            JSON does not know (`NaN`, `Infinity`), becomes null and is counted (`mismatched.stars`); `string` accepts
            any other value and stores it as JSON. Other keys are not kept, because all shards must have the same
            columns, and the keys of a file are unknown before it is read.
        max_doc_mib: longer lines (MiB) are dropped without parsing.
    Makes: text, url, date, source
    Drops:
        unreadable_record: not UTF-8, not valid JSON (a lone surrogate is not valid; `NaN` is) or not an object; or the
            compressed data is damaged: one document for the rest of the file, which cannot be read, or for its
            beginning (the ids after it count from the byte of the first intact member)
        truncated_record: the compressed data ends too early
        no_text: the text is missing, null or not a string
        no_id: `id` is mapped and the object has none
        document_too_large: the line is longer than `max_doc_mib`
    Raises:
        InputError: a file is of another format (parquet, one JSON array, CSV, UTF-16, ZIP ...), or no line in its first
            MiB has the key of the text, or its first zstd frame needs a window over 2 GiB.
        SpecError: `fields` maps a column that is neither core nor extra, or `extra` declares a core column.
    Cost: 170 MB/s of text from uncompressed files, 90 MB/s from compressed files, on one core
    """

    def __init__(
        self,
        *,
        fields: dict[str, str] = {},  # noqa: B006
        extra: dict[str, ExtraType] = {},  # noqa: B006
        max_doc_mib: float = 64,
    ):
        self.schema = schema_of(fields, extra)
        self.columns = Columns(makes={name: self.schema.field(name).type for name in extra})
        self.fields, self.extra = fields, extra
        self.max_doc_bytes = int(max_doc_mib * (1 << 20))

    def check_input(self, split: Split) -> None:
        """Look whether the beginning of a file has objects, and one of them the key of the text, and of a mapped id.

        Raises:
            InputError: the file is of another format, or no object in its beginning has the key.
        """
        data, is_whole = first_bytes(split, LONG_WINDOW)
        lines = data.removeprefix(codecs.BOM_UTF8).split(b"\n")[: None if is_whole else -1][:N_CHECKED]
        records = [record for line in lines if isinstance(record := _parsed_or_none(line), dict)]
        found = binary_format(data) if records else format_of(data)
        if found not in (None, "JSON Lines"):
            raise wrong_format(split, "JSON Lines", found)
        for column, key in {"text": "text", **self.fields}.items():
            is_needed = column in ("text", "id")
            if is_needed and records and all(_value_at(record, key) is _MISSING for record in records):
                raise _no_key(split, column, key, records)

    def __call__(self, shard: Shard) -> Iterator[Batch]:
        builder = BatchBuilder(self.schema)
        read = _reader(builder, self.fields, self.extra)
        for split in shard.splits:
            n_texts = 0
            for at, line, length in _lines_of(split, self.max_doc_bytes):
                if isinstance(line, bytes):
                    n_texts += read(split, at, line)
                elif isinstance(line, ReadFailure):
                    builder.add(_row(builder, split, at), 0, line.reason, evidence=str(line))
                else:
                    builder.add(_row(builder, split, at), 0, "document_too_large", length / (1 << 20))
                yield from builder.pop_full()
            if split.start == 0 and not n_texts:
                self.check_input(split)
        yield from builder.flush()


def _no_key(split: Split, column: str, key: str, records: list[dict]) -> InputError:
    """Return the error for a file whose objects have no text or id; for the text it suggests the key with the longest strings."""
    lengths: Counter[str] = Counter()
    for record in records:
        lengths.update({name: len(value) if isinstance(value, str) else 0 for name, value in record.items()})
    longest = lengths.most_common(1)
    advice = "Check the file" if not longest else f"Correct fields: {{{column}: {key}}}"
    if column == "text" and longest and longest[0][1]:
        advice = f"Set fields: {{text: {longest[0][0]}}}"
    shown = ", ".join(name[:40] for name in list(lengths)[:12]) or "none"
    return InputError(f'{split.url}: none of the first {len(records)} lines has "{key}"; keys seen: {shown}.  {advice}')


# ---------------------------------------------------------------------- lines


def _lines_of(split: Split, limit: int) -> Iterator[tuple[int, bytes | ReadFailure | None, int]]:
    """Yield `(offset, line, length)` for the lines that start in a split; the line is None if it is over the limit."""
    with fsspec.open(split.url, "rb") as file:
        stored = BufferedFile(file, split.size)
        codec = codec_of(stored)
        damage, codec, at = (None, codec, 0) if codec else _damaged_start(stored, split.name)
        if damage and split.start == 0:
            yield 0, damage, 0
        if codec is None and damage is None:
            yield from _plain_lines(file, split, limit)
        elif codec and split.start == 0:  # a compressed file cannot be read from the middle
            yield from _lines(_not_binary(split, decompressed(stored, codec, at=at, max_window=LONG_WINDOW)), at, limit)


def _damaged_start(file: BufferedFile, name: str) -> tuple[ReadFailure | None, Codec | None, int]:
    """Say whether a file that begins with no member is a compressed one whose first bytes are damaged.

    Returns:
        What is damaged, or None if the file is not compressed; the format and the offset of the first intact member.
    """
    head = file.read_at(0, HEAD_BYTES)
    if not CONTROL.search(head) or binary_format(head):
        return None, None, 0
    if any(isinstance(_parsed_or_none(line), dict) for line in file.read_at(0, SEARCHED).split(b"\n")):
        return None, None, 0
    if found := first_intact_member(file, lambda head: bool(head) and not CONTROL.search(head)):
        codec, at = found
        message = f"expected {codec.name} data, found {head[:16]!r}; the first intact member begins at byte {at}"
        return ReadFailure("unreadable_record", message), codec, at
    ending = name.rpartition(".")[2].lower()
    if ending not in ENDINGS:
        return None, None, 0
    message = f"it is not {ENDINGS[ending]} data, although its name ends in .{ending}: it begins with {head[:16]!r}"
    return ReadFailure("unreadable_record", message), None, file.size


def _not_binary(split: Split, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks of a whole file, unless it is an archive or another binary file, which may contain lines, too."""
    for i, chunk in enumerate(chunks):
        if i == 0 and (found := binary_format(chunk)):
            raise wrong_format(split, "JSON Lines", found)
        yield chunk


def _plain_lines(file: BinaryIO, split: Split, limit: int) -> Iterator[tuple[int, bytes | ReadFailure | None, int]]:
    at = max(0, split.start - 1)  # a line starts at `start` only if the byte before is a newline
    file.seek(at)
    chunks = iter(lambda: file.read(PLAIN_CHUNK), b"")
    lines = _lines(chunks if split.start else _not_binary(split, chunks), at, limit)
    if split.start:
        next(lines, None)
    for line in lines:
        if line[0] >= split.end:
            return
        yield line


def _lines(chunks: Iterator[bytes], at: int, limit: int) -> Iterator[tuple[int, bytes | ReadFailure | None, int]]:
    held: list[bytes] = []
    n_held = 0
    try:
        for chunk in chunks:
            *ended, rest = chunk.split(b"\n")
            for part in ended:
                length = n_held + len(part)
                yield at, None if length > limit else b"".join((*held, part)), length
                at += length + 1
                held, n_held = [], 0
            n_held += len(rest)
            held = [*held, rest] if n_held <= limit else []
    except ReadFailure as failure:
        if isinstance(_parsed_or_none(line := b"".join(held)), dict):  # only its newline is lost
            yield at, line, n_held
            at += n_held
        yield at, failure, n_held
        return
    if n_held:
        yield at, None if n_held > limit else b"".join(held), n_held


# ---------------------------------------------------------------------- objects


def _reader(
    builder: BatchBuilder, fields: Mapping[str, str], extra: Mapping[str, ExtraType]
) -> Callable[[Split, int, bytes], bool]:
    """Return a function that parses one line, adds it as a document and returns whether the text is there."""
    text_key, id_key = fields.get("text", "text"), fields.get("id")
    columns = [(name, fields.get(name, name), extra.get(name, "string")) for name in builder.schema.names[2:]]
    columns = [column for column in columns if column[0] != "source" or "source" in fields]

    def read(split: Split, at: int, line: bytes) -> bool:
        if at == 0 and line.startswith(b"\xef\xbb\xbf"):
            line = line[3:]
        if not line or line.isspace():
            builder.count("lines.blank")
            return False
        try:
            record = _parsed(line)
        except orjson.JSONDecodeError as error:
            builder.add(_row(builder, split, at), 0, "unreadable_record", evidence=str(error))
            return False
        if not isinstance(record, dict):
            evidence = f"expected a JSON object, found {_json_type(record)}"
            builder.add(_row(builder, split, at), 0, "unreadable_record", evidence=evidence)
            return False
        values: dict[str, Any] = {}
        for name, key, kind in columns:
            found = _value_at(record, key)
            values[name], fits = _converted(kind, found)
            if not fits:
                builder.count(f"mismatched.{name}")
        own_id = _value_at(record, id_key) if id_key else None
        if isinstance(own_id, int) and not isinstance(own_id, bool):
            own_id = str(own_id)
        text = _value_at(record, text_key)
        row = _row(
            builder,
            split,
            at,
            own_id if isinstance(own_id, str) else None,
            text if isinstance(text, str) else None,
            values,
        )
        if not isinstance(text, str):
            builder.add(row, 0, "no_text", evidence=f"{text_key}: {_json_type(text)}")
        elif id_key and not isinstance(own_id, str):
            builder.add(row, len(line), "no_id", evidence=f"{id_key}: {_json_type(own_id)}")
        else:
            builder.add(row, len(line))
        return isinstance(text, str)

    return read


def _parsed_or_none(line: bytes) -> Any:
    try:
        return _parsed(line)
    except orjson.JSONDecodeError:
        return None


def _parsed(line: bytes) -> Any:
    """Parse a line; numbers that JSON does not know (`NaN`, `-Infinity`, 1e999) become floats that are not finite.

    Raises:
        orjson.JSONDecodeError: the line is not JSON in any other respect, or has a lone surrogate.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            record = json.loads(line.decode("utf-8"), parse_int=_integer)
            orjson.dumps(record)  # it refuses lone surrogates, which json accepts
        except (ValueError, TypeError, RecursionError):  # a TypeError is what orjson raises for surrogates
            record = None
        if record is None:
            raise
        return record


def _integer(digits: str) -> int | float:
    """Return what orjson makes of an integer: a float if it has more than 64 bits."""
    value = int(digits) if len(digits) <= 20 else float(digits)
    return value if -(1 << 63) <= value < 1 << 64 else float(value)


def _row(
    builder: BatchBuilder,
    split: Split,
    at: int,
    own_id: str | None = None,
    text: str | None = None,
    values: Mapping = {},
) -> tuple:
    given = {"source": split.source, **{name: value for name, value in values.items() if value is not None}}
    return (own_id or f"{split.name}/{at}", text, *(given.get(name) for name in builder.schema.names[2:]))


def _value_at(record: Mapping[str, Any], key: str) -> Any:
    if key in record:
        return record[key]
    value: Any = record
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return _MISSING
        value = value[part]
    return value


def _converted(kind: str, value: Any) -> tuple[Any, bool]:
    """Return the value in the type of an extra column, or None, and whether it has that type."""
    if value is None or value is _MISSING:
        return None, True
    if isinstance(value, float) and not math.isfinite(value):
        return None, False
    if kind == "string":
        try:
            return value if isinstance(value, str) else orjson.dumps(value).decode(), True
        except orjson.JSONEncodeError:  # nested too deeply for orjson
            return None, False
    if kind == "bool":
        return (value, True) if isinstance(value, bool) else (None, False)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None, False
    if kind == "float":
        return float(value), True
    fits = value == int(value) and -(1 << 63) <= value < 1 << 63
    return (int(value), True) if fits else (None, False)


def _json_type(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return "missing" if value is _MISSING else names.get(type(value), "number")
