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
from curate.statistics.run_statistics import KEPT


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
        dropped: of those that each stage dropped, by its label.
        thresholds: the rules that compare it, in the order of the recipe.
    """

    column: str
    about: str
    kept: Histogram
    dropped: Mapping[str, Histogram]
    thresholds: Sequence[Threshold]

    @property
    def n_dropped(self) -> int:
        """Documents that were dropped because of this column."""
        return sum(threshold.n_dropped for threshold in self.thresholds)


@dataclass(frozen=True, slots=True)
class Counted:
    """Documents, and the bytes and tokens of those for which they are known."""

    documents: int
    n_bytes: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Group:
    """Documents with the same value in a column.

    Args:
        value: None if it is not known, as the documents were dropped before it was.
        is_rest: whether these are the documents of all rare values, which are not counted separately.
        all, kept: what was counted of all documents, and of those that were kept.
        reasons: (stage, reason) -> documents that were dropped for it.
    """

    value: str | None
    is_rest: bool
    all: Counted
    kept: Counted
    reasons: Mapping[tuple[str, str], int]

    @property
    def n(self) -> int:
        return self.all.documents


def thresholds(run: FinishedRun) -> list[Threshold]:
    """Return the rules of a run that can drop documents, in the order of the recipe."""
    dropped = {(entry.stage, reason): n for entry in run.ledger.stages for reason, n in entry.dropped.items()}
    rules = (rule for rule in Rulebook(run.manifest["stages"]) if not rule.bound.is_idle)
    return [
        Threshold(rule.stage, rule.reason, rule.bound, dropped.get((rule.stage, rule.reason), 0), rule.when)
        for rule in rules
    ]


def columns(run: FinishedRun) -> Iterator[Measured]:
    """Yield every column of numbers that was measured, in the order of the record of judgements; truth values are none."""
    rules = thresholds(run)
    for column in run.manifest["judgements"]:
        name = column["name"]
        of_stage = run.statistics.columns.get(name)
        if of_stage and column["type"] != "bool":
            dropped = {stage: sketch.histogram for stage, sketch in of_stage.items() if stage != KEPT}
            compared = [rule for rule in rules if rule.bound.signal == name]
            yield Measured(name, column["about"], run.statistics.kept(name).histogram, dropped, compared)


def groups(run: FinishedRun, by: str) -> Iterator[Group]:
    """Yield the groups of documents by the values of a column, the largest first, and last those that are not counted separately."""
    found = run.statistics.groups.get(by)
    if found is None:
        return
    outcomes = {
        f"{entry.stage} {reason}": (entry.stage, reason) for entry in run.ledger.stages for reason in entry.dropped
    }
    made = [_group(value, counts, outcomes, is_rest=False) for value, counts in found.counts.items()]
    yield from sorted(made, key=lambda group: (-group.n, group.value is None, group.value or ""))
    if found.rest:
        yield _group(None, found.rest, outcomes, is_rest=True)


def _group(
    value: str | None, counts: Mapping[str, Sequence[int]], outcomes: Mapping[str, tuple[str, str]], *, is_rest: bool
) -> Group:
    n_bytes, n_tokens = (sum(numbers[k] for numbers in counts.values()) for k in (1, 2))
    kept = Counted(*counts[KEPT]) if KEPT in counts else Counted(0, 0, 0)
    reasons = {outcomes[outcome]: numbers[0] for outcome, numbers in counts.items() if outcome != KEPT}
    return Group(value, is_rest, Counted(kept.documents + sum(reasons.values()), n_bytes, n_tokens), kept, reasons)
