"""Types that are found for values of JSON, and values that are made to fit a declared type."""

from __future__ import annotations

import datetime

import orjson
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.batch.column_types import parse, spell
from curate.stages.sources._json_values import converter, type_of
from curate.stages.sources.jsonl import jsonl
from tests.stages.sources.crawls import read
from tests.stages.sources.test_jsonl import lines

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=["Cs"]), max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(blacklist_categories=["Cs"]), max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(st.lists(JSON, min_size=1, max_size=5))
def test_values_fit_the_type_that_was_made_for_them(values):
    kind = type_of(values)
    assert parse(spell(kind)) == kind
    converted = [converter(kind)(orjson.loads(orjson.dumps(value))) for value in values]
    assert all(fits for _, fits in converted)
    array = pa.array([value for value, _ in converted], kind)
    assert array.is_null().to_pylist() == [value is None for value in values]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("timestamp(us)", "2024-02-29T12:00:00+02:00", datetime.datetime(2024, 2, 29, 10)),
        ("timestamp(us, UTC)", "2024-02-29 12:00:00", datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)),
        ("date", "2024-02-29", datetime.date(2024, 2, 29)),
        ("time(us)", "12:30:00.5", datetime.time(12, 30, 0, 500_000)),
        ("decimal(10, 2)", 1.25, "1.25"),
        ("decimal(10, 2)", "1.255", None),
        ("binary", "AP8=", b"\x00\xff"),
        ("binary(1)", "AP8=", None),
        ("int8", 127, 127),
        ("int8", 128, None),
        ("float32", 1e300, None),
        ("map(string, int)", {"a": 1}, [("a", 1)]),
        ("map(string, int)", [{"key": "a", "value": 1}], [("a", 1)]),
        ("list(2) of int", [1], None),
        ("list of int not null", [1, "x"], None),
        ("dictionary(int8, string)", "a", "a"),
        ("duration(ms)", 1500, datetime.timedelta(seconds=1.5)),
    ],
)
def test_values_of_json_become_those_of_the_declared_type(kind, value, expected):
    (row,) = read(jsonl, lines({"text": "t", "v": value}), extra={"v": kind}).rows
    assert row["v"] == expected or str(row["v"]) == expected
