"""Rows on their way into batches: every source hands its documents, good and bad, to one `Rows`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from curate.batch import TARGET_BYTES, TARGET_DOCS, Batch, Verdicts


class Rows:
    """Documents of one shard, cut into batches of one schema: full batches as they fill, and at least one.

    Args:
        schema: the columns of all batches, in order.
    """

    def __init__(self, schema: pa.Schema):
        self.schema = schema
        self._started = False
        self._clear()

    def _clear(self) -> None:
        self._columns: list[list[Any]] = [[] for _ in self.schema.names]
        self._reasons: list[str | None] = []
        self._values: list[float] = []
        self._evidence: list[str | None] = []
        self._n_bytes = 0
        self._counts: Counter[str] = Counter()

    def add(
        self,
        row: tuple,
        n_bytes: int = 0,
        reason: str | None = None,
        value: float = math.nan,
        evidence: str | None = None,
    ) -> None:
        """Add one document: its values in the schema's order; with a reason it is marked for dropping."""
        for column, cell in zip(self._columns, row, strict=True):
            column.append(cell)
        self._reasons.append(reason)
        self._values.append(value)
        self._evidence.append(evidence)
        self._n_bytes += n_bytes

    def count(self, name: str, n: int = 1) -> None:
        """Count something that is worth a line in the ledger and is no document."""
        self._counts[name] += n

    def full(self) -> Iterator[Batch]:
        """Yield a batch if enough documents have come together for one."""
        if self._n_bytes >= TARGET_BYTES or len(self._reasons) >= TARGET_DOCS:
            yield self._take()

    def rest(self) -> Iterator[Batch]:
        """Yield what is left, and an empty batch if there was never one, so that the columns are known."""
        if self._reasons or self._counts or not self._started:
            yield self._take()

    def _take(self) -> Batch:
        arrays = [pa.array(column, field.type) for column, field in zip(self._columns, self.schema, strict=True)]
        is_judged = any(reason is not None for reason in self._reasons)
        verdicts = Verdicts.of(self._reasons, self._values, self._evidence) if is_judged else None
        batch = Batch(pa.RecordBatch.from_arrays(arrays, schema=self.schema), verdicts, self._counts)
        self._started = True
        self._clear()
        return batch
