"""One task of a map phase: the documents of one shard, from a source or from the phase before, to the next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate import fingerprint, inputs, plan
from curate.batch import Batch
from curate.engine.barriers import index, references, shuffle, sidecar
from curate.engine.barriers.emit import Emitter
from curate.engine.tasks import stage_runners
from curate.engine.tasks.recorder import TaskRecorder
from curate.errors import RunError, StageError
from curate.ledger import StageLedger
from curate.plan import Phase
from curate.runs import PHASES, REJECTS, DataWriter, Record, RunFolder, TaskFiles, is_valid, read_record, record_path
from curate.sketches import Histogram
from curate.stage import Kind, Shard, Split

_DOCS = pa.ipc.IpcWriteOptions(compression="lz4")


@dataclass(frozen=True, slots=True)
class Given:
    """What a task works on: a shard of the input or facts about earlier documents, the files it reads (those of
    reference data too), and the key all of it makes."""

    shard: Shard | None
    splits: list[Split]
    digests: dict[str, str]
    told: list[pa.RecordBatch]
    key: str


def given(folder: RunFolder, phase: Phase, task: int, record: Record | None) -> Given:
    """Read what the task depends on, as far as it is needed to know whether there is anything to do."""
    shard = plan.read_shard(folder, task) if phase.source else None
    own = list(shard.splits) if shard else []
    referred = [p for _, r in references.of_task(folder, phase, task) for p in r.shard.splits] if phase.emit else []
    splits = [*own, *referred]
    digests = _digests(splits, record)
    told = (
        list(shuffle.Reader(folder, phase.facts_from, phase.n_facts_from, task, phase.n_shards)) if phase.apply else []
    )
    key = _key(folder, phase, task, shard, digests, told)
    if referred:
        key = fingerprint.combine(key, [[p.name, digests[_range(p)].partition(" ")[2]] for p in referred])
    return Given(shard, splits, digests, told, key)


def is_done(folder: RunFolder, phase: Phase, task: int) -> bool:
    """Say whether nothing the task depends on, and nothing it wrote, has changed since it was done."""
    record = read_record(folder, phase.folder, task)
    return record is not None and is_valid(folder, record, given(folder, phase, task, record).key)


def run(folder: RunFolder, phase: Phase, task: int) -> None:
    """Do the task, unless it is done."""
    record = read_record(folder, phase.folder, task)
    work = given(folder, phase, task, record)
    if is_valid(folder, record, work.key):
        return
    folder.remove(record_path(phase.folder, task))
    files = TaskFiles(folder)
    recorder = TaskRecorder(phase.rejects, task, phase.n_tasks)
    running = _Task(folder, phase, task, files, recorder)
    running.run(work.shard, work.told)
    _check_unchanged(work.splits, work.digests)
    ledger = recorder.closed().to_json()
    _write_rejects(files, phase, task, recorder)
    record = Record(work.key, files.commit(), ledger, work.digests, running.n_notes)
    folder.write_json(record_path(phase.folder, task), record.to_json())


class _Task:
    """The stream of one task, put together end to end."""

    def __init__(self, folder: RunFolder, phase: Phase, task: int, files: TaskFiles, recorder: TaskRecorder):
        self.folder, self.phase, self.task, self.files, self.recorder = folder, phase, task, files, recorder
        self.progress = _Progress(folder, phase, task)
        self.n_notes: dict[str, int] = {}

    def run(self, shard: Shard | None, told: list[pa.RecordBatch]) -> None:
        phase, recorder = self.phase, self.recorder
        batches = self._from_source(shard) if shard else self._from_docs()
        if phase.apply:
            recorder.ledger.stage(phase.apply.label)
            batches = recorder.clock.each(phase.apply.label, self._applied(batches, told))
        batches = stage_runners.through(phase.stages, phase.modules, self.progress.watch(batches), recorder)
        if phase.sink:
            self._sink(batches)
        else:
            self._docs(batches)
        if phase.apply:
            self._remember(told)

    def _from_source(self, shard: Shard) -> Iterator[Batch]:
        source = self.phase.source
        self.recorder.ledger.stage(source.label)
        stage = source.find(self.phase.modules)
        if stage.kind is Kind.FOREIGN:
            from curate.engine.datatrove.blocks import as_source

            batches = as_source(stage, source.params, shard)
        else:
            batches = source.open(self.phase.modules)(shard)
        return stage_runners.born(source.label, batches, self.recorder, self.phase.limit_of(self.task))

    def _from_docs(self) -> Iterator[Batch]:
        path = docs_path(self.phase.docs_from, self.task)
        try:
            with self.folder.open(path) as file:
                reader = pa.ipc.open_file(file)
                if not reader.num_record_batches:
                    yield Batch(pa.RecordBatch.from_pylist([], schema=reader.schema))
                for i in range(reader.num_record_batches):
                    yield Batch(reader.get_batch(i))
        except (FileNotFoundError, pa.ArrowInvalid) as error:
            raise RunError(
                f"{self.folder.path(path)} is missing or damaged ({error}); run again to have it made anew."
            ) from error

    def _applied(self, batches: Iterator[Batch], told: list[pa.RecordBatch]) -> Iterator[Batch]:
        """Let the barrier decide, batch by batch, with the facts whose row numbers lie in the batch."""
        label = self.phase.apply.label
        barrier = self.phase.apply.open(self.phase.modules)
        known = shuffle.joined(told)
        known = known.take(pa.array(np.argsort(known["row"].to_numpy(), kind="stable")))
        rows = known["row"].to_numpy()
        start = 0
        for batch in batches:
            low, high = np.searchsorted(rows, [start, start + len(batch)])
            mine = known.slice(low, high - low)
            local = mine.set_column(
                mine.schema.get_field_index("row"), "row", pa.array(rows[low:high] - start, pa.uint32())
            )
            entry = self.recorder.ledger.stage(label)
            entry.n_in += len(batch)
            entry.bytes_in += batch.n_bytes
            answer = barrier.apply(batch, local)
            decided, verdicts = (
                (answer, None)
                if isinstance(answer, Batch)
                else (batch, stage_runners.checked(self.phase.apply, answer))
            )
            yield self.recorder.record(label, decided, verdicts)
            start += len(batch)

    def _sink(self, batches: Iterator[Batch]) -> None:
        sink = self.phase.sink
        entry = self.recorder.ledger.stage(sink.label)

        def counted() -> Iterator[Batch]:
            schema = None
            for batch in batches:
                schema = _same_schema(schema, batch, sink.label)
                entry.n_in += len(batch)
                entry.n_out += len(batch)
                entry.bytes_in += batch.n_bytes
                entry.bytes_out += batch.n_bytes
                _sketch(entry, batch)
                yield batch

        with self.recorder.clock.of(sink.label):
            sink.open(self.phase.modules)(counted(), DataWriter(self.files, self.task))

    def _docs(self, batches: Iterator[Batch]) -> None:
        """Write the documents down for the next phase and, before a barrier, what it asks about each."""
        emit = self.phase.emit
        emitter = Emitter(self.folder, self.phase, self.task, self.files) if emit else None
        schema = None
        file = self.files.open(docs_path(self.phase.folder, self.task))
        writer = None
        for batch in batches:
            schema = _same_schema(schema, batch, "the phase")
            writer = writer or pa.ipc.new_file(file, batch.rows.schema, options=_DOCS)
            if len(batch):
                writer.write_batch(batch.rows)
            if emitter:
                with self.recorder.clock.of(emit.label):
                    emitter.emit(batch)
        if writer is None:
            raise StageError(f"shard {self.task} made no batch at all; a source yields at least one, even if empty")
        writer.close()
        if emitter:
            with self.recorder.clock.of(emit.label):
                emitter.close()
            self.n_notes = emitter.n_notes

    def _remember(self, told: list[pa.RecordBatch]) -> None:
        """Write down what the barrier wants later runs to know of this shard; it reaches the index with the run's end."""
        barrier = self.phase.apply.open(self.phase.modules)
        if not getattr(barrier, "index", None):
            return
        known, start, writer = shuffle.joined(told), 0, None
        known = known.take(pa.array(np.argsort(known["row"].to_numpy(), kind="stable")))
        rows = known["row"].to_numpy()
        file = self.files.open(index.path_in_run(self.phase.folder, self.task))
        for batch in sidecar.read(self.folder, self.phase.notes_from, self.task):
            low, high = np.searchsorted(rows, [start, start + batch.num_rows])
            mine = known.slice(low, high - low)
            at = pa.array(rows[low:high] - start, pa.uint32())
            mine = mine.set_column(mine.schema.get_field_index("row"), "row", at)
            remembered = barrier.remember(batch, mine, self.task, start)
            writer = writer or pa.ipc.new_file(file, remembered.schema)
            writer.write_batch(remembered)
            start += batch.num_rows
        writer.close()


