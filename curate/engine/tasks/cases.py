"""Stages whose parameters differ between documents: which documents are in which case, and how results come together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.batch import KEEP, Batch, ListHits, Verdicts
from curate.spec import Case
from curate.spec.stages import is_one_of

Part = tuple[np.ndarray, Batch]
"""Some rows of a batch (int64[n], ascending) and what became of them, a batch of as many rows."""


def masks(cases: Sequence[Case], batch: Batch) -> Iterator[np.ndarray]:
    """Yield for each case which documents are in it, bool[n]; each document is in the first that fits."""
    is_free = np.ones(len(batch), bool)
    for case in cases:
        found = is_free & _fits(case.when, batch)
        is_free &= ~found
        yield found


def _fits(when: Mapping[str, Sequence[Any]], batch: Batch) -> np.ndarray:
    found = np.ones(len(batch), bool)
    for column, values in when.items():
        coded = batch[column].dictionary_encode()
        is_in = [is_one_of(column, value, values) for value in coded.dictionary.to_pylist()]
        codes = pc.fill_null(coded.indices, len(is_in)).to_numpy(zero_copy_only=False)
        found &= np.array([*is_in, False], bool)[codes]
    return found


def applied(cases: Sequence[Case], works: Sequence[Callable[[Batch], Batch]], batch: Batch) -> Batch:
    """Return a batch after each document went through the work of its case; the others pass.

    Args:
        works: for each case, what a stage does with a batch; it returns the same rows, with verdicts.
    """
    parts: list[Part] = []
    is_left = np.ones(len(batch), bool)
    for work, mask in zip(works, masks(cases, batch), strict=True):
        parts.append((np.flatnonzero(mask), work(batch.take(mask))))
        is_left &= ~mask
    removed = set(batch.names).difference(*(part.names for _, part in parts))
    return merged([*parts, (np.flatnonzero(is_left), batch.take(is_left).without(*removed))], len(batch))


def merged(parts: Sequence[Part], n: int) -> Batch:
    """Return one batch of `n` rows from its parts, with their verdicts and counts; what a part does not have is null."""
    kinds = {field.name: field.type for _, part in reversed(parts) for field in part.rows.schema}
    names = list(dict.fromkeys(name for _, part in reversed(parts) for name in part.names))
    order = pa.array(np.argsort(np.concatenate([rows for rows, _ in parts]), kind="stable"))
    columns = {}
    for name in names:
        pieces = [part[name] if name in part else pa.nulls(len(part), kinds[name]) for _, part in parts]
        typed = [piece if piece.type == kinds[name] else piece.cast(kinds[name]) for piece in pieces]
        columns[name] = pa.concat_arrays(typed).take(order)
    counts = sum((Counter(part.counts) for _, part in parts), Counter())
    judged = [(rows, part.verdicts) for rows, part in parts if part.verdicts is not None]
    return Batch(pa.RecordBatch.from_pydict(columns), merged_verdicts(judged, n) if judged else None, counts)


def merged_verdicts(parts: Sequence[tuple[np.ndarray, Verdicts]], n: int) -> Verdicts:
    """Return the verdicts about `n` rows from those about some of them; the others are kept.

    Args:
        parts: rows (int64[m], or bool[n]) and the verdicts about them.
    """
    reasons = tuple(dict.fromkeys(reason for _, verdicts in parts for reason in verdicts.reasons))
    code, value = np.full(n, KEEP, np.int16), np.full(n, np.nan, np.float32)
    failed = np.zeros((n, len(reasons)), bool)
    evidence: list[str | None] = [None] * n
    lists = tuple(dict.fromkeys(name for _, verdicts in parts if verdicts.lists for name in verdicts.lists.names))
    hits = np.zeros((n, len(lists)), bool)
    for rows, verdicts in parts:
        at = np.array([reasons.index(reason) for reason in verdicts.reasons] or [KEEP], np.int16)
        is_dropped = ~verdicts.is_kept
        code[rows] = np.where(is_dropped, at[np.where(is_dropped, verdicts.code, 0)], KEEP)
        value[rows] = verdicts.value
        own = verdicts.failed if verdicts.failed is not None else _first_only(verdicts)
        failed[np.ix_(_numbers(rows), at[: len(verdicts.reasons)])] = own
        for row, text in zip(_numbers(rows), verdicts.evidence or (), strict=False):
            evidence[row] = text
        if verdicts.lists:
            columns = [lists.index(name) for name in verdicts.lists.names]
            hits[np.ix_(_numbers(rows), columns)] = verdicts.lists.hits
    return Verdicts(reasons, code, value, evidence, failed, lists=ListHits(lists, hits) if lists else None)


def _numbers(rows: np.ndarray) -> np.ndarray:
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _first_only(verdicts: Verdicts) -> np.ndarray:
    return verdicts.code[:, None] == np.arange(len(verdicts.reasons))
