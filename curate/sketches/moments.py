"""Mean and standard deviation of a column of numbers, from sums without rounding."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

UNIT = 1074
"""Sums count in units of 2**-1074, the smallest float64, of which every float64 is a multiple."""

_HALF = 27
"""Bits of the lower part of a 53-bit significand: sums of such parts stay exact in float64 for 2**26 numbers."""

_MOST = 1 << 25
"""Numbers that are added up at a time."""


@dataclass(slots=True)
class Moments:
    """How many numbers there were, their sum, and the sum of their squares.

    The sums have no rounding error, so that they do not depend on the order of the numbers; each square is rounded to
    float64 before it is added. Numbers whose squares are larger than float64 holds (1e154 and more) count as the largest.

    Args:
        n: finite numbers; others are not counted.
        total, squares: in units of 2**-1074.
    """

    n: int = 0
    total: int = 0
    squares: int = 0

    def count(self, values: np.ndarray) -> None:
        """Add numbers of any numeric type."""
        values = np.asarray(values, np.float64)
        values = values[np.isfinite(values)]
        self.n += len(values)
        self.total += exact_sum(values)
        self.squares += exact_sum(squared(values))

    def add(self, other: Moments) -> None:
        """Add the sums of another sketch."""
        self.n += other.n
        self.total += other.total
        self.squares += other.squares

    @property
    def sum(self) -> float:
        """The sum of the numbers."""
        return float(Fraction(self.total, 1 << UNIT))

    @property
    def mean(self) -> float | None:
        """The mean; None without numbers."""
        return float(Fraction(self.total, self.n << UNIT)) if self.n else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation of these numbers (divided by n); None without numbers."""
        if not self.n:
            return None
        mean = Fraction(self.total, self.n << UNIT)
        return math.sqrt(max(Fraction(self.squares, self.n << UNIT) - mean * mean, 0))

    def to_json(self) -> dict[str, Any]:
        return {"n": self.n, "total": _hex(self.total), "squares": _hex(self.squares)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Moments:
        return cls(data["n"], _from_hex(data["total"]), _from_hex(data["squares"]))


def squared(values: np.ndarray) -> np.ndarray:
    """Return the squares of finite numbers (float64[n]), at most the largest float64."""
    with np.errstate(over="ignore"):
        return np.minimum(values * values, np.finfo(np.float64).max)


def exact_sum(values: np.ndarray) -> int:
    """Return the sum of finite numbers (float64[n]) in units of 2**-1074, without rounding."""
    return sum(_exact_sum(values[at : at + _MOST]) for at in range(0, len(values), _MOST))


def _exact_sum(values: np.ndarray) -> int:
    """Add up significands by exponent, in two halves each, and put the sums together as whole numbers."""
    fractions, exponents = np.frexp(values)
    whole = np.ldexp(fractions, 53)  # a whole number below 2**53
    high = np.floor(np.ldexp(whole, -_HALF))
    low = whole - np.ldexp(high, _HALF)
    at = exponents + UNIT  # 0 and more
    n = int(at.max(initial=0)) + 1
    highs, lows = np.bincount(at, high, n), np.bincount(at, low, n)
    total = 0
    for exponent in np.flatnonzero((highs != 0) | (lows != 0)).tolist():
        part = (int(highs[exponent]) << _HALF) + int(lows[exponent])
        total += part << exponent
    return total >> 53


def _hex(number: int) -> str:
    """Return a whole number of any size as [-]digits of base 16 and how many zeros of it follow: sums end in many."""
    digits = format(abs(number), "x")
    short = digits.rstrip("0")
    return f"{'-' if number < 0 else ''}{short or '0'}+{len(digits) - len(short) if short else 0}"


def _from_hex(text: str) -> int:
    digits, _, zeros = text.partition("+")
    return int(digits, 16) << (4 * int(zeros))
