"""Columns as JSON can write them: strings in place of what JSON has no values for."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.batch.nested_arrays import is_list, lengths_and_items

_AS_THEY_ARE = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
)
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
FIRST, LAST = -62_135_596_800, 253_402_300_799
"""The first and the last second of the years 1 to 9999, since 1970; ISO 8601 has four digits for a year."""

_BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view, pa.types.is_fixed_size_binary)


def json_rows(columns: Mapping[str, pa.Array]) -> list[dict[str, Any]]:
    """Return the rows of some columns as objects that `orjson` can write."""
    ready = [json_ready(array) for array in columns.values()]
    return pa.RecordBatch.from_arrays(ready, names=list(columns)).to_pylist()


def json_ready(array: pa.Array) -> pa.Array:
    """Return a column in types that JSON has.

    Dates, times and timestamps become strings (ISO 8601), as do decimals, which keep all their digits, and UUIDs; bytes
    become base64; durations become whole numbers of their unit; a map becomes a list of objects with `key` and `value`.
    Lists and structs stay, with what is in them converted.
    """
    kind = array.type
    if any(is_kind(kind) for is_kind in _AS_THEY_ARE):
        return array
    if kind == pa.uuid():
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())
    if kind == pa.bool8():
        return array.cast(pa.bool_())
    if isinstance(array, pa.ExtensionArray):
        return json_ready(array.storage)
    if pa.types.is_dictionary(kind):
        return json_ready(array.dictionary_decode())
    if any(is_kind(kind) for is_kind in _BYTES):
        return pa.array(
            [None if value is None else base64.b64encode(value).decode() for value in array.to_pylist()], pa.string()
        )
    if pa.types.is_duration(kind):
        return array.cast(pa.int64())
    if pa.types.is_timestamp(kind):
        return _timestamps(array)
    if pa.types.is_struct(kind):
        return _struct(array)
    return _list(array) if is_list(kind) else array.cast(pa.string())


def python_values(array: pa.Array) -> list[Any]:
    """Return the values of a column as Python's; if Python cannot hold one of them, all as JSON has them."""
    try:
        return array.to_pylist()
    except (OverflowError, ValueError):
        return json_ready(array).to_pylist()


def _timestamps(array: pa.Array) -> pa.Array:
    """Return ISO 8601 strings; what lies outside of the years 1 to 9999 as a number of its unit since 1970."""
    numbers, per_second = array.cast(pa.int64()), _PER_SECOND[array.type.unit]
    first, end = max(FIRST * per_second, -(1 << 63)), min((LAST + 1) * per_second, (1 << 63) - 1)
    is_year = pc.and_(pc.greater_equal(numbers, first), pc.less(numbers, end))
    if pc.all(is_year).as_py() is not False:
        return pc.replace_substring(array.cast(pa.string()), " ", "T")
    known = pc.if_else(is_year, array, pa.scalar(None, array.type))
    others = pc.binary_join_element_wise(numbers.cast(pa.string()), f"{array.type.unit} since 1970", " ")
    return pc.coalesce(pc.replace_substring(known.cast(pa.string()), " ", "T"), others)


def _struct(array: pa.StructArray) -> pa.Array:
    parts = [json_ready(part) for part in array.flatten()]
    fields = [pa.field(field.name, part.type) for field, part in zip(array.type, parts, strict=True)]
    return pa.StructArray.from_arrays(parts, fields=fields, mask=array.is_null())


def _list(array: pa.Array) -> pa.Array:
    lengths, items = lengths_and_items(array)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
    return pa.LargeListArray.from_arrays(offsets, json_ready(items), mask=array.is_null())
