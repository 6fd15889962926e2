"""A run compared with the paper that its recipe rebuilds: documents left after each step, distributions of kept ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from curate.report.finished_run import FinishedRun
from curate.report.section import Section
from curate.report.wrapping import sentences
from curate.signals import SIGNALS
from curate.sketches import Histogram

N_BINS = 44
"""About how many bars a distribution is drawn with."""


def comparison(run: FinishedRun) -> dict[str, Any] | None:
    """Return the published figures with ours as JSON-like data; None if the recipe has no published figures."""
    manifest, ledger = run.manifest, run.ledger
    published = manifest["published"]
    if not published:
        return None
    born = max(1, ledger.n_born)
    n_left = {entry.stage: entry.n_out for entry in ledger.stages}
    left = [
        {"step": step["name"], "after": step["after"], "published": step["share"], "ours": n_left[step["after"]] / born}
        for step in published["left"]
    ]
    distributions = [
        _compared(each, column, run.statistics.kept(column).histogram)
        for each in published["distributions"]
        for column in [measured_as(manifest, each["column"])]
    ]
    return {
        "source": published["source"],
        "remarks": published["remarks"],
        "left": left,
        "distributions": distributions,
    }


def measured_as(manifest: Mapping[str, Any], signal: str) -> str:
    """Return the column in which a signal stands as it was measured last."""
    columns = [stage["columns"][signal] for stage in manifest["stages"] if signal in stage.get("columns", {})]
    return columns[-1] if columns else signal


def _compared(published: Mapping[str, Any], column: str, ours: Histogram) -> dict[str, Any]:
    return {
        **published,
        "measured_as": column,
        "documents": ours.n,
        "median": ours.quantile(0.5),
        "middle": [ours.quantile(0.1), ours.quantile(0.9)],
        "share_in_range": ours.share_between(*published["range"]) if ours.n else None,
    }


# ---------------------------------------------------------------------- text


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield the comparison as text, two tables."""
    if found["left"]:
        width = max(len(step["step"]) for step in found["left"])
        after = max(len(step["after"]) for step in found["left"])
        yield f"{'left of the raw crawl':<{max(width, 21)}} {'after':<{after}} {'ours':>8} {'published':>10}"
        for step in found["left"]:
            yield (
                f"{step['step']:<{max(width, 21)}} {step['after']:<{after}} {step['ours']:>8.2%} {step['published']:>10.2%}"
            )
    if found["distributions"]:
        width = max(len(each["column"]) for each in found["distributions"])
        yield ""
        yield f"{'of kept documents':<{width}} {'ours: median':>13} {'10 to 90 %':>15} {'published: peak':>16} {'range':>13} {'ours inside':>12}"
        for each in found["distributions"]:
            inside = "" if each["share_in_range"] is None else f"{each['share_in_range']:.0%}"
            yield (
                f"{each['column']:<{width}} {number(each['median']):>13} {interval(each['middle']):>15} "
                f"{interval(each['peak']):>16} {interval(each['range']):>13} {inside:>12}"
            )


