"""A run compared with the paper that its recipe rebuilds: documents left after each step, distributions of kept ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.report.binning import Bins, linear
from curate.report.figures import interval, number
from curate.report.finished_run import FinishedRun
from curate.report.section import Section
from curate.report.wrapping import sentences
from curate.signals import SIGNALS
from curate.sketches import Histogram


def comparison(run: FinishedRun) -> dict[str, Any] | None:
    """Return the published figures with ours as JSON-like data; None if the recipe has no published figures."""
    manifest, ledger = run.manifest, run.ledger
    published = manifest["published"]
    if not published:
        return None
    read = max(1, ledger.n_read)
    n_left = {entry.stage: entry.n_out for entry in ledger.stages}
    left = [
        {"step": step["name"], "after": step["after"], "published": step["share"], "ours": n_left[step["after"]] / read}
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
        "is_about": ours.is_rounded(0.5),
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


# ---------------------------------------------------------------------- the section


class Published(Section):
    """What is left of the crawl after each step, and distributions of kept documents, compared with the published ones."""

    name = "published"
    template = "published.html"

    def numbers(self, run: FinishedRun) -> Mapping[str, Any] | None:
        found = comparison(run)
        if not found:
            return None
        most = max((max(step["ours"], step["published"]) for step in found["left"]), default=0.0) or 1.0
        charts = [_charted(each, run.statistics.kept(each["measured_as"]).histogram) for each in found["distributions"]]
        return {**found, "most": most, "distributions": charts}

    def lines(self, run: FinishedRun) -> Iterator[str]:
        if found := comparison(run):
            yield f"published: {found['source']}"
            yield from lines(found)
            yield from sentences(found["remarks"])


def _charted(compared: Mapping[str, Any], ours: Histogram) -> dict[str, Any]:
    """Return a comparison with the data of its chart: our bars over the published band."""
    column = compared["column"]
    drawn = over(compared["range"], ours)
    return {
        **compared,
        "about": SIGNALS[column].about if column in SIGNALS else "",
        "outside": 1 - sum(ours.shares(drawn.edges)) if ours.n else 0.0,
        "chart": {
            **drawn.to_json(),
            "stacks": [{"color": "kept", "counts": drawn.counts(ours).tolist()}],
            "at_least": [],
            "at_most": [],
            "bands": [
                {"low": compared["range"][0], "high": compared["range"][1], "color": "shade"},
                {"low": compared["peak"][0], "high": compared["peak"][1], "color": "peak"},
            ],
        },
    }


def over(shown: Sequence[float], ours: Histogram) -> Bins:
    """Return bins over the published range and ours, but no further than the range is long."""
    low, high = shown
    span = high - low
    if ours.n:
        low = max(min(low, ours.quantile(0.005)), low - span, min(low, ours.lowest))
        high = min(max(high, ours.quantile(0.99)), high + span / 2)
    is_count = ours.n > 0 and ours.is_whole and span > 2  # shares that are all 0 or 1 are not counts
    return linear(low, high, is_whole=is_count)


PUBLISHED = Published()
