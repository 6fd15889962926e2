"""Metrics of a classifier: from scores and labels to numbers and curves. NumPy only.

`scores` is float[n] without NaN; `truth` is bool[n], true for a text with the positive label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Curve:
    """Counts at each distinct score as threshold, the highest first; a text is found if it has at least that score.

    Args:
        thresholds: float64[k], descending.
        found: int64[k], texts that are found.
        right: int64[k], positive texts that are found.
        n: texts.
        n_positive: positive texts.
    """

    thresholds: np.ndarray
    found: np.ndarray
    right: np.ndarray
    n: int
    n_positive: int

    @classmethod
    def of(cls, scores: np.ndarray, truth: np.ndarray) -> Curve:
        """Return the curve of scores."""
        order = np.argsort(-scores, kind="stable")
        scores, truth = scores[order].astype(np.float64), truth[order]
        last = np.flatnonzero(np.append(np.diff(scores) != 0, True)) if len(scores) else np.zeros(0, np.int64)
        return cls(scores[last], last + 1, np.cumsum(truth)[last], len(scores), int(truth.sum()))

    @property
    def precision(self) -> np.ndarray:
        return self.right / np.maximum(self.found, 1)

    @property
    def recall(self) -> np.ndarray:
        return self.right / max(self.n_positive, 1)

    @property
    def false_positive_rate(self) -> np.ndarray:
        return (self.found - self.right) / max(self.n - self.n_positive, 1)

    @property
    def average_precision(self) -> float:
        """The area under the curve of precision over recall, as a sum of steps; NaN if no text is positive."""
        return float(np.sum(np.diff(self.recall, prepend=0) * self.precision)) if self.n_positive else np.nan

    @property
    def roc_auc(self) -> float:
        """The probability that a positive text has a higher score than a negative one, equal scores counting half."""
        if self.n_positive in (0, self.n):
            return np.nan
        x, y = np.append(0, self.false_positive_rate), np.append(0, self.recall)
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def roc_auc(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the area under the ROC curve, 0 to 1; NaN if only one label occurs."""
    return Curve.of(scores, truth).roc_auc


def average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the average precision, 0 to 1; NaN if no text is positive."""
    return Curve.of(scores, truth).average_precision


def at(scores: np.ndarray, truth: np.ndarray, threshold: float) -> dict[str, float]:
    """Return precision, recall, F1 and counts if texts with at least the score `threshold` count as found."""
    found = scores >= threshold
    right, n_found, n_positive = int((found & truth).sum()), int(found.sum()), int(truth.sum())
    precision = right / n_found if n_found else np.nan
    recall = right / n_positive if n_positive else np.nan
    f1 = 2 * right / (n_found + n_positive) if n_found + n_positive else np.nan
    n_negative = len(truth) - n_positive
    return {
        "threshold": float(threshold),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "false_positive_rate": (n_found - right) / n_negative if n_negative else np.nan,
        "found": n_found,
        "right": right,
    }


def threshold_for(scores: np.ndarray, truth: np.ndarray, precision: float) -> float | None:
    """Return the lowest threshold with at least this precision, 0 to 1; None if there is none."""
    curve = Curve.of(scores, truth)
    good = np.flatnonzero(curve.precision >= precision)
    return float(curve.thresholds[good[-1]]) if len(good) else None


def wilson(right: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Return Wilson's interval of the share `right / n`, of 95 % by default; (0, 1) if `n` is 0."""
    if n == 0:
        return 0.0, 1.0
    share, squared = right / n, z * z
    middle = (share + squared / (2 * n)) / (1 + squared / n)
    half = z / (1 + squared / n) * np.sqrt(share * (1 - share) / n + squared / (4 * n * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def reliability(scores: np.ndarray, truth: np.ndarray, n_bins: int = 10) -> list[dict[str, float]]:
    """Return, for each of `n_bins` equal ranges of scores with texts: texts, mean score, share of positive texts."""
    place = np.minimum((scores * n_bins).astype(int), n_bins - 1)
    return [
        {
            "n": int((place == k).sum()),
            "score": float(scores[place == k].mean()),
            "positive": float(truth[place == k].mean()),
        }
        for k in range(n_bins)
        if (place == k).any()
    ]


def calibration_error(scores: np.ndarray, truth: np.ndarray) -> float:
    """Return the expected calibration error: the mean over texts of the gap between mean score and share positive in a bin."""
    bins = reliability(scores, truth)
    return sum(b["n"] * abs(b["score"] - b["positive"]) for b in bins) / max(len(scores), 1)


def bootstrap(
    n: int, measure: Callable[[np.ndarray], float], *, times: int = 500, seed: int = 0
) -> tuple[float, float] | None:
    """Return the 95 % interval of a measure over resampled texts; None if the measure is always NaN.

    Args:
        n: texts.
        measure: a function of rows, int64[n], drawn with replacement; values of NaN are left out.
        times: resamplings, 1 or more.
        seed: of the resamplings.
    """
    chance = np.random.default_rng(seed)
    values = np.array([measure(chance.integers(0, n, n)) for _ in range(times)]) if n else np.zeros(0)
    values = values[~np.isnan(values)]
    return tuple(float(v) for v in np.quantile(values, (0.025, 0.975))) if len(values) else None
