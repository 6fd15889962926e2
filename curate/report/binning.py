"""How a column of numbers is drawn: over which part of the axis, in which bins, on a linear or a logarithmic scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from curate.sketches import Histogram

N_BINS = 44
"""About how many bars a distribution is drawn with."""

N_TICKS = 9
"""More numbers than this are not written at a logarithmic axis."""

_TAIL = 0.002
"""The share of the numbers that may be left out at either end, so that a few far away do not squeeze the rest."""

_BUCKET = 1 / 64
"""The width of a bucket of a histogram, as a share of its numbers: so far may a number seem to be from where it is."""

_ROOM = 0.04
"""Share of the axis that is shown beyond a threshold at its end."""

_MANY, _WIDE, _STEEP = 40, 30, 6
"""A scale is logarithmic if counts go beyond `_MANY` and either all are positive and the 95th percentile is `_WIDE` times the
5th, or some are zero and it is `_STEEP` times the median."""


class Scale(StrEnum):
    """How numbers lie on an axis; the values are Vega's names."""

    LINEAR = "linear"
    LOG = "log"
    SYMLOG = "symlog"
    """As the logarithm of the number plus one, for counts that may be zero."""


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins of one drawing.

    Args:
        edges: float64[n + 1], ascending.
        ticks: the numbers that are written at the axis.
    """

    edges: np.ndarray
    scale: Scale
    ticks: Sequence[float]

    @property
    def low(self) -> float:
        return float(self.edges[0])

    @property
    def high(self) -> float:
        return float(self.edges[-1])

    def to_json(self) -> dict[str, Any]:
        """Return the bins as the data of a chart has them."""
        return {"edges": self.edges.tolist(), "scale": self.scale.value, "ticks": list(self.ticks)}

    def counts(self, histogram: Histogram) -> np.ndarray:
        """Return float64[n]: about how many numbers are in each bin, in whole documents."""
        below = np.cumsum(np.array(histogram.shares(self.edges)) * histogram.n)
        return np.diff(np.rint(below), prepend=0.0)

    def shows(self, value: float) -> bool:
        """Return whether a number is inside the drawing."""
        return self.low <= value <= self.high


def bins(measured: Histogram, marks: Sequence[float] = ()) -> Bins:
    """Return bins for all numbers but the farthest few.

    Args:
        marks: numbers that should be inside, such as thresholds; one that is very far away stays outside.
    """
    if not measured.n:
        return linear(*(min(marks, default=0.0), max(marks, default=1.0)), is_whole=False)
    low, high = measured.quantile(_TAIL), measured.quantile(1 - _TAIL)
    scale = _scale(measured)
    reach = (high - low or abs(high) or 1.0) if scale is Scale.LINEAR else 9 * high
    near = [mark for mark in marks if low - reach <= mark <= high + reach and (scale is not Scale.LOG or mark > 0)]
    low, high = _with_room(low, high, near, scale)
    is_count = measured.is_whole and measured.highest > 1  # shares may be all 0 or 1
    return linear(low, high, is_whole=is_count) if scale is Scale.LINEAR else _logarithmic(low, high, scale, is_count)


def linear(low: float, high: float, *, is_whole: bool) -> Bins:
    """Return bins of equal width; of whole numbers, of a whole width, so that none holds more of them than the next."""
    if is_whole:
        first, last = np.floor(low - _bucket(low)), np.ceil(high + max(1, _bucket(high)))
        width = np.ceil((last - first) / N_BINS)
        edges = first + width * np.arange(np.ceil((last - first) / width) + 1)
    else:
        first, last = low - abs(low) * _BUCKET, high + (abs(high) or high - low or 1.0) * _BUCKET
        edges = np.linspace(first, last, N_BINS + 1)
    ticks = [tick for tick in round_numbers(edges[0], edges[-1]) if tick.is_integer() or not is_whole]
    return Bins(edges, Scale.LINEAR, ticks)


def _bucket(number: float) -> float:
    """Return how wide the bucket of a whole number can be, less the one that it is anyway: small ones have their own."""
    return abs(number) * _BUCKET if abs(number) >= 2 / _BUCKET else 0.0


def _with_room(low: float, high: float, marks: Sequence[float], scale: Scale) -> tuple[float, float]:
    """Return an interval with the marks inside, and some room on the other side of one at the end."""
    first, last = min([low, *marks]), max([high, *marks])
    if scale is not Scale.LINEAR:
        return first, last * (1 + _ROOM) if last in marks else last
    room = _ROOM * (last - first)
    return first - room if first in marks and first else first, last + room if last in marks else last


def _scale(measured: Histogram) -> Scale:
    near_low, middle, near_high = (measured.quantile(share) for share in (0.05, 0.5, 0.95))
    if measured.lowest > 0 and near_high > _WIDE * near_low:
        return Scale.LOG
    if measured.lowest == 0 and measured.is_whole and near_high > max(_MANY, _STEEP * middle):
        return Scale.SYMLOG
    return Scale.LINEAR


def _logarithmic(low: float, high: float, scale: Scale, is_whole: bool) -> Bins:
    shift = 1.0 if scale is Scale.SYMLOG else 0.0
    least = low + shift if shift else low * (1 - _BUCKET)
    edges = np.geomspace(least, (high + shift) * (1 + _BUCKET), N_BINS + 1) - shift
    if is_whole:
        first = np.floor(edges[0])
        edges = np.unique([first if first or shift else edges[0], *np.ceil(edges[1:])])  # 0 has no logarithm
    powers = 10.0 ** np.arange(
        np.floor(np.log10(max(edges[0], 0.5 * shift) or edges[1])), np.ceil(np.log10(edges[-1])) + 1
    )
    few = powers[(powers >= edges[0]) & (powers <= edges[-1])]
    steps = (1,) if len(few) >= 3 else (1, 3) if len(few) == 2 else (1, 2, 5)
    found = sorted(float(f"{step * power:.12g}") for power in powers for step in steps)
    zero = [0.0] if edges[0] <= 0 else []
    inside = [*zero, *(tick for tick in found if edges[0] <= tick <= edges[-1])]
    return Bins(edges, scale, inside[:: 1 + len(inside) // N_TICKS])


def round_numbers(low: float, high: float) -> list[float]:
    """Return three to six round numbers in an interval, for an axis."""
    step = 10.0 ** np.floor(np.log10((high - low) / 3))
    for factor in (1, 2, 2.5, 5):
        first, last = np.ceil(low / (step * factor)), np.floor(high / (step * factor))
        if last - first < 6:
            break
    return [float(f"{tick * step * factor:.12g}") + 0.0 for tick in np.arange(first, last + 1)]  # + 0.0: no minus zero
