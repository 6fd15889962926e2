"""How a column is distributed over documents, those that were kept and those that were dropped, with the thresholds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from curate.report.binning import round_numbers
from curate.report.charts.layout import HEIGHT, Mark, Spec, axis, chart, color, on, scale

SIZE = 330, 150
"""Width and height of the picture in CSS pixels; on a page it is as wide as its column."""


def distribution(data: Mapping[str, Any]) -> Spec:
    """Return the specification of a chart: stacked bars, the first stack at the bottom.

    Args:
        data: `edges`, `scale` and `ticks`: of `Bins`. `stacks`: each with `counts`, how many documents are in each bin, and
            `color`, a name of the stylesheet. `at_least`, `at_most`: thresholds; the side on which documents are dropped is
            tinted. `bands`: `low`, `high` and `color` of what is shaded behind the bars; what lies outside is cut off.
    """
    edges = data["edges"]
    totals = np.cumsum([stack["counts"] for stack in data["stacks"]], axis=0).round(2).tolist()
    most = max(totals[-1]) or 1.0
    sides = [
        *({"low": edges[0], "high": value, "color": "lost"} for value in data["at_least"]),
        *({"low": value, "high": edges[-1], "color": "lost"} for value in data["at_most"]),
    ]
    stacks = [(total, stack["color"]) for total, stack in zip(totals, data["stacks"], strict=True)]
    thresholds = dict.fromkeys(value for value in [*data["at_least"], *data["at_most"]])
    marks = [
        *(_band(band, edges, 1.0) for band in data["bands"] if band["low"] <= edges[-1] and band["high"] >= edges[0]),
        *(_band(side, edges, 0.1) for side in sides if edges[0] <= side["low"] <= side["high"] <= edges[-1]),
        *(_bars(edges, total, name) for total, name in reversed(stacks)),
        *(_line(value) for value in thresholds if edges[0] <= value <= edges[-1]),
    ]
    scales = [scale("x", edges[0], edges[-1], data["scale"]), scale("y", 0.0, most)]
    whole = [tick for tick in round_numbers(0, most) if float(tick).is_integer()]
    return chart(
        *SIZE, scales, [axis("x", data["ticks"]), axis("y", whole[:: 1 + len(whole) // 4], has_grid=True)], marks
    )


def _bars(edges: Sequence[float], heights: Sequence[float], name: str) -> Mark:
    """Draw bars as one area; bars of equal height beside each other are one."""
    begins = [k for k, height in enumerate(heights) if not k or height != heights[k - 1]]
    rows = [{"x": edges[k], "n": heights[k]} for k in begins] + [{"x": edges[-1], "n": heights[-1]}]
    place = {"x": on("x", "x"), "y": on("y", "n"), "y2": on("y", 0)}
    return Mark("area", {**place, "interpolate": {"value": "step-after"}, "fill": color(name)}, rows)


def _band(band: Mapping[str, Any], edges: Sequence[float], opacity: float) -> Mark:
    ends = {"x": on("x", max(band["low"], edges[0])), "x2": on("x", min(band["high"], edges[-1]))}
    outline = {"stroke": color(band["color"]), "strokeWidth": {"value": 3}} if band["low"] == band["high"] else {}
    return Mark("rect", {**ends, **HEIGHT, "fill": color(band["color"]), "opacity": {"value": opacity}, **outline})


def _line(value: float) -> Mark:
    style = {"stroke": color("lost"), "strokeWidth": {"value": 1.6}, "strokeDash": {"value": [4, 3]}}
    return Mark("rule", {"x": on("x", value), **HEIGHT, **style})
