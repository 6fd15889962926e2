"""Documents from parquet files, local, remote or on the Hugging Face hub."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import BinaryIO

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.batch import TARGET_BYTES, TARGET_DOCS, Batch, Verdicts
from curate.errors import InputError
from curate.formats.parquet import row_groups
from curate.stage import Shard, Split
from curate.stages.sources._fields import Type, schema_of


def parquet(
    shard: Shard,
    *,
    fields: dict[str, str] = {},  # noqa: B006
    extra: dict[str, Type] = {},  # noqa: B006
) -> Iterator[Batch]:
    """Read documents from parquet files: a text column, and with it what the file knows of each document.

    Why: most published corpora are parquet. Those on the Hugging Face hub need no download step:
        `paths: ["hf://datasets/HuggingFaceFW/fineweb/sample/10BT/*.parquet"]`, or, for a dataset that is not
        parquet itself, the hub's copy: `hf://datasets/OWNER/NAME@~parquet/CONFIG/train/*.parquet`.

    Args:
        fields: column -> the file's column, where they differ: {text: content, url: meta.url}. A dot goes into
            a struct. With `id` mapped the file's own ids are used, else an id is the file's name and row.
        extra: further columns to keep and their type: {language_score: float}. All shards must agree on the
            columns, and files do not always, so what is not named here is left behind.
    Makes: text, url, date, source
    Drops:
        no_text: the text is null
        no_id: `id` is mapped and null
        unreadable_record: the text is not UTF-8, or the rest of its row group cannot be decoded
    Raises:
        InputError: a file is not parquet or cut off; it has no such column, or one of another type.
    Cost: 360 MB/s of text on one core
    """
    schema = schema_of(fields, extra)
    n_batches = 0
    for split in shard.splits:
        with fsspec.open(split.url, "rb") as file:
            for batch in _batches(split, file, schema, fields):
                n_batches += 1
                yield batch
    if not n_batches:
        yield Batch(pa.RecordBatch.from_arrays([pa.array([], field.type) for field in schema], schema=schema))


def _batches(split: Split, file: BinaryIO, schema: pa.Schema, fields: Mapping[str, str]) -> Iterator[Batch]:
    try:
        stored = pq.ParquetFile(file, pre_buffer=True, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{split.url}: is no parquet file, or is cut off: {error}") from None
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
            yield _lost(split, range(first_row + n_read, first_row + n_rows), schema, str(error))


def _keys(split: Split, stored: pa.Schema, wanted: pa.Schema, fields: Mapping[str, str]) -> dict[str, str]:
    """Return column -> the file's column or path into a struct, for the columns that are read."""
    twice = {name for name in stored.names if stored.names.count(name) > 1}
    keys = {}
    for name in wanted.names:
        is_optional = name not in fields and name in ("id", "url", "date", "source")
        if name not in fields and name in ("id", "source"):
            continue
        key = fields.get(name, name)
        if key in twice:
            raise InputError(f"{split.url}: has two columns `{key}`; rename one")
        kind = _type_at(stored, key)
        if kind is None:
            if is_optional:
                continue
            near = difflib.get_close_matches(key, stored.names, n=1)
            guess = f"  Did you mean {near[0]}?" if near else ""
            raise InputError(
                f"{split.url}: no column `{key}` for `{name}`; it has {', '.join(stored.names) or 'none'}.{guess}"
            )
        if name == "text" and not _is_text(kind):
            raise InputError(
                f"{split.url}: column `{key}` holds {kind}, expected text; map another: fields: {{text: COLUMN}}"
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
        columns[name], misfits = _column(split, rows, key, schema.field(name))
        if name in ("text", "id"):
            for i in misfits:
                reasons[i] = "unreadable_record"
        elif misfits:
            counts[f"mismatched.{name}"] = len(misfits)
    for name, defect in (("text", "no_text"), ("id", "no_id")):
        if name in columns and columns[name].null_count:
            for i in np.flatnonzero(columns[name].is_null().to_numpy(zero_copy_only=False)):
                reasons[i] = reasons[i] or defect
    places = pa.array([f"{split.name}/{first_row + i}" for i in range(n)])
    columns["id"] = pc.coalesce(columns["id"], places) if "id" in columns else places
    labels = pa.repeat(pa.scalar(split.source), n)
    columns["source"] = pc.coalesce(columns["source"], labels) if "source" in columns else labels
    arrays = [columns.get(field.name, pa.nulls(n, field.type)) for field in schema]
    verdicts = Verdicts.of(reasons) if any(reasons) else None
    return Batch(pa.RecordBatch.from_arrays(arrays, schema=schema), verdicts, counts)


def _column(split: Split, rows: pa.RecordBatch, key: str, field: pa.Field) -> tuple[pa.Array, list[int]]:
    """Return a column in its declared type, and the rows whose value does not fit it, which are null.

    Raises:
        InputError: no value of the file's type could fit, so it is the recipe that has to change.
    """
    if key in rows.schema.names:
        array = rows.column(key)
    else:
        first, *path = key.split(".")
        array = pc.struct_field(rows.column(first), path)
    if _is_text(array.type) and not pa.types.is_null(array.type) and not _is_text(field.type):
        raise _other_type(split, key, array.type, field.type)
    try:
        cast = array.cast(field.type)
        cast.validate(full=True)  # strings too: parquet writers do not check that they are UTF-8
        return cast, []
    except pa.ArrowNotImplementedError:  # no cast between these types at all; a value that does not fit is ArrowInvalid
        raise _other_type(split, key, array.type, field.type) from None
    except pa.ArrowInvalid:
        ones = [_fitting(array[i : i + 1], field.type) for i in range(len(array))]
        nothing = pa.nulls(1, field.type)
        misfits = [i for i, one in enumerate(ones) if one is None]
        return pa.concat_arrays([nothing if one is None else one for one in ones]), misfits


def _other_type(split: Split, key: str, kind: pa.DataType, wanted: pa.DataType) -> InputError:
    return InputError(f"{split.url}: column `{key}` holds {kind}, which does not become {wanted}; declare another type")


def _fitting(one: pa.Array, kind: pa.DataType) -> pa.Array | None:
    try:
        cast = one.cast(kind)
        cast.validate(full=True)
        return cast
    except pa.ArrowInvalid:
        return None


def _lost(split: Split, numbers: range, schema: pa.Schema, message: str) -> Batch:
    """Return the rows that could not be decoded, as documents of which nothing is known but their place."""
    n = len(numbers)
    known = {
        "id": pa.array([f"{split.name}/{i}" for i in numbers], pa.string()),
        "source": pa.repeat(pa.scalar(split.source), n),
    }
    arrays = [known.get(field.name, pa.nulls(n, field.type)) for field in schema]
    return Batch(
        pa.RecordBatch.from_arrays(arrays, schema=schema), Verdicts.of(["unreadable_record"] * n, None, [message] * n)
    )
