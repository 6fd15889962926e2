"""A barrier decides about documents after it has seen the whole corpus: emit, reduce, apply.

Documents stay where they are. `emit` returns rows of numbers about each document; they are shuffled from the tasks of
one phase to those of the next. What is too large to shuffle (a signature, a set of hashes) is stored next to the
documents as a *sidecar* and is looked up by place. A place is (shard, row): shards 0 .. n_shards - 1 are the run's own
tasks; the shards after them are reference data, which is compared with but never changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa

from curate.batch import Batch, Columns, Remark, Seen, Verdicts
from curate.errors import StageError


@dataclass(frozen=True, slots=True)
class Emitted:
    """What a barrier emits about the documents of a batch.

    Args:
        rows: what is shuffled to the first reduction. The column `row: uint32`, an index into the batch, says which
            document a row is about; without it there is one row for each document, in order.
        sidecar: what stays with the shard: one row for each document, in order; None if the barrier stores nothing
            there. Every batch has the same columns.
        counts: ledger counts of events among these documents.
        warnings: what the user should know of these documents -> an example. A message is shown once a run, with the
            first example, whatever the number of documents and tasks.
    """

    rows: pa.RecordBatch
    sidecar: pa.RecordBatch | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, str] = field(default_factory=dict)


class EvidenceFile(Protocol):
    """A parquet file in the run folder that a reduction writes for people to read."""

    def write(self, rows: pa.RecordBatch) -> None:
        """Append rows. The bytes of the file do not depend on how the rows are divided over calls."""


class ReduceContext(Protocol):
    """What a reduction can read and write beside its rows."""

    n_docs: np.ndarray
    """int64[n]: the number of documents in each shard, reference data included."""

    n_own: int
    """How many of these shards belong to the run itself; the others are reference data."""

    def lookup(self, columns: Sequence[str], shard: np.ndarray, row: np.ndarray) -> pa.RecordBatch:
        """Return the sidecar rows of these places, in their order. The engine adds the column `id` to every sidecar."""

    def sidecar(self, shard: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the whole sidecar of one shard, in row order."""

    def texts(self, shard: np.ndarray, row: np.ndarray) -> list[str | None]:
        """Return the texts at these places; None for reference data, whose text the run does not store."""

    def evidence(self, name: str, schema: pa.Schema) -> AbstractContextManager[EvidenceFile]:
        """Open `<family>/<name>.parquet` in the run folder; the family is the first word of the stage's name."""

    def report(self, metrics: Mapping[str, Any]) -> None:
        """Record JSON-like metrics; the manifest and the report show them under the stage's label.

        Numbers that are reported several times under one name, here or in other tasks, are added; of other values the last counts.
        """

    def warn(self, message: str) -> None:
        """Record a warning; it is printed when the run ends and shown in the report."""


class Corpus(Protocol):
    """What is known, when a run has finished, of the documents that a barrier has decided about."""

    names: Collection[str]
    """The columns of the record of judgements."""

    def columns(self, names: Sequence[str]) -> pa.Table:
        """Return columns of the record of the run's own documents that came to the barrier, in the order of the record."""

    def evidence(self, name: str, column: str, value: str) -> list[dict[str, Any]]:
        """Return the rows of a file that `ReduceContext.evidence` wrote in which a column has this value."""


Reduce = Callable[[Iterable[pa.RecordBatch], ReduceContext], Iterator[pa.RecordBatch]]


@dataclass(frozen=True, slots=True)
class Reduction:
    """One step of a barrier's reduce, which sees all rows before it in parts, each by itself or with the next ones.

    Args:
        name: how the plan, the ledger and folders call it.
        n_parts: how many parts; known before the first task starts. A task gets several of them.
        partition: rows -> int64[n_rows], which part each row belongs to, from 0.
        reduce: (the rows of one part or more, in the order in which they were made, which may be read more than once; a
            context) -> rows, in at least one batch, even if empty. Rows of the last reduction have the columns
            `shard: uint32` and `row: uint32`: the document that they are a result about.
    """

    name: str
    n_parts: int
    partition: Callable[[pa.RecordBatch], np.ndarray]
    reduce: Reduce


