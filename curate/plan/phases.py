"""Phases: rounds of independent tasks. A map phase moves documents through stages; a reduce phase is one reduction; a merge
phase puts the rows between them into fewer files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from curate import registry
from curate.barrier import Barrier
from curate.executor import Resources
from curate.plan.record import RecordColumn
from curate.runs.layout import phase_folder_name
from curate.spec import Case
from curate.spec.output import ColumnChoice, FileSizes
from curate.stage import Stage


@dataclass(frozen=True, slots=True)
class StageRef:
    """A stage as it travels to a worker: names and plain values, never a live object.

    Args:
        params: every parameter, defaults filled in, JSON only; with `cases`, those that the recipe gives to all of them.
        columns: for a signal filter, the column in which it finds each of its signals.
        languages: of the columns that it reads, those that only documents in some languages have, with these languages.
        cases: its parameters for some documents, the first case that fits a document counts; empty if all documents have
            the same. A document that fits none passes.
        only: the inputs whose documents it sees; empty for all. Documents of the others pass.
        on_error: what happens to a document on which its function fails: "fail" ends the task, "drop" drops it.
    """

    label: str
    name: str
    params: Mapping[str, Any]
    columns: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, Sequence[str]] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    only: tuple[str, ...] = ()
    on_error: str = "fail"

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> StageRef:
        """Return a stage from plain data."""
        cases = tuple(Case(**case) for case in data["cases"])
        return cls(**{**data, "cases": cases, "only": tuple(data["only"])})

    @property
    def variants(self) -> list[StageRef]:
        """The stage with the parameters of each of its cases; itself if it has none."""
        return [replace(self, params=case.params, cases=()) for case in self.cases] or [self]

    def find(self, modules: tuple[str, ...]) -> Stage:
        return registry.find(self.name, modules)

    def construct(self, modules: tuple[str, ...]) -> Any:
        """Return the stage with its parameters, nothing loaded: what a planner may do."""
        stage = self.find(modules)
        made = stage.construct(self.typed(stage, modules))
        if isinstance(made, Barrier):
            made.languages = self.languages
        return made

    def open(self, modules: tuple[str, ...]) -> Any:
        """Return the stage ready to be called: what it needs is loaded. For workers only."""
        stage = self.find(modules)
        return stage.open(self.typed(stage, modules))

    def typed(self, stage: Stage, modules: tuple[str, ...]) -> dict[str, Any]:
        """Return the parameters in the types that the stage gives them."""
        return {name: stage.params[name].convert(value, modules) for name, value in self.params.items()}


@dataclass(frozen=True, slots=True)
class Source:
    """The source of one input of a run.

    Args:
        input: the name of the input, with which the ids of its documents begin; empty if it has none.
        sample: the share of its documents that are read, more than 0 and at most 1.
    """

    stage: StageRef
    input: str = ""
    sample: float = 1.0


@dataclass(frozen=True, slots=True)
class Shuffled:
    """Rows that one phase wrote for the tasks of another.

    Args:
        phase: its folder. n_tasks: how many tasks have written a file each.
        per_task: how many parts each file has, if the first task wrote the first parts and so on; 0 if every file has rows
            of all parts.
    """

    phase: str
    n_tasks: int
    per_task: int = 0

    def holding(self, part: int) -> tuple[range, int]:
        """Return the tasks whose files have rows of a part, and the number of the part in these files."""
        if not self.per_task:
            return range(self.n_tasks), part
        task, within = divmod(part, self.per_task)
        return range(task, task + 1), within


@dataclass(frozen=True, slots=True)
class Emit:
    """The barrier that emits at the end of a map phase, and into how many parts its rows are divided there.

    Args:
        n_parts: 1 if a merge phase divides them.
        reductions_for: what the barrier's `reductions` is called with.
    """

    barrier: StageRef
    n_parts: int
    reductions_for: int


@dataclass(frozen=True, slots=True)
class Apply:
    """The barrier that decides at the start of a map phase.

    Args:
        results: of its last reduction, by shard.
        emitted_in: the phase in which it emitted; the sidecars are there.
    """

    barrier: StageRef
    results: Shuffled
    emitted_in: str


@dataclass(frozen=True, slots=True)
class Output:
    """What comes out of the last map phase.

    Args:
        label: of the sink, under which the documents are counted.
        choice: of columns.
        measured: columns that are measurements, which come out only if the choice says so.
    """

    label: str
    choice: ColumnChoice
    measured: tuple[str, ...]

    def columns(self, names: Sequence[str]) -> dict[str, str]:
        """Return which of the columns that documents have come out, with their names in the output."""
        return self.choice.of(names, self.measured)


@dataclass(frozen=True, slots=True)
class Phase:
    """What all kinds of phase have.

    Args:
        number: of the phase in the run, from 1.
        title: what the phase begins with.
        fingerprint: what its results depend on, but for its inputs: those are in the key of each task.
        n_shards: shards of the whole run.
        modules, import_from: the user's modules, and the folders in which workers look for them.
        users_code: digests of the modules of the user's that the stages run, as they were when the run was planned.
        files: marks of the files that parameters name, likewise.
    """

    number: int
    title: str
    fingerprint: str
    n_shards: int
    modules: tuple[str, ...]
    import_from: tuple[str, ...]
    users_code: Mapping[str, str]
    files: Mapping[str, str]

    @property
    def folder(self) -> str:
        """The name of the phase's folder."""
        return phase_folder_name(self.number, self.title, self.fingerprint)

    @property
    def resources(self) -> Resources:
        """What each task of the phase needs."""
        return Resources()


