"""From a spec and its inputs to phases: what runs, in how many tasks, and what it depends on.

A phase is cut where documents have to be written down: before the decision of a barrier, and at a
`checkpoint`. Phases are static: their number, tasks and folders are known before the first task starts.

    01-extract.html      map     source -> stages                              docs/
    02-filters...        map     docs -> stages -> barrier.emit                docs/ + facts/
    03-dedup.exact-...   reduce  facts/ -> facts/
    04-dedup.exact       map     docs + facts -> barrier.apply -> stages -> sink   data/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from curate import fingerprint, registry, signals
from curate.batch import CORE
from curate.errors import SpecError
from curate.rules import Rules
from curate.runs import INPUTS, RunFolder
from curate.spec import PipelineSpec, StageSpec
from curate.stage import Kind, Shard, Split, Stage

ENGINE = ("curate.engine.tasks.map_task", "curate.engine.tasks.reduce_task")
"""The modules whose code decides what a task writes."""


@dataclass(frozen=True, slots=True)
class StageRef:
    """A stage as it travels to a worker: names and plain values, never a live object.

    Args:
        params: every parameter, defaults filled in, JSON only.
        columns: for a signal filter, the column in which it finds each of its signals.
    """

    label: str
    name: str
    params: Mapping[str, Any]
    columns: Mapping[str, str] = field(default_factory=dict)

    def find(self, modules: Sequence[str]) -> Stage:
        return registry.find(self.name, modules)

    def open(self, modules: Sequence[str]) -> Any:
        """Return the stage ready to be called, its parameters in their types again."""
        stage = self.find(modules)
        return stage.open(self.typed(stage))

    def typed(self, stage: Stage) -> dict[str, Any]:
        """Return the parameters in the types that the stage gives them."""
        return {name: stage.params[name].convert(value) for name, value in self.params.items()}

    def forecast(self, modules: Sequence[str]) -> list[str]:
        """Return what a barrier has to say of itself before anything runs, as lines."""
        say = getattr(self.open(modules), "forecast", None)
        return say() if say else []


@dataclass(frozen=True, slots=True)
class Phase:
    """One round of independent tasks.

    Args:
        folder: name of its folder under phases/; the end of it is the fingerprint.
        n_tasks: one for each shard in a map, one for each partition in a reduce.
        n_shards: shards of the whole run.
        source: where documents come from in the first phase; later ones read the docs of `docs_from`.
        facts_from: the phase whose facts the first thing in this phase reads.
        notes_from: the phase in which the barrier that reduces or decides here asked, and left its notes.
        apply, emit: the barrier that decides at the start, and the one that asks at the end.
        reduction: which of the barrier's reductions this phase is, for a reduce.
        n_facts: partitions of the facts this phase writes.
        limit: how many documents are read in all, as many from each shard; 0 reads everything.
    """

    folder: str
    fingerprint: str
    n_tasks: int
    n_shards: int
    source: StageRef | None = None
    docs_from: str | None = None
    facts_from: str | None = None
    n_facts_from: int = 0
    notes_from: str | None = None
    apply: StageRef | None = None
    stages: tuple[StageRef, ...] = ()
    emit: StageRef | None = None
    reduction: int | None = None
    n_facts: int = 0
    sink: StageRef | None = None
    modules: tuple[str, ...] = ()
    import_from: tuple[str, ...] = ()
    rejects: str = "sample"
    limit: int = 0

    def limit_of(self, task: int) -> int:
        """Return how many documents a task may read, 0 for all."""
        share, rest = divmod(self.limit, self.n_shards)
        return share + (task < rest) if self.limit else 0

    @property
    def is_reduce(self) -> bool:
        return self.reduction is not None

    @property
    def is_last_reduction(self) -> bool:
        return self.is_reduce and self.reduction + 1 == len(self.emit.open(self.modules).reductions(self.n_shards))

    @property
    def refs(self) -> Iterator[StageRef]:
        """Every stage of the phase in order, the barrier that emits last."""
        yield from (ref for ref in (self.source, self.apply, *self.stages, self.emit, self.sink) if ref is not None)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Phase:
        refs = {key: StageRef(**data[key]) if data[key] else None for key in ("source", "apply", "emit", "sink")}
        stages = tuple(StageRef(**stage) for stage in data["stages"])
        rest = {key: tuple(data[key]) for key in ("modules", "import_from")}
        return cls(**{**data, **refs, **rest, "stages": stages})


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline that is ready to run."""

    spec: PipelineSpec
    shards: tuple[Shard, ...]
    phases: tuple[Phase, ...]
    columns: tuple[str, ...]
    limit: int = 0


def make(spec: PipelineSpec, shards: Sequence[Shard], limit: int = 0) -> Plan:
    """Cut a pipeline into phases.

    Args:
        limit: read at most this many documents in all, as many from each shard; 0 reads everything.

    Raises:
        SpecError: a stage needs a column that nothing before it makes, or a filter names an unknown signal.
    """
    refs, columns = _bind(spec)
    _check_published(spec, columns)
    if limit:
        shards = [replace(shard, n_shards=min(limit, len(shards))) for shard in shards[:limit]]
    return Plan(spec, tuple(shards), tuple(_cut(spec, refs, len(shards), limit)), columns, limit)


