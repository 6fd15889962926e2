"""Strategies for the Arrow types that parquet can store."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import strategies as st

UNITS = ("s", "ms", "us", "ns")
ZONES = (None, "UTC", "Europe/Paris", "+05:30")

numbers = st.sampled_from(
    [
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.float16(), pa.float32(), pa.float64()),
    ]
)
texts = st.sampled_from(
    [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.string_view(), pa.binary_view()]
)
times = st.one_of(
    st.sampled_from([pa.date32(), pa.time32("ms"), pa.time64("us"), pa.time64("ns")]),
    st.builds(pa.timestamp, st.sampled_from(UNITS[1:]), st.sampled_from(ZONES)),
    st.builds(pa.duration, st.sampled_from(UNITS)),
)


@st.composite
def decimals(draw) -> pa.DataType:
    """Draw a decimal type."""
    make, most = draw(
        st.sampled_from([(pa.decimal32, 9), (pa.decimal64, 18), (pa.decimal128, 38), (pa.decimal256, 76)])
    )
    precision = draw(st.integers(1, most))
    return make(precision, draw(st.integers(0, precision)))


flat = st.one_of(
    numbers, texts, times, decimals(), st.just(pa.bool_()), st.builds(pa.binary, st.integers(1, 20)), st.just(pa.uuid())
)
dictionaries = st.builds(
    pa.dictionary,
    st.sampled_from([pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16()]),
    st.sampled_from([pa.string(), pa.binary()]),
    st.booleans(),
)


def _part(name: str, kind: pa.DataType, is_nullable: bool) -> pa.Field:
    """Return a part of a type; Arrow cannot read a list of fixed size back that is never null in a struct that is null."""
    return pa.field(name, kind, is_nullable or pa.types.is_fixed_size_list(kind))


def nested(inner: st.SearchStrategy, names: st.SearchStrategy) -> st.SearchStrategy:
    """Return lists, structs and maps of these types."""
    part = st.builds(_part, st.just("item"), inner, st.booleans())
    fields = st.lists(st.builds(_part, names, inner, st.booleans()), min_size=1, max_size=3, unique_by=lambda f: f.name)
    return st.one_of(
        st.builds(pa.list_, part),
        st.builds(pa.large_list, part),
        st.builds(pa.list_, part, st.integers(1, 3)),
        fields.map(pa.struct),
        st.builds(pa.map_, st.sampled_from([pa.string(), pa.int32()]), part, st.booleans()),
    )


names_of_fields = st.sampled_from(["a", "b", "c.d", "é"])


def types(names: st.SearchStrategy = names_of_fields) -> st.SearchStrategy:
    """Return all types that parquet can store, nested up to a few levels."""
    return st.recursive(st.one_of(flat, dictionaries), lambda inner: nested(inner, names), max_leaves=5)
