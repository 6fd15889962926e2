"""How often numbers of each size occurred: quantiles with a bounded error, whatever the order of the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SHIFT = 46
"""Bits of a float64 that a bucket ignores; the exponent and the first 6 of the 52 fraction bits select the bucket."""


@dataclass(slots=True)
class Histogram:
    """How often numbers of each size occurred, in buckets of about equal relative width.

    The numbers of a bucket have the same first bits as float64: there are 64 buckets between a power of two and the
    next, each less than 1.6 % wide, so that every whole number below 128 has its own. No bounds have to be chosen in advance.

    Args:
        counts: bucket -> number of values; the bucket is negative for negative numbers.
        n_missing: number of nulls, NaN and infinities.
        lowest, highest: the exact extremes of all numbers; None if there are none.
    """

    counts: dict[int, int] = field(default_factory=dict)
    n_missing: int = 0
    lowest: float | None = None
    highest: float | None = None

    @property
    def n(self) -> int:
        """The number of values, without the missing ones."""
        return sum(self.counts.values())

    @property
    def is_whole(self) -> bool:
        """Whether all numbers may be whole numbers, as far as the buckets show."""
        return all(_edge(bucket).is_integer() for bucket in self.counts)

    def count(self, values: np.ndarray) -> None:
        """Add numbers of any numeric type; NaN counts as missing."""
        values = np.asarray(values, np.float64)
        numbers = values[np.isfinite(values)]
        self.n_missing += len(values) - len(numbers)
        if not len(numbers):
            return
        sizes = (np.abs(numbers).view(np.int64) >> SHIFT).astype(np.int32)
        buckets, counts = np.unique(np.where(numbers < 0, -sizes, sizes), return_counts=True)
        for bucket, n in zip(buckets.tolist(), counts.tolist(), strict=True):
            self.counts[bucket] = self.counts.get(bucket, 0) + n
        self._widen(float(numbers.min()) + 0.0, float(numbers.max()) + 0.0)  # + 0.0 turns -0.0 into 0.0

    def add(self, other: Histogram) -> None:
        """Add the counts of another histogram."""
        for bucket, n in other.counts.items():
            self.counts[bucket] = self.counts.get(bucket, 0) + n
        self.n_missing += other.n_missing
        if other.lowest is not None:
            self._widen(other.lowest, other.highest)

    def _widen(self, lowest: float, highest: float) -> None:
        self.lowest = lowest if self.lowest is None else min(self.lowest, lowest)
        self.highest = highest if self.highest is None else max(self.highest, highest)

    def quantile(self, share: float) -> float | None:
        """Return the number that this share (0 to 1) of all numbers do not exceed; None if there are no numbers.

        It is the end of its bucket that is nearer to zero: exact for whole numbers below 128, otherwise at most 1.6 % off.
        """
        below, wanted = 0, share * self.n
        for bucket in sorted(self.counts):
            below += self.counts[bucket]
            if below >= wanted:
                return min(max(_edge(bucket), self.lowest), self.highest)
        return None

    def is_rounded(self, share: float) -> bool:
        """Return whether `quantile` may be off: its bucket may hold several numbers."""
        found = self.quantile(share)
        return found is not None and self.lowest != self.highest and not (self.is_whole and abs(found) < 128)

    def share_between(self, low: float, high: float) -> float:
        """Return the share of the numbers from `low` to `high`, as precisely as the buckets allow."""
        inside = sum(n for bucket, n in self.counts.items() if low <= _edge(bucket) <= high)
        return inside / max(1, self.n)

    def shares(self, edges: Sequence[float]) -> list[float]:
        """Return the share of the numbers in each bin `edges[i] <= x < edges[i + 1]`.

        A bucket that extends over several bins is divided between them in proportion to length.
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
