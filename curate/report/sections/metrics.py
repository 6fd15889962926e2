"""Metrics that barriers reported and no other section shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate.report.finished_run import FinishedRun
from curate.report.section import Section
from curate.report.wrapping import wrapped

MOST_VALUES = 8
"""Values of a list that are shown; of a longer one only its length."""


class Metrics(Section):
    """Every metric that the given sections do not claim, as name and value.

    Args:
        others: the sections that may claim metrics.
    """

    name = "metrics"
    template = "metrics.html"

    def __init__(self, others: Sequence[Section]):
        self.others = others

    def numbers(self, run: FinishedRun) -> Mapping[str, Any] | None:
        stages = [{"label": label, "metrics": list(flat(metrics))} for label, metrics in self._unclaimed(run)]
        return {"stages": stages} if stages else None

    def lines(self, run: FinishedRun) -> Iterator[str]:
        for label, metrics in self._unclaimed(run):
            yield label
            yield from wrapped([f"{name} {value}" for name, value in flat(metrics)], "    ")

    def _unclaimed(self, run: FinishedRun) -> Iterator[tuple[str, Mapping[str, Any]]]:
        claimed = set().union(*(section.claims(run) for section in self.others))
        yield from ((label, metrics) for label, metrics in run.metrics.items() if label not in claimed)


def flat(metrics: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, value) for each value inside; names of nested mappings are joined by dots."""
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            shown = ", ".join(map(_spelt, value)) if len(value) <= MOST_VALUES else f"{len(value):,} values"
            yield f"{prefix}{name}", shown
        else:
            yield f"{prefix}{name}", _spelt(value)


def _spelt(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "none"}[value]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
