"""What is counted while a changed recipe is decided, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from curate.plan.record import BYTES
from curate.statistics.distribution import numbers
from curate.statistics.fates import Codes
from curate.statistics.record import Record
from curate.statistics.what_if.ahead import Ahead
from curate.statistics.what_if.changes import Change
from curate.statistics.what_if.deciding import Decided, Deciding

SAMPLE = 200_000
"""Documents that came past the first changed group and of which values are kept, at most twice as many."""

EXAMPLES = 200
"""Rows of each kind of which the places are kept."""


@dataclass
class Row:
    """Where a document is in the record, and its new fate as `Decided` has it."""

    at: int
    now: int
    reason: int
    waits: bool


@dataclass
class Counts:
    """Numbers of documents by what becomes of them; steps are numbered as `Change.steps`, and kept ones have the next number.

    Args:
        flows: int64[before, now, kind]: documents by the step that dropped them and the one that would; `kind` as `KINDS`.
        tokens: float[before, now, kind], summed over those in which they were measured, whose number is `measured` and whose
            texts have `bytes`. more_bytes: of the texts of the others.
        joint: (stage, reason, step, index of a reason) -> documents that the run dropped for the first and that the changed
            recipe drops at the step, or one before it, for the second; -1 for none: they are dropped there no more.
        newly: (step, index of its reason, whether they were freed before) -> documents that a later or earlier step drops.
        gained: some documents that would be dropped no more where they were. lost: some that were kept and would not be.
    """

    flows: np.ndarray
    tokens: np.ndarray
    measured: np.ndarray
    bytes: np.ndarray
    more_bytes: np.ndarray
    joint: dict[tuple[str, str, int, int], int] = field(default_factory=dict)
    newly: dict[tuple[int, int, bool], int] = field(default_factory=dict)
    gained: list[Row] = field(default_factory=list)
    lost: list[Row] = field(default_factory=list)


SAME, FREED, WAITING = range(3)
"""Kinds of documents: with a fate that no moved rule has changed for the better; no more dropped where they were, and
decided; no more dropped there, and waiting before a step of which the record says nothing."""


class Counter:
    """Counts for one changed recipe.

    Args:
        tokens: the column that has them; None if there is none.
    """

    def __init__(self, change: Change, record: Record, tokens: str | None):
        self.change, self.deciding, self.tokens = change, Deciding(change, record), tokens
        n = len(change.steps) + 1
        counts, sums = (np.zeros((2, n, n, 3), np.int64), np.zeros((3, n, n, 3)))
        self.counts = Counts(counts[0], sums[0], counts[1], sums[1], sums[2])
        self._bytes = [BYTES] if tokens and BYTES in record.about else []
        self.ahead = Ahead(self.deciding, record.names)
        moved = dict.fromkeys(each.column for each in change.moved if each.column in record.about)
        self.came, self.waiting = Sample(list(moved), self.ahead), Sample(list(moved), self.ahead)
        self._stages, self._reasons = Codes(), Codes()
        self._row = 0

    @property
    def columns(self) -> list[str]:
        """The columns of the record that are read."""
        return [
            *self.deciding.columns,
            "reason",
            *self.came.columns,
            *self.ahead.columns,
            *([self.tokens] if self.tokens else []),
            *self._bytes,
        ]

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the documents of a batch with these columns."""
        found, n = self.deciding.decide(batch), len(self.change.steps) + 1
        kind = np.where(found.freed < 0, SAME, np.where(found.waits, WAITING, FREED))
        at = (found.before * n + found.now) * 3 + kind
        self.counts.flows += np.bincount(at, minlength=n * n * 3).reshape(n, n, 3)
        if self.tokens:
            values = numbers(batch[self.tokens]).astype(np.float64)
            known = ~np.isnan(values)
            self.counts.tokens += np.bincount(at[known], values[known], minlength=n * n * 3).reshape(n, n, 3)
            self.counts.measured += np.bincount(at[known], minlength=n * n * 3).reshape(n, n, 3)
            for column in self._bytes:
                sizes = np.nan_to_num(numbers(batch[column]).astype(np.float64))
                for total, rows in ((self.counts.bytes, known), (self.counts.more_bytes, ~known)):
                    total += np.bincount(at[rows], sizes[rows], minlength=n * n * 3).reshape(n, n, 3)
        self._count_reasons(found)
        self._count_joint(batch, found)
        self._note(self.counts.gained, found, found.freed >= 0)
        self._note(self.counts.lost, found, found.is_lost & (found.before == len(self.change.steps)))
        if steps := self.deciding.waits_before.values():
            self.came.add(batch, np.flatnonzero(found.now + ~found.waits > min(steps)), found)
            self.waiting.add(batch, np.flatnonzero(found.waits), found)
        self._row += batch.num_rows

    def _count_reasons(self, found: Decided) -> None:
        newly = np.flatnonzero((found.reason >= 0) & (found.now != found.before))
        triples = np.stack([found.now[newly], found.reason[newly], found.freed[newly] >= 0])
        for (step, reason, was_freed), n in _counted(triples):
            _add(self.counts.newly, (step, reason, bool(was_freed)), n)

    def _count_joint(self, batch: pa.RecordBatch, found: Decided) -> None:
        """Count what becomes of those that a group with moved rules dropped, by the reason for which it did; a group before it may
        drop them now."""
        again = np.flatnonzero(((found.reason >= 0) & (found.now <= found.before)) | (found.freed >= 0))
        was_freed = found.freed[again] >= 0
        step = np.where(was_freed, found.freed[again], found.now[again])
        reason = np.where(was_freed, -1, found.reason[again])
        stages, reasons = self._stages.of(batch["stage"]), self._reasons.of(batch["reason"])
        for (stage, old, at, new), n in _counted(np.stack([stages[again], reasons[again], step, reason])):
            _add(self.counts.joint, (self._stages.values[stage], self._reasons.values[old], at, new), n)

    def _note(self, rows: list[Row], found: Decided, mask: np.ndarray) -> None:
        if len(rows) < EXAMPLES:
            for k in np.flatnonzero(mask)[: EXAMPLES - len(rows)].tolist():
                rows.append(Row(self._row + k, int(found.now[k]), int(found.reason[k]), bool(found.waits[k])))


