"""Bounds on signals."""

from __future__ import annotations

import numpy as np

from curate import Rules, at_least, at_most
from curate.rules import present


def judge(rules: Rules, **signals):
    arrays = {name: np.asarray(values, np.float32) for name, values in signals.items()}
    return rules.judge(arrays, len(next(iter(arrays.values()))))


def test_the_first_broken_rule_is_the_reason_and_all_are_on_record():
    rules = Rules(too_few=at_least("n", 3), too_loud=at_most("share", 0.5))
    verdicts = judge(rules, n=[5, 1, 5, 1], share=[0.1, 0.1, 0.9, 0.9])
    assert [verdicts.reasons[c] if c >= 0 else None for c in verdicts.code] == [None, "too_few", "too_loud", "too_few"]
    assert verdicts.failed.tolist() == [[False, False], [True, False], [False, True], [True, True]]
    np.testing.assert_allclose(verdicts.value, [np.nan, 1, 0.9, 1], rtol=1e-6)


def test_a_value_on_the_bound_is_kept_although_it_was_stored_in_single_precision():
    assert judge(Rules(a=at_most("x", 0.1)), x=[0.1]).is_kept.all()
    assert judge(Rules(a=at_least("x", 0.7)), x=[0.7]).is_kept.all()


def test_none_switches_a_rule_off_and_nan_breaks_none():
    assert judge(Rules(a=at_most("x", None)), x=[1e9]).is_kept.all()
    assert judge(Rules(a=at_most("x", 1), b=at_least("x", 0)), x=[np.nan]).is_kept.all()


def test_rules_without_bounds_have_signals_and_drop_nobody():
    rules = Rules.without_bounds(["x", "y"])
    assert rules.signals == ("x", "y") and rules != Rules()
    assert judge(rules, x=[1, np.nan], y=[0, 1]).is_kept.all()


def test_signals_are_named_once_in_the_order_of_the_rules():
    assert Rules(a=at_most("y", 1), b=at_least("x", 1), c=at_least("y", 0)).signals == ("y", "x")


def test_a_value_that_is_needed_and_missing_breaks_its_rule_and_no_other():
    values = {"score": np.array([0.2, np.nan, 0.9])}
    verdicts = Rules(no_score=present("score"), too_low=at_least("score", 0.5)).judge(values, 3)
    assert verdicts.code.tolist() == [1, 0, -1] and verdicts.failed.tolist() == [
        [False, True],
        [True, False],
        [False, False],
    ]
    assert Rules(too_low=at_least("score", 0.5)).judge(values, 3).code.tolist() == [0, -1, -1]
