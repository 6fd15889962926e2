"""Which step drops each document under a changed recipe, decided for batches of the record.

A document that an unchanged recipe dropped at a group of filters has measured what they compare, and every rule that it broke
is on record. So for each group up to where it was dropped the answer is known. One that would be dropped no more comes to
steps that it never came to: a later group of filters still decides if all its columns had been measured by then; before
any other step it waits, and how many like it survive is for `estimate`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from curate import languages
from curate.plan.columns import Bound as BoundStage
from curate.plan.record import DOCUMENT
from curate.signals import current_name
from curate.statistics.fates import Codes
from curate.statistics.record import Record
from curate.statistics.what_if.changes import Change, Step
from curate.statistics.what_if.judging import Filter, first_broken


@dataclass(frozen=True)
class Decided:
    """What becomes of the rows of a batch; all int32[n].

    Args:
        before: the step that dropped the row in the run; the number of steps if it was kept.
        now: the step that drops it, or before which it waits; the number of steps if it is kept.
        reason: the rule for which `now` drops it, an index into the reasons of the step; -1 if none does, or the run did.
        freed: the step that dropped it in the run and does so no more; -1 for others.
    """

    before: np.ndarray
    now: np.ndarray
    reason: np.ndarray
    freed: np.ndarray
    waits: np.ndarray

    @property
    def is_lost(self) -> np.ndarray:
        """Rows that are dropped earlier than in the run: bool[n]."""
        return (self.freed < 0) & (self.now < self.before)


class Deciding:
    """Decides about documents of one changed recipe.

    Args:
        record: of the run.
    """

    def __init__(self, change: Change, record: Record):
        self.change, self.steps = change, change.steps
        self._there = record.names
        self._moved = {(each.stage, each.reason) for each in change.moved}
        self._stage_codes = Codes([label for step in self.steps for label in step.labels])
        self._at = np.array([*(at for at, step in enumerate(self.steps) for _ in step.labels)], np.int32)

    @cached_property
    def groups(self) -> dict[int, list[tuple[str, str]]]:
        """The groups with moved rules: step -> (label, reason) of every rule in the order in which they are checked."""
        moved = {stage for stage, _ in self._moved}  # by their stages: a rule that is gone is in no step
        return {at: reasons_of(step) for at, step in enumerate(self.steps) if moved & {*step.labels}}

    @property
    def first(self) -> int:
        """The first step with a moved rule."""
        return min(self.groups)

    @cached_property
    def columns(self) -> list[str]:
        """The columns of the record that are read."""
        needs_broken = any({*reasons} - self._moved for reasons in self.groups.values())
        moved = [column for at in self.groups for each in self._own(at) for column in each.asked]
        later = [
            column
            for at in range(self.first + 1, len(self.steps))
            if any(self.knows(at, group) for group in self.groups if group < at)
            for each in self.steps[at].filters
            for column in each.asked
        ]
        return list(dict.fromkeys(["stage", *(["broken"] if needs_broken else []), *moved, *later]))

    def decide(self, batch: pa.RecordBatch) -> Decided:
        """Decide about rows with `columns`."""
        n, kept = batch.num_rows, len(self.steps)
        before = self._dropped_by(batch)
        now, reason = before.copy(), np.full(n, -1, np.int32)
        freed, waits = np.full(n, -1, np.int32), np.zeros(n, bool)
        comes = before >= self.first
        for at in range(self.first, kept):
            arrives = comes & (before >= at) & (freed < 0)
            guests = comes & (freed >= 0)
            if at in self.groups:
                self._regroup(at, batch, arrives, now, reason, freed, comes)
            if guests.any():
                self._receive(at, batch, guests, now, reason, freed, waits, comes)
        now[comes & (freed >= 0)] = kept
        return Decided(before, now, reason, freed, waits)

    def knows(self, at: int, origin: int) -> bool:
        """Return whether the record says what a step decides about documents that an earlier step dropped."""
        step = self.steps[at]
        return bool(step.filters) and not step.is_unknown and all(self._is_known(each, origin) for each in step.filters)

    def _is_known(self, one: Filter, origin: int) -> bool:
        return self.known_by(origin, one).issuperset(one.asked)

    def known_by(self, origin: int, one: Filter) -> set[str]:
        """Return the columns that documents which a step dropped, and which a filter is for, have for it."""
        after = [bound for step in self.steps[origin + 1 :] for bound in step.bound]
        seen = self._seen_by(origin, one)
        known = {column.name for column in DOCUMENT}
        known |= {column for each in seen for column in (*each.ref.columns.values(), *each.columns.makes)}
        by_then = [bound for step in self.steps[: origin + 1] for bound in step.bound]
        if not any(languages.COLUMN in each.columns.makes for each in (*by_then, *after)):
            known.add(languages.COLUMN)  # a source made it
        return known

    def last_column(self, signal: str, one: Filter, origin: int) -> str | None:
        """Return the column in which a signal was last measured by then, of a text that may have changed since."""
        for each in reversed(self._seen_by(origin, one)):
            for name, column in each.ref.columns.items():
                if current_name(name) == current_name(signal):
                    return column
        return None

    def _seen_by(self, origin: int, one: Filter) -> list[BoundStage]:
        """Return the stages up to a step that see all documents that a filter is for."""
        by_then = [bound for step in self.steps[: origin + 1] for bound in step.bound]
        return [each for each in by_then if not each.ref.only or (one.only and {*one.only} <= {*each.ref.only})]

    @cached_property
    def waits_before(self) -> dict[int, int]:
        """Group -> the step before which documents wait that it drops no more; only groups that have one."""
        found = {}
        for origin in self.groups:
            later = range(origin + 1, len(self.steps))
            unknown = (at for at in later if not self._only_measures(at) and not self.knows(at, origin))
            if (at := next(unknown, None)) is not None:
                found[origin] = at
        return found

    def _only_measures(self, at: int) -> bool:
        filters = self.steps[at].filters
        return bool(filters) and not any(each.asked for each in filters)

    def _own(self, at: int) -> list[Filter]:
        """Return the filters of a group with the moved rules only."""
        found = [each.of(self._moved) for each in self.steps[at].filters]
        labels = {each.label for each in found if each.rules}
        return [each for each in found if each.label in labels]

    def _dropped_by(self, batch: pa.RecordBatch) -> np.ndarray:
        """Return the step that dropped each row; sources are step 0."""
        codes = self._stage_codes.of(batch["stage"])
        n_known = len(self._at)
        steps = np.concatenate([self._at, np.zeros(max(0, len(self._stage_codes.values) - n_known), np.int32)])
        return np.append(steps, np.int32(len(self.steps)))[codes].astype(np.int32)

    def _regroup(
        self, at: int, batch: pa.RecordBatch, arrives: np.ndarray, now: np.ndarray, reason: np.ndarray,
        freed: np.ndarray, comes: np.ndarray,
    ) -> None:  # fmt: skip
        """Judge again those that came to a group in the run: the moved rules anew, the others as they are on record."""
        reasons = self.groups[at]
        first = first_broken(self._own(at), batch, reasons)
        was_here = now == at
        if {*reasons} - self._moved:
            others = _first_on_record(batch, reasons, self._moved)
            np.minimum(first, others, out=first, where=was_here)
        is_broken = first < len(reasons)
        drops = arrives & is_broken
        passes = arrives & was_here & ~is_broken
        now[drops], reason[drops] = at, first[drops]
        freed[passes] = at
        comes[drops] = False

    def _receive(
        self, at: int, batch: pa.RecordBatch, guests: np.ndarray, now: np.ndarray, reason: np.ndarray,
        freed: np.ndarray, waits: np.ndarray, comes: np.ndarray,
    ) -> None:  # fmt: skip
        """Let those that never came to a step come to it: it decides, or they wait before it."""
        step = self.steps[at]
        if self._only_measures(at):
            return
        for origin in np.unique(freed[guests]):
            here = np.flatnonzero(guests & (freed == origin))
            if not self.knows(at, int(origin)):
                now[here], waits[here], comes[here] = at, True, False
                continue
            reasons = reasons_of(step)
            first = first_broken(step.filters, batch.take(pa.array(here)), reasons)
            dropped = here[first < len(reasons)]
            now[dropped], reason[dropped], comes[dropped] = at, first[first < len(reasons)], False


def reasons_of(step: Step) -> list[tuple[str, str]]:
    """Return (label, reason) of every rule of a group, in the order in which they are checked."""
    return list(dict.fromkeys((each.label, reason) for each in step.filters for reason, _ in each.rules))


def _first_on_record(
    batch: pa.RecordBatch, reasons: Sequence[tuple[str, str]], left_out: set[tuple[str, str]]
) -> np.ndarray:
    """Return the first rule that each row broke, but for some rules, as `judging.first_broken`."""
    broken = batch["broken"]
    numbers = {f"{label} {reason}": at for at, (label, reason) in enumerate(reasons) if (label, reason) not in left_out}
    codes = Codes()
    offsets = broken.offsets.to_numpy()
    of_value = codes.of(broken.values)[offsets[0] : offsets[-1]]
    number = np.array([*(numbers.get(name, len(reasons)) for name in codes.values), len(reasons)], np.int64)
    found = np.append(number[of_value], len(reasons))
    first = np.minimum.reduceat(found, offsets[:-1] - offsets[0]) if len(offsets) > 1 else found[:0]
    return np.where(np.diff(offsets) > 0, first, len(reasons))
