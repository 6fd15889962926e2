"""Sketches: adding up, surviving JSON, and being right about the numbers they saw."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.sketches import Histogram

numbers = st.one_of(
    st.floats(width=32), st.integers(-1000, 100_000).map(float), st.sampled_from([0.0, -0.0, 0.1, 127.0, float("nan")])
)
columns = st.lists(numbers, max_size=30)


def of(*parts: list[float]) -> Histogram:
    found = Histogram()
    for part in parts:
        found.count(np.array(part, np.float64))
    return found


def added(*sketches: Histogram) -> Histogram:
    total = Histogram()
    for sketch in sketches:
        total.add(sketch)
    return total


@given(columns, columns, columns)
def test_sketches_add_up_in_any_order_to_the_sketch_of_all(a, b, c):
    whole = of(a + b + c)
    assert added(of(a), of(b), of(c)) == added(of(c), added(of(b), of(a))) == of(a, b, c) == whole
    assert added(whole, Histogram()) == added(Histogram(), whole) == whole


@given(columns)
def test_a_sketch_is_the_same_after_a_round_trip_through_json(values):
    sketch = of(values)
    assert Histogram.from_json(json.loads(json.dumps(sketch.to_json()))) == sketch


@given(st.lists(st.floats(-1e9, 1e9, width=32), min_size=1, max_size=60), st.floats(0.01, 1))
def test_a_quantile_is_within_a_bucket_of_the_true_one(values, share):
    true = sorted(values)[int(np.ceil(share * len(values))) - 1]
    assert of(values).quantile(share) == pytest.approx(true, rel=1 / 64, abs=1e-300)


@given(st.lists(st.integers(0, 127), min_size=1, max_size=60))
def test_small_whole_numbers_are_counted_exactly(values):
    sketch = of(values)
    assert sketch.quantile(0.5) == sorted(values)[(len(values) + 1) // 2 - 1]
    shares = sketch.shares(range(129))
    assert shares == pytest.approx([values.count(k) / len(values) for k in range(128)])
    assert sketch.share_between(10, 20) == pytest.approx(sum(10 <= v <= 20 for v in values) / len(values))


@given(st.lists(st.floats(-50, 50, width=32), min_size=1, max_size=60))
def test_bins_over_everything_hold_everything(values):
    assert sum(of(values).shares(np.linspace(-64, 64, 33))) == pytest.approx(1)


def test_what_is_no_number_is_counted_apart():
    sketch = of([1.0, float("nan"), float("inf"), -float("inf")])
    assert (sketch.n, sketch.n_missing, sketch.lowest, sketch.highest) == (1, 3, 1.0, 1.0)


def test_an_empty_sketch_has_no_quantile_and_no_shares():
    assert Histogram().quantile(0.5) is None and Histogram().shares([0, 1, 2]) == [0, 0]
