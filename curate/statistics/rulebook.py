"""The rules of a run as they were in force: which bound each filter set on which column, for which documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.rules import Bound
from curate.spec import Case


@dataclass(frozen=True, slots=True)
class Rule:
    """One bound of a filter.

    Args:
        stage: the label of the filter. reason: for which it drops documents.
        bound: the range on `bound.signal`, here the name of a column of the record of judgements.
        when: column -> values; the documents that the bound is for. Empty: all.
        only: the inputs whose documents the filter sees; empty for all.
    """

    stage: str
    reason: str
    bound: Bound
    when: Mapping[str, Sequence[Any]]
    only: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        return self.bound.signal

    def sees(self, id: str) -> bool:
        """Return whether the filter sees a document: an id begins with the name of its input, which has no slash."""
        return not self.only or id.partition("/")[0] in self.only


class Rulebook:
    """The rules of all filters of a run.

    Args:
        stages: of the run's manifest, in the order of the recipe.
    """

    def __init__(self, stages: Sequence[Mapping[str, Any]]):
        self._rules = [rule for stage in stages for rule in _of_stage(stage)]

    def __iter__(self) -> Iterator[Rule]:
        return iter(self._rules)

    def on_column(self, column: str) -> list[Rule]:
        """Return the rules that a column is compared with and that can drop a document, in the order of the recipe."""
        return [rule for rule in self._rules if rule.column == column and not rule.bound.is_idle]

    def of_reason(self, stage: str, reason: str) -> list[Rule]:
        """Return the rules for which a filter drops documents with a reason: one for each case of the filter."""
        return [rule for rule in self._rules if (rule.stage, rule.reason) == (stage, reason)]

    def for_document(self, stage: str, reason: str, document: Mapping[str, Any]) -> Rule | None:
        """Return the rule of a filter that counts for a document with these columns; None if there is none."""
        mine = (rule for rule in self._rules if (rule.stage, rule.reason) == (stage, reason))
        return next((rule for rule in mine if Case(rule.when, {}).fits(document)), None)


def _of_stage(stage: Mapping[str, Any]) -> Iterator[Rule]:
    for case in stage.get("cases", [{"when": {}, **stage}]):
        for reason, bound in case.get("rules", {}).items():
            yield Rule(stage["label"], reason, Bound(**bound), case["when"], tuple(stage.get("only", ())))


def columns_of(rules: Sequence[Rule]) -> list[str]:
    """Return the columns that say which of these rules counts for a document, and those that they are about."""
    asked = [name for rule in rules for name in (*rule.when, *(["id"] if rule.only else []), rule.column)]
    return list(dict.fromkeys(asked))


def counting(rules: Sequence[Rule], batch: pa.RecordBatch) -> np.ndarray:
    """Return which of the rules of one reason counts for each row: int64[n], -1 for none; the first whose case fits.

    Args:
        batch: rows of the record, with `columns_of` the rules.
    """
    found, is_free = np.full(batch.num_rows, -1), np.ones(batch.num_rows, bool)
    for k, rule in enumerate(rules):
        fits = is_free.copy()
        for column, values in rule.when.items():
            coded = pc.dictionary_encode(batch[column])
            is_in = [Case({column: values}, {}).fits({column: value}) for value in coded.dictionary.to_pylist()]
            no_value = Case({column: values}, {}).fits({})
            codes = pc.fill_null(coded.indices, len(is_in)).to_numpy(zero_copy_only=False)
            fits &= np.array([*is_in, no_value], bool)[codes]
        if rule.only:
            fits &= _of_inputs(batch["id"], rule.only)
        found[fits] = k
        is_free &= ~fits
    return found


def _of_inputs(ids: pa.Array, inputs: Sequence[str]) -> np.ndarray:
    """Return which documents are of these inputs: the ids of a named input begin with its name."""
    found = np.zeros(len(ids), bool)
    for name in inputs:
        found |= pc.starts_with(ids, f"{name}/").to_numpy(zero_copy_only=False)
    return found