def write_shards(folder: RunFolder, shards: Sequence[Shard]) -> None:
    """Write down the shards of a run, for its tasks to read."""
    folder.write_json(INPUTS, [asdict(shard) for shard in shards])


def read_shard(folder: RunFolder, index: int) -> Shard:
    """Return one shard of a run."""
    data = folder.read_json(INPUTS)[index]
    return Shard(data["index"], data["n_shards"], tuple(Split(**split) for split in data["splits"]))


# ---------------------------------------------------------------------- columns


def _bind(spec: PipelineSpec) -> tuple[list[StageRef | None], tuple[str, ...]]:
    """Check that every stage finds its columns, and give each signal filter the columns of its signals.

    A signal keeps its own name when it is first measured. If the text changes and a later filter needs it
    again, that measurement is another column, `words.count@<the filter>`, so that no verdict loses its ground.
    """
    available = dict.fromkeys([*(spec.source.stage.makes or CORE), *spec.source.all_params.get("extra", {})])
    is_open = "*" in available or spec.source.stage.kind is Kind.FOREIGN
    fresh: dict[str, str] = {}  # signal -> column, as measured on the text as it stands
    refs: list[StageRef | None] = []
    for stage_spec in spec.stages:
        if stage_spec is None:
            refs.append(None)
            continue
        stage = stage_spec.stage
        columns: dict[str, str] = {}
        if stage.kind is Kind.RULES:
            columns = _signal_columns(stage_spec, available, fresh, is_open)
        elif stage.kind is not Kind.FOREIGN:
            for column in (*stage.needs, *_needed_by_parameters(stage_spec)):
                if column not in available and not is_open:
                    raise SpecError(
                        f"{stage_spec.label} needs the column `{column}`, which nothing before it makes.{_maker(column)}",
                        stage_spec.where,
                    )
        if "text" in stage.makes or stage.kind is Kind.FOREIGN:
            fresh = {}
        available.update(dict.fromkeys((*_made(stage_spec), *columns.values())))
        for column in stage.removes:
            available.pop(column, None)
        refs.append(_ref(stage_spec, columns))
    return refs, tuple(dict.fromkeys(["id", *(name for name in available if name != "*")]))


def _signal_columns(spec: StageSpec, available: Mapping, fresh: dict[str, str], is_open: bool) -> dict[str, str]:
    rules = spec.stage.target(**spec.all_params)
    if not isinstance(rules, Rules):
        raise SpecError(f"{spec.name} must return Rules, it returned {type(rules).__name__}.", spec.where)
    columns = {}
    for signal in rules.signals:
        if signal in signals.SIGNALS:
            if "text" not in available and not is_open:
                raise SpecError(
                    f"{spec.label} measures the text, and nothing before it makes one.{_maker('text')}", spec.where
                )
            if signal not in fresh:
                fresh[signal] = signal if signal not in available else f"{signal}@{spec.label}"
            columns[signal] = fresh[signal]
        elif signal in available or is_open:
            columns[signal] = signal
        else:
            known = [*signals.SIGNALS, *available]
            raise SpecError(
                f'{spec.label} reads "{signal}", which is neither a signal nor a column made before it.{registry.nearest(signal, known)}',
                spec.where,
            )
    return columns


def _check_published(spec: PipelineSpec, columns: Sequence[str]) -> None:
    """Refuse published distributions of what this recipe does not measure."""
    for distribution in spec.published.distributions if spec.published else ():
        if distribution.column not in columns:
            if distribution.column in signals.SIGNALS:
                hint = f"  Put `text.measure: {{signals: [{distribution.column}]}}` before the output."
            else:
                hint = registry.nearest(distribution.column, [*signals.SIGNALS, *columns]) or _maker(
                    distribution.column
                )
            raise SpecError(f'nothing in this recipe makes a column "{distribution.column}".{hint}', distribution.where)


def _needed_by_parameters(spec: StageSpec) -> tuple[str, ...]:
    """Return the columns that a barrier reads because of its parameters; parameters that do not fit are refused here."""
    if spec.stage.kind is not Kind.BARRIER:
        return ()
    try:
        return tuple(getattr(spec.stage.target(**spec.all_params), "needs", ()))
    except SpecError as error:
        raise SpecError(str(error), spec.where) from error


def _made(spec: StageSpec) -> tuple[str, ...]:
    """Return the columns a stage makes; one that a parameter names must be new, and no signal's."""
    made = spec.stage.made_by(spec.all_params)
    for column in set(made) - set(spec.stage.makes):
        if column in CORE or column in signals.SIGNALS or not column:
            raise SpecError(
                f'"{column}" cannot be the name of a score: it is taken by a core column or a signal.', spec.where
            )
    return made


