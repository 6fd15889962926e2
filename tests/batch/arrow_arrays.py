"""Strategies for Arrow arrays with any value of their type, and a comparison of their bits."""

from __future__ import annotations

import decimal

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from curate.batch.nested_arrays import is_list, lengths_and_items

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=6)


@st.composite
def arrays(draw, kind: pa.DataType, n: int, has_nulls: bool = True) -> pa.Array:
    """Draw `n` values of a type, some of them null."""
    nulls = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)) if has_nulls else [False] * n, bool)
    if kind == pa.uuid():
        return pa.ExtensionArray.from_storage(kind, draw(arrays(pa.binary(16), n, has_nulls)))
    if pa.types.is_dictionary(kind):
        values = draw(st.lists(TEXT, min_size=1, max_size=4, unique=True))
        places = draw(st.lists(st.integers(0, len(values) - 1), min_size=n, max_size=n))
        words = pa.array([value.encode() for value in values] if pa.types.is_binary(kind.value_type) else values)
        indices = pa.array(np.array(places, np.int64), pa.int64(), mask=nulls).cast(kind.index_type)
        return pa.DictionaryArray.from_arrays(indices, words, ordered=kind.ordered)
    if pa.types.is_struct(kind):
        parts = [draw(arrays(field.type, n, field.nullable)) for field in kind]
        return pa.StructArray.from_arrays(parts, fields=list(kind), mask=pa.array(nulls))
    if pa.types.is_fixed_size_list(kind):
        items = draw(arrays(kind.value_type, n * kind.list_size, kind.value_field.nullable))
        return pa.FixedSizeListArray.from_arrays(items, type=kind, mask=pa.array(nulls))
    if kind.num_fields:
        return draw(_with_offsets(kind, n, nulls))
    values = draw(st.lists(_values(kind), min_size=n, max_size=n))
    return _flat(kind, [None if is_null else value for value, is_null in zip(values, nulls, strict=True)])


@st.composite
def _with_offsets(draw, kind: pa.DataType, n: int, nulls: np.ndarray) -> pa.Array:
    lengths = np.where(nulls, 0, draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
    mask = pa.array(nulls)
    if pa.types.is_map(kind):
        keys = draw(arrays(kind.key_type, int(lengths.sum()), False))
        items = draw(arrays(kind.item_type, int(lengths.sum()), kind.item_field.nullable))
        return pa.MapArray.from_arrays(offsets, keys, items, type=kind, mask=mask)
    items = draw(arrays(kind.value_type, int(lengths.sum()), kind.value_field.nullable))
    if pa.types.is_large_list(kind):
        return pa.LargeListArray.from_arrays(offsets.cast(pa.int64()), items, type=kind, mask=mask)
    return pa.ListArray.from_arrays(offsets, items, type=kind, mask=mask)


def _values(kind: pa.DataType) -> st.SearchStrategy:
    """Return values as `_flat` takes them: strings, bytes, decimals, booleans, and the bits of everything else."""
    if any(test(kind) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)):
        return TEXT
    if any(test(kind) for test in (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)):
        return st.binary(max_size=6)
    if pa.types.is_fixed_size_binary(kind):
        return st.binary(min_size=kind.byte_width, max_size=kind.byte_width)
    if pa.types.is_boolean(kind):
        return st.booleans()
    if pa.types.is_decimal(kind):
        most = 10**kind.precision - 1
        return st.integers(-most, most).map(
            lambda n: decimal.Decimal((n < 0, tuple(map(int, str(abs(n)))), -kind.scale))
        )
    if pa.types.is_time(kind):
        return st.integers(0, 86_400 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit] - 1)
    bits = kind.bit_width
    return st.integers(-(1 << bits - 1), (1 << bits - 1) - 1)


def _flat(kind: pa.DataType, values: list) -> pa.Array:
    is_bits = not any(isinstance(value, (str, bytes, bool, decimal.Decimal)) for value in values if value is not None)
    if not is_bits or not pa.types.is_primitive(kind) or pa.types.is_boolean(kind):
        return pa.array(values, kind)
    width = kind.bit_width // 8
    data = b"".join((value or 0).to_bytes(width, "little", signed=True) for value in values)
    mask = pa.array([value is not None for value in values])
    validity = mask.buffers()[1] if not all(mask.to_pylist()) else None
    return pa.Array.from_buffers(kind, len(values), [validity, pa.py_buffer(data)])


def same_bits(left: pa.Array, right: pa.Array) -> bool:
    """Return whether two arrays have one type, nulls in the same places and the same bits elsewhere, NaN included."""
    if left.type != right.type or len(left) != len(right) or not left.is_null().equals(right.is_null()):
        return False
    kind = left.type
    if isinstance(left, pa.ExtensionArray):
        return same_bits(left.storage, right.storage)
    if pa.types.is_dictionary(kind):
        return same_bits(left.dictionary_decode(), right.dictionary_decode())
    if pa.types.is_struct(kind):
        return all(map(same_bits, left.flatten(), right.flatten()))
    if is_list(kind):
        (lengths, items), (other_lengths, other_items) = lengths_and_items(left), lengths_and_items(right)
        return np.array_equal(lengths, other_lengths) and same_bits(items, other_items)
    if pa.types.is_floating(kind):
        bits = {16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}[kind.bit_width]
        return left.drop_null().view(bits).equals(right.drop_null().view(bits))
    return left.equals(right)
