"""The evaluation of one or two classifiers as one HTML page: tables, and curves as inline SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from curate.report import page_shell
from curate.report.classifier_tables import Rows, comparison_rows, figure_rows, identity_rows, slice_rows
from curate.runs.redaction import hidden

SIDE, LEFT, BELOW = 260, 36, 34
"""Sizes of a plot in units of its SVG: the side of its square, the margin at the left, and the margin below."""

Points = Sequence[Sequence[float]]


def page(title: str, evaluated: Mapping[str, Mapping[str, Any]], comparison: Mapping[str, Any] | None = None) -> str:
    """Return the page of an evaluation.

    Args:
        title: the heading, plain text.
        evaluated: the figures of `evaluation.evaluate` by name of the model; one model or two.
        comparison: the figures of `evaluation.compare`, if there are two.
    Returns:
        one HTML file as text.
    """
    shown = hidden(title)
    return page_shell.page(shown, _body(shown, hidden(evaluated), comparison))


def _body(
    title: str, evaluated: Mapping[str, Mapping[str, Any]], comparison: Mapping[str, Any] | None
) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1><p>"
    for kind, name in zip(("one", "other"), evaluated, strict=False):
        yield f'<span class="key {kind}">&#9632;</span> {escape(name)} &nbsp; '
    yield '</p><div class="curves">'
    curves = [f["curves"] for f in evaluated.values()]
    yield _plot("Precision over recall", "recall", "precision", [c["precision_recall"] for c in curves])
    diagonal = [(0.0, 0.0), (1.0, 1.0)]
    yield _plot("ROC", "false-positive rate", "recall", [c["roc"] for c in curves], diagonal)
    bins = [[(b["score"], b["positive"]) for b in f["reliability"]] for f in evaluated.values()]
    yield _plot("Calibration", "mean score", "share positive", bins, diagonal, dots=True)
    yield "</div>"
    if comparison:
        yield f"<h2>The second model minus the first, on {comparison['n']:,} texts that both score</h2>"
        yield _table(*comparison_rows(comparison))
    for name, figures in evaluated.items():
        yield f"<h2>{escape(name)}: {escape(figures['positive'])}</h2>{_table(*figure_rows(figures))}"
        for column, slices in figures["slices"].items():
            yield f"<h2>By {escape(column)}</h2>{_table(*slice_rows(slices))}"
        yield "<h2>Words that name groups of people</h2><p class=soft>The share of texts that are not "
        yield f"{escape(figures['positive'])} but are found to be, among those that name a group.</p>"
        yield _table(*identity_rows(figures["identity"]))


def _table(heads: Sequence[str], rows: Rows) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{''.join(f'<th>{escape(head)}' for head in heads)}</tr>{lines}</table>"


def _plot(
    title: str, across: str, up: str, lines: Sequence[Points], guide: Points | None = None, *, dots: bool = False
) -> str:
    parts = [f'<rect class="frame" x="{LEFT}" y="6" width="{SIDE}" height="{SIDE}"/>']
    if guide:
        parts.append(f'<polyline class="guide" points="{_points(guide)}"/>')
    for kind, line in zip(("one", "other"), lines, strict=False):
        parts.append(f'<polyline class="{kind}" points="{_points(line)}"/>')
        if dots:
            parts += [f'<circle class="{kind}" cx="{_x(x):.1f}" cy="{_y(y):.1f}" r="3"/>' for x, y in line]
    for tick in (0, 0.5, 1):
        parts.append(f'<text x="{_x(tick):.0f}" y="{SIDE + 20}" text-anchor="middle">{tick:g}</text>')
        parts.append(f'<text x="{LEFT - 6}" y="{_y(tick) + 4:.0f}" text-anchor="end">{tick:g}</text>')
    size = f"0 0 {LEFT + SIDE + 10} {SIDE + BELOW}"
    caption = f"{escape(title)}: {escape(up)} over {escape(across)}" if up not in title.lower() else escape(title)
    return f'<figure><svg viewBox="{size}" role="img">{"".join(parts)}</svg><figcaption>{caption}</figcaption></figure>'


def _points(line: Points) -> str:
    return " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in line)


def _x(value: float) -> float:
    return LEFT + SIDE * value


def _y(value: float) -> float:
    return 6 + SIDE * (1 - value)
