"""`sources.parquet`: read documents from parquet files, local, remote or on the Hugging Face Hub."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, BinaryIO

import fsspec
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.batch import CORE, TARGET_BYTES, TARGET_DOCS, Batch, Columns, Verdicts, column_types
from curate.batch.json_columns import json_rows, python_values
from curate.errors import InputError, Problems, StageError
from curate.formats.parquet import row_groups
from curate.lookup import StoredRecord
from curate.stage import Shard, Split
from curate.stages.sources._fields import (
    ALL,
    Extra,
    Layout,
    common_type,
    duplicates,
    layout_of,
    named_by,
    no_such_key,
    renamed,
    spread,
    two_columns,
)
from curate.stages.sources._taken import (
    array_without,
    is_taken_in_file,
    nothing_left,
    parts_inside,
    type_at,
    type_inside,
    types_left,
)
from curate.stages.sources._wrong_format import first_bytes, format_of, wrong_format

MOST_AT_ONCE = 16
"""Number of files whose columns are read at the same time, at most."""

N_SHOWN = 100
"""Number of rows that are read to show what a file holds."""


class parquet:
    """Read documents from parquet files.

    Why: most published corpora are parquet. Files on the Hugging Face Hub can be read without downloading them first:
        `paths: ["hf://datasets/HuggingFaceFW/fineweb/sample/10BT/*.parquet"]`. For a dataset in another format,
        read the Hub's parquet copy: `hf://datasets/OWNER/NAME@~parquet/CONFIG/train/*.parquet`.

    Args:
        fields: column -> column in the file, if the names differ: {text: content, url: meta.link}. `a.b` is the field `b`
            of the struct `a`. `id`, `url`, `date` and `source` are taken from the columns of these names, and the last
            three also from a struct `metadata`, as datatrove writes it; `source` only if the input has no name and no
            label, or if it is in `fields`. An `id` is a string or a whole number; without one, the id is the file name
            and the row number.
        extra: additional columns to keep, with their types: {score: float, tags: list of string}. `all` keeps every other
            column as it is; only a column of nulls becomes `string`, an Arrow extension type other than `uuid`, `json` and
            `bool8` the type of its storage, and a view of strings inside of a list or struct a large string. A field of a
            struct that is taken for `text` or another of the five columns above is not kept in the struct as well, so that
            no stage overlooks it; a struct with no other field disappears. A column that a file does not have is null in its
            documents, which are counted (`missing_column.score`).
    Makes: text, url, date, source
    Drops:
        no_text: the text is null
        no_id: `id` is in `fields` and the id is null
        unreadable_record: text or id is not UTF-8, or the rest of the row group cannot be decoded
    Raises:
        InputError: a file is not parquet or is truncated; a column is in no file, is duplicated or has another type; with
            `extra: all`, a column has one type in one file and another one in the next.
        SpecError: `fields` maps a column that is neither core nor extra, or `extra` declares a core column.
    Cost: 360 MB/s of text on one core
    """

    def __init__(
        self,
        *,
        fields: dict[str, str] = {},  # noqa: B006
        extra: Extra = {},  # noqa: B006
    ):
        self.layout = layout_of(fields, extra)
        self.columns = Columns(makes={field.name: field.type for field in self.layout.schema if field.name not in CORE})
        self.fields, self.extra = fields, extra

    def found_in(self, files: Sequence[Split]) -> dict[str, Any]:
        """Return the parameters with the columns and types of these files in place of `extra: all`.

        Raises:
            InputError: a file is not parquet or is truncated; a column has two types; a column in `fields` or `extra` is in
                none of the files.
        """
        if self.extra != ALL and not named_by(self.layout):
            return {}
        looked = files if self.extra == ALL else spread(files)
        with ThreadPoolExecutor(MOST_AT_ONCE) as pool:
            schemas = list(pool.map(_schema_of, looked))
        keys = [key.split(".")[0] for key in named_by(self.layout).values()]
        for split, schema in zip(looked, schemas, strict=True):
            for twice in duplicates(schema.names).intersection(schema.names if self.extra == ALL else keys):
                raise two_columns(split, twice)
        with Problems() as problems:
            for column, key in named_by(self.layout).items():
                if all(type_at(schema, key) is None for schema in schemas):
                    problems.add(no_such_key(column, key, looked, [name for each in schemas for name in each.names]))
        if self.extra != ALL:
            return {}
        id_fits = all(_can_be_id(schema.field("id").type) for schema in schemas if schema.names.count("id") == 1)
        names = dict.fromkeys(name for schema in schemas for name in schema.names)
        left = {key: types_left(key, looked, schemas, self.layout) for key in (*names, *self.fields.values())}
        keys = renamed([name for name in names if any(kind is not None for kind in left[name])], self.fields, id_fits)
        for name, key in keys.items():
            if all(kind is None for kind in left[key]) and any(type_at(schema, key) is not None for schema in schemas):
                raise nothing_left(name, key, looked[0])
        return {"extra": {name: common_type(key, looked, left[key]) for name, key in keys.items()}}

    def first_documents(self, split: Split) -> list[dict[str, Any]]:
        """Return the first rows of a file.

        Raises:
            InputError: it is not parquet, truncated or damaged.
        """
        with fsspec.open(split.url, "rb") as file:
            stored = _opened(split, file, pre_buffer=False)
            try:
                rows = next(stored.iter_batches(N_SHOWN, use_threads=False), None)
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"{split.url}: cannot be read: {error}.  Check the file, or fetch it again") from error
        if rows is None:
            return []
        columns = [python_values(column) for column in rows.columns]
        return [dict(zip(rows.schema.names, values, strict=True)) for values in zip(*columns, strict=True)]

    def check_input(self, split: Split) -> None:
        """Look whether a file is parquet and has the columns.

        Raises:
            InputError: it is not parquet or truncated; a column is missing, duplicated or has another type.
        """
        with fsspec.open(split.url, "rb") as file:
            _keys(split, _opened(split, file).schema_arrow, self.layout)

    def record_of(self, split: Split, id: str) -> StoredRecord | None:
        """Return the row of a document as JSON, found by the id in it or by its place; only its row group is read as a whole."""
        with fsspec.open(split.url, "rb") as file:
            stored = _opened(split, file, pre_buffer=False)
            key = _keys(split, stored.schema_arrow, self.layout).get("id")
            for group, (start, _, first, n) in enumerate(row_groups(stored.metadata)):
                if not split.start <= start < split.end:
                    continue
                own = [None] * n
                if key is not None:
                    (rows,) = stored.read_row_group(
                        group, columns=[key], use_threads=False
                    ).combine_chunks().to_batches() or [None]
                    own = _ids(rows, key) if rows is not None else []
                for row, value in enumerate(own):
                    if (value or f"{split.name}/{first + row}") == id:
                        found = stored.read_row_group(group, use_threads=False).slice(row, 1).combine_chunks()
                        return _stored_row(found, first + row, self.layout.keys["text"][0])
        return None

    def __call__(self, shard: Shard) -> Iterator[Batch]:
        if self.extra == ALL:
            raise StageError("the columns of `extra: all` are not known.  Take the parameters that `found_in` returns")
        n_batches = 0
        for split in shard.splits:
            with fsspec.open(split.url, "rb") as file:
                for batch in _batches(split, file, self.layout):
                    n_batches += 1
                    yield batch
        if not n_batches:
            schema = self.layout.schema
            yield Batch(pa.RecordBatch.from_arrays([pa.nulls(0, kind) for kind in schema.types], schema=schema))


def _ids(rows: pa.RecordBatch, key: str) -> list[str | None]:
    """Return the ids that rows have of their own, at a key or a path into a struct."""
    array = rows.column(key) if key in rows.schema.names else pc.struct_field(rows.column(0), key.split(".")[1:])
    return array.cast(pa.string()).to_pylist()


def _stored_row(found: pa.Table, number: int, text_key: str) -> StoredRecord:
    columns = {name: found.column(name).chunk(0) for name in found.schema.names}
    (row,) = json_rows(columns)
    text = row.get(text_key)
    data = orjson.dumps(row, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS)
    return StoredRecord(f"row {number:,}", data + b"\n", text=text if isinstance(text, str) else None)


def _batches(split: Split, file: BinaryIO, layout: Layout) -> Iterator[Batch]:
    stored = _opened(split, file)
    keys = _keys(split, stored.schema_arrow, layout)
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
                yield _batch(split, rows, first_row + n_read, layout, keys)
                n_read += rows.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            yield _undecodable_rows(split, range(first_row + n_read, first_row + n_rows), layout.schema, str(error))


def _opened(split: Split, file: BinaryIO, *, pre_buffer: bool = True) -> pq.ParquetFile:
    """Open a parquet file.

    Args:
        pre_buffer: threads of Arrow read all that was asked for at once, before it is decoded.

    Raises:
        InputError: it is truncated, or of another format.
    """
    try:
        return pq.ParquetFile(file, pre_buffer=pre_buffer, page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        found = format_of(first_bytes(split)[0])
        if found not in (None, "parquet"):
            raise wrong_format(split, "parquet", found) from None
        raise InputError(
            f"{split.url}: expected a complete parquet file: {error}.  Download it again if it is truncated"
        ) from None


def _schema_of(split: Split) -> pa.Schema:
    """Return the columns of a file.

    Raises:
        InputError: it cannot be read, or is not parquet.
    """
    try:
        with fsspec.open(split.url, "rb") as file:
            return _opened(split, file).schema_arrow
    except OSError as error:
        raise InputError(f"{split.url}: its columns cannot be read: {error}.  Check the file, or try again") from error


def _keys(split: Split, stored: pa.Schema, layout: Layout) -> dict[str, str]:
    """Return column -> column in the file or path into a struct, for the columns that the file has.

    Raises:
        InputError: a column is duplicated in the file; the text, or an id in `fields`, is missing; or the text has another
            type.
    """
    several = duplicates(stored.names)
    with Problems() as problems:
        found = {
            name: problems.tried(partial(_key, name, split, stored, several, layout), None)
            for name in layout.schema.names
        }
    return {name: key for name, key in found.items() if key is not None}


def _key(name: str, split: Split, stored: pa.Schema, several: Collection[str], layout: Layout) -> str | None:
    """Return where one column is in a file, as `_keys`; None if the file does not have it."""
    found = [key for key in layout.keys[name] if key in several or type_at(stored, key) is not None]
    key = found[0] if found else layout.keys[name][0]
    if key in several:
        raise two_columns(split, key)
    if not found and (name == "text" or (name == "id" and name in layout.mapped)):
        raise no_such_key(name, key, [split], stored.names)
    kind = type_at(stored, key)
    if found and name == "text" and not _is_text(kind):
        held = column_types.shown(kind)
        raise InputError(
            f"{split.url}: column `{key}` holds {held}, expected text.  Map another column: fields: {{text: COLUMN}}"
        )
    return key if found and (name != "id" or name in layout.mapped or _can_be_id(kind)) else None


def _can_be_id(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or (_is_text(kind) and not pa.types.is_null(kind))


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return any(
        test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    )


# ---------------------------------------------------------------------- rows


def _batch(split: Split, rows: pa.RecordBatch, first_row: int, layout: Layout, keys: Mapping[str, str]) -> Batch:
    n, schema = rows.num_rows, layout.schema
    columns: dict[str, pa.Array] = {}
    counts = {f"missing_column.{name}": n for name in sorted(layout.named - keys.keys())}
    reasons: list[str | None] = [None] * n
    must_have = ("text", "id") if "id" in layout.mapped else ("text",)
    for name, key in keys.items():
        columns[name], mismatches = _column(split, rows, key, schema.field(name), layout)
        if name in must_have:
            for i in mismatches:
                reasons[i] = "unreadable_record"
        elif mismatches:
            counts[f"mismatched.{name}"] = len(mismatches)
    for name in must_have:
        for i in np.flatnonzero(columns[name].is_null().to_numpy(zero_copy_only=False)) if name in columns else ():
            reasons[i] = reasons[i] or f"no_{name}"
    positions = pa.array([f"{split.name}/{first_row + i}" for i in range(n)], pa.string())
    columns["id"] = _filled(columns["id"], positions) if "id" in columns else positions
    labels = pa.repeat(pa.scalar(split.source, pa.string()), n)
    takes_own = "source" in columns and layout.takes_source(split)
    columns["source"] = _filled(columns["source"], labels) if takes_own else labels
    arrays = [columns[field.name] if field.name in columns else pa.nulls(n, field.type) for field in schema]
    verdicts = Verdicts.of(reasons) if any(reasons) else None
    return Batch(pa.RecordBatch.from_arrays(arrays, schema=schema), verdicts, counts)


def _filled(values: pa.Array, otherwise: pa.Array) -> pa.Array:
    """Return strings with other ones in place of null and empty ones."""
    return pc.if_else(pc.fill_null(pc.equal(values, ""), True), otherwise, values)


def _column(
    split: Split, rows: pa.RecordBatch, key: str, field: pa.Field, layout: Layout
) -> tuple[pa.Array, list[int]]:
    """Return a column in its declared type, and the rows whose value could not be converted, which are null.

    A struct is without what core columns take from inside of it, unless its declared type has it.

    Raises:
        InputError: no value of the type in the file can be converted, so the recipe must change.
    """
    if key in rows.schema.names:
        array = rows.column(key)
    else:
        first, *path = key.split(".")
        array = pc.struct_field(rows.column(first), path)
    for part in parts_inside(key, layout, layout.takes_source(split)) if pa.types.is_struct(field.type) else ():
        is_there = type_inside(array.type, part.path) is not None
        if is_there and is_taken_in_file(part, rows.schema) and type_inside(field.type, part.path) is None:
            array = array_without(array, part.path)
    if isinstance(array, pa.ExtensionArray) and array.type != field.type:
        array = array.storage
    is_text = _is_text(array.type) and not pa.types.is_null(array.type)
    if is_text and not _is_text(field.type) and array.type != field.type:
        raise _type_error(split, key, array.type, field.type)
    try:
        cast = array if array.type == field.type else array.cast(field.type)
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
        f"{split.url}: column `{key}` holds {column_types.shown(kind)}, which cannot be converted to "
        f"{column_types.shown(wanted)}.  Declare another type"
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
