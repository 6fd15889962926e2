"""The axis on which distributions are drawn: bins that lie between the outer ones of the numbers, with bounds at their edges."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from curate.rules import Bound
from curate.statistics.distribution import Distribution

LARGEST = 1e300
"""The largest number at the end of an axis, so that the length of every axis is finite."""

TAIL = 0.005
"""Share of the numbers at each end that is counted in the outer bins."""

WIDE = 20
"""An axis whose ends differ by more than this factor is logarithmic, if half of the numbers lie in its first `CROWDED`."""

CROWDED = 0.2
"""Share of a linear axis."""

REACH = 0.5
"""A bound farther from the numbers than this share of the axis is not on it."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Bins of numbers.

    Args:
        edges: of the bins, ascending; the first is -inf and the last inf.
        low, high: where the drawing begins and ends.
        marks: the edges that are bounds.
    """

    edges: tuple[float, ...]
    low: float
    high: float
    marks: frozenset[float]
    is_log: bool


def edge(bound: Bound) -> list[float]:
    """Return between which numbers a bound divides: those below are on one side, the number itself and those above on the
    other. Rules compare as float32, and so does this."""
    found = []
    if bound.at_least is not None:
        found.append(float(np.float32(bound.at_least)))
    if bound.at_most is not None:
        found.append(float(np.nextafter(np.float32(bound.at_most), np.float32(np.inf))))
    return found


def make(drawn: Sequence[Distribution], bounds: Iterable[Bound], n_bins: int) -> Axis | None:
    """Return an axis for distributions that are compared; None if they have no numbers.

    Args:
        bounds: that should be on the axis.
        n_bins: about how many bins.
    """
    filled = [each for each in drawn if each.n]
    if not filled:
        return None
    lowest, highest = min(each.quantile(TAIL) for each in filled), max(each.quantile(1 - TAIL) for each in filled)
    low, high = (float(np.clip(float(at), -LARGEST, LARGEST)) for at in (lowest, highest))
    is_crowded = any(each.quantile(0.5) <= low + CROWDED * (high - low) for each in filled)
    is_log = low >= 0 and (high + 1) / (low + 1) > WIDE and is_crowded
    wanted = sorted({at for bound in bounds for at in edge(bound)})
    marks = [at for at in wanted if _is_near(at, low, high, is_log)]
    low, high = min([low, *marks]), max([high, *marks])
    if high - low < abs(low) * 1e-9 or low == high:
        margin = max(0.5, abs(low) * 1e-6)
        low, high = low - margin, high + margin
    ends = [low, *(mark for mark in marks if low < mark < high), high]
    inner = [at for part in itertools.pairwise(ends) for at in _cut(*part, (low, high), n_bins, is_log)]
    middle = sorted({*inner[1:], *(mark for mark in marks if mark in (low, high))})
    return Axis((-np.inf, *middle, np.inf), low, high, frozenset(marks), is_log)


def _is_near(at: float, low: float, high: float, is_log: bool) -> bool:
    if is_log and at < 0:
        return False
    low, high, at = (_to(each, is_log) for each in (low, high, at))
    return low - REACH * (high - low) <= at <= high + REACH * (high - low) or high == low


def _cut(start: float, end: float, whole: tuple[float, float], n_bins: int, is_log: bool) -> list[float]:
    """Return the edges of a part of the axis, without its end; as many bins as its length asks for, at least one."""
    first, last, *ends = (_to(at, is_log) for at in (start, end, *whole))
    n = max(1, round(n_bins * (last - first) / (ends[1] - ends[0])))
    return [start, *(_from(first + (last - first) * k / n, is_log) for k in range(1, n))]


def _to(value: float, is_log: bool) -> float:
    return float(np.log1p(value)) if is_log else value


def _from(value: float, is_log: bool) -> float:
    return float(np.expm1(value)) if is_log else value
