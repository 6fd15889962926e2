"""What all charts have in common: their size, their scales and axes, and their colours, which are names of the stylesheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Spec = Mapping[str, Any]
"""A Vega specification (version 6), or a part of one."""

COLORS = ("kept", "lost", "other", "soft", "line", "shade", "peak")
"""The colours of charts, as the stylesheet calls them."""

MARGINS = {"left": 34, "right": 12, "top": 8, "bottom": 22}
"""Around the lines and bars, in CSS pixels; there are the labels. Fixed, so that charts below each other are in line."""

HEIGHT = {"y": {"value": 0}, "y2": {"field": {"group": "height"}}}
"""The channels of a mark that is as high as the picture."""

_LABEL = "abs(datum.value) >= 1000 ? format(datum.value, '~s') : format(datum.value, '~g')"
"""How Vega writes a number at an axis: 0.05, 20, 1.5k."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Lines, areas or rectangles.

    Args:
        kind: Vega's name of it.
        channels: Vega's name of a channel -> what it is.
        rows: the numbers that channels name as fields; None if they name none.
    """

    kind: str
    channels: Spec
    rows: Sequence[Mapping[str, float]] | None = None


def chart(width: int, height: int, scales: Sequence[Spec], axes: Sequence[Spec], marks: Sequence[Mark]) -> Spec:
    """Return a specification.

    Args:
        width, height: of the whole picture, labels included, in CSS pixels.
        marks: what is drawn, the last one on top.
    """
    inside = width - MARGINS["left"] - MARGINS["right"], height - MARGINS["top"] - MARGINS["bottom"]
    data = [{"name": str(k), "values": each.rows} for k, each in enumerate(marks) if each.rows is not None]
    drawn = [
        {"type": each.kind, "aria": False, "encode": {"enter": each.channels},
         **({} if each.rows is None else {"from": {"data": str(k)}})}
        for k, each in enumerate(marks)
    ]  # fmt: skip
    return {
        "$schema": "https://vega.github.io/schema/vega/v6.json", "width": inside[0], "height": inside[1],
        "padding": MARGINS, "autosize": "none", "data": data, "scales": scales, "axes": axes, "marks": drawn,
    }  # fmt: skip


def scale(name: str, low: float, high: float, kind: str = "linear") -> Spec:
    """Return the scale `x` or `y`, from end to end of the picture."""
    ends = {"domain": [low, high], "range": "width" if name == "x" else "height"}
    return {"name": name, "type": kind, "zero": False, **ends}


def axis(name: str, values: Sequence[float], *, has_grid: bool = False) -> Spec:
    """Return the axis of the scale `x` or `y`, with labels at these numbers.

    Args:
        has_grid: whether it has lines across the picture in place of a line of its own.
    """
    line = color("line")["value"]
    return {
        "orient": "bottom" if name == "x" else "left", "scale": name, "values": values, "domain": not has_grid,
        "ticks": not has_grid, "grid": has_grid, "labelOverlap": False, "domainColor": line, "tickColor": line, "tickSize": 4,
        "gridColor": line, "labelColor": color("soft")["value"], "labelFontSize": 11, "labelFont": "system-ui, sans-serif",
        "labelPadding": 4, "aria": False, "encode": {"labels": {"update": {"text": {"signal": _LABEL}}}},
    }  # fmt: skip


def on(name: str, value: float | str) -> Spec:
    """Return a channel on the scale `x` or `y`: a number, or the name of a field."""
    return {"scale": name, "field" if isinstance(value, str) else "value": value}


def color(name: str) -> Spec:
    """Return a channel with a colour of the stylesheet.

    Raises:
        KeyError: the stylesheet has no such colour.
    """
    if name not in COLORS:
        raise KeyError(name)
    return {"value": f"var(--{name})"}
