"""Collect the documents that a source reads into batches."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from curate.batch import TARGET_BYTES, TARGET_DOCS, Batch, Verdicts

MOST_STORED = 2
"""A batch is also full if all its columns together hold this many times `TARGET_BYTES`: long URLs, extra columns."""


class BatchBuilder:
    """Builds batches of one schema from single documents: at least one batch, full ones as early as possible.

    Args:
        schema: the columns of all batches, in order.
    """

    def __init__(self, schema: pa.Schema):
        self.schema = schema
        self._is_first = True
        self._clear()

    def _clear(self) -> None:
        self._columns: list[list[Any]] = [[] for _ in self.schema.names]
        self._reasons: list[str | None] = []
        self._values: list[float] = []
        self._evidence: list[str | None] = []
        self._n_bytes = 0
        self._n_stored = 0
        self._counts: Counter[str] = Counter()

    def add(
        self,
        row: tuple,
        n_bytes: int = 0,
        reason: str | None = None,
        value: float = math.nan,
        evidence: str | None = None,
    ) -> None:
        """Add one document.

        Args:
            row: its values in the order of the schema.
            n_bytes: the size of its text, which counts towards the size of the batch.
            reason: the drop reason, or None to keep it.
            value: the number behind the reason.
            evidence: the text behind the reason.
        """
        for column, cell in zip(self._columns, row, strict=True):
            column.append(cell)
            if isinstance(cell, (str, bytes)):
                self._n_stored += len(cell)
        self._reasons.append(reason)
        self._values.append(value)
        self._evidence.append(evidence)
        self._n_bytes += n_bytes
        self._n_stored += len(evidence or "")

    def count(self, name: str, n: int = 1) -> None:
        """Increase a counter of the ledger, for input that does not become a document."""
        self._counts[name] += n

    def pop_full(self) -> Iterator[Batch]:
        """Yield a batch if there are enough documents for one, else nothing."""
        is_full = self._n_bytes >= TARGET_BYTES or len(self._reasons) >= TARGET_DOCS
        if is_full or self._n_stored >= MOST_STORED * TARGET_BYTES:
            yield self._pop()

    def flush(self) -> Iterator[Batch]:
        """Yield the remaining documents; an empty batch if there was no batch yet, because it carries the schema."""
        if self._reasons or self._counts or self._is_first:
            yield self._pop()

    def _pop(self) -> Batch:
        arrays = [pa.array(column, field.type) for column, field in zip(self._columns, self.schema, strict=True)]
        has_drops = any(reason is not None for reason in self._reasons)
        verdicts = Verdicts.of(self._reasons, self._values, self._evidence) if has_drops else None
        batch = Batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema), verdicts, self._counts)
        self._is_first = False
        self._clear()
        return batch
