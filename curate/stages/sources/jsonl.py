"""`sources.jsonl`: read documents from JSON Lines files, uncompressed or compressed."""

from __future__ import annotations

import codecs
import difflib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, Literal

import fsspec

from curate.batch import CORE, Batch, Columns, column_types
from curate.errors import InputError, Problems, StageError
from curate.lookup import StoredRecord
from curate.params import AboveZero
from curate.stage import Shard, Split
from curate.stages.sources._batch_builder import BatchBuilder
from curate.stages.sources._buffered_file import BufferedFile
from curate.stages.sources._damaged_start import CONTROL, ENDINGS, HEAD_BYTES, SEARCHED, first_intact_member
from curate.stages.sources._decompress import LONG_WINDOW, Codec, ReadFailure, codec_of, decompressed
from curate.stages.sources._fields import (
    ALL,
    MOST_FILES,
    Extra,
    Layout,
    layout_of,
    named_by,
    no_such_key,
    renamed,
    spread,
)
from curate.stages.sources._json_objects import (
    ObjectReader,
    can_be_id,
    converters_of,
    parsed_or_none,
    values_at,
    values_left,
)
from curate.stages.sources._json_values import MISSING, type_of
from curate.stages.sources._magic import binary_format
from curate.stages.sources._taken import nothing_left
from curate.stages.sources._wrong_format import first_bytes, format_of, wrong_format

N_CHECKED = 1000
"""Number of lines by which a file is judged."""

PLAIN_CHUNK = 1 << 20
"""Number of bytes read from an uncompressed file at a time."""


class jsonl:
    r"""Read documents from JSON Lines files, one object per line; uncompressed or gzip, zstd, LZ4, bzip2 or xz.

    Why: most datasets are available in this format. Frames of zstd are read with windows up to 2 GiB
        (`zstd --long=31`), as public dumps have them; memory grows with the window of the file.

    Args:
        fields: column -> key in the object, if the names differ: {text: content, url: meta.link}. `a.b` is the key `b` of
            the object `a`, unless a key is named `a.b`. `id`, `url`, `date` and `source` are taken from the keys of these
            names, and the last three also from an object `metadata`, as datatrove writes it; `source` only if the input
            has no name and no label, or if it is in `fields`. An `id` is a string or a whole number; without one, the id
            is the file name and the byte offset of the line (in the decompressed file).
        extra: additional columns to keep, with their types: {stars: int, tags: list of string}. `all` keeps every other
            key, in the type of its values at the beginning of up to 16 files; a key whose values have several types
            becomes a string, as with `string` below, and an object is one column with a struct, without the keys that are
            taken for `text` or another of the five columns above, so that no stage overlooks them; an object with no other
            key disappears. A value that does not fit
            the type, or a number that JSON does not know (`NaN`, `Infinity`), becomes null and is counted
            (`mismatched.stars`). `string` stores other values as JSON, timestamps and dates are ISO 8601, `binary` is
            base64.
        other_keys: `count` counts the documents that have keys which no column takes (`unknown_key.stars`; after the
            first twenty such keys only `unknown_key`). `extra: all` does so.
        max_doc_mib: longer lines (MiB) are dropped without parsing.
    Makes: text, url, date, source
    Drops:
        unreadable_record: not UTF-8, not valid JSON (a lone surrogate is not valid; `NaN` is) or not an object; or the
            compressed data is damaged: one document for the rest of the file, which cannot be read, or for its
            beginning (the ids after it count from the byte of the first intact member)
        truncated_record: the compressed data ends too early
        no_text: the text is missing, null or not a string
        no_id: `id` is in `fields` and the object has none
        document_too_large: the line is longer than `max_doc_mib`
    Raises:
        InputError: a file is of another format (parquet, one JSON array, CSV, UTF-16, ZIP ...), or no line in its first
            MiB has the key of the text, or its first zstd frame needs a window over 2 GiB; a key in `fields` or `extra` is
            misspelt.
        SpecError: `fields` maps a column that is neither core nor extra, or `extra` declares a core column.
    Cost: 170 MB/s of text from uncompressed files, 90 MB/s from compressed files, on one core
    """

    def __init__(
        self,
        *,
        fields: dict[str, str] = {},  # noqa: B006
        extra: Extra = {},  # noqa: B006
        other_keys: Literal["ignore", "count"] = "ignore",
        max_doc_mib: AboveZero = 64,
    ):
        self.layout = layout_of(fields, extra)
        self.columns = Columns(makes={field.name: field.type for field in self.layout.schema if field.name not in CORE})
        converters_of(self.layout)
        self.fields, self.extra, self.other_keys = fields, extra, other_keys
        self.max_doc_bytes = int(max_doc_mib * (1 << 20))

    def found_in(self, files: Sequence[Split]) -> dict[str, Any]:
        """Return the parameters with the keys and types at the beginning of these files in place of `extra: all`.

        Raises:
            InputError: a file is of another format; a key in `fields` or `extra` is in none of the files.
        """
        if self.extra != ALL and not named_by(self.layout):
            return {}
        records, looked, is_all = [], spread(files), len(files) <= MOST_FILES
        for split in looked:
            _, found, is_whole = _beginning(split)
            if not found:
                self.check_input(split)
            records += found
            is_all &= is_whole
        if records:
            _check_keys(self.layout, records, looked, is_all)
        if self.extra != ALL:
            return {}
        id_fits = all(can_be_id(value) for value in values_at(records, "id") if value not in (None, MISSING))
        names = dict.fromkeys(key for record in records for key in record)
        left = {key: values_left(records, key, self.layout, files[0]) for key in (*names, *self.fields.values())}
        extra = {}
        for name, key in renamed([name for name in names if left[name] is not None], self.fields, id_fits).items():
            values = left[key]
            if values is None:
                raise nothing_left(name, key, files[0])
            extra[name] = column_types.spell(type_of(values))
        return {"extra": extra, "other_keys": "count"}

    def first_documents(self, split: Split) -> list[dict]:
        """Return the objects at the beginning of a file.

        Raises:
            InputError: the file is of another format.
        """
        data, records, _ = _beginning(split)
        found = binary_format(data) if records else format_of(data)
        if found not in (None, "JSON Lines"):
            raise wrong_format(split, "JSON Lines", found)
        return records

    def check_input(self, split: Split) -> None:
        """Look whether the beginning of a file has objects, and one of them the key of the text, and of a mapped id.

        Raises:
            InputError: the file is of another format, or no object in its beginning has the key.
        """
        records = self.first_documents(split)
        with Problems() as problems:
            for column in [name for name in ("text", "id") if name == "text" or name in self.fields]:
                (key,) = self.layout.keys[column]
                if records and all(value is MISSING for value in values_at(records, key)):
                    problems.add(_no_key(split, column, key, records))

    def record_of(self, split: Split, id: str) -> StoredRecord | None:
        """Return the line of a document, found by the id in it or by its place."""
        id_key, text_key = (self.layout.keys[name][0] for name in ("id", "text"))
        for at, line, _ in _lines_of(split, self.max_doc_bytes):
            record = parsed_or_none(line) if isinstance(line, bytes) else None
            if isinstance(line, bytes) and (_id_of(record, id_key) or f"{split.name}/{at}") == id:
                text = next(values_at([record], text_key)) if isinstance(record, dict) else None
                return StoredRecord(f"byte {at:,} (decompressed)", line, text=text if isinstance(text, str) else None)
        return None

    def __call__(self, shard: Shard) -> Iterator[Batch]:
        if self.extra == ALL:
            raise StageError("the columns of `extra: all` are not known.  Take the parameters that `found_in` returns")
        builder = BatchBuilder(self.layout.schema)
        takes_source = all(map(self.layout.takes_source, shard.splits))
        reader = ObjectReader(builder, self.layout, takes_source, self.other_keys == "count")
        for split in shard.splits:
            n_texts = 0
            for at, line, length in _lines_of(split, self.max_doc_bytes):
                if isinstance(line, bytes):
                    n_texts += reader.read(split, at, line)
                elif isinstance(line, ReadFailure):
                    builder.add(reader.without_values(split, at), 0, line.reason, evidence=str(line))
                else:
                    builder.add(reader.without_values(split, at), 0, "document_too_large", length / (1 << 20))
                yield from builder.pop_full()
            if split.start == 0 and not n_texts:
                self.check_input(split)
        yield from builder.flush()