def _sketch(entry: StageLedger, batch: Batch) -> None:
    """Count the numbers of every numeric column of documents that are kept."""
    for column in batch.rows.schema:
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            entry.distributions.setdefault(column.name, Histogram()).count(batch.numbers(column.name))


def docs_path(phase: str, task: int) -> str:
    """Return where a phase writes a shard's documents down for the next one."""
    return f"{PHASES}/{phase}/docs/{task:05d}.arrow"


def rejects_path(phase: str, task: int) -> str:
    """Return where a phase writes what it dropped of a shard: rejects/<phase number>-<shard>.parquet."""
    return f"{REJECTS}/{phase[:2]}-{task:05d}.parquet"


def _key(folder: RunFolder, phase: Phase, task: int, shard: Shard | None, digests: dict[str, str], told: list) -> str:
    """Return what the task's results depend on: the phase, and the content of what it reads."""
    if shard:
        if not shard.splits:
            return fingerprint.combine(phase.fingerprint, task, shard.n_shards, _foreign_marks(phase), phase.n_facts)
        splits = [[p.name, p.start, p.end, p.source, digests[_range(p)].partition(" ")[2]] for p in shard.splits]
        return fingerprint.combine(phase.fingerprint, task, splits, phase.n_facts)
    before = read_record(folder, phase.docs_from, task)
    if before is None:
        raise RunError(
            f"task {task} of {phase.docs_from} has no record, but {phase.folder} needs its documents; run again."
        )
    docs = [output.digest for output in before.outputs if output.path == docs_path(phase.docs_from, task)]
    return fingerprint.combine(phase.fingerprint, task, docs, shuffle.digest(told), phase.n_facts)


