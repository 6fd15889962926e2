"""How numbers are distributed: exactly, from the numbers themselves; `curate.sketches` has the same from sketches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

PERCENTILES = (5, 25, 50, 75, 95)
"""Shown of every distribution, in percent."""


class Distribution(Protocol):
    """What there is to say of numbers.

    n, n_missing: how many there are, and how many documents have none. lowest, highest: None if there are none.
    """

    @property
    def n(self) -> int:
        """How many numbers there are."""

    n_missing: int
    lowest: float | None
    highest: float | None

    def quantile(self, share: float) -> float | None:
        """Return the number that this share (0 to 1) of all numbers do not exceed; None if there are none."""

    def shares(self, edges: Sequence[float]) -> list[float]:
        """Return the share of the numbers in each bin `edges[i] <= x < edges[i + 1]`."""


class Values:
    """Numbers, all of them.

    Args:
        values: float[m]; NaN is a missing one.
    """

    def __init__(self, values: np.ndarray):
        self._sorted = np.sort(values[~np.isnan(values)])
        self.n_missing = len(values) - len(self._sorted)
        self.lowest = float(self._sorted[0]) if self.n else None
        self.highest = float(self._sorted[-1]) if self.n else None

    @property
    def n(self) -> int:
        return len(self._sorted)

    @property
    def mean(self) -> float | None:
        """The mean; None if there are no numbers."""
        return float(self._sorted.mean(dtype=np.float64)) if self.n else None

    def quantile(self, share: float) -> float | None:
        return float(self._sorted[max(0, int(np.ceil(share * self.n)) - 1)]) if self.n else None

    def shares(self, edges: Sequence[float]) -> list[float]:
        return (np.diff(np.searchsorted(self._sorted, np.asarray(edges))) / max(1, self.n)).tolist()


def numbers(array: pa.Array) -> np.ndarray:
    """Return a column of numbers or truth values as float[n], NaN where there is none; floats keep their type."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    found = array.to_numpy(zero_copy_only=False)
    return found if found.dtype in (np.float32, np.float64) else found.astype(np.float64)


def summary(found: Distribution) -> dict[str, Any]:
    """Return the numbers that describe a distribution, as JSON-like data."""
    percentiles = {f"p{percent}": found.quantile(percent / 100) for percent in PERCENTILES}
    return {
        "documents": found.n,
        "missing": found.n_missing,
        "lowest": found.lowest,
        **percentiles,
        "highest": found.highest,
    }
