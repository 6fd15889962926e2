"""The recipe of a run and the changed one, compiled by what compiles recipes, as steps that follow each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from curate import spec
from curate.errors import Problems, SpecError
from curate.plan import columns
from curate.plan.columns import Bound
from curate.rules import Bound as RuleBound
from curate.signals import SIGNALS, current_name
from curate.spec import PipelineSpec, entries, marks
from curate.stage import Kind
from curate.statistics.corpus import Corpus
from curate.statistics.what_if.judging import Filter, cannot_judge, filters_of

FLAG = "--what-if"


_JOINT = (Kind.BARRIER, Kind.STREAM, Kind.DATATROVE)
"""Kinds of stages that see more than one document."""


@dataclass(frozen=True)
class Step:
    """Stages that decide at one time: adjacent filters that only compare columns, or one stage of another kind.

    Args:
        bound: the stages. filters: what the filters compare; empty for a stage of another kind.
        is_joint: what it does with a document may depend on others, or it may make new ones. ranks: it is a global stage that
            does not compare copies. names_copies: it drops copies, and names the one that was kept.
        is_unknown: the record lacks a column that one of the filters compares.
    """

    bound: tuple[Bound, ...]
    filters: tuple[Filter, ...] = ()
    is_joint: bool = False
    ranks: bool = False
    names_copies: bool = False
    is_unknown: bool = False

    @property
    def labels(self) -> list[str]:
        return [each.ref.label for each in self.bound]


@dataclass(frozen=True)
class Change:
    """A changed recipe beside the one that ran.

    Args:
        settings: the changes, `path=value`.
        steps: under the changed recipe; the first stands for the sources.
        moved: the rules that differ.
    """

    settings: tuple[str, ...]
    steps: tuple[Step, ...]
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """A rule whose bound is another.

    Args:
        column: that it compares. before, after: the bounds; None where there is no such rule.
        when: the documents that it is for.
    """

    stage: str
    reason: str
    column: str
    before: RuleBound | None
    after: RuleBound | None
    when: Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Compiled:
    """The recipe of a run, ready for changes.

    Args:
        recipe: as it was resolved. path: of the file it was read from, in whose folder relative paths begin.
    """

    corpus: Corpus
    recipe: Mapping[str, Any]
    path: str
    stages: tuple[Bound | None, ...]

    def changed(self, settings: Sequence[str], flag: str = FLAG, *, may_be_none: bool = False) -> Change | None:
        """Return the recipe with some changes.

        Args:
            flag: the option that gave them, for errors.
            may_be_none: return None if no rule becomes another.

        Raises:
            SpecError: a setting does not fit the recipe, changes nothing, or changes more than what rules compare.
        """
        check_once(self.recipe, settings)
        pipeline = _read(self.corpus, self.recipe, self.path, settings, flag)
        bound = _bound(pipeline)
        before, after = (_by_label(stages) for stages in (self.stages, bound))
        _check_same_beside_stages(self.recipe, self.path, settings, flag)
        changed = [label for label in before if after[label].ref != before[label].ref]
        for label in changed:
            _check_is_about_bounds(before[label], after[label])
        moved = tuple(each for label in changed for each in _moved(before[label], after[label]))
        if not moved and may_be_none:
            return None
        if not moved:
            said = " ".join(f"{flag} {each}" for each in settings)
            raise SpecError(f"{said}: no rule of the run becomes another; nothing changes.{_about_variables(settings)}")
        steps = tuple(_steps(self.corpus, bound))
        _check_measured(self.corpus, steps, moved)
        return Change(tuple(settings), steps, moved)

    def value_of(self, param: str) -> Any:
        """Return the value of a parameter in the run, `STAGE.PARAM`; None if it has none."""
        bound = self._stage_of(param)
        return bound.spec.all_params.get(param.rpartition(".")[2]) if bound else None

    def check_takes_numbers(self, param: str, flag: str) -> None:
        """Make sure that a parameter of a filter can be a number.

        Raises:
            SpecError: it cannot.
        """
        bound = self._stage_of(param)
        known = bound.spec.stage.params.get(param.rpartition(".")[2]) if bound else None
        for value in (7, 0.5) if known else ():
            try:
                known.convert(value)
            except ValueError:
                continue
            return
        if known:
            raise SpecError(f"{param} takes no number, so no value of it can be looked for.", flag)

    def check_is_filter(self, param: str) -> None:
        """Make sure that a parameter is not one of a stage about which the record says nothing.

        Raises:
            SpecError: it is.
        """
        if bound := self._stage_of(param):
            _check_is_about_bounds(bound, bound)

    def _stage_of(self, param: str) -> Bound | None:
        address = param.rpartition(".")[0]
        labelled = (each for each in self.stages if each is not None)
        return next((each for each in labelled if address in (each.ref.label, f"{each.ref.label}#1")), None)


def compile(corpus: Corpus, recipe: Mapping[str, Any], path: str = "", modules: Sequence[str] = ()) -> Compiled:
    """Compile the recipe of a run.

    Args:
        recipe: as the run's manifest has it. path: of the file it was read from; empty if nobody knows it any more.
        modules: of the user's that may be imported.

    Raises:
        SpecError: the recipe has modules that may not be imported, or is not what this version of curate reads.
    """
    needed = [name for name in recipe.get("modules", ()) if name not in modules]
    if needed:
        given = " ".join(f"--module {name}" for name in needed)
        raise SpecError(
            f"{corpus.url}: the recipe has modules of its own, which a what-if imports to compile it; add {given}."
        )
    stages = _bound(_read(corpus, recipe, path, (), FLAG))
    found = [each.ref.label for each in stages if each is not None]
    labels = {stage["label"] for stage in corpus.stages}
    if not labels.issuperset(found):
        raise SpecError(f"{corpus.url}: another version of curate ran it, with other stages.  Run the recipe again.")
    for stage, bound in ((stage, _by_label(stages).get(stage["label"])) for stage in corpus.stages):
        if bound is not None and stage.get("columns", {}) != dict(bound.ref.columns):
            raise SpecError(
                f"{corpus.url}: {stage['label']} measured {', '.join(stage.get('columns', {})) or 'nothing'} in the run, and "
                "compares other columns in this version of curate.  Run the recipe again."
            )
    return Compiled(corpus, recipe, path, stages)


def check_once(recipe: Mapping[str, Any], settings: Sequence[str]) -> None:
    """Refuse changes of which one replaces another, however they address the stage.

    Raises:
        SpecError: two are about one parameter.
    """
    known, seen = list(entries.entries(marks.made(dict(recipe), ""))), {}
    for setting in settings:
        path = setting.partition("=")[0].strip()
        found = entries.find(known, path, f"{FLAG} {setting}")
        address = f"{found[0].address}.{found[1]}" if found else path
        if address in seen:
            raise SpecError(f"{FLAG} {seen[address]} and {setting} are about one parameter.  Give it one value.")
        seen[address] = setting


def _read(corpus: Corpus, recipe: Mapping[str, Any], path: str, settings: Sequence[str], flag: str) -> PipelineSpec:
    """Return a recipe with changes; its sources have the columns that the run found in their files."""
    pipeline = spec.read_again(recipe, path or corpus.url, settings=settings, flag=flag)
    params = {stage["label"]: stage["params"] for stage in corpus.stages}
    inputs = []
    for given in pipeline.inputs:
        source = given.source
        known = {
            name: source.stage.params[name].convert(value, pipeline.modules)
            for name, value in params.get(source.label, {}).items()
            if name in source.stage.params
        }
        inputs.append(replace(given, source=replace(source, params={**source.params, **known})))
    return replace(pipeline, inputs=tuple(inputs))


def _bound(pipeline: PipelineSpec) -> Sequence[Bound | None]:
    """Return the stages of a recipe with their columns.

    Raises:
        SpecError, SpecErrors: a stage does not find a column that it reads.
    """
    with Problems() as problems:
        return columns.bind(pipeline, problems).stages


def _by_label(stages: Sequence[Bound | None]) -> dict[str, Bound]:
    return {each.ref.label: each for each in stages if each is not None}


def _check_same_beside_stages(recipe: Mapping[str, Any], path: str, settings: Sequence[str], flag: str) -> None:
    """Refuse changes of anything but stages: what is read, and how it is written."""
    before, now = (spec.read_again(recipe, path, settings=each, flag=flag) for each in ((), settings))
    for part, one, other in (
        ("its inputs", before.inputs, now.inputs),
        ("its output", (before.sink, before.output), (now.sink, now.output)),
    ):
        if one != other:
            said = " ".join(f"{flag} {each}" for each in settings)
            raise SpecError(
                f"{said}: changes {part}, of which the record says nothing.  --exact runs the changed recipe."
            )


def _about_variables(settings: Sequence[str]) -> str:
    if not any(each.startswith("vars.") for each in settings):
        return ""
    return "  The values of variables stand in the recipe of a run; name the parameters that have them."


def _check_is_about_bounds(before: Bound, after: Bound) -> None:
    label, kind = before.ref.label, before.spec.stage.kind
    if kind is not Kind.RULES:
        raise SpecError(
            f"{label} is no filter that compares columns, so what another parameter of it gives cannot be read off the record.  "
            "--exact runs the changed recipe."
        )
    if before.ref.only != after.ref.only:
        raise SpecError(f"{label}: `only` says which documents are measured.  --exact runs the changed recipe.")


def _check_measured(corpus: Corpus, steps: Sequence[Step], moved: Sequence[Moved]) -> None:
    record, names = corpus.need_record(), {(each.stage, each.reason) for each in moved}
    for each in (each.of(names) for step in steps for each in step.filters):
        if problem := cannot_judge(each, record.names):
            raise SpecError(
                f"{each.label} would compare `{problem}`, which is not in the record of the run.  {_way_to(problem, each.label)}  "
                f"--exact runs the changed recipe.  The record has {', '.join(record.names)}."
            )


def _way_to(column: str, label: str) -> str:
    if current_name(column) in SIGNALS:
        return f"To have it measured, put `text.measure: {{signals: [{column}]}}` right before {label} and run the recipe again."
    return "The record holds what a run measures, not what the input brings."


def _steps(corpus: Corpus, stages: Sequence[Bound | None]) -> Iterator[Step]:
    """Yield the steps: a checkpoint or another stage ends a group of filters."""
    yield Step(())
    group: list[Bound] = []
    for each in (*stages, None):
        if each is not None and each.spec.stage.kind is Kind.RULES:
            group.append(each)
            continue
        if group:
            filters = tuple(found for bound in group for found in filters_of(bound))
            lacking = any(cannot_judge(found, corpus.need_record().names) for found in filters)
            yield Step(tuple(group), filters, is_unknown=lacking)
            group = []
        if each is not None:
            kind = each.spec.stage.kind
            names = kind is Kind.BARRIER and each.spec.stage.target.names_kept_copies
            yield Step((each,), is_joint=kind in _JOINT, ranks=kind is Kind.BARRIER and not names, names_copies=names)


def _moved(before: Bound, after: Bound) -> Iterator[Moved]:
    """Yield the rules of a filter that differ, for each of its cases; all of them if the cases are others."""
    one, other = list(filters_of(before)), list(filters_of(after))
    same_cases = [each.when for each in one] == [each.when for each in other]
    for at in range(max(len(one), len(other))):
        old, new = (side[at] if at < len(side) else None for side in (one, other))
        bounds = [dict(side.rules) if side else {} for side in (old, new)]
        for reason in dict.fromkeys([*bounds[0], *bounds[1]]):
            pair = [side.get(reason) for side in bounds]
            if pair[0] == pair[1] and same_cases:
                continue
            which, bound = (new, pair[1]) if pair[1] else (old, pair[0])
            yield Moved(after.ref.label, reason, which.columns[bound.signal], *pair, which.when)
