"""Column types: every Arrow type that parquet can store has a name, and the name says exactly that type."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.batch.column_types import PLAIN, decoded, parse, spell, split_at_commas
from tests.batch.arrow_types import types

READABLE = {
    "int": pa.int64(),
    "float": pa.float64(),
    "float32": pa.float32(),
    "string": pa.string(),
    "date": pa.date32(),
    "timestamp(us, UTC)": pa.timestamp("us", "UTC"),
    'timestamp(ns, "+05:30")': pa.timestamp("ns", "+05:30"),
    "time(s)": pa.time32("s"),
    "time(ns)": pa.time64("ns"),
    "binary(16)": pa.binary(16),
    "decimal(10, 2)": pa.decimal128(10, 2),
    "list of string": pa.list_(pa.string()),
    "list(768) of float32": pa.list_(pa.float32(), 768),
    "list of list of int not null": pa.list_(pa.list_(pa.field("item", pa.int64(), False))),
    "list of (list of int) not null": pa.list_(pa.field("item", pa.list_(pa.int64()), False)),
    "struct(a: int, b: list of float)": pa.struct([("a", pa.int64()), ("b", pa.list_(pa.float64()))]),
    'struct("a, b": int, "": date not null)': pa.struct([("a, b", pa.int64()), pa.field("", pa.date32(), False)]),
    "map(string, int not null, sorted)": pa.map_(pa.string(), pa.field("value", pa.int64(), False), True),
    "dictionary(int32, string, ordered)": pa.dictionary(pa.int32(), pa.string(), True),
}


@pytest.mark.parametrize("name", READABLE)
def test_a_name_reads_as_its_type_and_back(name):
    assert parse(name) == READABLE[name]
    assert spell(READABLE[name]) == name


@given(types(names=st.text(max_size=4)))
def test_parse_is_the_inverse_of_spell(kind):
    assert parse(spell(kind)) == kind
    assert spell(parse(spell(kind))) == spell(kind)


@given(types(), types())
def test_two_types_have_one_name_only_if_they_are_one(left, right):
    assert (spell(left) == spell(right)) == (left == right)


def test_every_plain_name_is_spelled_as_itself():
    assert [spell(kind) for kind in PLAIN.values()] == list(PLAIN)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("str", "string"),
        ("int64", "int"),
        ("float64", "float"),
        ("timestamp", "timestamp(us)"),
        ("list(2)of int", "list(2) of int"),
    ],
)
def test_other_spellings_are_understood(name, kind):
    assert spell(parse(name)) == kind


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("integer", "expected string, int, float, bool, date, .* found integer; did you mean int"),
        ("list", 'expected "of", found the end'),
        ("list of", "expected a type, found the end"),
        ("int int", "expected the end, found int"),
        ("timestamp(days)", "expected one of s, ms, us, ns, found days"),
        ("decimal(99, 2)", "precision"),
        ("decimal(10)", 'expected ","'),
        ("struct(a int)", 'expected ":", found int'),
        ("struct(a: int", 'expected ",", found the end'),
        ('struct("a: int)', "closing quotation mark"),
        ("list(x) of int", "a whole number"),
        ("", "expected a type"),
        ("struct", 'expected "\\("'),
    ],
)
def test_what_is_not_a_type_is_refused_with_what_was_expected(name, message):
    with pytest.raises(ValueError, match=message):
        parse(name)


@given(st.text())
def test_any_text_is_a_type_or_refused(name):
    try:
        kind = parse(name)
    except ValueError:
        return
    assert parse(spell(kind)) == kind


def test_a_type_that_parquet_cannot_store_has_no_name():
    with pytest.raises(ValueError, match="parquet cannot store"):
        spell(pa.month_day_nano_interval())


@given(types())
def test_a_decoded_type_has_no_dictionary_and_is_the_same_otherwise(kind):
    assert "dictionary" not in spell(decoded(kind))
    if "dictionary" not in spell(kind):
        assert decoded(kind) == kind


def test_lists_of_entries_are_cut_outside_parentheses():
    assert split_at_commas("a: struct(x: int, y: decimal(3, 1)), b") == ["a: struct(x: int, y: decimal(3, 1))", " b"]
