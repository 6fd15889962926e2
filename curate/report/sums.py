"""Sums over all documents of a run, kept and dropped: columns of numbers, and how many documents each source and language has.

The report draws these, and reads no document itself. They are counted here in one pass over the record of judgements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate import languages
from curate.plan.record import is_number
from curate.sketches import Histogram
from curate.statistics.distribution import numbers
from curate.statistics.fates import KEPT, Codes
from curate.statistics.record import Record

MOST_DOCUMENTS = 200_000
"""Of larger runs no sums are counted while the report is written: so many documents take about two seconds."""

GROUPINGS = ("source", languages.COLUMN)
"""Columns by whose values documents are counted."""

Fate = tuple[str, str] | None
"""The stage and the reason for which documents were dropped; None if they were kept."""


@dataclass(frozen=True, slots=True)
class ColumnSums:
    """A column of numbers.

    Args:
        kept: of the documents that were kept.
        dropped: of those that each stage dropped, by its label.
    """

    kept: Histogram = field(default_factory=Histogram)
    dropped: dict[str, Histogram] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sums:
    """What was counted.

    Args:
        columns: column -> its numbers, in the order of the record.
        groups: grouping -> value -> documents by fate. The value None: it is not known, as the documents were dropped
            before it was.
    """

    columns: Mapping[str, ColumnSums]
    groups: Mapping[str, Mapping[str | None, Counter[Fate]]]


def count(record: Record, stages: Sequence[str]) -> Sums:
    """Count all documents of a record.

    Args:
        stages: labels, in the order of the recipe.

    Raises:
        InputError: a file of the record is missing or damaged.
    """
    schema = record.schema(record.names)
    columns = {name: ColumnSums() for name in record.names if _is_drawn(schema.field(name).type)}
    groupings = [name for name in GROUPINGS if name in record.about]
    groups: dict[str, dict[str | None, Counter[Fate]]] = {name: {} for name in groupings}
    codes, fates = Codes(stages), Codes()
    for batch in record.batches([*groupings, "stage", "reason", *columns], with_threads=False, coded=True):
        of_stage = codes.of(batch["stage"])
        for name, sums in columns.items():
            _add(sums, numbers(batch[name]), of_stage, codes.values)
        of_fate = fates.of(pc.binary_join_element_wise(*(batch[name].cast(pa.string()) for name in ("stage", "reason")), "\n"))  # fmt: skip
        for name, found in groups.items():
            _count(found, batch[name], of_fate, fates.values)
    return Sums(columns, groups)


def _is_drawn(kind: pa.DataType) -> bool:
    return is_number(kind) and not pa.types.is_boolean(kind)


def _add(sums: ColumnSums, values: np.ndarray, of_stage: np.ndarray, labels: Sequence[str]) -> None:
    sums.kept.count(values[of_stage == KEPT])
    for stage in np.unique(of_stage[of_stage != KEPT]).tolist():
        sums.dropped.setdefault(labels[stage], Histogram()).count(values[of_stage == stage])


def _count(found: dict[str | None, Counter[Fate]], values: pa.Array, of_fate: np.ndarray, fates: Sequence[str]) -> None:
    coded = pc.dictionary_encode(values)
    known = [*coded.dictionary.to_pylist(), None]
    at = pc.fill_null(coded.indices, len(known) - 1).to_numpy(zero_copy_only=False)
    pairs, times = np.unique(np.stack([at, of_fate]), axis=1, return_counts=True)
    for value, fate, n in zip(*pairs.tolist(), times.tolist(), strict=True):
        stage, _, reason = fates[fate].partition("\n") if fate != KEPT else ("", "", "")
        found.setdefault(known[value], Counter())[(stage, reason) if fate != KEPT else None] += n
