"""One task of a map phase: the documents of one shard, from a source or from the phase before, to the next."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from curate import plan
from curate.batch import Batch, Places, same_schema
from curate.batch.column_types import parse
from curate.engine import stopping
from curate.engine.barriers import shuffle, sidecar
from curate.engine.barriers.emit import Emitter
from curate.engine.tasks import contracts, data_files, outgoing, sources, stage_runners, task_inputs, trial_reader
from curate.engine.tasks.data_files import TASK_FILE_BYTES, Division
from curate.engine.tasks.former_results import FormerResults
from curate.engine.tasks.judgements import Judgements, ParquetOut
from curate.engine.tasks.recorder import TaskRecorder
from curate.engine.tasks.task_inputs import TaskInputs
from curate.errors import StageError
from curate.plan import MapPhase
from curate.plan.record import schema as schema_of_record
from curate.runs import Record, Role, RunFolder, TaskFiles, arrow_files
from curate.runs.arrow_files import ArrowWriter
from curate.runs.layout import PhaseFolder, TaskFolder, judgements_file
from curate.runs.records import DataWriter
from curate.stage import Kind, Shard
from curate.statistics.run_statistics import RunStatistics


def found_in(folder: RunFolder, phase: MapPhase, task: int) -> str | None:
    """Return where the task's results are, as `FormerResults.find`; None if it has to run."""
    former = FormerResults(PhaseFolder(folder, phase.folder).task(task))
    return former.find(key(folder, phase, task, former.inputs)) if former else None


def key(folder: RunFolder, phase: MapPhase, task: int, known: Mapping[str, str]) -> str:
    """Return what the task's results depend on; `known` as `task_inputs.find` takes it."""
    return task_inputs.find(phase, PhaseFolder(folder, phase.folder).task(task), known).key


def run(folder: RunFolder, phase: MapPhase, task: int, warnings: Sequence[str] = ()) -> None:
    """Do the task, unless it is done, here or in a neighbouring run folder.

    Args:
        warnings: that go into its record.

    Raises:
        DamagedFile: what a task before wrote cannot be read.
    """
    place = PhaseFolder(folder, phase.folder).task(task)
    former = FormerResults(place)
    work = task_inputs.find(phase, place, former.inputs)
    if former.find(work.key) is not None:
        return
    folder.remove(place.record)
    with ExitStack() as opened:
        running = _Task(phase, place, opened)
        running.run(work)
        work.check_unchanged()
        ledger = running.recorder.closed().to_json()
        with running.files.open(place.rejects, Role.REJECTS) as file:
            running.recorder.rejects.write(file)
        outputs = running.files.commit()
    record = Record(
        work.key, outputs, ledger, work.digests, running.docs_of_shard, warnings=running.warnings,
        written=running.written, notes=[*warnings, *former.notes, *running.files.warnings],
    )  # fmt: skip
    folder.write_json(place.record, record.to_json(), place.parts)