def number(value: float | None) -> str:
    """Return a number as a reader wants it: three digits, thousands apart."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def interval(ends: Sequence[float | None]) -> str:
    """Return `a to b`, or one number where they are the same."""
    low, high = number(ends[0]), number(ends[1])
    return low if low == high else f"{low} to {high}"


# ---------------------------------------------------------------------- the section


class Published(Section):
    """What is left of the crawl after each step, and distributions of kept documents, compared with the published ones."""

    name = "published"

    def html(self, run: FinishedRun) -> Iterator[str]:
        found = comparison(run)
        if not found:
            return
        yield f"<h2>Compared with the published figures</h2><p>{escape(found['source'])}</p>"
        if found["remarks"]:
            yield f"<p class=soft>{escape(found['remarks'])}</p>"
        yield from _steps(found["left"])
        if found["distributions"]:
            yield (
                "<p class=soft>Bars: documents that were kept here. Shaded: the range that was published, darker where its peak is. "
                "The published figures do not show values outside the shade.</p>"
                '<div class="charts">'
            )
            for each in found["distributions"]:
                yield chart(each, run.statistics.kept(each["measured_as"]).histogram)
            yield "</div>"

    def lines(self, run: FinishedRun) -> Iterator[str]:
        if found := comparison(run):
            yield f"published: {found['source']}"
            yield from lines(found)
            yield from sentences(found["remarks"])


def _steps(left: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not left:
        return
    yield "<table><tr><th>left of the raw crawl after<th class=n>ours<th class=n>published<th></tr>"
    for step in left:
        yield (
            f"<tr><td>{escape(step['step'])}<br><span class=soft>{escape(step['after'])}</span>"
            f"<td class=n>{step['ours']:.2%}<td class=n>{step['published']:.2%}<td class=cell>"
            f'<div class="bar" style="width:{step["ours"]:.2%}"></div>'
            f'<div class="bar published" style="width:{step["published"]:.2%}"></div></tr>'
        )
    yield "</table>"


def chart(compared: Mapping[str, Any], ours: Histogram) -> str:
    """Draw one distribution over the published band; bars are shares of documents."""
    column, inside = compared["column"], compared["share_in_range"]
    about = SIGNALS[column].about if column in SIGNALS else ""
    caption = f"Published peak {interval(compared['peak'])}, range {interval(compared['range'])}. "
    if ours.n:
        caption += f"Ours: median {number(compared['median'])}, {interval(compared['middle'])} for the middle 80 %, {inside:.0%} in the range."
    else:
        caption += "Ours: no document has this column."
    edges = bins(compared["range"], ours)
    shares = ours.shares(edges)
    cut = 1 - sum(shares) if ours.n else 0.0
    if cut >= 0.0005:
        caption += f" {cut:.1%} are outside the drawing."
    return (
        f"<figure><figcaption><b>{escape(column)}</b> <span class=soft>{escape(about)}</span></figcaption>"
        f"{_drawing(edges, shares, compared)}<p class=soft>{caption}</p></figure>"
    )


def bins(shown: Sequence[float], ours: Histogram) -> np.ndarray:
    """Return the edges of the bars: over the published range and ours, but no further than the range is long.

    Whole numbers get bars of a whole width, so that none holds more of them than the next.
    """
    low, high = shown
    span = high - low
    if ours.n:
        low = max(min(low, ours.quantile(0.005)), low - span, min(low, ours.lowest))
        high = min(max(high, ours.quantile(0.99)), high + span / 2)
    if ours.n and ours.is_whole and span > 2:  # shares that are all 0 or 1 are not counts
        first, last = np.floor(low), np.ceil(high)
        width = max(1, np.ceil((last - first) / N_BINS))
        return first - 0.5 + width * np.arange((last - first) // width + 2)
    width = (high - low) / N_BINS
    return np.linspace(low, high + width, N_BINS + 2)  # one more, for what is right at the end


def _drawing(edges: np.ndarray, shares: Sequence[float], compared: Mapping[str, Any]) -> str:
    left, width, top, height = 4, 300, 6, 96
    low, high = float(edges[0]), float(edges[-1])
    most = max([*shares, 1e-9])

    def x(value: float) -> float:
        return left + width * min(max((value - low) / (high - low), 0), 1)

    def band(ends: Sequence[float], kind: str, least: float) -> str:
        start, end = x(ends[0]), x(ends[1])
        start, end = (start, end) if end - start >= least else ((start + end - least) / 2, (start + end + least) / 2)
        return f'<rect class="{kind}" x="{start:.1f}" y="{top}" width="{end - start:.1f}" height="{height}"/>'

    bars = "".join(
        f'<rect class="ours" x="{x(a) + 0.5:.1f}" y="{top + height * (1 - share / most):.1f}" '
        f'width="{max(x(b) - x(a) - 1, 0.8):.1f}" height="{height * share / most:.1f}"/>'
        for a, b, share in zip(edges[:-1], edges[1:], shares, strict=True)
        if share
    )
    ticks = "".join(
        f'<text x="{x(tick):.1f}" y="{top + height + 14}" text-anchor="{_anchor(x(tick), left, width)}">{number(tick)}</text>'
        for tick in round_numbers(low, high)
    )
    return (
        f'<svg viewBox="0 0 {width + 2 * left} {top + height + 20}" font-size="10.5" fill="currentColor" role="img" '
        f'aria-label="{escape(compared["column"])}">{band(compared["range"], "range", 1)}{band(compared["peak"], "peak", 4)}{bars}'
        f'<line class="axis" x1="{left}" x2="{left + width}" y1="{top + height}" y2="{top + height}"/>{ticks}</svg>'
    )


def _anchor(at: float, left: float, width: float) -> str:
    """Let the label of a tick at either end begin or end there, so that it is not cut off."""
    return "start" if at < left + width * 0.05 else "end" if at > left + width * 0.95 else "middle"


def round_numbers(low: float, high: float) -> list[float]:
    """Return three to six round numbers in an interval, for an axis."""
    step = 10.0 ** np.floor(np.log10((high - low) / 3))
    for factor in (1, 2, 2.5, 5):
        first, last = np.ceil(low / (step * factor)), np.floor(high / (step * factor))
        if last - first < 6:
            break
    return [float(f"{tick * step * factor:.12g}") + 0.0 for tick in np.arange(first, last + 1)]  # + 0.0: no minus zero


PUBLISHED = Published()