def _id_of(record: Any, key: str) -> str:
    """Return the id that an object has of its own; empty if it has none."""
    value = next(values_at([record], key)) if isinstance(record, dict) else None
    return str(value) if can_be_id(value) else ""


def _beginning(split: Split) -> tuple[bytes, list[dict], bool]:
    """Return the first bytes of a file, the objects in them, and whether these are all of the file."""
    data, is_whole = first_bytes(split, LONG_WINDOW)
    lines = data.removeprefix(codecs.BOM_UTF8).split(b"\n")[: None if is_whole else -1]
    records = [record for line in lines[:N_CHECKED] if isinstance(record := parsed_or_none(line), dict)]
    return data, records, is_whole and len(lines) <= N_CHECKED


def _check_keys(layout: Layout, records: Sequence[dict], looked: Sequence[Split], is_all: bool) -> None:
    """Look whether the objects have the keys that the recipe names.

    A key may begin to appear where nobody has looked, so it is missing only if all of the input was looked at, or if it
    resembles a key that is there.

    Raises:
        InputError: no object has the key.
    """
    known = dict.fromkeys(key for record in records for key in record)
    with Problems() as problems:
        for column, key in named_by(layout).items():
            is_missing = all(value is MISSING for value in values_at(records, key))
            if is_missing and (is_all or difflib.get_close_matches(key, known, n=1, cutoff=0.8)):
                problems.add(no_such_key(column, key, looked, known))


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
    if any(isinstance(parsed_or_none(line), dict) for line in file.read_at(0, SEARCHED).split(b"\n")):
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
        if isinstance(parsed_or_none(line := b"".join(held)), dict):  # only its newline is lost
            yield at, line, n_held
            at += n_held
        yield at, failure, n_held
        return
    if n_held:
        yield at, None if n_held > limit else b"".join(held), n_held