class _Task:
    """The stream of one task, put together end to end.

    Args:
        opened: closes what the task leaves open when it fails: run again at once, it writes files of the same names.
    """

    def __init__(self, phase: MapPhase, place: TaskFolder, opened: ExitStack):
        self.phase, self.place, self.opened = phase, place, opened
        self.files = TaskFiles(place)
        opened.callback(self.files.close)
        self.sidecars = sidecar.Reader(place.run, phase.apply.emitted_in, phase.n_shards) if phase.apply else None
        self.statistics: RunStatistics | None = None
        """Of the documents whose record the task completes."""
        self.recorder = TaskRecorder(phase.rejects, place.number, phase.n_tasks, self._ids_at, self._judgements())
        self.docs_of_shard: dict[str, int] = {}
        self.warnings: dict[str, str] = {}
        self.written: dict[str, int] = {}

    def run(self, work: TaskInputs) -> None:
        phase, recorder = self.phase, self.recorder
        batches = self._from_source(work.shard) if work.shard else self._from_docs()
        if phase.apply:
            label = phase.apply.barrier.label
            recorder.ledger.stage(label)
            batches = recorder.clock.each(label, self._applied(batches, work.results))
        watched = _Progress(self.place).watch(batches)
        batches = stage_runners.through(phase.stages, phase.modules, watched, recorder, self._input(work))
        if phase.output:
            entry, kept = recorder.ledger.stage(phase.output.label), self._kept(batches)
            batches = recorder.clock.each(phase.output.label, outgoing.through(phase.output, kept, entry))
        if phase.sink:
            self._sink(batches)
        else:
            self._docs(self._measured(batches) if phase.output else batches)
        recorder.judgements.close()
        if self.statistics is not None:
            self.files.open(self.place.statistics).write(self.statistics.compressed())
        if phase.apply:
            self._remember(work.results)

    def _judgements(self) -> Judgements:
        """Open the record of judgements: of all phases at the end of the last, else of this phase."""
        schema = schema_of_record(self.phase.judgements)
        if not self.phase.output:
            return Judgements(schema, ArrowWriter(self.files.open(self.place.judged), schema))
        file = self.files.open(judgements_file(self.place.number), Role.JUDGEMENTS)
        out = self.opened.enter_context(closing(ParquetOut(file, schema)))
        self.statistics = out.statistics
        judgements = Judgements(schema, out)
        for name in self.phase.judged_in:
            earlier = PhaseFolder(self.place.run, name).task(self.place.number)
            with closing(arrow_files.open_file(earlier, earlier.judged)) as reader:
                for rows in reader.batches():
                    judgements.add(rows)
        return judgements

    def _ids_at(self, places: Places) -> pa.Array:
        return self.sidecars.lookup(["id"], places.shard, places.row)["id"]

    def _input(self, work: TaskInputs) -> str:
        """Return the name of the input whose documents the task sees; later phases ask only if a stage wants to know."""
        if work.shard:
            return work.shard.input
        if not any(ref.only for ref in self.phase.stages):
            return ""
        return plan.read_shard(self.place.run, self.place.number).input

    def _from_source(self, shard: Shard) -> Iterator[Batch]:
        """Return the documents of a shard. In the ledger, they pass the sources of the inputs that come after its own."""
        source = self.phase.source_of(shard.input)
        later = self.phase.sources[self.phase.sources.index(source) + 1 :]
        for each in self.phase.sources:
            self.recorder.ledger.stage(each.stage.label)
        stage = source.stage.find(self.phase.modules)
        if stage.kind is Kind.DATATROVE:
            from curate.engine.datatrove.blocks import as_source

            read = partial(as_source, stage, source.stage.params)
        else:
            read = source.stage.open(self.phase.modules)
        batches = trial_reader.read(read, shard) if shard.limit else read(shard)
        batches = sources.born(source, batches, self.recorder)
        for each in later:
            batches = sources.passing(each.stage.label, batches, self.recorder)
        return batches

    def _from_docs(self) -> Iterator[Batch]:
        place = PhaseFolder(self.place.run, self.phase.docs_from).task(self.place.number)
        with closing(arrow_files.open_file(place, place.docs)) as reader:
            yield from map(Batch, reader.batches())

    def _applied(self, batches: Iterator[Batch], results: pa.RecordBatch) -> Iterator[Batch]:
        """Let the barrier decide, batch by batch, with the results about the documents of the batch."""
        ref = self.phase.apply.barrier
        barrier = ref.construct(self.phase.modules)
        stage = ref.find(self.phase.modules)
        columns = stage.columns(ref.typed(stage, self.phase.modules))
        start = 0
        for batch in batches:
            entry = self.recorder.ledger.stage(ref.label)
            entry.n_in += len(batch)
            entry.bytes_in += batch.n_bytes
            answer = barrier.apply(batch, shuffle.about(results, start, start + len(batch)))
            if isinstance(answer, Batch):
                contracts.same_ids(ref, batch, answer)
                contracts.only_declared(ref, columns, batch, answer)
                decided, verdicts = answer, None
            else:
                decided, verdicts = batch, contracts.checked(ref, answer)
            yield self.recorder.record(ref.label, decided, verdicts)
            start += len(batch)
        outside = results.filter(pc.greater_equal(results["row"], start)).num_rows
        if outside:
            raise StageError(
                f"{ref.label}: {outside} results are about documents that shard {self.place.number} does not have"
            )

    def _sink(self, batches: Iterator[Batch]) -> None:
        """Write files of this task only; without documents none, but for the one of a run without documents."""
        phase, columns = self.phase, []

        def watched() -> Iterator[Batch]:
            for batch in batches:
                columns[:] = [batch]
                yield batch

        writer = DataWriter(self.files, self.place.number, phase.n_tasks)
        with self.recorder.clock.of(phase.sink.label):
            pieces = Division(data_files.n_bytes, TASK_FILE_BYTES).pieces(watched())
            data_files.write(phase.sink, phase.modules, pieces, lambda file: writer)
            _need_batch(columns, self.place.number)
            if self.place.number == 0 and not writer.n_files:
                data_files.write_empty(phase.sink, phase.modules, *columns, self.files)

    def _measured(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Note how much is written down for the phase that writes the files."""
        self.written = {"documents": 0, "bytes": 0}
        for batch in batches:
            self.written["documents"] += len(batch)
            self.written["bytes"] += int(data_files.n_bytes(batch).sum())
            yield batch

    def _kept(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Put the documents that are kept on record, with the same columns for every input: what one does not have is null."""
        types = {name: parse(kind) if kind else None for name, kind in self.phase.schema.items()}
        for batch in batches:
            kept = Batch(_aligned(batch, types)) if types else batch
            self.recorder.judgements.keep(kept)
            for column in _numbers_beside(kept, self.recorder.judgements.names):
                self.statistics.count_kept(column, kept.numbers(column))
            yield kept

    def _docs(self, batches: Iterator[Batch]) -> None:
        """Write the documents down for the next phase and, before a barrier, what it emits about each."""
        emit = self.phase.emit
        emitter = Emitter(self.place.run, self.phase, self.place.number, self.files) if emit else None
        file = self.files.open(self.place.docs)
        writer = None
        for batch in same_schema(batches, "the columns at the end of the phase"):
            writer = writer or ArrowWriter(file, batch.rows.schema, keeps_dictionaries=True)
            if len(batch):
                writer.write(batch.rows)
            if emitter:
                with self.recorder.clock.of(emit.barrier.label):
                    emitter.emit(batch)
        _need_batch(writer, self.place.number)
        writer.close()
        if emitter:
            with self.recorder.clock.of(emit.barrier.label):
                emitter.close()
            self.docs_of_shard, self.warnings = emitter.docs_of_shard, emitter.warnings
            self.recorder.emitted[emit.barrier.label] = emitter.counts

    def _remember(self, results: pa.RecordBatch) -> None:
        """Write down what later runs shall know of this shard; it is copied to the index when the run is complete."""
        barrier = self.phase.apply.barrier.construct(self.phase.modules)
        if not barrier.index:
            return
        start, writer = 0, None
        file = self.files.open(self.place.remembered)
        for stored in self.sidecars.read(self.place.number):
            stop = start + stored.num_rows
            rows = barrier.remember(stored, shuffle.about(results, start, stop), self.place.number, start)
            writer = writer or pa.ipc.new_file(file, rows.schema)
            writer.write_batch(rows)
            start = stop
        writer.close()


def _aligned(batch: Batch, types: Mapping[str, pa.DataType | None]) -> pa.RecordBatch:
    """Return the rows of a batch with these columns in this order; then those that nobody declared, as blocks may make."""
    declared = {name: batch[name] if name in batch else pa.nulls(len(batch), kind) for name, kind in types.items()}
    return pa.RecordBatch.from_pydict({**declared, **{name: batch[name] for name in batch.names if name not in types}})


def _numbers_beside(batch: Batch, recorded: Sequence[str]) -> Iterator[str]:
    """Yield the columns of numbers that the record of judgements does not have: they came with the documents."""
    for column in batch.rows.schema:
        is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
        if is_number and column.name not in recorded:
            yield column.name


def _need_batch(found: object, shard: int) -> None:
    """Refuse a shard of which not even the columns are known."""
    if not found:
        raise StageError(f"shard {shard} made no batch at all; a source yields at least one, even if empty")


class _Progress:
    """A small file that says how many documents the task has read; it takes no part in the result."""

    def __init__(self, place: TaskFolder):
        self.place, self.n_docs, self.next = place, 0, time.monotonic() + 1

    def watch(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            stopping.check()
            self.n_docs += len(batch)
            if self.place.run.is_local and time.monotonic() > self.next:
                self.next = time.monotonic() + 1
                with suppress(OSError):
                    self.place.run.write_json(self.place.progress, self.n_docs, self.place.parts)
            yield batch
