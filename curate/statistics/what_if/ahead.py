"""How near documents are to the bounds of filters that they have not come to, by the last values that the record knows.

A filter behind a stage that changes the text measures its signals again. Documents that wait before such a stage lack these
measurements, but have those of the text as it was. How often both are on the same side of the bound, the documents say that
have both.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from curate.statistics.what_if.deciding import Deciding
from curate.statistics.what_if.judging import Filter, room

Reason = tuple[str, str]
"""(label of a filter, reason)."""


@dataclass(frozen=True)
class View:
    """The filters ahead of documents that one group dropped, with the last columns that these documents have.

    Args:
        step: before which they wait. filters: from there on, whose rules compare the last known columns.
        reasons: of these rules. at: the step of each. is_same: whether the column is the one that the filter compares.
    """

    step: int
    filters: tuple[Filter, ...]
    reasons: tuple[Reason, ...]
    at: tuple[int, ...]
    is_same: tuple[bool, ...]


class Ahead:
    """What is ahead of documents of one changed recipe that wait.

    Args:
        there: the columns of the record.
    """

    def __init__(self, deciding: Deciding, there: Collection[str]):
        self.views = {origin: _view(deciding, origin, at, there) for origin, at in deciding.waits_before.items()}
        learned = {
            reason: None
            for view in self.views.values()
            for reason, same in zip(view.reasons, view.is_same, strict=True)
            if not same
        }
        self.learned: tuple[Reason, ...] = tuple(learned)
        labels = {label for label, _ in learned}
        filters = [each.of(learned) for step in deciding.steps for each in step.filters if each.label in labels]
        self._filters = tuple(_without_needs(each) for each in filters)

    @property
    def columns(self) -> list[str]:
        """The columns of the record that are read."""
        filters = [*self._filters, *(each for view in self.views.values() for each in view.filters)]
        return list(dict.fromkeys(column for each in filters for column in each.asked))

    @property
    def width(self) -> int:
        """The number of values of a document."""
        return sum(len(view.reasons) for view in self.views.values()) + len(self.learned)

    def values(self, batch: pa.RecordBatch) -> np.ndarray:
        """Return float32[n, width]: the room to each bound by the values known to each group, and by those that were learned."""
        parts = [room(view.filters, batch, view.reasons) for view in self.views.values()]
        parts.append(room(self._filters, batch, self.learned))
        return np.concatenate(parts, axis=1)

    def before(self, values: np.ndarray, origin: int) -> np.ndarray:
        """Return the part of `values` by what documents of a group have: float32[n, len(reasons)]."""
        start = 0
        for group, view in self.views.items():
            if group == origin:
                return values[:, start : start + len(view.reasons)]
            start += len(view.reasons)
        raise KeyError(origin)

    def behind(self, values: np.ndarray, reason: Reason) -> np.ndarray:
        """Return the room to the bound of a rule as the filter measured it: float32[n]."""
        return values[:, values.shape[1] - len(self.learned) + self.learned.index(reason)]


def _without_needs(one: Filter) -> Filter:
    return replace(one, rules=tuple((reason, replace(bound, is_needed=False)) for reason, bound in one.rules))


def _view(deciding: Deciding, origin: int, step: int, there: Collection[str]) -> View:
    found: list[Filter] = []
    reasons: dict[Reason, tuple[int, bool]] = {}
    for at in range(step, len(deciding.steps)):
        filters = deciding.steps[at].filters
        known = {each.label: deciding.known_by(origin, each) for each in filters}
        unknown = {each.label for each in filters if not known[each.label].issuperset(each.when)}
        for each in (each for each in filters if each.label not in unknown):
            found.append(_by_last_columns(deciding, origin, each, known[each.label], there))
            for reason, bound in found[-1].rules:
                is_same = found[-1].columns[bound.signal] == each.columns[bound.signal]
                reasons[each.label, reason] = at, is_same
    steps, is_same = zip(*reasons.values(), strict=True) if reasons else ((), ())
    return View(step, tuple(found), tuple(reasons), steps, is_same)


def _by_last_columns(deciding: Deciding, origin: int, one: Filter, known: set[str], there: Collection[str]) -> Filter:
    """Return a filter with the rules of which documents of a group have a value, and the columns that they have."""
    rules, columns = [], dict(one.columns)
    for reason, bound in one.rules:
        own = one.columns[bound.signal]
        is_same = own in known and own in there
        last = own if is_same else deciding.last_column(bound.signal, one, origin)
        if bound.is_idle or last not in there or not (is_same or own in there):
            continue
        rules.append((reason, bound if is_same and known.issuperset(one.asked) else replace(bound, is_needed=False)))
        columns[bound.signal] = last
    return replace(one, rules=tuple(rules), columns=columns)
