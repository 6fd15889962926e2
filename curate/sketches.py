"""Mergeable statistics: what is worth knowing of a column of numbers when the column itself is far away.

A task sketches what passes, sketches of tasks add up to that of the run. Adding nothing changes nothing, the order
of adding does not matter, and a sketch is the same after a round trip through JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SHIFT = 46
"""Bits of a float64 below its bucket: the exponent and the first 6 of 52 bits of the fraction name it."""


@dataclass(slots=True)
class Histogram:
    """How often numbers of each size occurred, in buckets that are narrow everywhere.

    A bucket holds the numbers whose float64 begins with the same bits: 64 buckets between a power of two and the
    next, each less than 1.6 % wide, so that whole numbers below 128 have one each. No bounds are chosen beforehand.

    Args:
        counts: bucket -> how many numbers; below zero for negative numbers.
        n_missing: nulls, NaN and infinities.
        lowest, highest: of all numbers, as they were; None while there is none.
    """

    counts: dict[int, int] = field(default_factory=dict)
    n_missing: int = 0
    lowest: float | None = None
    highest: float | None = None

    @property
    def n(self) -> int:
        """How many numbers there are, the missing left out."""
        return sum(self.counts.values())

    @property
    def is_whole(self) -> bool:
        """Whether all numbers may be whole ones, as far as the buckets tell."""
        return all(_edge(bucket).is_integer() for bucket in self.counts)

    def count(self, values: np.ndarray) -> None:
        """Take in numbers of any numeric type; NaN stands for a missing one."""
        values = np.asarray(values, np.float64)
        numbers = values[np.isfinite(values)]
        self.n_missing += len(values) - len(numbers)
        if not len(numbers):
            return
        sizes = np.abs(numbers).view(np.int64) >> SHIFT
        for bucket, n in zip(*np.unique(np.where(numbers < 0, -sizes, sizes), return_counts=True), strict=True):
            self.counts[int(bucket)] = self.counts.get(int(bucket), 0) + int(n)
        self._widen(float(numbers.min()) + 0.0, float(numbers.max()) + 0.0)  # + 0.0: no minus zero

    def add(self, other: Histogram) -> None:
        """Take in what another histogram counted."""
        for bucket, n in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + n
        self.n_missing += other.n_missing
        if other.lowest is not None:
            self._widen(other.lowest, other.highest)

    def _widen(self, lowest: float, highest: float) -> None:
        self.lowest = lowest if self.lowest is None else min(self.lowest, lowest)
        self.highest = highest if self.highest is None else max(self.highest, highest)

    def quantile(self, share: float) -> float | None:
        """Return the number that this share (0 to 1) of all numbers do not exceed; None if there are none.

        It is the end of its bucket that is nearer to zero: exact for whole numbers below 128, else at most 1.6 % off.
        """
        below, wanted = 0, share * self.n
        for bucket in sorted(self.counts):
            below += self.counts[bucket]
            if below >= wanted:
                return min(max(_edge(bucket), self.lowest), self.highest)
        return None

    def share_between(self, low: float, high: float) -> float:
        """Return which share of the numbers lie from `low` to `high`, as near as the buckets tell."""
        inside = sum(n for bucket, n in self.counts.items() if low <= _edge(bucket) <= high)
        return inside / max(1, self.n)

    def shares(self, edges: Sequence[float]) -> list[float]:
        """Return which share of the numbers lies in each bin `edges[i] <= x < edges[i + 1]`.

        A bucket that lies in several bins is dealt out to them by length.
        """
        ends = np.asarray(edges, np.float64)
        found = np.zeros(len(ends) - 1)
        for bucket, n in self.counts.items():
            near, far = _edge(bucket), _edge(bucket + (1 if bucket >= 0 else -1))
            low, high = min(near, far), max(near, far)
            inside = np.clip(np.minimum(ends[1:], high) - np.maximum(ends[:-1], low), 0, None)
            found += n * inside / (high - low)
        return (found / max(1, self.n)).tolist()

    def to_json(self) -> dict[str, Any]:
        buckets = sorted(self.counts)
        return {
            "buckets": buckets, "counts": [self.counts[bucket] for bucket in buckets], "missing": self.n_missing,
            "lowest": self.lowest, "highest": self.highest,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Histogram:
        counts = dict(zip(data["buckets"], data["counts"], strict=True))
        return cls(counts, data["missing"], data["lowest"], data["highest"])


def _edge(bucket: int) -> float:
    """Return the end of a bucket that is nearer to zero."""
    size = float(np.int64(abs(bucket) << SHIFT).view(np.float64))
    return -size if bucket < 0 else size
