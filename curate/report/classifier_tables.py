"""Figures of classifiers as rows of tables, for the terminal, the model card and the HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curate.report.escaping import markdown, one_line

Rows = Sequence[Sequence[str]]


def number(value: float | None) -> str:
    """Return a figure with three decimal places; `-` for None or NaN."""
    return "-" if value is None or value != value else f"{value:.3f}"


def table(heads: Sequence[str], rows: Rows) -> str:
    """Return a Markdown table; its cells are plain text."""
    lines = [[markdown(one_line(str(cell))) for cell in line] for line in (heads, *rows)]
    lines.insert(1, ["---"] * len(heads))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def figure_rows(f: Mapping[str, Any]) -> tuple[Sequence[str], Rows]:
    """Return `(heads, rows)` of the main figures of an evaluation."""
    at, wanted = f["at_threshold"], f["for_precision"]
    where = f"{at['threshold']:.3g}"
    rows = [
        ("texts", f"{f['n']:,}", f"{f['n_positive']:,} positive, {f['no_score']:,} without a score"),
        ("ROC AUC", number(f["roc_auc"]), interval(f["roc_auc_interval"])),
        ("average precision", number(f["average_precision"]), interval(f["average_precision_interval"])),
        (f"precision at {where}", number(at["precision"]), interval(at["precision_interval"])),
        (f"recall at {where}", number(at["recall"]), interval(at["recall_interval"])),
        (f"F1 at {where}", number(at["f1"]), ""),
        ("calibration error", number(f["calibration_error"]), ""),
    ]
    name = f"threshold for precision {wanted['wanted']:g}"
    if wanted["threshold"] is None:
        return ("figure", "value", "95 % interval"), [*rows, (name, "none", "no threshold reaches it")]
    rows.append((name, number(wanted["threshold"]), interval(wanted["threshold_interval"])))
    rows.append(("precision there", number(wanted["precision"]), interval(wanted["precision_interval"])))
    rows.append(("recall there", number(wanted["recall"]), interval(wanted["recall_interval"])))
    return ("figure", "value", "95 % interval"), rows


def slice_rows(slices: Mapping[str, Mapping[str, Any]]) -> tuple[Sequence[str], Rows]:
    """Return `(heads, rows)` of one column's slices."""
    names = ("roc_auc", "precision", "recall", "false_positive_rate")
    rows = [
        (value, f"{s['n']:,}", f"{s['n_positive']:,}", *(number(s[name]) for name in names))
        for value, s in slices.items()
    ]
    return ("value", "texts", "positive", "ROC AUC", "precision", "recall", "false-positive rate"), rows


def identity_rows(groups: Mapping[str, Mapping[str, Any]]) -> tuple[Sequence[str], Rows]:
    """Return `(heads, rows)` of false positives among negative texts that name a group of people."""
    rows = [
        (
            name,
            f"{g['n_negative']:,}",
            f"{g['false_positives']:,}",
            number(g["false_positive_rate"]),
            interval(g["interval"]),
        )
        for name, g in groups.items()
    ]
    return ("negative texts that name", "texts", "found positive", "rate", "95 % interval"), rows


def comparison_rows(found: Mapping[str, Any]) -> tuple[Sequence[str], Rows]:
    """Return `(heads, rows)` of a comparison of two models."""
    rows = [
        (name, f"{f['difference']:+.4f}", signed(f["interval"]), number(f["better_in"]))
        for name, f in found.items()
        if isinstance(f, Mapping)
    ]
    return ("figure", "difference", "95 % interval", "better in this share of resamplings"), rows


def interval(pair: Sequence[float] | None) -> str:
    """Return an interval as text; empty for None."""
    return "" if pair is None else f"{number(pair[0])} to {number(pair[1])}"


def signed(pair: Sequence[float] | None) -> str:
    """Return an interval of differences as text, with signs; empty for None."""
    return "" if pair is None else f"{pair[0]:+.4f} to {pair[1]:+.4f}"
