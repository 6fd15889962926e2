"""Values of JSON in columns: the type that fits the values of a key, and a value in the type of its column."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

MOST_KEYS = 100
"""An object with more different keys than this is a mapping and not a struct, and is stored as JSON."""

MOST_LEVELS = 16
"""Lists and objects that lie deeper than this are stored as JSON."""

MISSING = object()
"""Stands for the value of a key that an object does not have."""

Converter = Callable[[Any], tuple[Any, bool]]
"""From a value of JSON to one that Arrow takes, or None, and whether all of the value fits."""


# ---------------------------------------------------------------------- the type of values


def type_of(values: Iterable[Any], levels: int = MOST_LEVELS) -> pa.DataType:
    """Return the type of a column that holds these values of JSON.

    Whole numbers are `int` or, if they need it, `uint64`; with fractions among them, `float`. Objects are structs of all
    their keys, lists are lists. `string` is for strings and for everything else, which is stored as JSON: values of
    several types, objects with more than `MOST_KEYS` keys, values that are always null or empty.

    Args:
        levels: how deep lists and objects may lie.
    """
    present = [value for value in values if value is not None]
    kinds = {type(value) for value in present}
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        return _type_of_integers(present)
    if kinds and kinds <= {int, float}:
        return pa.float64()
    if kinds == {list} and levels and any(present):
        return pa.list_(type_of((item for value in present for item in value), levels - 1))
    if kinds == {dict} and levels:
        keys = list(dict.fromkeys(key for value in present for key in value))
        if 0 < len(keys) <= MOST_KEYS:
            return pa.struct([(key, type_of((value.get(key) for value in present), levels - 1)) for key in keys])
    return pa.string()


def _type_of_integers(values: Sequence[int]) -> pa.DataType:
    if max(values) < 1 << 63:
        return pa.int64()
    return pa.uint64() if min(values) >= 0 else pa.float64()


# ---------------------------------------------------------------------- values in a type


def converter(kind: pa.DataType) -> Converter:
    """Return a function that converts values of JSON to a type.

    A value inside of a list or an object that does not fit becomes null by itself. Times are ISO 8601 (UTC if no time zone
    is given), decimals are numbers or strings, bytes are base64, durations are whole numbers of their unit; maps are
    objects, or lists of `{"key": ..., "value": ...}`.

    Raises:
        ValueError: no value of JSON has the type.
    """
    for is_kind, make in _CONVERTERS.items():
        if is_kind(kind):
            return _nulls_stay(make(kind))
    raise ValueError(f"JSON has no values of the type {kind}.  Declare string")


def _nulls_stay(convert: Converter) -> Converter:
    def converted(value: Any) -> tuple[Any, bool]:
        return (None, True) if value is None or value is MISSING else convert(value)

    return converted


def _text(kind: pa.DataType) -> Converter:
    def convert(value: Any) -> tuple[Any, bool]:
        if isinstance(value, str):
            return value, True
        if isinstance(value, float) and not math.isfinite(value):
            return None, False
        try:
            return orjson.dumps(value).decode(), True
        except orjson.JSONEncodeError:  # nested too deeply for orjson
            return None, False

    return convert


def _bool(kind: pa.DataType) -> Converter:
    return lambda value: (value, True) if isinstance(value, bool) else (None, False)


def _integer(kind: pa.DataType) -> Converter:
    limits = np.iinfo(kind.to_pandas_dtype())
    least, most = int(limits.min), int(limits.max)

    def convert(value: Any) -> tuple[Any, bool]:
        if not _is_number(value) or value != int(value) or not least <= value <= most:
            return None, False
        return int(value), True

    return convert


def _float(kind: pa.DataType) -> Converter:
    most = float(np.finfo(kind.to_pandas_dtype()).max)
    return lambda value: (float(value), True) if _is_number(value) and abs(value) <= most else (None, False)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _binary(kind: pa.DataType) -> Converter:
    length = kind.byte_width if pa.types.is_fixed_size_binary(kind) else None

    def convert(value: Any) -> tuple[Any, bool]:
        try:
            data = base64.b64decode(value, validate=True) if isinstance(value, str) else None
        except (binascii.Error, ValueError):
            data = None
        fits = data is not None and length in (None, len(data))
        return (data, True) if fits else (None, False)

    return convert


def _decimal(kind: pa.DataType) -> Converter:
    def convert(value: Any) -> tuple[Any, bool]:
        return _cast(str(value), kind) if _is_number(value) or isinstance(value, str) else (None, False)

    return convert


def _date(kind: pa.DataType) -> Converter:
    return lambda value: _cast(value, kind) if isinstance(value, str) else (None, False)


def _timestamp(kind: pa.DataType) -> Converter:
    plain, zoned = pa.timestamp(kind.unit), pa.timestamp(kind.unit, "UTC")

    def convert(value: Any) -> tuple[Any, bool]:
        if not isinstance(value, str):
            return None, False
        found, fits = _cast(value, plain)
        found, fits = (found, fits) if fits else _cast(value, zoned)
        return (found.value, True) if fits else (None, False)

    return convert


def _time(kind: pa.DataType) -> Converter:
    at_epoch = pa.timestamp(kind.unit)

    def convert(value: Any) -> tuple[Any, bool]:
        found, fits = _cast(f"1970-01-01T{value}", at_epoch) if isinstance(value, str) else (None, False)
        return (found.value, True) if fits else (None, False)

    return convert


def _cast(text: str, kind: pa.DataType) -> tuple[pa.Scalar | None, bool]:
    try:
        return pa.scalar(text).cast(kind), True
    except pa.ArrowInvalid:
        return None, False


def _list(kind: pa.DataType) -> Converter:
    convert_item, is_nullable = converter(kind.value_type), kind.value_field.nullable
    length = kind.list_size if pa.types.is_fixed_size_list(kind) else None

    def convert(value: Any) -> tuple[Any, bool]:
        if not isinstance(value, list) or length not in (None, len(value)):
            return None, False
        items = [convert_item(item) for item in value]
        if not is_nullable and any(item is None for item, _ in items):
            return None, False
        return [item for item, _ in items], all(fits for _, fits in items)

    return convert


def _struct(kind: pa.DataType) -> Converter:
    converters = {field.name: converter(field.type) for field in kind}
    required = [field.name for field in kind if not field.nullable]

    def convert(value: Any) -> tuple[Any, bool]:
        if not isinstance(value, dict):
            return None, False
        parts = {name: convert_part(value.get(name)) for name, convert_part in converters.items()}
        if any(parts[name][0] is None for name in required):
            return None, False
        fits = all(fits for _, fits in parts.values()) and value.keys() <= converters.keys()
        return {name: part for name, (part, _) in parts.items()}, fits

    return convert


def _map(kind: pa.DataType) -> Converter:
    convert_key, convert_item = converter(kind.key_type), converter(kind.item_type)
    is_nullable = kind.item_field.nullable

    def convert(value: Any) -> tuple[Any, bool]:
        if isinstance(value, list) and all(isinstance(pair, dict) and "key" in pair for pair in value):
            pairs = [(pair["key"], pair.get("value")) for pair in value]
        elif isinstance(value, dict):
            pairs = list(value.items())
        else:
            return None, False
        parts = [(convert_key(key), convert_item(item)) for key, item in pairs]
        if any(key is None or (item is None and not is_nullable) for (key, _), (item, _) in parts):
            return None, False
        return [(key, item) for (key, _), (item, _) in parts], all(a and b for (_, a), (_, b) in parts)

    return convert


_CONVERTERS: Mapping[Callable[[pa.DataType], bool], Callable[[pa.DataType], Converter]] = {
    pa.types.is_string: _text,
    pa.types.is_large_string: _text,
    pa.types.is_string_view: _text,
    pa.types.is_boolean: _bool,
    pa.types.is_integer: _integer,
    pa.types.is_floating: _float,
    pa.types.is_binary: _binary,
    pa.types.is_large_binary: _binary,
    pa.types.is_binary_view: _binary,
    pa.types.is_fixed_size_binary: _binary,
    pa.types.is_decimal: _decimal,
    pa.types.is_date: _date,
    pa.types.is_timestamp: _timestamp,
    pa.types.is_time: _time,
    pa.types.is_duration: lambda kind: _integer(pa.int64()),
    pa.types.is_list: _list,
    pa.types.is_large_list: _list,
    pa.types.is_fixed_size_list: _list,
    pa.types.is_list_view: _list,
    pa.types.is_large_list_view: _list,
    pa.types.is_struct: _struct,
    pa.types.is_map: _map,
    pa.types.is_dictionary: lambda kind: converter(kind.value_type),
}
"""Test of a type -> maker of the function that converts values to it."""
