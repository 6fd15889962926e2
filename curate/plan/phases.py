"""Phases: rounds of independent tasks. A map phase moves documents through stages; a reduce phase is one reduction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from curate import registry
from curate.barrier import Barrier
from curate.executor import Resources
from curate.runs.layout import phase_folder_name
from curate.spec.output import ColumnChoice, FileSizes
from curate.stage import Stage


@dataclass(frozen=True, slots=True)
class StageRef:
    """A stage as it travels to a worker: names and plain values, never a live object.

    Args:
        params: every parameter, defaults filled in, JSON only.
        columns: for a signal filter, the column in which it finds each of its signals.
        languages: of the columns that it reads, those that only documents in some languages have, with these languages.
    """

    label: str
    name: str
    params: Mapping[str, Any]
    columns: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, Sequence[str]] = field(default_factory=dict)

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
class Shuffled:
    """Rows that one phase wrote for the tasks of another: its folder, and by how many tasks."""

    phase: str
    n_tasks: int


@dataclass(frozen=True, slots=True)
class Emit:
    """The barrier that emits at the end of a map phase, and for how many tasks of the next phase."""

    barrier: StageRef
    n_partitions: int


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
    """Documents of each shard: from the source or an earlier phase, through stages, to the next phase or the sink.

    Args:
        source: where documents come from in the first phase; later ones read the documents that `docs_from` wrote.
        limit: how many documents are read in all; 0 reads everything. Each shard knows its part.
        output: of the last map phase: what comes out. sink: what writes it, unless a `WritePhase` does.
    """

    source: StageRef | None = None
    docs_from: str | None = None
    apply: Apply | None = None
    stages: tuple[StageRef, ...] = ()
    emit: Emit | None = None
    output: Output | None = None
    sink: StageRef | None = None
    rejects: str = "sample"
    limit: int = 0

    @property
    def n_tasks(self) -> int:
        return self.n_shards

    @property
    def only_emits(self) -> bool:
        """Whether documents pass through without a stage that could drop or change them."""
        return self.source is None and self.apply is None and not self.stages and self.output is None

    @property
    def refs(self) -> Iterator[StageRef]:
        """Every stage of the phase in order, the barrier that emits last."""
        decides = self.apply.barrier if self.apply else None
        emits = self.emit.barrier if self.emit else None
        yield from (ref for ref in (self.source, decides, *self.stages, emits, self.sink) if ref is not None)


@dataclass(frozen=True, slots=True)
class ReducePhase(Phase):
    """One reduction of a barrier: each task sees one partition of the rows of the phase before.

    Args:
        reduction: which of the barrier's reductions this is, from 0; `is_last`: whether its rows are results.
        rows: what the tasks read.
        n_tasks: how many partitions they have. n_partitions: for how many tasks of the next phase this one writes.
        emitted_in: the phase in which the barrier emitted; the sidecars are there.
    """

    barrier: StageRef
    reduction: int
    is_last: bool
    rows: Shuffled
    n_tasks: int
    n_partitions: int
    emitted_in: str

    @property
    def refs(self) -> Iterator[StageRef]:
        """The barrier."""
        yield self.barrier


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


AnyPhase = MapPhase | ReducePhase | WritePhase

KINDS: Mapping[str, type[MapPhase] | type[ReducePhase] | type[WritePhase]] = {
    "map": MapPhase,
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
    if kind == "reduce":
        return ReducePhase(**{**known, "barrier": StageRef(**data["barrier"]), "rows": Shuffled(**data["rows"])})
    if kind == "write":
        return WritePhase(**{**known, "sink": StageRef(**data["sink"]), "sizes": FileSizes(**data["sizes"])})
    apply, emit = data["apply"], data["emit"]
    known |= {
        "source": StageRef(**data["source"]) if data["source"] else None,
        "apply": Apply(StageRef(**apply["barrier"]), Shuffled(**apply["results"]), apply["emitted_in"]) if apply else None,
        "stages": tuple(StageRef(**stage) for stage in data["stages"]),
        "emit": Emit(StageRef(**emit["barrier"]), emit["n_partitions"]) if emit else None,
        "output": _output(**data["output"]) if data["output"] else None,
        "sink": StageRef(**data["sink"]) if data["sink"] else None,
    }  # fmt: skip
    return MapPhase(**known)


def _output(label: str, choice: Mapping[str, Any], measured: Sequence[str]) -> Output:
    """Return an output from plain data, in which tuples are lists."""
    keep = tuple(choice["keep"]) if choice["keep"] is not None else None
    patterns = ColumnChoice(keep, tuple(choice["add"]), tuple(choice["drop"]), choice["rename"])
    return Output(label, patterns, tuple(measured))
