"""The record of judgements of one task: a row for each document whose way ended, written down while documents flow.

Every phase but the last keeps its rows with the columns that are known by then; the last one copies them into the result
of its shard. So the files of all shards have all columns, and a changed rule does not repeat the phases before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.batch import KEEP, Batch, Verdicts
from curate.batch.dates import OLDEST, instants
from curate.errors import StageError
from curate.plan.record import BYTES, VERDICT, YEAR
from curate.statistics.run_statistics import RunStatistics

ROW_GROUP = 32_768
"""Rows of a row group: large enough for fast scans and good compression, and some 10 MB while it is collected."""

_ASSEMBLED_ROWS, _ASSEMBLED_PIECES = 4096, 64
"""Rows are put together when there are so many, or when they came in so many pieces."""

_OF_VERDICT = {column.name for column in VERDICT}
_FEW_VALUES = ["source", "language", "stage", "reason", "broken.list.element"]


@dataclass(frozen=True, slots=True)
class Broken:
    """Which rules of a stage, or of a group of filters, each document of a batch broke.

    Args:
        rules: (label of the stage, reason) of each rule, in the order in which they are checked.
        hits: bool[n, len(rules)].
        first: int[n], the rule for which the document was dropped, KEEP if it was not.
    """

    rules: tuple[tuple[str, str], ...]
    hits: np.ndarray
    first: np.ndarray

    @classmethod
    def of_stage(cls, label: str, verdicts: Verdicts) -> Broken:
        """Return what one stage decided."""
        rules = tuple((label, reason) for reason in verdicts.reasons)
        hits = np.zeros((len(verdicts), len(rules)), bool) if verdicts.failed is None else verdicts.failed.copy()
        dropped = np.flatnonzero(~verdicts.is_kept)
        hits[dropped, verdicts.code[dropped]] = True
        return cls(rules, hits, verdicts.code)

    @classmethod
    def of_group(cls, labels: Sequence[str], verdicts: Sequence[Verdicts]) -> Broken:
        """Return what a group of filters decided, each of which has judged all documents."""
        rules = tuple((label, reason) for label, each in zip(labels, verdicts, strict=True) for reason in each.reasons)
        hits = np.concatenate([each.failed for each in verdicts], axis=1)
        first = np.where(hits.any(axis=1), hits.argmax(axis=1), KEEP) if rules else np.full(len(hits), KEEP)
        return cls(rules, hits, first)

    @property
    def is_dropped(self) -> np.ndarray:  # bool[n]
        return self.first != KEEP

    def of_rows(self, mask: np.ndarray) -> pa.ListArray:
        """Return every broken rule, as `stage reason`, of the rows where `mask` (bool[n]) is true: list<string>."""
        hits = self.hits[mask]
        offsets = np.concatenate([[0], np.cumsum(hits.sum(axis=1))]).astype(np.int32)
        names = pa.array([f"{label} {reason}" for label, reason in self.rules], pa.string())
        return pa.ListArray.from_arrays(pa.array(offsets), names.take(pa.array(np.nonzero(hits)[1])))

    def verdicts(self) -> dict[str, pa.Array]:
        """Return the columns `stage`, `reason` and `broken` of the dropped rows."""
        mask = self.is_dropped
        labels, reasons = (pa.array(list(side), pa.string()) for side in zip(*self.rules, strict=True))
        first = pa.array(self.first[mask])
        return {"stage": labels.take(first), "reason": reasons.take(first), "broken": self.of_rows(mask)}


class Out(Protocol):
    """Where rows of the record go."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Take the next rows, which have the columns of the record."""

    def close(self) -> None:
        """Write what is left, and the end of the file."""