class Barrier(ABC):
    """The base of every barrier. A subclass defines `emit`, `reductions` and `apply`; the rest has these defaults.

    The planner constructs a barrier from its parameters and never opens it: `__init__` only checks and stores them.
    """

    columns: Columns = Columns()
    """Columns that depend on the parameters, beside those that the docstring names."""

    reference: Sequence[str] = ()
    """Datasets and indexes (URLs) to compare the documents with."""

    index: str | None = None
    """A folder (URL) in which this run is remembered for later runs."""

    languages: Mapping[str, Sequence[str]] = MappingProxyType({})
    """Columns that it needs and that only documents in some languages have, with these languages; set by the planner."""

    final_reduction_params: ClassVar[Sequence[str]] = ()
    """Parameters that only the last reduction reads: changing them leaves the results of earlier phases valid."""

    names_kept_copies: ClassVar[bool] = False
    """Whether verdicts name a kept copy (`Verdicts.kept_copy`); the engine then records its id beside its place."""

    @abstractmethod
    def emit(self, batch: Batch) -> Emitted:
        """Return what is shuffled and what is stored about the documents of a batch."""

    @abstractmethod
    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        """Return the reduce steps, at least one; they depend only on the parameters and on `n_parts`.

        Args:
            n_parts: into how many parts rows should be divided, so that each is small; where that cannot be, 1.
        """

    @abstractmethod
    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts | Batch:
        """Decide with the results about these documents; `results["row"]` indexes into this batch, ascending."""

    def setup(self) -> None:
        """Load what `emit` needs (a model, a tokenizer). Called on the worker, once a task, before the first `emit`."""

    def close(self) -> None:
        """Release what `setup` loaded."""

    def warm_up(self) -> None:
        """Compile the barrier's kernels."""

    def forecast(self) -> Sequence[str]:
        """Return lines that `curate plan` prints under the stage: what it will cost."""
        return ()

    def remarks(self, document: Seen, corpus: Corpus) -> Sequence[Remark]:
        """Return what `curate explain` shows of a document, kept or dropped, beside its verdict: its place in a ranking, the
        members of its cluster. Verdicts that name a kept copy are shown without it."""
        return ()

    def ranks(self, corpus: Corpus) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the rank of each document that came to the barrier and the lowest rank that is kept among those it is compared
        with, in the order of the record; NaN for a document without one. None if the barrier does not rank, or the record
        does not say by what. `curate stats --examples` shows the documents on both sides that are nearest to the cut."""
        return None

    def index_settings(self) -> Mapping[str, Any]:
        """Return what two runs must have in common to be compared through an index."""
        return {}

    def recall(self, rows: pa.RecordBatch) -> Emitted:
        """Return what `emit` returned about documents that an index remembers; needed where `reference` may be an index."""
        raise StageError(f"{type(self).__name__} does not read indexes; define `recall`, or name datasets only.")

    def remember(self, sidecar: pa.RecordBatch, results: pa.RecordBatch, shard: int, start: int) -> pa.RecordBatch:
        """Return the rows that an index stores of a stretch of one shard's documents; needed where `index` may be set.

        The column `id` has to be among them. The columns `kept_shard: uint32` and `kept_row` are optional: the place of the
        document that was kept for each. `recall` gets it in the numbers of its own run, 0xFFFFFFFF where it is not known.

        Args:
            sidecar: of the stretch.
            results: of the last reduction; `results["row"]` indexes into the stretch, ascending.
            shard, start: where the stretch begins.
        """
        raise StageError(f"{type(self).__name__} does not write an index; define `remember`, or leave `index` empty.")
