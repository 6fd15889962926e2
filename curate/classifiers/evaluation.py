"""Evaluate a classifier on labelled texts: metrics, curves, slices; and compare two classifiers on the same texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curate.classifiers import chunks, identity, metrics
from curate.classifiers.buffers import batch_of
from curate.classifiers.examples import Examples
from curate.classifiers.model import Model

SMALLEST_SLICE = 20
"""Least number of texts in a slice; smaller ones are merged into one."""

CURVE_POINTS = 400
"""Points of a curve that is drawn, at most."""


def score(model: Model, examples: Examples, chunk: int = 2000, aggregate: chunks.Aggregate = "max") -> np.ndarray:
    """Score examples as a stage would.

    Args:
        chunk: characters per chunk at most, 1 or more; 0 scores texts whole.
        aggregate: how the scores of a text's chunks are combined: `max` or `mean`.
    Returns:
        float32[n], 0 to 1, NaN for a text without a score.
    """
    return chunks.score(model, batch_of(examples.texts), chunk, aggregate)[0]


def evaluate(
    scores: np.ndarray,
    examples: Examples,
    *,
    threshold: float = 0.5,
    precision: float = 0.9,
    bootstraps: int = 500,
) -> dict[str, Any]:
    """Evaluate scores against labels.

    Args:
        scores: float32[n], 0 to 1, one per example; NaN ones are counted and left out.
        examples: the labelled texts, in the same order.
        threshold: texts with at least this score count as found, 0 to 1; for precision, recall and the slices.
        precision: a threshold that reaches this precision is searched for, 0 to 1.
        bootstraps: resamplings for the 95 % intervals, 1 or more.
    Returns:
        JSON-like figures: `n`, `n_positive`, `no_score`, `roc_auc`, `average_precision` (each with its interval),
        `at_threshold`, `for_precision`, `calibration_error`, `reliability`, `curves`, `slices`, `identity`.
    Raises:
        InputError: the texts with a score all have the same label.
    """
    there = ~np.isnan(scores)
    judged = examples.take(there).need_both_labels("evaluation")
    values, truth = scores[there].astype(np.float64), judged.is_positive
    n = len(values)

    def interval(measure) -> Any:
        return metrics.bootstrap(n, lambda rows: measure(values[rows], truth[rows]), times=bootstraps)

    return {
        "positive": examples.positive,
        "n": n,
        "n_positive": int(truth.sum()),
        "no_score": int((~there).sum()),
        "left_out": dict(examples.left_out),
        "roc_auc": metrics.roc_auc(values, truth),
        "roc_auc_interval": interval(metrics.roc_auc),
        "average_precision": metrics.average_precision(values, truth),
        "average_precision_interval": interval(metrics.average_precision),
        "at_threshold": _at(values, truth, threshold),
        "for_precision": _for_precision(values, truth, precision, bootstraps),
        "calibration_error": metrics.calibration_error(values, truth),
        "reliability": metrics.reliability(values, truth),
        "curves": _curves(values, truth),
        "slices": {name: _slices(values, truth, column, threshold) for name, column in judged.slices.items()},
        "identity": _identity(values, judged, threshold),
    }


def compare(one: np.ndarray, other: np.ndarray, examples: Examples, *, bootstraps: int = 1000) -> dict[str, Any]:
    """Compare two models on the texts that both score, by a paired bootstrap: each resampling is the same for both.

    Args:
        one, other: float32[n], scores of the two models, one per example.
        examples: the labelled texts, in the same order.
        bootstraps: resamplings, 1 or more.
    Returns:
        `n` texts; for `roc_auc` and `average_precision` the `difference` (`other` minus `one`), its 95 % `interval`, and
        `better_in`, the share of resamplings, 0 to 1, in which `other` is better.
    Raises:
        InputError: the texts that both score all have the same label.
    """
    there = ~np.isnan(one) & ~np.isnan(other)
    truth, a, b = examples.take(there).need_both_labels("comparison").is_positive, one[there], other[there]
    chance = np.random.default_rng(0)
    draws = [chance.integers(0, len(truth), len(truth)) for _ in range(bootstraps)]
    found: dict[str, Any] = {"n": len(truth)}
    for name, measure in (("roc_auc", metrics.roc_auc), ("average_precision", metrics.average_precision)):
        differences = np.array([measure(b[rows], truth[rows]) - measure(a[rows], truth[rows]) for rows in draws])
        differences = differences[~np.isnan(differences)]
        found[name] = {
            "difference": measure(b, truth) - measure(a, truth),
            "interval": [float(v) for v in np.quantile(differences, (0.025, 0.975))] if len(differences) else None,
            "better_in": float((differences > 0).mean()) if len(differences) else None,
        }
    return found


def _at(values: np.ndarray, truth: np.ndarray, threshold: float) -> dict[str, Any]:
    found = metrics.at(values, truth, threshold)
    found["precision_interval"] = metrics.wilson(found["right"], found["found"])
    found["recall_interval"] = metrics.wilson(found["right"], int(truth.sum()))
    return found


def _for_precision(values: np.ndarray, truth: np.ndarray, precision: float, times: int) -> dict[str, Any]:
    """Return the lowest threshold that reaches a precision; for its interval it is chosen anew in each resampling."""
    threshold = metrics.threshold_for(values, truth, precision)
    if threshold is None:
        return {"wanted": precision, "threshold": None}

    def redrawn(rows: np.ndarray) -> float:
        found = metrics.threshold_for(values[rows], truth[rows], precision)
        return np.nan if found is None else found

    interval = metrics.bootstrap(len(values), redrawn, times=times)
    return {"wanted": precision, **_at(values, truth, threshold), "threshold_interval": interval}


def _curves(values: np.ndarray, truth: np.ndarray) -> dict[str, list[list[float]]]:
    """Return precision over recall, and recall over the false-positive rate, with at most `CURVE_POINTS` points."""
    curve = metrics.Curve.of(values, truth)
    rows = np.unique(np.linspace(0, len(curve.thresholds) - 1, CURVE_POINTS).astype(int))
    pairs = {
        "precision_recall": (curve.recall, curve.precision),
        "roc": (curve.false_positive_rate, curve.recall),
    }
    return {name: np.stack([x[rows], y[rows]], 1).round(5).tolist() for name, (x, y) in pairs.items()}


def _slices(
    values: np.ndarray, truth: np.ndarray, column: Sequence[str | None], threshold: float
) -> dict[str, dict[str, Any]]:
    names = np.array(["(none)" if name is None else name for name in column])
    unique, counts = np.unique(names, return_counts=True)
    small = set(unique[counts < SMALLEST_SLICE]) if len(unique) > 1 else set()
    names = np.array([f"{len(small)} values of few texts" if name in small else name for name in names])
    return {str(name): _slice(values[names == name], truth[names == name], threshold) for name in np.unique(names)}


def _slice(values: np.ndarray, truth: np.ndarray, threshold: float) -> dict[str, Any]:
    found = metrics.at(values, truth, threshold)
    kept = ("precision", "recall", "f1", "false_positive_rate")
    return {
        "n": len(values),
        "n_positive": int(truth.sum()),
        "roc_auc": metrics.roc_auc(values, truth),
        **{name: found[name] for name in kept},
    }


def _identity(values: np.ndarray, examples: Examples, threshold: float) -> dict[str, dict[str, Any]]:
    """Return the false-positive rate on all negative texts, and on negative texts that name a group of people."""
    groups = [identity.mentions(text) for text in examples.texts]
    harmless = ~examples.is_positive
    rows: Mapping[str, np.ndarray] = {"all texts": np.ones(len(values), bool)} | {
        group: np.array([group in named for named in groups], bool) for group in identity.GROUPS
    }
    found = {}
    for group, mask in rows.items():
        n, wrong = int((mask & harmless).sum()), int((mask & harmless & (values >= threshold)).sum())
        if n:
            rate = {"false_positive_rate": wrong / n, "interval": metrics.wilson(wrong, n)}
            found[group] = {"n": int(mask.sum()), "n_negative": n, "false_positives": wrong, **rate}
    return found
