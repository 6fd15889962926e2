"""What holds for every sketch: an empty one changes nothing, order and division do not matter, JSON keeps it exactly."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.sketches import BottomK, Distinct, HeavyHitters, Histogram, JointOutcomes, Moments


@dataclass(frozen=True)
class Case:
    """A sketch, items for it, and how it counts them; `HeavyHitters` obeys the laws while it has room."""

    kind: Callable[[], Any]
    items: st.SearchStrategy
    count: Callable[[Any, list], None]


def numbers(sketch: Histogram | Moments, items: list) -> None:
    sketch.count(np.array(items, np.float64))


def groups(sketch: HeavyHitters, items: list) -> None:
    for value, outcome, n in items:
        sketch.count(value, outcome, [n, 7 * n])
    sketch.reduce()


def rules(sketch: JointOutcomes, items: list) -> None:
    for broken in items:
        sketch.count(broken)


any_number = st.one_of(st.floats(), st.integers(-(10**6), 10**6).map(float), st.sampled_from([0.1, 5e-324, -1e308]))
CASES = {
    "Histogram": Case(Histogram, any_number, numbers),
    "Moments": Case(Moments, any_number, numbers),
    "Distinct": Case(Distinct, st.text(max_size=3), Distinct.count),
    "BottomK": Case(lambda: BottomK(3), st.text(max_size=3), BottomK.count),
    "HeavyHitters": Case(
        HeavyHitters,
        st.tuples(st.sampled_from([None, "", "a", "b", "\u00e9"]), st.sampled_from(["", "s r"]), st.integers(1, 9)),
        groups,
    ),
    "JointOutcomes": Case(JointOutcomes, st.lists(st.sampled_from("abcd"), max_size=4), rules),
}


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_the_laws(name, data):
    case = CASES[name]
    a, b, c = (data.draw(st.lists(case.items, max_size=12)) for _ in range(3))

    def of(items: list) -> Any:
        sketch = case.kind()
        case.count(sketch, items)
        return sketch

    def added(*sketches: Any) -> Any:
        total = case.kind()
        for sketch in sketches:
            before = copy.deepcopy(sketch)
            total.add(sketch)
            assert sketch == before, "the sketch that is added does not change"
        return total

    whole = of(a + b + c)
    assert added(of(a), of(b), of(c)) == added(of(c), added(of(b), of(a))) == of(c + a + b) == whole
    assert added(whole, case.kind()) == added(case.kind(), whole) == whole
    kept = type(whole).from_json(json.loads(json.dumps(whole.to_json())))
    assert kept == whole and json.dumps(kept.to_json()) == json.dumps(whole.to_json())
    assert json.dumps(of(c + b + a).to_json()) == json.dumps(whole.to_json())
