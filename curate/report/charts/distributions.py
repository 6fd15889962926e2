"""How a column is distributed over documents, those that were kept and those that were dropped, with the thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from curate.report.binning import Bins, round_numbers
from curate.report.charts.layout import HEIGHT, LOST, Mark, Spec, axis, chart, on, scale

SIZE = 330, 150
"""Width and height of the picture in CSS pixels; on a page it is as wide as its column."""


@dataclass(frozen=True, slots=True)
class Stack:
    """The documents of one fate.

    Args:
        counts: float64[n], how many are in each bin.
        color: a CSS colour.
    """

    counts: np.ndarray
    color: str


@dataclass(frozen=True, slots=True)
class Band:
    """A part of the axis that is shaded over the whole height."""

    low: float
    high: float
    color: str


def distribution(
    bins: Bins, stacks: Sequence[Stack], *, at_least: Sequence[float] = (), at_most: Sequence[float] = (),
    bands: Sequence[Band] = (),
) -> Spec:  # fmt: skip
    """Return the specification of a chart: stacked bars, the first stack at the bottom.

    Args:
        at_least, at_most: thresholds; the side on which documents are dropped is tinted.
        bands: what is shaded behind the bars. What lies outside of the bins is cut off.
    """
    totals = [np.round(total, 2).tolist() for total in np.cumsum([stack.counts for stack in stacks], axis=0)]
    most = max(totals[-1]) or 1.0
    sides = [Band(bins.low, value, LOST) for value in at_least] + [Band(value, bins.high, LOST) for value in at_most]
    marks = [
        *(_band(band, bins, 1.0) for band in bands),
        *(_band(band, bins, 0.09) for band in sides if bins.shows(band.low) and bins.shows(band.high)),
        *(_bars(bins, total, stack.color) for stack, total in reversed([*zip(stacks, totals, strict=True)])),
        *(_line(value) for value in dict.fromkeys([*at_least, *at_most]) if bins.shows(value)),
    ]
    scales = [scale("x", bins.low, bins.high, bins.scale), scale("y", 0.0, most)]
    whole = [tick for tick in round_numbers(0, most) if tick.is_integer()]
    return chart(*SIZE, scales, [axis("x", bins.ticks), axis("y", whole[:: 1 + len(whole) // 4], has_grid=True)], marks)


def _bars(bins: Bins, heights: Sequence[float], color: str) -> Mark:
    """Draw bars as one area; bars of equal height beside each other are one."""
    begins = [k for k, height in enumerate(heights) if not k or height != heights[k - 1]]
    rows = [{"x": float(bins.edges[k]), "n": heights[k]} for k in begins] + [{"x": bins.high, "n": heights[-1]}]
    place = {"x": on("x", "x"), "y": on("y", "n"), "y2": on("y", 0)}
    return Mark("area", {**place, "interpolate": {"value": "step-after"}, "fill": {"value": color}}, rows)


def _band(band: Band, bins: Bins, opacity: float) -> Mark:
    ends = {"x": on("x", max(band.low, bins.low)), "x2": on("x", min(band.high, bins.high))}
    outline = {"stroke": {"value": band.color}, "strokeWidth": {"value": 3}} if band.low == band.high else {}
    return Mark("rect", {**ends, **HEIGHT, "fill": {"value": band.color}, "opacity": {"value": opacity}, **outline})


def _line(value: float) -> Mark:
    style = {"stroke": {"value": LOST}, "strokeWidth": {"value": 1.6}, "strokeDash": {"value": [4, 3]}}
    return Mark("rule", {"x": on("x", value), **HEIGHT, **style})