class Judgements:
    """Takes the documents whose way ends in a task, and writes what is known about each.

    Args:
        schema: of the record; values that a document does not have are null.
        out: where rows go, in the order in which the ways of the documents ended.
    """

    def __init__(self, schema: pa.Schema, out: Out):
        self._schema, self._out = schema, out
        self.names = [name for name in schema.names if name not in _OF_VERDICT]
        """The columns that come from documents."""
        self._waiting: list[Mapping[str, pa.Array]] = []
        self._n_rows = 0

    def drop(self, batch: Batch, broken: Broken) -> None:
        """Add the documents of a batch that broke a rule."""
        mask = broken.is_dropped
        if mask.any():
            self._add(self.known(batch, mask) | broken.verdicts())

    def keep(self, batch: Batch) -> None:
        """Add documents that have passed all stages."""
        if len(batch):
            no_rules = pa.ListArray.from_arrays(np.zeros(len(batch) + 1, np.int32), pa.array([], pa.string()))
            self._add(self.known(batch, np.ones(len(batch), bool)) | {"broken": no_rules})

    def add(self, rows: pa.RecordBatch) -> None:
        """Add rows of the record of an earlier phase, which may have fewer columns."""
        if rows.num_rows:
            self._add(dict(zip(rows.schema.names, rows.columns, strict=True)))

    def close(self) -> None:
        """Write what is left."""
        self._write()
        self._out.close()

    def known(self, batch: Batch, mask: np.ndarray) -> dict[str, pa.Array]:
        """Return the columns of the record that some rows of a batch have, copied, so that the batch can be let go."""
        there = set(batch.names)
        names = [name for name in self.names if name in there]
        rows = batch.rows.select(names).filter(pa.array(mask))
        return dict(zip(names, rows.columns, strict=True)) | _measured(batch, mask)

    def _add(self, columns: Mapping[str, pa.Array]) -> None:
        self._waiting.append(columns)
        self._n_rows += len(columns["id"])
        if self._n_rows >= _ASSEMBLED_ROWS or len(self._waiting) >= _ASSEMBLED_PIECES:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            columns = [self._column(field) for field in self._schema]
            self._waiting, self._n_rows = [], 0
            self._out.write(pa.RecordBatch.from_arrays(columns, schema=self._schema))

    def _column(self, field: pa.Field) -> pa.Array:
        """Return the values of all waiting rows; what a document does not have, and NaN, is null."""
        pieces = [
            _cast(columns[field.name], field) if field.name in columns else pa.nulls(len(columns["id"]), field.type)
            for columns in self._waiting
        ]
        whole = pa.concat_arrays(pieces)
        if pa.types.is_floating(field.type):
            return pa.array(whole.to_numpy(zero_copy_only=False), field.type, from_pandas=True)
        return whole


def _measured(batch: Batch, mask: np.ndarray) -> dict[str, pa.Array]:
    """Return the size and the year of some documents of a batch, as far as it has texts and dates."""
    found, rows = {}, pa.array(mask)
    if "text" in batch:
        found[BYTES] = pc.binary_length(batch["text"]).filter(rows)
    if "date" in batch:
        dates = batch["date"].filter(rows)
        if pa.types.is_string(dates.type):
            at = instants(dates).values
            dates = pa.array(np.where(at == OLDEST, 0, at), pa.timestamp("us"), mask=at == OLDEST)
        found[YEAR] = pc.year(dates)
    return found


def _cast(values: pa.Array, field: pa.Field) -> pa.Array:
    if values.type == field.type:
        return values
    try:
        return values.cast(field.type, safe=not pa.types.is_floating(field.type))
    except pa.ArrowException as error:
        raise StageError(
            f"the column `{field.name}` is declared as {field.type} and holds {values.type}, which does not fit: {error}.  "
            f"Correct `Makes: {field.name}: ...` in the docstring of the stage that makes it."
        ) from error


class ParquetOut:
    """Writes rows of the record as parquet, in row groups of one size, so that the file depends on the rows only.

    Args:
        row_group: rows of each.

    `statistics` are those of all rows that were written.
    """

    def __init__(self, file: BinaryIO, schema: pa.Schema, row_group: int = ROW_GROUP):
        few = [name for name in _FEW_VALUES if name.partition(".")[0] in schema.names]
        self._writer = pq.ParquetWriter(
            file, schema, compression="zstd", compression_level=1, use_dictionary=few, write_page_checksum=True
        )
        self._row_group = row_group
        self.statistics = RunStatistics()
        self._waiting = schema.empty_table()
        self._is_empty = True

    def write(self, batch: pa.RecordBatch) -> None:
        self._waiting = pa.concat_tables([self._waiting, pa.Table.from_batches([batch])])
        while len(self._waiting) >= self._row_group:
            self._write(self._waiting.slice(0, self._row_group))
            self._waiting = self._waiting.slice(self._row_group)

    def close(self) -> None:
        """Write what is left, and the end of the file; the file itself stays open."""
        if len(self._waiting) or self._is_empty:
            self._write(self._waiting)
            self._waiting = self._waiting.slice(0, 0)
        self._writer.close()

    def _write(self, rows: pa.Table) -> None:
        self.statistics.count(rows)
        self._writer.write_table(rows.combine_chunks(), row_group_size=self._row_group)
        self._is_empty = False