@dataclass(frozen=True, slots=True)
class MapPhase(Phase):
    """Documents of each shard: from its source or an earlier phase, through stages, to the next phase or the sink.

    Args:
        sources: where documents come from in the first phase, one for each input, in the order of the recipe; later phases
            read the documents that `docs_from` wrote.
        limit: how many documents are read in all; 0 reads everything. Each shard knows its part.
        output: of the last map phase: what comes out. sink: what writes it, unless a `WritePhase` does.
        schema: column -> its type, as `column_types.spell`, of what comes out, if shards differ in their columns.
        judgements: the columns of the record of judgements that are known at the end of the phase.
        judged_in: of the last map phase, the folders of the map phases before it, whose records it takes in.
    """

    sources: tuple[Source, ...] = ()
    docs_from: str | None = None
    apply: Apply | None = None
    stages: tuple[StageRef, ...] = ()
    emit: Emit | None = None
    output: Output | None = None
    sink: StageRef | None = None
    rejects: str = "sample"
    limit: int = 0
    schema: Mapping[str, str] = field(default_factory=dict)
    judgements: tuple[RecordColumn, ...] = ()
    judged_in: tuple[str, ...] = ()

    @property
    def n_tasks(self) -> int:
        return self.n_shards

    @property
    def only_emits(self) -> bool:
        """Whether documents pass through without a stage that could drop or change them."""
        return not self.sources and self.apply is None and not self.stages and self.output is None

    @property
    def refs(self) -> Iterator[StageRef]:
        """Every stage of the phase in order, the barrier that emits last."""
        decides = self.apply.barrier if self.apply else None
        emits = self.emit.barrier if self.emit else None
        sources = (source.stage for source in self.sources)
        yield from (ref for ref in (*sources, decides, *self.stages, emits, self.sink) if ref is not None)

    def source_of(self, input: str) -> Source:
        """Return the source of an input."""
        return next(source for source in self.sources if source.input == input)


