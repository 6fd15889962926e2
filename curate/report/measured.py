"""What was measured of the documents of a run, as sums: the seam between the records of a run and its pages.

Nothing here reads documents, so that a report on ten million of them is written as fast as one on ten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from curate.report.finished_run import FinishedRun
from curate.rules import Bound
from curate.sketches import Histogram
from curate.statistics.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Threshold:
    """A rule that compares a column.

    Args:
        n_dropped: documents that it dropped, as the first rule they broke.
        when: column -> values; the documents that the rule is for. Empty: all.
    """

    stage: str
    reason: str
    bound: Bound
    n_dropped: int
    when: Mapping[str, Sequence[object]] = field(default_factory=dict)

    @property
    def is_only_needed(self) -> bool:
        """Whether the rule demands a number, whichever it is."""
        return self.bound.at_least is None and self.bound.at_most is None

    @property
    def words(self) -> str:
        """What the rule demands: `at least 50`."""
        limits = [(self.bound.at_least, "at least"), (self.bound.at_most, "at most")]
        found = [f"{which} {limit:,g}" for limit, which in limits if limit is not None]
        return " and ".join(found) or "must be known"


@dataclass(frozen=True, slots=True)
class Measured:
    """A column of numbers.

    Args:
        about: what it holds.
        kept: of the documents that were kept.
        dropped: of those that each stage dropped, by its label; None if that is not known.
        thresholds: the rules that compare it, in the order of the recipe.
    """

    column: str
    about: str
    kept: Histogram
    dropped: Mapping[str, Histogram] | None
    thresholds: Sequence[Threshold]

    @property
    def n_dropped(self) -> int:
        """Documents that were dropped because of this column."""
        return sum(threshold.n_dropped for threshold in self.thresholds)


def thresholds(run: FinishedRun) -> list[Threshold]:
    """Return the rules of a run that can drop documents, in the order of the recipe."""
    dropped = {(entry.stage, reason): n for entry in run.ledger.stages for reason, n in entry.dropped.items()}
    rules = (rule for rule in Rulebook(run.manifest["stages"]) if not rule.bound.is_idle)
    return [
        Threshold(rule.stage, rule.reason, rule.bound, dropped.get((rule.stage, rule.reason), 0), rule.when)
        for rule in rules
    ]


def columns(run: FinishedRun) -> Iterator[Measured]:
    """Yield every column of numbers that was measured, in the order of the record of judgements; without sums of the run
    only those of kept documents are known."""
    about = {column["name"]: column["about"] for column in run.manifest["judgements"]}
    rules = thresholds(run)
    for name, kept, dropped in _sums(run, list(about)):
        yield Measured(name, about.get(name, ""), kept, dropped, [rule for rule in rules if rule.bound.signal == name])


def _sums(run: FinishedRun, order: Sequence[str]) -> Iterator[tuple[str, Histogram, Mapping[str, Histogram] | None]]:
    """Yield each column, its numbers of kept documents and, where they are known, those of dropped ones by stage."""
    if run.sums is not None:
        yield from ((name, sums.kept, sums.dropped) for name, sums in run.sums.columns.items())
        return
    kept = run.ledger.stages[-1].distributions if run.ledger.stages else {}
    for name in [*(each for each in order if each in kept), *(each for each in kept if each not in order)]:
        yield name, kept[name], None
