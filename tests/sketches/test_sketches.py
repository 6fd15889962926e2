"""What each sketch says, beside the truth."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.sketches import BottomK, Distinct, HeavyHitters, Histogram, JointOutcomes, Moments, joint
from curate.sketches.distinct import hashes
from curate.sketches.moments import UNIT, exact_sum

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(finite, max_size=40))
def test_a_sum_is_exact(values):
    assert Fraction(exact_sum(np.array(values, np.float64)), 1 << UNIT) == sum(map(Fraction, values))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_mean_and_deviation_are_those_of_the_numbers(values):
    sketch = Moments()
    sketch.count(np.array([*values, math.nan, math.inf]))
    assert sketch.n == len(values)
    assert sketch.mean == pytest.approx(statistics.fmean(values), rel=1e-12, abs=1e-12)
    assert sketch.deviation == pytest.approx(
        statistics.pstdev(values), rel=1e-6, abs=1e-1 * max(map(abs, values)) * 1e-6
    )


def test_moments_of_nothing_and_of_numbers_that_are_too_large_to_square():
    assert Moments().mean is None and Moments().deviation is None
    sketch = Moments()
    sketch.count(np.array([1e300, -1e300]))
    assert sketch.mean == 0 and sketch.deviation == pytest.approx(math.sqrt(np.finfo(np.float64).max))


ORDERS = {
    "ascending": np.sort,
    "descending": lambda values: np.sort(values)[::-1],
    "zoomed in": lambda values: np.sort(values)[np.argsort(np.abs(np.arange(len(values)) - len(values) / 2))[::-1]],
    "low and high in turn": lambda values: np.stack(
        [np.sort(values)[: len(values) // 2], np.sort(values)[len(values) // 2 :][::-1]], 1
    ).ravel(),
    "in blocks of equals": lambda values: np.sort(np.round(values, 1)),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", ["lognormal", "normal", "uniform"])
def test_quantiles_are_within_the_bound_in_adversarial_orders(order, shape):
    """A quantile is at most 1/64 of its size off, whatever the order and however the numbers are divided."""
    values = ORDERS[order](getattr(np.random.default_rng(0), shape)(size=20_000))
    sketch = Histogram()
    for part in np.array_split(values, 37):
        of_part = Histogram()
        of_part.count(part)
        sketch.add(of_part)
    for share in (0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1):
        true = np.sort(values)[math.ceil(share * len(values)) - 1]
        assert abs(sketch.quantile(share) - true) <= abs(true) / 64


@pytest.mark.parametrize("n", [0, 1, 10, 1_000, 5_000, 20_000, 200_000])
def test_distinct_values_are_estimated_within_four_standard_errors(n):
    sketch = Distinct()
    sketch.count_hashes(np.repeat(hashes(map(str, range(n))), 2))
    assert sketch.estimate == pytest.approx(n, rel=4 * Distinct.STANDARD_ERROR, abs=0.5)


def test_a_hash_of_zeros_is_counted_in_its_register():
    """The slow, obvious rule: one more than the zeros before the first one among the last 52 bits."""
    found = [0, 1, (5 << 52) | (1 << 51), (6 << 52) | 3, 2**64 - 1]
    sketch = Distinct()
    sketch.count_hashes(np.array(found, np.uint64))
    expected = {}
    for each in found:
        bits = f"{each & (2**52 - 1):052b}"
        rank = bits.index("1") + 1 if "1" in bits else 53
        expected[each >> 52] = max(expected.get(each >> 52, 0), rank)
    assert {k: int(sketch.registers[k]) for k in np.flatnonzero(sketch.registers)} == expected


def test_damaged_registers_are_refused():
    with pytest.raises(ValueError, match="4,096 registers"):
        Distinct.from_json({"registers": "AAAA"})


@given(st.lists(st.text(max_size=4)), st.integers(1, 5))
def test_a_sample_holds_the_smallest_hashes(ids, size):
    sketch = BottomK(size)
    sketch.count(ids)
    assert sketch.ids == sorted(set(ids), key=lambda id: (int(hashes([id])[0]), id))[:size]


@given(st.lists(st.lists(st.integers(0, 30), max_size=30), max_size=8), st.integers(1, 6))
def test_heavy_hitters_keep_their_promise_when_there_is_not_enough_room(parts, capacity):
    total, true = HeavyHitters(capacity), Counter()
    for part in parts:
        sketch = HeavyHitters(capacity)
        for value in part:
            sketch.count(str(value), "", [1])
        sketch.reduce()
        total.add(sketch)
        true.update(map(str, part))
    n = sum(true.values())
    assert total.n == n and len(total.weights) <= capacity and total.error <= n / (capacity + 1)
    for value, documents in true.items():
        assert total.documents(value) <= documents <= total.documents(value) + total.error
    if len(true) <= capacity:
        assert total.is_exact and total.rest == {} and {v: total.documents(v) for v in true} == true


@given(st.lists(st.sets(st.sampled_from("abcde")), max_size=30))
def test_joint_outcomes_are_those_of_the_documents(documents):
    sketch = JointOutcomes()
    for broken in documents:
        sketch.count(sorted(broken, reverse=True))
    assert sketch.broke == Counter(rule for broken in documents for rule in broken)
    assert sketch.alone == Counter(rule for broken in documents if len(broken) == 1 for rule in broken)
    assert sketch.pairs == Counter(pair for broken in documents for pair in combinations(sorted(broken), 2))
    assert sketch.sets == Counter(tuple(sorted(broken)) for broken in documents if broken)


def test_too_many_sets_are_not_told_apart(monkeypatch):
    monkeypatch.setattr(joint, "MOST_SETS", 2)
    one, other = JointOutcomes(), JointOutcomes()
    one.count("a")
    one.count("b")
    other.count("ab")
    one.add(other)
    assert one.sets is None and one.pairs == {("a", "b"): 1}
    other.add(one)
    assert other.sets is None and JointOutcomes.from_json(other.to_json()) == other
