"""Lines in the square from 0 to 1: what banding finds, how good a classifier is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.report.charts.layout import HEIGHT, Mark, Spec, axis, chart, color, on, scale


def curves(data: Mapping[str, Any]) -> Spec:
    """Return the specification of a chart.

    Args:
        data: `size`: width and height in CSS pixels. `lines`: each with `points`, pairs of numbers from 0 to 1 in the order
            in which the line passes them, `color`, a name of the stylesheet, and `has_dots`. `has_diagonal`: whether a line
            goes from corner to corner, to compare with. `threshold`: where a line stands upright, or None.
    """
    marks = [_line([(0, 0), (1, 1)], "line", 1)] if data["has_diagonal"] else []
    for line in data["lines"]:
        marks += _marks(line)
    if data["threshold"] is not None:
        place = {"x": on("x", data["threshold"]), **HEIGHT}
        marks.append(Mark("rule", {**place, **_stroke("lost", 1.6), "strokeDash": {"value": [4, 3]}}))
    ends = [0, 0.5, 1]
    scales = [scale("x", 0, 1), scale("y", 0, 1)]
    return chart(*data["size"], scales, [axis("x", ends), axis("y", ends, has_grid=True)], marks)


def _marks(line: Mapping[str, Any]) -> Iterator[Mark]:
    yield _line(line["points"], line["color"], 2)
    if line["has_dots"]:
        dot = {"x": on("x", "x"), "y": on("y", "y"), "fill": color(line["color"]), "size": {"value": 36}}
        yield Mark("symbol", dot, _rows(line["points"]))


def _line(points: Sequence[Sequence[float]], name: str, width: float) -> Mark:
    return Mark("line", {"x": on("x", "x"), "y": on("y", "y"), **_stroke(name, width)}, _rows(points))


def _stroke(name: str, width: float) -> Spec:
    return {"stroke": color(name), "strokeWidth": {"value": width}}


def _rows(points: Sequence[Sequence[float]]) -> list[dict[str, float]]:
    return [{"x": float(x), "y": float(y)} for x, y in points]
