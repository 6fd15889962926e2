"""What a task records while documents flow: the ledger, the rejects, and each stage's time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import pyarrow as pa

from curate.batch import KEEP, Batch, Places, Verdicts
from curate.engine.tasks.judgements import Broken, Judgements
from curate.engine.tasks.rejects import FIELDS, SCHEMA, Rejects
from curate.errors import StageError
from curate.ledger import Ledger


class Clock:
    """Measures the time of each stage itself, although each stage pulls batches from the one before."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._since = 0.0

    @contextmanager
    def of(self, label: str) -> Iterator[None]:
        """Count time as this stage's until the block ends or another block opens inside it."""
        self._turn()
        self._open.append(label)
        try:
            yield
        finally:
            self._turn()
            self._open.pop()

    def _turn(self) -> None:
        now = time.perf_counter()
        if self._open:
            self.seconds[self._open[-1]] = self.seconds.get(self._open[-1], 0.0) + now - self._since
        self._since = now

    def each(self, label: str, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Pass batches on, counting the time it takes to get each."""
        batches = iter(batches)
        while True:
            with self.of(label):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch


class TaskRecorder:
    """The ledger and the rejects of one task, and which task of how many it is.

    Args:
        rejects: how many texts of rejects are kept, as `Rejects` takes it; None collects no rejects.
        ids_at: returns the ids of documents at some places of the run, for the copies that verdicts name.
        judgements: takes the documents whose way ends here; None records nothing of them.
    """

    def __init__(
        self, rejects: str | None, task: int = 0, n_tasks: int = 1, ids_at: Callable[[Places], pa.Array] | None = None,
        judgements: Judgements | None = None,
    ):  # fmt: skip
        self.task, self.n_tasks, self.ids_at = task, n_tasks, ids_at
        self.ledger = Ledger()
        self.clock = Clock()
        self.rejects = Rejects(rejects) if rejects else None
        self.judgements = judgements
        self.emitted: dict[str, Mapping[str, int]] = {}
        """What a barrier counted when it emitted, by its label; it passes documents on in the next phase only."""

    @property
    def recorded_columns(self) -> list[str]:
        """The columns of documents that are in the record of judgements."""
        return self.judgements.names if self.judgements is not None else []

    def enter(self, label: str, batch: Batch) -> None:
        """Count the documents that come to a stage."""
        entry = self.ledger.stage(label)
        entry.n_in += len(batch)
        entry.bytes_in += batch.n_bytes

    def record(self, label: str, batch: Batch, verdicts: Verdicts | None = None) -> Batch:
        """Record what a stage decided about its result, and return the documents that go on.

        Args:
            label: the stage; its `n_in` or `n_born` is the caller's to count.
            batch: the documents after the stage.
            verdicts: what a filter decided; else those the batch carries.
        """
        verdicts = verdicts if verdicts is not None else batch.verdicts
        entry = self.ledger.stage(label)
        for name, n in batch.counts.items():
            entry.counts[name] = entry.counts.get(name, 0) + n
        kept = batch
        if verdicts is not None:
            if len(verdicts) != len(batch):
                raise StageError(f"{label} gave {len(verdicts)} verdicts for {len(batch)} documents")
            self.count(entry.failed, verdicts)
            self.drop(label, batch, verdicts)
            kept = batch.take(verdicts.is_kept)
        entry.n_out += len(kept)
        entry.bytes_out += kept.n_bytes
        return Batch(kept.rows)

    def drop(self, label: str, batch: Batch, verdicts: Verdicts) -> None:
        """Count and record the documents that the verdicts of one stage drop."""
        broken = Broken.of_stage(label, verdicts)
        self.reject(label, batch, verdicts, broken)
        self.judge(batch, broken)

    def judge(self, batch: Batch, broken: Broken) -> None:
        """Record all that was measured of the documents that broke a rule, and which ones."""
        if self.judgements is not None:
            self.judgements.drop(batch, broken)

    def reject(self, label: str, batch: Batch, verdicts: Verdicts, broken: Broken) -> None:
        """Count the documents that these verdicts drop, and record them as rejects.

        Args:
            broken: every rule that they broke.
        """
        dropped, entry = ~verdicts.is_kept, self.ledger.stage(label)
        if verdicts.lists:
            for name, n in zip(verdicts.lists.names, verdicts.lists.hits[dropped].sum(axis=0), strict=True):
                entry.listed[name] = entry.listed.get(name, 0) + int(n)
        if not dropped.any():
            return
        codes = verdicts.code[dropped]
        for code, n in zip(*np.unique(codes, return_counts=True), strict=True):
            reason = verdicts.reasons[code]
            entry.dropped[reason] = entry.dropped.get(reason, 0) + int(n)
        if self.rejects is None:
            return
        of_document = [name for name in ("id", "url", "source", "text") if name in batch]
        rows = Batch(batch.rows.select(of_document)).take(dropped)
        at = np.flatnonzero(dropped)
        evidence = [verdicts.evidence[i] for i in at] if verdicts.evidence is not None else [None] * len(at)
        table = {
            "id": rows["id"],
            "url": rows["url"] if "url" in rows else pa.nulls(len(at), pa.string()),
            "source": rows["source"] if "source" in rows else pa.nulls(len(at), pa.string()),
            "stage": pa.array([label] * len(at), pa.string()),
            "reason": pa.array(verdicts.reasons, pa.string()).take(pa.array(codes)),
            "value": pa.array(verdicts.value[dropped], pa.float32(), mask=np.isnan(verdicts.value[dropped])),
            "evidence": pa.array(evidence, pa.string()),
            "lists": pa.array([verdicts.lists.of(i) if verdicts.lists else None for i in at], pa.list_(pa.string())),
            **self._kept_copies(verdicts.kept_copy[dropped] if verdicts.kept_copy else None, len(at)),
            "failed": broken.of_rows(dropped),
            "text": rows["text"]
            if "text" in rows and self.rejects.mode != "none"
            else pa.nulls(len(at), pa.large_string()),
        }
        self.rejects.add(pa.table(table, schema=SCHEMA))

    def _kept_copies(self, places: Places | None, n: int) -> dict[str, pa.Array]:
        """Return the columns that say which document was kept instead of each dropped one."""
        if places is None:
            return {name: pa.nulls(n, FIELDS[name]) for name in ("kept_id", "kept_shard", "kept_row")}
        ids = self.ids_at(places) if self.ids_at else pa.nulls(n, pa.string())
        return {"kept_id": ids, "kept_shard": pa.array(places.shard), "kept_row": pa.array(places.row)}

    def closed(self) -> Ledger:
        """Return the ledger with the time spent, after checking that no document is missing."""
        self.ledger.check()
        for label, seconds in self.clock.seconds.items():
            self.ledger.stage(label).seconds += seconds
        for label, counts in self.emitted.items():
            self.ledger.stage(label).counts.update(counts)
        return self.ledger

    @staticmethod
    def count(failed: dict[str, int], verdicts: Verdicts) -> None:
        """Add up every rule that was broken, where the verdicts know them; else the one that dropped the document."""
        if verdicts.failed is not None:
            for reason, n in zip(verdicts.reasons, verdicts.failed.sum(axis=0), strict=True):
                if n:
                    failed[reason] = failed.get(reason, 0) + int(n)
            return
        codes = verdicts.code[verdicts.code != KEEP]
        for code, n in zip(*np.unique(codes, return_counts=True), strict=True):
            failed[verdicts.reasons[code]] = failed.get(verdicts.reasons[code], 0) + int(n)
