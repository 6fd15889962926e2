"""A run that has not finished, as far as its finished tasks show: it is still running, waits, or has stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import pyarrow as pa

from curate import registry
from curate.batch import column_types
from curate.errors import RunError
from curate.ledger import Ledger
from curate.plan import AnyPhase, MapPhase, phases
from curate.plan.description import describe
from curate.plan.record import schema as schema_of_record
from curate.runs import Record as TaskRecord
from curate.runs import Role, RunFolder, arrow_files, layout, reading
from curate.runs.layout import PhaseFolder, TaskFolder, phase_title
from curate.runs.records import read_record
from curate.statistics.corpus import Corpus
from curate.statistics.record import FEW_VALUES, Record, read_parquet

_PLAN_SHAPE = {"name": str, "labels": [str], "phases": [{"folder": str, "kind": str}]}

Done = Mapping[str, Mapping[int, TaskRecord]]
"""The records of the finished tasks, by phase and number."""


def read(folder: RunFolder, modules: Sequence[str] = ()) -> Corpus:
    """Return what the finished tasks of a run have done; documents on their way have no verdict, like kept ones.

    Args:
        modules: modules of the user's that may be imported, for the rules of filters in them.

    Raises:
        InputError: what the run has planned is missing or damaged.
    """
    described = reading.read_json(folder, layout.PLAN, _PLAN_SHAPE)
    with reading.whole(folder, layout.PLAN):
        ran = [phases.from_json(data) for data in described["phases"]]
    done = {phase.folder: _records(folder, phase) for phase in ran}
    ledger = Ledger()
    for label in described["labels"]:
        ledger.stage(label)
    for record in (record for of_phase in done.values() for record in of_phase.values()):
        ledger.add(Ledger.from_json(record.ledger))
    unknown = [each for phase in ran for each in phase.modules if each not in modules]
    stages = _stages(ran, modules)
    missing = [_state(folder, ran, done), *_rules_not_known(unknown)]
    outputs: dict[Role, list[str]] = {}
    for of_phase in done.values():
        for output in (output for record in of_phase.values() for output in record.outputs):
            outputs.setdefault(output.role, []).append(output.path)
    record = UnfinishedRecord(folder, [phase for phase in ran if isinstance(phase, MapPhase)], done)
    return Corpus(folder.url, stages, ledger, record, tuple(missing), folder, tuple(done), outputs)


def _records(folder: RunFolder, phase: AnyPhase) -> dict[int, TaskRecord]:
    place = PhaseFolder(folder, phase.folder)
    found = ((task, read_record(place.task(task))) for task in place.tasks_done() if task < phase.n_tasks)
    return {task: record for task, record in found if record is not None}


def _stages(ran: Sequence[AnyPhase], modules: Sequence[str]) -> list[dict]:
    """Return the stages as the manifest will describe them; filters of the user's that may not be imported without rules."""
    found = {ref.label: (ref, phase) for phase in ran for ref in phase.refs}
    return [
        describe(ref, phase.modules, with_rules=registry.owner(ref.name, phase.modules) in (None, *modules))
        for ref, phase in found.values()
    ]


def _rules_not_known(modules: Sequence[str]) -> list[str]:
    if not modules:
        return []
    given = " ".join(f"--module {module}" for module in dict.fromkeys(modules))
    return [f"The bounds of filters in the recipe's own modules are not shown; to see them, add {given}."]


# ---------------------------------------------------------------------- how far it is


def _state(folder: RunFolder, ran: Sequence[AnyPhase], done: Done) -> str:
    complete = [phase for phase in ran if len(done[phase.folder]) == phase.n_tasks]
    begun = next((phase for phase in ran if phase not in complete), None)
    far = f"{len(complete)} of {len(ran)} phases are done"
    if begun is not None:
        place = PhaseFolder(folder, begun.folder)
        far += f", and of {phase_title(begun.folder)} {len(done[begun.folder])} of {begun.n_tasks} tasks"
        if n_read := place.docs_read():
            far += f" (about {n_read:,} documents were read in it)"
    return (
        f"{_who(folder)}  {far}.  The numbers are those of finished tasks; what later stages will drop is not in them."
    )


