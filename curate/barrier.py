"""A barrier is a decision that must see the whole corpus: it asks about every document, reduces, and decides.

Documents stay where they are. What a barrier asks about them travels as numbers, from the tasks of one phase to
those of the next; what is too bulky to travel (a signature, a set of hashes) stays beside the documents as *notes*
and is looked up by place. A place is (shard, row): shards count the tasks of the run from 0, and after them come the
shards of reference data, which is compared with but never changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from curate.batch import Batch, Verdicts


@dataclass(frozen=True, slots=True)
class Asked:
    """What a barrier asks about the documents of a batch.

    Args:
        rows: what goes through the reductions. The column `row: uint32`, an index into the batch, says which
            document a row is about; without it there is one row a document, in order.
        notes: what stays with the shard: one row a document, in order; None if the barrier keeps no notes. Every
            batch has the same columns.
    """

    rows: pa.RecordBatch
    notes: pa.RecordBatch | None = None


class Evidence(Protocol):
    """A parquet file of the run that a reduction writes for people to look at."""

    def write(self, rows: pa.RecordBatch) -> None:
        """Append rows; how they are handed over makes no difference to the file."""


class Desk(Protocol):
    """What a reduction can reach besides its rows."""

    n_docs: np.ndarray
    """int64[n]: how many documents each shard has, those of reference data included."""

    n_own: int
    """How many of these shards are the run's own; the rest are reference data."""

    def take(self, columns: Sequence[str], shard: np.ndarray, row: np.ndarray) -> pa.RecordBatch:
        """Return the notes at these places, in their order. The engine adds the column `id` to all notes."""

    def notes(self, shard: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield all notes of one shard, in row order."""

    def texts(self, shard: np.ndarray, row: np.ndarray) -> list[str | None]:
        """Return the texts at these places; None for reference data, whose text the run does not keep."""

    def evidence(self, name: str, schema: pa.Schema) -> AbstractContextManager[Evidence]:
        """Open `<family>/<name>.parquet` in the run folder."""

    def tell(self, facts: Mapping[str, Any]) -> None:
        """Put JSON-like facts on record; the manifest and the report show them under the stage's label."""

    def warn(self, message: str) -> None:
        """Put a warning on record; the run prints it when it ends, and the report shows it."""


Reduce = Callable[[Iterable[pa.RecordBatch], Desk], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Reduction:
    """One step of a barrier's reduce: `n_tasks` tasks, each of which sees one partition of all rows before it.

    Args:
        name: what plan, ledger and folders call it.
        n_tasks: how many partitions, known before the first job starts.
        partition: rows -> int64[n], which of the `n_tasks` tasks sees each row.
        reduce: (the partition's rows in task order, which may be read more than once; a desk) -> rows, with at
            least one batch, even if empty. Rows of the last reduction carry `shard: uint32` and `row: uint32`,
            the document they are a fact about.
    """

    name: str
    n_tasks: int
    partition: Callable[[pa.RecordBatch], np.ndarray]
    reduce: Reduce


class Barrier(Protocol):
    """Ask, reduce, decide.

    A barrier may also have

        needs: tuple[str, ...]     columns that it reads because of its parameters, beside those in its docstring
        late: tuple[str, ...]      parameters that only its last reduction reads
        warm_up() -> None          compiles its kernels
        forecast() -> list[str]    lines that `curate plan` prints under the stage
        reference: list[str]       datasets and indexes to compare with
        index: str | None          a folder in which what this run asked is remembered for later runs
        settings: dict             what two runs must share to be compared through an index
        recall(rows) -> Asked      from rows that an index remembered
        remember(notes, facts) -> RecordBatch    the rows to remember of one stretch of documents
    """

    def emit(self, batch: Batch) -> Asked:
        """Ask about the documents of a batch."""

    def reductions(self, n_shards: int) -> tuple[Reduction, ...]:
        """Return the reduce steps; the result depends only on the parameters and on `n_shards`."""

    def apply(self, batch: Batch, facts: pa.RecordBatch) -> Verdicts | Batch:
        """Decide with the facts about these documents; `facts["row"]` indexes into this batch, ascending."""
