"""Lines in the square from 0 to 1: what banding finds, how good a classifier is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from curate.report.charts.layout import HEIGHT, LINE, LOST, Mark, Spec, axis, chart, on, scale


@dataclass(frozen=True, slots=True)
class Curve:
    """One line.

    Args:
        points: pairs of numbers from 0 to 1, in the order in which the line passes them.
        color: a CSS colour.
        has_dots: whether each point has a dot.
    """

    points: Sequence[Sequence[float]]
    color: str
    has_dots: bool = False


def curves(
    lines: Sequence[Curve], width: int, height: int, *, has_diagonal: bool = False, threshold: float | None = None
) -> Spec:
    """Return the specification of a chart.

    Args:
        width, height: of the picture, in CSS pixels.
        has_diagonal: whether a line goes from corner to corner, to compare with.
        threshold: where a line stands upright.
    """
    marks = [_line([(0, 0), (1, 1)], LINE, 1)] if has_diagonal else []
    for line in lines:
        marks += _marks(line)
    if threshold is not None:
        marks.append(Mark("rule", {"x": on("x", threshold), **HEIGHT, **_stroke(LOST, 1.6), "strokeDash": {"value": [4, 3]}}))
    ends = [0, 0.5, 1]
    return chart(
        width, height, [scale("x", 0, 1), scale("y", 0, 1)], [axis("x", ends), axis("y", ends, has_grid=True)], marks
    )


def _marks(line: Curve) -> Iterator[Mark]:
    yield _line(line.points, line.color, 2)
    if line.has_dots:
        dot = {"x": on("x", "x"), "y": on("y", "y"), "fill": {"value": line.color}, "size": {"value": 36}}
        yield Mark("symbol", dot, _rows(line.points))


def _line(points: Sequence[Sequence[float]], color: str, width: float) -> Mark:
    return Mark("line", {"x": on("x", "x"), "y": on("y", "y"), **_stroke(color, width)}, _rows(points))


def _stroke(color: str, width: float) -> Spec:
    return {"stroke": {"value": color}, "strokeWidth": {"value": width}}


def _rows(points: Sequence[Sequence[float]]) -> list[dict[str, float]]:
    return [{"x": float(x), "y": float(y)} for x, y in points]