def _who(folder: RunFolder) -> str:
    """Return whether somebody is at the run, as sentences."""
    if reading.read_json(folder, layout.RUN, {}).get("is_detached"):
        return "The run was submitted to its executor and has not finished."
    if not folder.is_local:
        return "The run has not finished; on an object store it is not known whether a process is working on it."
    try:
        folder.check_unlocked()
    except RunError:
        return f"The run is going on ({folder.lock_text() or 'unknown process'})."
    return (
        "The run stopped before its end, and nothing is at it now; run the recipe again, and finished tasks are kept."
    )


# ---------------------------------------------------------------------- what was measured


class UnfinishedRecord(Record):
    """What the finished tasks have measured: of dropped documents, and of those that wait for the next phase.

    Args:
        ran: the map phases of the run. done: the finished tasks.
    """

    def __init__(self, folder: RunFolder, ran: Sequence[MapPhase], done: Done):
        super().__init__(folder.url, {column.name: column.about for column in ran[-1].judgements})
        self._folder, self._ran, self._done = folder, ran, done
        self._schema = schema_of_record(ran[-1].judgements)

    def by_shard(
        self, columns: Sequence[str], *, with_threads: bool = True, coded: bool = False
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        self.check(columns)
        for shard in range(self._ran[-1].n_tasks):
            for batch in self._of_shard(shard, columns, with_threads):
                yield shard, _with_codes(batch) if coded else batch

    def _of_shard(self, shard: int, columns: Sequence[str], with_threads: bool) -> Iterator[pa.RecordBatch]:
        path = layout.judgements_file(shard)
        if shard in self._done[self._ran[-1].folder] and self._folder.exists(path):
            yield from read_parquet(self._folder, path, columns, with_threads=with_threads)
            return
        places = [
            PhaseFolder(self._folder, phase.folder).task(shard)
            for phase in self._ran
            if shard in self._done[phase.folder]
        ]
        for place in places:
            if self._folder.exists(place.judged):
                yield from self._rows(place, place.judged, columns)
        waiting = next((place for place in reversed(places) if self._folder.exists(place.docs)), None)
        if waiting is not None:
            yield from self._rows(waiting, waiting.docs, columns)

    def _rows(self, place: TaskFolder, path: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        with closing(arrow_files.open_file(place, path)) as reader:
            for batch in reader.batches():
                yield _aligned(batch, self.schema(columns))

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        self.check(columns)
        return pa.schema([self._schema.field(name) for name in columns])


def _aligned(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return these columns of a batch; of documents on their way some are not there yet."""
    there = set(batch.schema.names)
    arrays = []
    for field in schema:
        if field.name in there:
            arrays.append(_plain(batch[field.name]).cast(field.type, safe=False))
        elif pa.types.is_list(field.type):
            offsets = pa.array([0] * (batch.num_rows + 1), pa.int32())
            arrays.append(pa.ListArray.from_arrays(offsets, pa.array([], field.type.value_type)))
        else:
            arrays.append(pa.nulls(batch.num_rows, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _plain(array: pa.Array) -> pa.Array:
    decoded = column_types.decoded(array.type)
    return array if decoded == array.type else array.cast(decoded)


def _with_codes(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return a batch with the columns of `FEW_VALUES` as dictionaries, as parquet gives them."""
    arrays = []
    for name, array in zip(batch.schema.names, batch.columns, strict=True):
        if name in FEW_VALUES and pa.types.is_list(array.type):
            array = pa.ListArray.from_arrays(array.offsets, array.values.dictionary_encode())
        elif name in FEW_VALUES:
            array = array.dictionary_encode()
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)
