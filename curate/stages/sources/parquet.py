"""`sources.parquet`: read documents from parquet files, local, remote or on the Hugging Face Hub."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.batch import TARGET_BYTES, TARGET_DOCS, Batch, Columns, Verdicts
from curate.errors import InputError
from curate.formats.parquet import row_groups
from curate.stage import Shard, Split
from curate.stages.sources._batch_builder import BatchBuilder
from curate.stages.sources._fields import ExtraType, schema_of
from curate.stages.sources._wrong_format import first_bytes, format_of, wrong_format


class parquet:
    """Read documents from parquet files.

    Why: most published corpora are parquet. Files on the Hugging Face Hub can be read without downloading them first:
        `paths: ["hf://datasets/HuggingFaceFW/fineweb/sample/10BT/*.parquet"]`. For a dataset in another format,
        read the Hub's parquet copy: `hf://datasets/OWNER/NAME@~parquet/CONFIG/train/*.parquet`.

    Args:
        fields: column -> column in the file, if the names differ: {text: content, url: meta.url}. `a.b` is the
            field `b` of the struct `a`. If `id` is mapped, ids come from the file; otherwise an id is the file
            name and the row number.
        extra: additional columns to keep, with their types: {language_score: float}. Other columns are not kept,
            because all shards must have the same columns, and the files of an input may differ.
    Makes: text, url, date, source
    Drops:
        no_text: the text is null
        no_id: `id` is mapped and the id is null
        unreadable_record: text or id is not UTF-8, or the rest of the row group cannot be decoded
    Raises:
        InputError: a file is not parquet or is truncated; a column is missing, duplicated or has another type.
        SpecError: `fields` maps a column that is neither core nor extra, or `extra` declares a core column.
    Cost: 360 MB/s of text on one core
    """

    def __init__(
        self,
        *,
        fields: dict[str, str] = {},  # noqa: B006
        extra: dict[str, ExtraType] = {},  # noqa: B006
    ):
        self.schema = schema_of(fields, extra)
        self.columns = Columns(makes={name: self.schema.field(name).type for name in extra})
        self.fields = fields

    def check_input(self, split: Split) -> None:
        """Look whether a file is parquet and has the columns.

        Raises:
            InputError: it is not parquet or truncated; a column is missing, duplicated or has another type.
        """
        with fsspec.open(split.url, "rb") as file:
            _keys(split, _opened(split, file).schema_arrow, self.schema, self.fields)

    def __call__(self, shard: Shard) -> Iterator[Batch]:
        n_batches = 0
        for split in shard.splits:
            with fsspec.open(split.url, "rb") as file:
                for batch in _batches(split, file, self.schema, self.fields):
                    n_batches += 1
                    yield batch
        if not n_batches:
            yield from BatchBuilder(self.schema).flush()


def _batches(split: Split, file: BinaryIO, schema: pa.Schema, fields: Mapping[str, str]) -> Iterator[Batch]:
    stored = _opened(split, file)
    keys = _keys(split, stored.schema_arrow, schema, fields)
    for group, (start, _, first_row, n_rows) in enumerate(row_groups(stored.metadata)):
        if not split.start <= start < split.end:
            continue
        n_read = 0
        size = stored.metadata.row_group(group).total_byte_size
        batch_rows = max(1, min(TARGET_DOCS, TARGET_BYTES * n_rows // max(1, size)))
        try:
            for rows in stored.iter_batches(
                batch_rows, row_groups=[group], columns=sorted({*keys.values()}), use_threads=False
            ):
                yield _batch(split, rows, first_row + n_read, schema, keys)
                n_read += rows.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            yield _undecodable_rows(split, range(first_row + n_read, first_row + n_rows), schema, str(error))


def _opened(split: Split, file: BinaryIO) -> pq.ParquetFile:
    """Open a parquet file.

    Raises:
        InputError: it is truncated, or of another format.
    """
    try:
        return pq.ParquetFile(file, pre_buffer=True, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        found = format_of(first_bytes(split)[0])
        if found not in (None, "parquet"):
            raise wrong_format(split, "parquet", found) from None
        raise InputError(
            f"{split.url}: expected a complete parquet file: {error}.  Download it again if it is truncated"
        ) from None


def _keys(split: Split, stored: pa.Schema, wanted: pa.Schema, fields: Mapping[str, str]) -> dict[str, str]:
    """Return column -> column in the file or path into a struct, for the columns that are read.

    Raises:
        InputError: a column is missing or duplicated in the file, or the text has another type.
    """
    duplicates = {name for name in stored.names if stored.names.count(name) > 1}
    keys = {}
    for name in wanted.names:
        is_optional = name not in fields and name in ("id", "url", "date", "source")
        if name not in fields and name in ("id", "source"):
            continue
        key = fields.get(name, name)
        if key in duplicates:
            raise InputError(f"{split.url}: the file has two columns `{key}`, expected one.  Rename one of them")
        kind = _type_at(stored, key)
        if kind is None:
            if is_optional:
                continue
            close = difflib.get_close_matches(key, stored.names, n=1)
            hint = f"  Did you mean {close[0]}?" if close else ""
            raise InputError(
                f"{split.url}: no column `{key}` for `{name}`; the file has {', '.join(stored.names) or 'none'}.{hint}"
            )
        if name == "text" and not _is_text(kind):
            raise InputError(
                f"{split.url}: column `{key}` holds {kind}, expected text.  Map another column: fields: {{text: COLUMN}}"
            )
        keys[name] = key
    return keys


def _type_at(schema: pa.Schema, key: str) -> pa.DataType | None:
    if key in schema.names:
        return schema.field(key).type
    first, *path = key.split(".")
    kind = schema.field(first).type if first in schema.names else None
    for part in path:
        at = kind.get_field_index(part) if kind is not None and pa.types.is_struct(kind) else -1
        kind = kind.field(at).type if at >= 0 else None
    return kind


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(
        test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    )


# ---------------------------------------------------------------------- rows


def _batch(split: Split, rows: pa.RecordBatch, first_row: int, schema: pa.Schema, keys: Mapping[str, str]) -> Batch:
    n = rows.num_rows
    columns: dict[str, pa.Array] = {}
    counts: dict[str, int] = {}
    reasons: list[str | None] = [None] * n
    for name, key in keys.items():
        columns[name], mismatches = _column(split, rows, key, schema.field(name))
        if name in ("text", "id"):
            for i in mismatches:
                reasons[i] = "unreadable_record"
        elif mismatches:
            counts[f"mismatched.{name}"] = len(mismatches)
    for name, defect in (("text", "no_text"), ("id", "no_id")):
        if name in columns and columns[name].null_count:
            for i in np.flatnonzero(columns[name].is_null().to_numpy(zero_copy_only=False)):
                reasons[i] = reasons[i] or defect
    positions = pa.array([f"{split.name}/{first_row + i}" for i in range(n)])
    columns["id"] = pc.coalesce(columns["id"], positions) if "id" in columns else positions
    labels = pa.repeat(pa.scalar(split.source), n)
    columns["source"] = pc.coalesce(columns["source"], labels) if "source" in columns else labels
    arrays = [columns.get(field.name, pa.nulls(n, field.type)) for field in schema]
    verdicts = Verdicts.of(reasons) if any(reasons) else None
    return Batch(pa.RecordBatch.from_arrays(arrays, schema=schema), verdicts, counts)


def _column(split: Split, rows: pa.RecordBatch, key: str, field: pa.Field) -> tuple[pa.Array, list[int]]:
    """Return a column in its declared type, and the rows whose value could not be converted, which are null.

    Raises:
        InputError: no value of the type in the file can be converted, so the recipe must change.
    """
    if key in rows.schema.names:
        array = rows.column(key)
    else:
        first, *path = key.split(".")
        array = pc.struct_field(rows.column(first), path)
    if _is_text(array.type) and not pa.types.is_null(array.type) and not _is_text(field.type):
        raise _type_error(split, key, array.type, field.type)
    try:
        cast = array.cast(field.type)
        cast.validate(full=True)  # also strings: parquet writers do not check that they are UTF-8
        return cast, []
    except pa.ArrowNotImplementedError:  # Arrow cannot convert any value of this type to the other
        raise _type_error(split, key, array.type, field.type) from None
    except pa.ArrowInvalid:  # some values cannot be cast
        casts = [_cast_or_none(array[i : i + 1], field.type) for i in range(len(array))]
        nothing = pa.nulls(1, field.type)
        mismatches = [i for i, one in enumerate(casts) if one is None]
        return pa.concat_arrays([nothing if one is None else one for one in casts]), mismatches


def _type_error(split: Split, key: str, kind: pa.DataType, wanted: pa.DataType) -> InputError:
    return InputError(
        f"{split.url}: column `{key}` holds {kind}, which cannot be converted to {wanted}.  Declare another type"
    )


def _cast_or_none(one: pa.Array, kind: pa.DataType) -> pa.Array | None:
    try:
        cast = one.cast(kind)
        cast.validate(full=True)
        return cast
    except pa.ArrowInvalid:
        return None


def _undecodable_rows(split: Split, numbers: range, schema: pa.Schema, message: str) -> Batch:
    """Return a document for each row that could not be decoded; it has only an id and a source."""
    n = len(numbers)
    columns = {
        "id": pa.array([f"{split.name}/{i}" for i in numbers], pa.string()),
        "source": pa.repeat(pa.scalar(split.source), n),
    }
    arrays = [columns.get(field.name, pa.nulls(n, field.type)) for field in schema]
    return Batch(
        pa.RecordBatch.from_arrays(arrays, schema=schema), Verdicts.of(["unreadable_record"] * n, None, [message] * n)
    )
