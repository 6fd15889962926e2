"""How far the percentiles of a sample may be from those of all documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

NORMAL = 1.96
"""Standard errors on either side of an estimate that make a 95 % interval."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """What is to be known of a sample.

    Args:
        n: documents measured.
        n_documents: of the whole; None if nobody counted them. is_estimate: that number is an estimate.
        how: the documents were chosen, for readers.
        per_place: documents from each place, in the order in which they were measured and which is that of the whole;
            empty if each was drawn by itself.
    """

    n: int
    n_documents: int | None
    is_estimate: bool
    how: str
    per_place: tuple[int, ...] = ()

    def margin(self, values: np.ndarray, share: float = 0.5) -> float:
        """Return how far the share of all documents below a percentile of the sample may be from `share`: half of the 95 %
        interval.

        The variance is that of documents drawn by themselves, or, if it is more, that of places at equal distances, from the
        differences of neighbouring places (Wolter, Introduction to Variance Estimation, 2007, estimator v2 of section 8.2).

        Args:
            values: float[n], of the sample in its order; NaN where there is none.
            share: 0 to 1.
        """
        there = ~np.isnan(values)
        n = int(there.sum())
        if not n:
            return 0.0
        k = max(0, int(np.ceil(share * n)) - 1)
        at = np.partition(values[there], k)[k]
        variance = share * (1 - share) / n
        if len(self.per_place) > 1:
            variance = max(variance, self._of_places(there, values <= at))
        left = 1 - self.n / self.n_documents if self.n_documents and not self.is_estimate else 1.0
        return float(NORMAL * np.sqrt(variance * max(0.0, left)))

    def _of_places(self, there: np.ndarray, is_below: np.ndarray) -> float:
        starts = np.cumsum([0, *self.per_place[:-1]])
        filled = np.asarray(self.per_place) > 0
        starts = starts[filled]
        n, k = np.add.reduceat(there.astype(np.float64), starts), np.add.reduceat((there & is_below).astype(np.float64), starts)  # fmt: skip
        off = k - k.sum() / n.sum() * n
        if len(off) < 2:
            return 0.0
        return float(len(off) / (2 * (len(off) - 1)) * np.square(np.diff(off)).sum() / n.sum() ** 2)

    def described(self, margins: Sequence[float]) -> dict[str, Any]:
        """Return it as JSON-like data.

        Args:
            margins: of the columns that are shown.
        """
        return {
            "documents": self.n,
            "of": self.n_documents,
            "of_is_estimate": self.is_estimate,
            "how": self.how,
            "margin": max(margins, default=None),
            "is_of_one": len(margins) == 1,
        }
