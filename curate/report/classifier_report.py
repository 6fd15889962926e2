"""The evaluation of one or two classifiers as one HTML page: tables and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curate.report.classifier_tables import Rows, comparison_rows, figure_rows, identity_rows, slice_rows
from curate.report.page import TEMPLATES, Page
from curate.runs.redaction import hidden

SIZE = (300, 280)
"""Width and height of a curve in CSS pixels."""

COLORS = ("kept", "lost")
"""Of the first model and the second."""


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
    template = (TEMPLATES / "classifier.html").read_text(encoding="utf-8")
    with Page() as made:
        return made.finished(shown, [made.render(template, numbers(shown, hidden(evaluated), comparison))])


def numbers(
    title: str, evaluated: Mapping[str, Mapping[str, Any]], comparison: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return what the page shows, as JSON-like data without any markup."""
    figures = list(evaluated.values())
    precision_recall = [each["curves"]["precision_recall"] for each in figures]
    roc = [each["curves"]["roc"] for each in figures]
    bins = [[(bin["score"], bin["positive"]) for bin in each["reliability"]] for each in figures]
    return {
        "title": title,
        "models": [{"name": name, "color": color} for name, color in zip(evaluated, COLORS, strict=False)],
        "curves": [
            _curve("Precision over recall", precision_recall),
            _curve("ROC: recall over false-positive rate", roc, has_diagonal=True),
            _curve("Calibration: share positive over mean score", bins, has_diagonal=True, has_dots=True),
        ],
        "n_compared": comparison["n"] if comparison else 0,
        "comparison": _table(comparison_rows(comparison)) if comparison else None,
        "evaluated": [_evaluated(name, each) for name, each in evaluated.items()],
    }


def _evaluated(name: str, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "positive": figures["positive"],
        "figures": _table(figure_rows(figures)),
        "slices": [
            {"column": column, **_table(slice_rows(slices))} for column, slices in figures["slices"].items()
        ],
        "identity": _table(identity_rows(figures["identity"])),
    }  # fmt: skip


def _table(headed: tuple[Sequence[str], Rows]) -> dict[str, Any]:
    heads, rows = headed
    return {"heads": list(heads), "rows": [[str(cell) for cell in row] for row in rows]}


def _curve(
    title: str, lines: Sequence[Sequence[Sequence[float]]], *, has_diagonal: bool = False, has_dots: bool = False
) -> dict[str, Any]:
    drawn = [
        {"points": [list(point) for point in line], "color": color, "has_dots": has_dots}
        for line, color in zip(lines, COLORS, strict=False)
    ]
    return {"title": title, "size": list(SIZE), "lines": drawn, "has_diagonal": has_diagonal, "threshold": None}
