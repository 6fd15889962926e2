"""Values that JSON, or Python, cannot hold."""

from __future__ import annotations

import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate.batch.json_columns import json_ready, python_values
from curate.report import fate

SECONDS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


@given(st.sampled_from(list(SECONDS)), st.lists(st.none() | st.integers(-(1 << 63), (1 << 63) - 1), max_size=8))
def test_a_timestamp_is_iso_8601_or_its_number(unit, numbers):
    array = pa.array(numbers, pa.int64()).cast(pa.timestamp(unit))
    for number, text in zip(numbers, json_ready(array).to_pylist(), strict=True):
        if number is None:
            assert text is None
            continue
        try:
            year = (datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=number // SECONDS[unit])).year
            assert text.startswith(f"{year:04d}-")
        except OverflowError:
            assert text == f"{number} {unit} since 1970"


def test_python_values_are_those_of_python_where_it_has_them():
    fits = pa.array([0, None], pa.timestamp("us"))
    assert python_values(fits) == [datetime.datetime(1970, 1, 1), None]
    assert python_values(pa.array([1 << 60, 0], pa.timestamp("us")))[1] == "1970-01-01T00:00:00.000000"


@pytest.mark.parametrize("values", [pa.array(["a", "b"], pa.string_view()), pa.array([1 << 60, 0], pa.timestamp("us"))])
def test_explain_shows_documents_with_such_values(write_recipe, tmp_path, values):
    pq.write_table(pa.table({"text": ["one", "two"], "id": ["d1", "d2"], "x": values}), tmp_path / "a.parquet")
    inputs = {"sources.parquet": {"paths": str(tmp_path / "a.parquet"), "extra": "all"}}
    url = curate.run(write_recipe([], inputs=inputs), output=str(tmp_path / "run"), workers=1)
    assert fate.find(url, "d1")["columns"]["x"] in ("a", f"{1 << 60} us since 1970")