def _counted(columns: np.ndarray) -> Iterator[tuple[list[int], int]]:
    """Yield each different column of an array of integers, and how often it occurs."""
    low = columns.min(axis=1, initial=0)
    widths = columns.max(axis=1, initial=0) - low + 1
    keys = np.zeros(columns.shape[1], np.int64)
    for values, start, width in zip(columns, low, widths, strict=True):
        keys = keys * width + values - start
    found, n = np.unique(keys, return_counts=True)
    for key, times in zip(found.tolist(), n.tolist(), strict=True):
        digits = []
        for start, width in zip(low[::-1].tolist(), widths[::-1].tolist(), strict=True):
            key, digit = divmod(key, width)
            digits.append(digit + start)
        yield digits[::-1], times


def _add(counts: dict, key: tuple, n: int) -> None:
    counts[key] = counts.get(key, 0) + n


class Sample:
    """Values of documents, and what becomes of them; every document of a small run, every n-th of a large one.

    Args:
        columns: whose values are kept. ahead: of which the values are kept as well.
    """

    def __init__(self, columns: Sequence[str], ahead: Ahead):
        self.columns, self._ahead = columns, ahead
        self._pieces: list[Known] = []
        self._every, self._seen, self._n = 1, 0, 0

    def add(self, batch: pa.RecordBatch, rows: np.ndarray, found: Decided) -> None:
        """Take in some rows of a batch."""
        taken = rows[(self._seen + np.arange(len(rows))) % self._every == 0]
        self._seen += len(rows)
        if not len(taken):
            return
        part = batch.select(list(dict.fromkeys([*self.columns, *self._ahead.columns]))).take(pa.array(taken))
        values = [numbers(part[name]).astype(np.float32) for name in self.columns]
        stacked = np.stack(values, axis=1) if values else np.zeros((len(taken), 0), np.float32)
        self._pieces.append(Known(stacked, self._ahead.values(part), found.now[taken], found.freed[taken], found.waits[taken]))  # fmt: skip
        self._n += len(taken)
        if self._n > 2 * SAMPLE:
            self._pieces = [self.found().of(slice(None, None, 2))]
            self._n = len(self._pieces[0].now)
            self._every *= 2

    def found(self) -> Known:
        """Return the documents that were taken in."""
        if not self._pieces:
            n, width = len(self.columns), self._ahead.width
            self._pieces = [Known(np.zeros((0, n), np.float32), np.zeros((0, width), np.float32), *np.zeros((2, 0), np.int32), np.zeros(0, bool))]  # fmt: skip
        if len(self._pieces) > 1:
            parts = zip(*(each.parts for each in self._pieces), strict=True)
            self._pieces = [Known(*map(np.concatenate, parts))]
        return self._pieces[0]


@dataclass(frozen=True)
class Known:
    """What a sample knows of its documents.

    Args:
        values: float32[n, len(columns)]. ahead: float32[n, width], of `Ahead.values`.
        now, freed, waits: of `Decided`.
    """

    values: np.ndarray
    ahead: np.ndarray
    now: np.ndarray
    freed: np.ndarray
    waits: np.ndarray

    @property
    def parts(self) -> tuple[np.ndarray, ...]:
        """All arrays, in the order of the fields."""
        return self.values, self.ahead, self.now, self.freed, self.waits

    def of(self, rows: slice | np.ndarray) -> Known:
        """Return some of the documents."""
        return Known(*(each[rows] for each in self.parts))


def count(record: Record, counters: Sequence[Counter]) -> None:
    """Count for several changed recipes in one pass over the record.

    Raises:
        InputError: a file of the record is damaged.
    """
    columns = list(dict.fromkeys(name for each in counters for name in each.columns))
    for batch in record.batches(columns, coded=True):
        for each in counters:
            each.add(batch)
