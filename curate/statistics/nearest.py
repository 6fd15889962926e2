"""The documents of a run that are nearest to the bound of a rule, on either side of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from curate.rules import Bound
from curate.statistics.corpus import Corpus
from curate.statistics.distribution import numbers
from curate.statistics.fates import Codes
from curate.statistics.rulebook import Rule, columns_of, counting
from curate.statistics.texts import Place

_SHOWN = ("id", "url", "source", "stage", "reason", "broken")


@dataclass(frozen=True, slots=True)
class Near:
    """A document near a bound.

    Args:
        row: what the record says of it: id, url, source, stage, reason, broken.
        value: of the column; None if the rule has none. bound: that counts for it.
        distance: from the bound.
    """

    place: Place
    row: dict[str, Any]
    value: float | None
    bound: Bound | None
    distance: float


def to_rules(
    corpus: Corpus, rules: Sequence[Rule], n: int, *, only_first: bool = False, only_kept: bool = False
) -> tuple[list[Near], list[Near]]:
    """Return the documents nearest to the bound of a rule that pass it, and those that break it, the nearest first.

    Documents count as passing it if they came to its filter and further. Of equally near ones the first of the record come
    first.

    Args:
        rules: for one reason, one for each case.
        n: documents on each side.
        only_first: of those that break it, only documents that were dropped for it, not for a rule before.
        only_kept: of those that pass it, only documents that were kept.

    Raises:
        InputError: the record is damaged.
    """
    record = corpus.need_record()
    labels = [stage["label"] for stage in corpus.stages]
    stages, at = Codes(labels), labels.index(rules[0].stage)
    name = f"{rules[0].stage} {rules[0].reason}"
    columns = list(dict.fromkeys([*_SHOWN, *columns_of(rules)]))
    passing, breaking = _Nearest(n), _Nearest(n)
    for shard, batch in record.by_shard(columns, coded=True):
        which, stage = counting(rules, batch), stages.of(batch["stage"])
        distance, is_broken = _distances(rules, batch, which)
        has_broken = _has(batch["broken"], name)
        is_dropped_here = (stage == at) & (_codes_equal(batch["reason"], rules[0].reason))
        came_past = (stage < 0) if only_kept else (stage < 0) | (stage > at)
        breaking.offer(
            shard, batch, rules, which, distance, is_broken & (is_dropped_here if only_first else has_broken)
        )
        passing.offer(shard, batch, rules, which, distance, ~is_broken & came_past & (which >= 0) & ~has_broken)
    return passing.found(), breaking.found()


def for_reason(corpus: Corpus, stage: str, reason: str, n: int) -> list[Near]:
    """Return documents that a stage dropped for a reason that is no bound, chosen by a hash of their ids.

    Raises:
        InputError: the record is damaged.
    """
    chosen = _Nearest(n)
    for shard, batch in corpus.need_record().by_shard(list(_SHOWN), coded=True):
        mask = _codes_equal(batch["stage"], stage) & _codes_equal(batch["reason"], reason)
        hashes = np.full(batch.num_rows, np.inf)
        for k in np.flatnonzero(mask):
            hashes[k] = xxhash.xxh3_64_intdigest(batch["id"][int(k)].as_py())
        chosen.offer(shard, batch, (), np.full(batch.num_rows, -1), hashes, mask)
    return chosen.found()


def highest(corpus: Corpus, column: str, n: int) -> list[Near]:
    """Return the kept documents with the highest positive values of a column.

    Raises:
        InputError: the record is damaged.
    """
    chosen = _Nearest(n)
    for shard, batch in corpus.need_record().by_shard([*_SHOWN, column], coded=True):
        values = np.nan_to_num(numbers(batch[column]).astype(np.float64))
        mask = batch["stage"].is_null().to_numpy(zero_copy_only=False) & (values > 0)
        chosen.offer(shard, batch, (), np.full(batch.num_rows, -1), -values, mask)
    return chosen.found()


def _distances(rules: Sequence[Rule], batch: pa.RecordBatch, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far each document is from the bound that counts for it, and whether it breaks it."""
    distance, is_broken = np.full(batch.num_rows, np.inf), np.zeros(batch.num_rows, bool)
    for k, rule in enumerate(rules):
        mask, values = which == k, numbers(batch[rule.column])
        is_broken |= mask & rule.bound.broken_by(values)
        ends = [end for end in (rule.bound.at_least, rule.bound.at_most) if end is not None]
        for end in ends:
            away = np.abs(values.astype(np.float64) - float(np.float32(end)))
            distance = np.where(mask & ~np.isnan(away), np.minimum(distance, away), distance)
        if not ends:
            distance = np.where(mask, 0.0, distance)
    return distance, is_broken


def _has(broken: pa.ListArray, name: str) -> np.ndarray:
    """Return whether each document broke a rule."""
    codes = Codes([name])
    offsets = broken.offsets.to_numpy()
    is_it = np.concatenate([[0], np.cumsum(codes.of(broken.values) == 0)])
    return is_it[offsets[1:]] > is_it[offsets[:-1]]


def _codes_equal(array: pa.Array, value: str) -> np.ndarray:
    return Codes([value]).of(array) == 0


class _Nearest:
    """The documents with the lowest distances so far.

    Args:
        n: how many are kept.
    """

    def __init__(self, n: int):
        self._n = n
        self._found: list[Near] = []

    def offer(
        self,
        shard: int,
        batch: pa.RecordBatch,
        rules: Sequence[Rule],
        which: np.ndarray,
        distance: np.ndarray,
        mask: np.ndarray,
    ) -> None:
        """Take the documents of a batch where the mask is true, if they are nearer than others."""
        rows = np.flatnonzero(mask)
        limit = self._found[-1].distance if len(self._found) == self._n else np.inf
        rows = rows[distance[rows] < limit] if np.isfinite(limit) else rows
        rows = rows[np.argsort(distance[rows], kind="stable")][: self._n]
        new = [_near(shard, batch, int(row), rules, int(which[row]), float(distance[row])) for row in rows]
        self._found = sorted([*self._found, *new], key=lambda each: each.distance)[: self._n]

    def found(self) -> list[Near]:
        """Return them, the nearest first."""
        return self._found


def _near(shard: int, batch: pa.RecordBatch, at: int, rules: Sequence[Rule], which: int, distance: float) -> Near:
    row = {name: batch[name][at].as_py() for name in _SHOWN}
    rule = rules[which] if which >= 0 else None
    value = batch[rule.column][at].as_py() if rule else None
    place = Place(shard, row["id"], row["stage"], row["reason"])
    return Near(place, row, None if value is None else float(value), rule.bound if rule else None, distance)
