"""What filters say of rows of the record: the rules that a filter's own code returns, for each of its cases."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate import languages
from curate.plan.columns import Bound as BoundStage
from curate.rules import Bound
from curate.statistics.distribution import numbers
from curate.statistics.rulebook import Rule, counting

_EVERYTHING = Bound("")


@dataclass(frozen=True)
class Filter:
    """The rules of a filter for one of its cases.

    Args:
        case: which of its cases this is; the first that fits a document counts.
        when, only: which documents it is for, as of `StageRef`.
        rules: reason -> bound, as the filter returned them.
        columns: signal -> the column of the record. languages: of columns that only documents in some languages have.
    """

    label: str
    case: int
    when: Mapping[str, Sequence[Any]]
    only: tuple[str, ...]
    rules: tuple[tuple[str, Bound], ...]
    columns: Mapping[str, str]
    languages: Mapping[str, Sequence[str]]

    @property
    def asked(self) -> list[str]:
        """The columns of the record that say what it decides; a rule without a bound asks nothing."""
        compared = [(self.columns[bound.signal], bound) for _, bound in self.rules if not bound.is_idle]
        partial = [languages.COLUMN for column, bound in compared if bound.is_needed and column in self.languages]
        return list(dict.fromkeys([*self.when, *(column for column, _ in compared), *partial, *(["id"] if self.only else [])]))  # fmt: skip

    def of(self, reasons: Collection[tuple[str, str]]) -> Filter:
        """Return the filter with some of its rules only, (label, reason)."""
        return replace(self, rules=tuple(rule for rule in self.rules if (self.label, rule[0]) in reasons))


def filters_of(bound: BoundStage) -> Iterator[Filter]:
    """Yield the rules of a filter for each of its cases."""
    ref = bound.ref
    for at, case in enumerate(bound.spec.variants):
        rules = bound.spec.stage.construct(case.params)()
        yield Filter(ref.label, at, case.when, ref.only, tuple(rules), ref.columns, ref.languages)


def cannot_judge(one: Filter, there: Collection[str]) -> str:
    """Return a column that a filter asks for and that is not among these; empty if all are."""
    return next((column for column in one.asked if column not in there), "")


def in_case(filters: Sequence[Filter], batch: pa.RecordBatch) -> np.ndarray:
    """Return which of the cases of one filter each row is in: int64[n], -1 for none."""
    if len(filters) == 1 and not filters[0].when and not filters[0].only:
        return np.zeros(batch.num_rows, np.int64)
    return counting([Rule(each.label, "", _EVERYTHING, each.when, each.only) for each in filters], batch)


def first_broken(filters: Sequence[Filter], batch: pa.RecordBatch, reasons: Sequence[tuple[str, str]]) -> np.ndarray:
    """Return which rule each row breaks first: int64[n], an index into `reasons`; their number for none.

    Args:
        filters: of any stages, with all their cases.
        batch: rows with all columns that they ask for.
        reasons: (label, reason) in the order in which rules are checked.
    """
    number = {pair: at for at, pair in enumerate(reasons)}
    first = np.full(batch.num_rows, len(reasons), np.int64)
    for pair, bound, rows, values, is_excused in _comparisons(filters, batch):
        np.minimum(first, number[pair], out=first, where=rows & bound.broken_by(values) & ~is_excused)
    return first


def room(filters: Sequence[Filter], batch: pa.RecordBatch, reasons: Sequence[tuple[str, str]]) -> np.ndarray:
    """Return how far each row is from the nearest end of the range of each rule: float32[n, len(reasons)]; less than 0 if the
    rule is broken, NaN if there is no value, or the rule is not for the row.

    Args:
        filters, reasons, batch: as of `first_broken`; rules that are not among the reasons are left out.
    """
    number = {pair: at for at, pair in enumerate(reasons)}
    found = np.full((batch.num_rows, len(reasons)), np.nan, np.float32)
    for pair, bound, rows, values, is_excused in _comparisons(filters, batch):
        if pair in number:
            distance = np.minimum(
                np.inf if bound.at_least is None else values - np.float32(bound.at_least),
                np.inf if bound.at_most is None else np.float32(bound.at_most) - values,
            )
            is_missing = np.isnan(values)
            distance = np.where(is_missing & bound.is_needed & ~is_excused, -np.inf, distance)
            found[rows, number[pair]] = np.where(is_missing & ~(bound.is_needed & ~is_excused), np.nan, distance)[rows]
    return found


def _comparisons(
    filters: Sequence[Filter], batch: pa.RecordBatch
) -> Iterator[tuple[tuple[str, str], Bound, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield ((label, reason), bound, the rows that it is for, the values, the rows that need no value) of each rule of each case."""
    values: dict[str, np.ndarray] = {}
    nobody = np.zeros(batch.num_rows, bool)
    for label in dict.fromkeys(each.label for each in filters):
        cases = [each for each in filters if each.label == label]
        which = in_case(cases, batch)
        for case in cases:
            rows = which == case.case
            for reason, bound in case.rules:
                if bound.is_idle:
                    continue
                column = case.columns[bound.signal]
                if column not in values:
                    values[column] = numbers(batch[column]).astype(np.float32, copy=False)
                is_excused = nobody
                if bound.is_needed and column in case.languages:
                    is_excused = _in_other_language(batch, case.languages[column]) & np.isnan(values[column])
                yield (label, reason), bound, rows, values[column], is_excused


def _in_other_language(batch: pa.RecordBatch, known: Sequence[str]) -> np.ndarray:
    """Return whether each row is in none of these languages: bool[n]."""
    if languages.COLUMN not in batch.schema.names or not known:
        return np.zeros(batch.num_rows, bool)
    coded = pc.dictionary_encode(batch[languages.COLUMN])
    is_other = [languages.is_other(value, known) for value in coded.dictionary.to_pylist()]
    codes = pc.fill_null(coded.indices, len(is_other)).to_numpy(zero_copy_only=False)
    return np.array([*is_other, languages.is_other(None, known)], bool)[codes]
