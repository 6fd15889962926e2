"""How the measured columns are distributed over kept and dropped documents, and where the thresholds lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curate.report import measured
from curate.report.binning import bins
from curate.report.finished_run import FinishedRun
from curate.report.measured import Measured
from curate.report.section import Section
from curate.sketches import Histogram

N_OPEN = 12
"""Charts of a group that are shown at once; the others unfold."""


class Distributions(Section):
    """A chart for each column; those whose rules dropped most documents come first."""

    name = "distributions"
    template = "distributions.html"

    def numbers(self, run: FinishedRun) -> Mapping[str, Any] | None:
        found = [each for each in measured.columns(run) if _all(each).n]
        if not found:
            return None
        varied = [each for each in found if _all(each).lowest != _all(each).highest]
        deciding = sorted((each for each in varied if each.n_dropped), key=lambda each: -each.n_dropped)
        idle = [each for each in varied if each.thresholds and not each.n_dropped]
        free = [each for each in varied if not each.thresholds]
        groups = [
            _group("Columns whose rules dropped documents", deciding, N_OPEN),
            _group("Scores and columns that no rule compares with a threshold", free, N_OPEN),
            _group("Columns whose rules dropped no document", idle, 0 if deciding or free else N_OPEN),
        ]
        return {
            "groups": [group for group in groups if group["shown"] or group["folded"]],
            "constant": [{"column": each.column, "value": _all(each).lowest} for each in found if each not in varied],
        }


def _group(title: str, columns: Sequence[Measured], n_open: int) -> dict[str, Any]:
    charts = [_described(each) for each in columns]
    return {"title": title, "shown": charts[:n_open], "folded": charts[n_open:]}


def _described(each: Measured) -> dict[str, Any]:
    return {
        "column": each.column,
        "about": each.about,
        "rules": _rules(each),
        "kept": _summary(each.kept),
        "dropped": _summary(_sum(each.dropped.values())),
        "chart": _chart(each),
    }


def _rules(each: Measured) -> list[dict[str, Any]]:
    """Return the rules on a column, one for each stage and reason, with its bound in each case."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for rule in each.thresholds:
        if not rule.n_dropped and rule.is_only_needed:
            continue
        new = {"stage": rule.stage, "reason": rule.reason, "n_dropped": rule.n_dropped, "bounds": []}
        when = [f"{column} {', '.join(map(str, values))}" for column, values in rule.when.items()]
        found.setdefault((rule.stage, rule.reason), new)["bounds"].append({"words": rule.words, "when": when})
    return list(found.values())


def _summary(histogram: Histogram) -> dict[str, Any]:
    return {
        "n": histogram.n,
        "median": histogram.quantile(0.5),
        "is_about": histogram.is_rounded(0.5),
        "middle": [histogram.quantile(0.1), histogram.quantile(0.9)],
    }


def _chart(each: Measured) -> dict[str, Any]:
    """Return what is drawn: kept documents at the bottom, on them those dropped by the stages that compare the column, and
    those that others dropped."""
    at_least = [rule.bound.at_least for rule in each.thresholds if rule.bound.at_least is not None]
    at_most = [rule.bound.at_most for rule in each.thresholds if rule.bound.at_most is not None]
    drawn = bins(_all(each), [*at_least, *at_most])
    here = {rule.stage for rule in each.thresholds}
    stacks = [
        ("kept", each.kept),
        ("lost", _sum(found for stage, found in each.dropped.items() if stage in here)),
        ("other", _sum(found for stage, found in each.dropped.items() if stage not in here)),
    ]
    return {
        **drawn.to_json(),
        "stacks": [{"color": color, "counts": drawn.counts(found).tolist()} for color, found in stacks if found.n],
        "at_least": sorted(set(at_least)),
        "at_most": sorted(set(at_most)),
        "bands": [],
    }


def _all(each: Measured) -> Histogram:
    return _sum([each.kept, *each.dropped.values()])


def _sum(histograms: Any) -> Histogram:
    total = Histogram()
    for each in histograms:
        total.add(each)
    return total


DISTRIBUTIONS = Distributions()
