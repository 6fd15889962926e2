"""About how many different values a column has."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xxhash

BITS = 12
"""Of a hash, these choose a register: 4,096 registers of a byte."""

_WIDTH = 64 - BITS


def hashes(values: Iterable[str]) -> np.ndarray:
    """Return a 64-bit hash of each string (uint64[n]), the same on every machine."""
    return np.fromiter(map(xxhash.xxh3_64_intdigest, values), np.uint64)


@dataclass(slots=True, eq=False)
class Distinct:
    """A HyperLogLog sketch: the number of different values with a standard error of 1.6 %.

    Args:
        registers: uint8[4096]; the longest run of zeros, plus one, among the hashes of each register.

    Source:
        Flajolet et al., HyperLogLog (2007), with 64-bit hashes; the estimator is that of Ertl, New cardinality estimation
        algorithms for HyperLogLog sketches (2017), algorithm 6, which needs no tables of corrections.
    """

    registers: np.ndarray = field(default_factory=lambda: np.zeros(1 << BITS, np.uint8))

    STANDARD_ERROR = 1.04 / (1 << BITS // 2)
    """Of the estimate, relative to the true number."""

    def count(self, values: Iterable[str]) -> None:
        """Add values; those seen before change nothing."""
        self.count_hashes(hashes(values))

    def count_hashes(self, found: np.ndarray) -> None:
        """Add values by their `hashes`, uint64[n]."""
        rest = found & np.uint64((1 << _WIDTH) - 1)
        lengths = np.frexp(_rounded_down(rest))[1]  # bits up to the first one; 0 for 0
        np.maximum.at(self.registers, (found >> np.uint64(_WIDTH)).astype(np.int64), (_WIDTH + 1 - lengths).astype(np.uint8))  # fmt: skip

    def add(self, other: Distinct) -> None:
        """Add the values of another sketch."""
        self.registers = np.maximum(self.registers, other.registers)

    @property
    def estimate(self) -> float:
        """About how many different values were counted."""
        n, counts = 1 << BITS, np.bincount(self.registers, minlength=_WIDTH + 2).tolist()
        z = n * _tau(1 - counts[_WIDTH + 1] / n)
        for k in range(_WIDTH, 0, -1):
            z = 0.5 * (z + counts[k])
        z += n * _sigma(counts[0] / n)
        return n / (2 * np.log(2)) * n / z if z != np.inf else 0.0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Distinct) and np.array_equal(self.registers, other.registers)

    def to_json(self) -> dict[str, Any]:
        return {"registers": base64.b64encode(self.registers.tobytes()).decode()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Distinct:
        found = np.frombuffer(base64.b64decode(data["registers"], validate=True), np.uint8).copy()
        if len(found) != 1 << BITS or found.max() > _WIDTH + 1:
            raise ValueError(f"expected {1 << BITS:,} registers of at most {_WIDTH + 1}, found {len(found):,}")
        return cls(found)


def _rounded_down(values: np.ndarray) -> np.ndarray:
    """Return whole numbers below 2**52 as float64, which holds them exactly."""
    return values.astype(np.float64)


def _sigma(x: float) -> float:
    """Return x + sum of x**(2**k) * 2**(k - 1) for k >= 1: the share of the empty registers."""
    if x == 1:
        return np.inf
    y, z = 1.0, x
    while True:
        x *= x
        before, z, y = z, z + x * y, 2 * y
        if z == before:
            return z


def _tau(x: float) -> float:
    """Return (1 - x - sum of (1 - x**(2**-k))**2 * 2**-k for k >= 1) / 3: the share of the full registers."""
    if x in (0, 1):
        return 0.0
    y, z = 1.0, 1 - x
    while True:
        x, y = np.sqrt(x), 0.5 * y
        before, z = z, z - (1 - x) ** 2 * y
        if z == before:
            return z / 3
