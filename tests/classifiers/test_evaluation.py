"""Figures are those of scikit-learn and of textbooks; slices, intervals and the page say what they should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as peer

from curate.classifiers import evaluation, identity, metrics
from curate.classifiers.examples import Examples
from curate.errors import InputError
from curate.report.classifier_report import page
from tests.classifiers.models import labelled

judged = st.lists(
    st.tuples(st.sampled_from([0, 0.1, 0.25, 0.5, 0.75, 1]) | st.floats(0, 1), st.booleans()), min_size=2, max_size=60
)


@given(judged)
def test_areas_are_those_of_scikit_learn(pairs):
    scores, truth = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    if truth.all() or not truth.any():
        assert np.isnan(metrics.roc_auc(scores, truth))
        return
    assert metrics.roc_auc(scores, truth) == pytest.approx(peer.roc_auc_score(truth, scores))
    assert metrics.average_precision(scores, truth) == pytest.approx(peer.average_precision_score(truth, scores))


@given(judged, st.sampled_from([0.1, 0.5, 0.75]))
def test_figures_at_a_threshold_are_those_of_scikit_learn(pairs, threshold):
    scores, truth = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    found = metrics.at(scores, truth, threshold)
    for name, measure in (
        ("precision", peer.precision_score),
        ("recall", peer.recall_score),
        ("f1", peer.f1_score),
    ):
        expected = measure(truth, scores >= threshold, zero_division=np.nan)
        assert found[name] == pytest.approx(expected, nan_ok=True)


@given(judged, st.sampled_from([0.5, 0.8, 1.0]))
def test_the_threshold_for_a_precision_is_the_least_that_has_it(pairs, wanted):
    scores, truth = np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])
    good = [t for t in scores if truth[scores >= t].mean() >= wanted]
    assert metrics.threshold_for(scores, truth, wanted) == (min(good) if good else None)


def test_wilson_is_that_of_the_textbook():
    assert metrics.wilson(9, 10) == pytest.approx((0.5958, 0.9821), abs=1e-4)
    assert metrics.wilson(0, 10)[0] == 0 and metrics.wilson(0, 0) == (0, 1)
    assert metrics.wilson(10, 10)[1] == pytest.approx(1)


def test_a_bootstrap_interval_covers_the_truth_about_as_often_as_it_says():
    chance = np.random.default_rng(0)
    covered = 0
    for k in range(60):
        values = chance.normal(1.0, 1.0, 80)
        low, high = metrics.bootstrap(80, lambda rows, values=values: values[rows].mean(), times=200, seed=k)
        covered += low <= 1.0 <= high
    assert 50 <= covered <= 60


def test_an_evaluation_of_scores_with_gaps():
    examples = labelled(300)
    chance = np.random.default_rng(1)
    scores = np.clip(examples.is_positive * 0.5 + chance.random(300) * 0.5, 0, 1).astype(np.float32)
    scores[:7] = np.nan
    found = evaluation.evaluate(scores, examples, bootstraps=50)
    assert found["n"] == 293 and found["no_score"] == 7
    low, high = found["roc_auc_interval"]
    assert low <= found["roc_auc"] <= high
    assert found["for_precision"]["precision"] >= 0.9
    assert set(found["slices"]["source"]) == {"a", "b"}
    html = page("A <model>", {"m": found})
    assert "A &lt;model&gt;" in html and html.count("<svg") == 3 and "://" not in html


def test_slices_of_few_texts_are_counted_together():
    examples = Examples(
        ["t"] * 100, np.arange(100) % 2 == 0, "x", slices={"s": ["big"] * 90 + [f"s{i}" for i in range(10)]}
    )
    found = evaluation.evaluate(np.linspace(0, 1, 100), examples, bootstraps=5)["slices"]["s"]
    assert {name: row["n"] for name, row in found.items()} == {"big": 90, "10 values of few texts": 10}


def test_one_sided_labels_are_refused():
    examples = Examples(["t"] * 5, np.ones(5, bool), "x")
    with pytest.raises(InputError, match="both labels are needed"):
        evaluation.evaluate(np.ones(5), examples)


def test_two_models_are_compared_on_the_same_texts():
    examples = labelled(300)
    chance = np.random.default_rng(2)
    good = examples.is_positive + chance.normal(0, 0.5, 300)
    bad = examples.is_positive + chance.normal(0, 2.0, 300)
    bad[3] = np.nan
    found = evaluation.compare(bad, good, examples, bootstraps=200)
    assert found["n"] == 299 and found["roc_auc"]["interval"][0] > 0 and found["roc_auc"]["better_in"] == 1
    same = evaluation.compare(good, good, examples, bootstraps=50)
    assert same["roc_auc"]["difference"] == 0 and same["roc_auc"]["interval"] == [0, 0]


def test_harmless_texts_that_name_a_group_are_counted():
    assert identity.mentions("She is a Muslim woman.") == {"Muslims", "women"}
    assert identity.mentions("the womanly art of grayscale") == set()
    assert identity.mentions("他是黑人") == {"named in Chinese"}
    texts = ["a gay man", "a gay film", "a film", "an insult", "a gay insult"]
    examples = Examples(texts, np.array([False, False, False, True, True]), "toxic")
    found = evaluation.evaluate(np.array([0.9, 0.2, 0.1, 0.9, 0.9]), examples, bootstraps=5)["identity"]
    group = found["gay, lesbian and transgender people"]
    assert (group["n"], group["n_negative"], group["false_positives"]) == (3, 2, 1)
    assert found["all texts"]["false_positive_rate"] == pytest.approx(1 / 3)