def _maker(column: str) -> str:
    makers = [
        name for name, stage in registry.catalogue().items() if column in stage.makes and stage.kind is not Kind.SOURCE
    ]
    return f"  Put {' or '.join(makers)} before it." if makers else ""


def _ref(spec: StageSpec, columns: Mapping[str, str] | None = None) -> StageRef:
    params = {name: str(value) if isinstance(value, Path) else value for name, value in spec.all_params.items()}
    return StageRef(spec.label, spec.name, params, columns or {})


# ---------------------------------------------------------------------- phases


def _cut(spec: PipelineSpec, refs: Sequence[StageRef | None], n_shards: int, limit: int) -> Iterator[Phase]:
    """Yield the phases: documents flow until a barrier or a checkpoint, where they are written down."""
    chain = _Chain(spec, n_shards)
    start = Phase("", "", n_shards, n_shards, source=_ref(spec.source), limit=limit)
    stages: list[StageRef] = []
    for ref in refs:
        if ref is not None and chain.kind(ref) is not Kind.BARRIER:
            stages.append(ref)
            continue
        if ref is None and not stages and start.source is None and start.apply is None:
            continue  # nothing happened since documents were last written down
        reductions = ref.open(spec.modules).reductions(n_shards) if ref else ()
        n_facts = [*(reduction.n_tasks for reduction in reductions), n_shards]
        docs = phase = chain.closed(replace(start, stages=tuple(stages), emit=ref, n_facts=n_facts[0] if ref else 0))
        yield phase
        for k, reduction in enumerate(reductions):
            reduce = Phase(
                "",
                "",
                reduction.n_tasks,
                n_shards,
                facts_from=phase.folder,
                n_facts_from=phase.n_tasks,
                notes_from=docs.folder,
                emit=ref,
                reduction=k,
                n_facts=n_facts[k + 1],
            )
            phase = chain.closed(reduce, reduction.name)
            yield phase
        start = Phase("", "", n_shards, n_shards, docs_from=docs.folder)
        if ref:
            start = replace(
                start, facts_from=phase.folder, n_facts_from=phase.n_tasks, notes_from=docs.folder, apply=ref
            )
        stages = []
    yield chain.closed(replace(start, stages=tuple(stages), sink=_ref(spec.sink)))


class _Chain:
    """Numbers and names phases as they are made; each one's fingerprint includes that of the one before."""

    def __init__(self, spec: PipelineSpec, n_shards: int):
        self.specs = {s.label: s for s in (spec.source, spec.sink, *(s for s in spec.stages if s is not None))}
        self.modules = spec.modules
        self.import_from = (str(Path(spec.path).parent.resolve()), str(Path.cwd())) if spec.modules else ()
        self.rejects = spec.rejects
        self.number, self.parent = 0, ""

    def kind(self, ref: StageRef) -> Kind:
        return self.specs[ref.label].stage.kind

    def closed(self, phase: Phase, reduction: str = "") -> Phase:
        """Return the phase with its folder: its number, what it begins with, and its fingerprint."""
        phase = replace(phase, modules=self.modules, import_from=self.import_from, rejects=self.rejects)
        self.number += 1
        self.parent = _fingerprint(phase, self.specs, self.parent)
        first = next(
            iter(
                [
                    *([phase.apply] if phase.apply else []),
                    *phase.stages,
                    *([phase.emit] if phase.emit else []),
                    *phase.refs,
                ]
            )
        )
        name = f"{first.label}-{reduction}" if reduction else first.label
        return replace(phase, fingerprint=self.parent, folder=f"{self.number:02d}-{name}-{self.parent[:10]}")


def _fingerprint(phase: Phase, specs: Mapping[str, StageSpec], parent: str) -> str:
    """Return what the phase's results depend on, but for its inputs: those are in the key of each task."""
    stages = [
        [
            ref.label,
            ref.name,
            fingerprint.of_params(_without_late(phase, ref, _paths_restored(specs[ref.label], ref))),
            dict(ref.columns),
            fingerprint.of_code(specs[ref.label].stage.target),
        ]
        for ref in phase.refs
    ]
    measures = fingerprint.of_module("curate.signals") if any(ref.columns for ref in phase.refs) else ""
    engine = [fingerprint.of_module(module) for module in ENGINE]
    return fingerprint.combine(parent, stages, measures, engine, phase.reduction, phase.rejects, phase.limit)


def _without_late(phase: Phase, ref: StageRef, params: dict[str, Any]) -> dict[str, Any]:
    """Leave out what only the last reduction of a barrier reads, in the phases before it."""
    if ref != phase.emit or phase.is_last_reduction:
        return params
    late = getattr(registry.find(ref.name, phase.modules).target, "late", ())
    return {name: value for name, value in params.items() if name not in late}


def _paths_restored(spec: StageSpec, ref: StageRef) -> dict[str, Any]:
    """Parameters with files as paths again, without those that only say where the inputs are."""
    params = {**ref.params, **{k: v for k, v in spec.all_params.items() if isinstance(v, Path)}}
    if spec.stage.kind is Kind.SOURCE:
        params.pop("paths", None)
        params.pop("shard_mib", None)
    return params