@dataclass(frozen=True, slots=True)
class ReducePhase(Phase):
    """One reduction of a barrier: each task sees some parts of the rows of the phase before.

    Args:
        reduction: which of the barrier's reductions this is, from 0; `is_last`: whether its rows are results.
        rows: what the tasks read, in `n_parts` parts. n_tasks: over which the parts are divided.
        into: into how many parts this phase divides its rows. shards_per_part: of results, about how many shards each is.
        reductions_for: what the barrier's `reductions` is called with.
        emitted_in: the phase in which the barrier emitted; the sidecars are there.
        counted_in: whose records say how many documents each shard has.
    """

    barrier: StageRef
    reduction: int
    is_last: bool
    rows: Shuffled
    n_parts: int
    n_tasks: int
    into: int
    shards_per_part: int
    reductions_for: int
    emitted_in: str
    counted_in: Shuffled

    @property
    def refs(self) -> Iterator[StageRef]:
        """The barrier."""
        yield self.barrier

    def parts_of(self, task: int) -> range:
        """Return the parts that a task sees."""
        return range(task * self.n_parts // self.n_tasks, (task + 1) * self.n_parts // self.n_tasks)


@dataclass(frozen=True, slots=True)
class MergePhase(Phase):
    """Rows of a barrier, put into fewer files, so that no task opens as many files as there are shards.

    Either what the barrier emitted about some shards each is divided into parts here; or results about some shards each are
    divided by shard.

    Args:
        is_before: the reductions, not behind them.
        rows: what the tasks read. into: into how many parts each divides its rows.
        shards_per_task: about how many shards the rows of a task are.
        reductions_for: what the barrier's `reductions` is called with.
    """

    barrier: StageRef
    is_before: bool
    rows: Shuffled
    n_tasks: int
    into: int
    shards_per_task: int
    reductions_for: int

    @property
    def refs(self) -> Iterator[StageRef]:
        """The barrier."""
        yield self.barrier

    def shards_of(self, task: int) -> range:
        """Return the shards that a task's rows are about."""
        start = task * self.shards_per_task
        return range(start, min(start + self.shards_per_task, self.n_shards))


@dataclass(frozen=True, slots=True)
class WritePhase(Phase):
    """The files of the output, divided over all documents: each task writes some, one after the other.

    Args:
        docs_from: the phase that wrote the documents down, shard by shard.
        n_tasks: at most one for each shard and each file.
    """

    docs_from: str
    sink: StageRef
    sizes: FileSizes
    n_tasks: int

    @property
    def refs(self) -> Iterator[StageRef]:
        """The sink."""
        yield self.sink


AnyPhase = MapPhase | MergePhase | ReducePhase | WritePhase

KINDS: Mapping[str, type[MapPhase] | type[MergePhase] | type[ReducePhase] | type[WritePhase]] = {
    "map": MapPhase,
    "merge": MergePhase,
    "reduce": ReducePhase,
    "write": WritePhase,
}
"""The kinds of phase by the word that stands in plan.json."""


def to_json(phase: AnyPhase) -> dict[str, Any]:
    """Return a phase as plain data."""
    kind = next(word for word, each in KINDS.items() if isinstance(phase, each))
    return {"kind": kind, "folder": phase.folder, **asdict(phase)}


def from_json(data: Mapping[str, Any]) -> AnyPhase:
    """Return a phase from plain data."""
    known = {**data, "modules": tuple(data["modules"]), "import_from": tuple(data["import_from"])}
    kind, _ = known.pop("kind"), known.pop("folder")
    if kind in ("merge", "reduce"):
        known |= {"barrier": StageRef.from_json(data["barrier"]), "rows": Shuffled(**data["rows"])}
        if kind == "merge":
            return MergePhase(**known)
        return ReducePhase(**{**known, "counted_in": Shuffled(**data["counted_in"])})
    if kind == "write":
        return WritePhase(**{**known, "sink": StageRef.from_json(data["sink"]), "sizes": FileSizes(**data["sizes"])})
    apply, emit = data["apply"], data["emit"]
    known |= {
        "sources": tuple(Source(**{**source, "stage": StageRef.from_json(source["stage"])}) for source in data["sources"]),
        "apply": Apply(StageRef.from_json(apply["barrier"]), Shuffled(**apply["results"]), apply["emitted_in"]) if apply else None,
        "stages": tuple(map(StageRef.from_json, data["stages"])),
        "emit": Emit(**{**emit, "barrier": StageRef.from_json(emit["barrier"])}) if emit else None,
        "output": _output(**data["output"]) if data["output"] else None,
        "sink": StageRef.from_json(data["sink"]) if data["sink"] else None,
        "judgements": tuple(RecordColumn(**column) for column in data["judgements"]),
        "judged_in": tuple(data["judged_in"]),
    }  # fmt: skip
    return MapPhase(**known)


def _output(label: str, choice: Mapping[str, Any], measured: Sequence[str]) -> Output:
    """Return an output from plain data, in which tuples are lists."""
    keep = tuple(choice["keep"]) if choice["keep"] is not None else None
    patterns = ColumnChoice(keep, tuple(choice["add"]), tuple(choice["drop"]), choice["rename"])
    return Output(label, patterns, tuple(measured))