def _foreign_marks(phase: Phase) -> list[str]:
    """Return the marks of a datatrove reader's files; one that reads no files is never known to be unchanged."""
    from curate.engine.datatrove.blocks import marks

    return marks(phase.source.find(phase.modules), phase.source.params) or [str(time.time_ns())]


def _range(split: Split) -> str:
    return f"{split.name}:{split.start}-{split.end}"


def _digests(splits: list[Split], record: Record | None) -> dict[str, str]:
    """Return `mark digest` for each split; bytes are read only where the cheap mark has changed since last time."""
    known = record.inputs if record else {}
    found = {}
    for split in splits:
        mark = inputs.mark(split.url)
        before = known.get(_range(split), "")
        found[_range(split)] = before if before.partition(" ")[0] == mark else f"{mark} {inputs.digest(split)}"
    return found


def _check_unchanged(splits: list[Split], digests: dict[str, str]) -> None:
    for split in splits:
        if inputs.mark(split.url) != digests[_range(split)].partition(" ")[0]:
            raise RunError(f"{split.url} changed while it was read, so nothing of this task was kept.  Run again.")


def _write_rejects(files: TaskFiles, phase: Phase, task: int, recorder: TaskRecorder) -> None:
    rejects = recorder.rejects()
    with files.open(rejects_path(phase.folder, task)) as file:
        pq.write_table(rejects, file, compression="zstd", row_group_size=4096)


def _same_schema(schema: pa.Schema | None, batch: Batch, label: str) -> pa.Schema:
    if schema is not None and not schema.equals(batch.rows.schema):
        now = {field.name: str(field.type) for field in batch.rows.schema}
        differs = [
            f"{f.name}: {f.type}, now {now.get(f.name, 'missing')}" for f in schema if now.get(f.name) != str(f.type)
        ]
        raise StageError(
            f"the columns before {label} changed between batches: {'; '.join(differs) or 'new columns came'}.  A stage makes the same columns for every batch."
        )
    return batch.rows.schema


class _Progress:
    """A small file that says how far the task is, for whoever watches; it takes no part in the result."""

    def __init__(self, folder: RunFolder, phase: Phase, task: int):
        self.folder, self.n_docs, self.next = folder, 0, time.monotonic() + 1
        self.path = f"{PHASES}/{phase.folder}/progress/{task:05d}"

    def watch(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.n_docs += len(batch)
            if self.folder.is_local and time.monotonic() > self.next:
                self.next = time.monotonic() + 1
                with suppress(OSError):
                    self.folder.write_json(self.path, self.n_docs)
            yield batch
