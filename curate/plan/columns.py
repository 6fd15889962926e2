"""Columns: does every stage find what it reads, and in which column is each signal?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from curate import registry, signals
from curate.batch import CORE, Columns
from curate.errors import Problems, SpecError, at
from curate.plan import case_languages
from curate.plan.available import Available, maker
from curate.plan.output import Made
from curate.plan.phases import StageRef
from curate.rules import Rules
from curate.signals import Signal
from curate.spec import Case, Gap, PipelineSpec, StageSpec, marks
from curate.stage import Kind


@dataclass(frozen=True, slots=True)
class Bound:
    """A stage with the columns it has under its parameters; `ref.columns` says where its signals are."""

    spec: StageSpec
    ref: StageRef
    columns: Columns


@dataclass(frozen=True, slots=True)
class Bindings:
    """What binding the stages of a recipe to their columns found.

    Args:
        stages: in order, None for a checkpoint.
        made: the columns that are there at the end.
        schema: column -> type, as `MapPhase.schema`, if inputs differ in their columns.
        warnings: what the user should know.
    """

    stages: tuple[Bound | None, ...]
    made: Made
    schema: Mapping[str, str]
    warnings: tuple[str, ...]


def bind(spec: PipelineSpec, problems: Problems) -> Bindings:
    """Check that every stage finds its columns, and give each signal filter the columns of its signals.

    A signal keeps its own name when it is first measured. If the text changes and a later filter needs it
    again, that measurement is another column, `words.count@<the filter>`, so that earlier verdicts keep their values.

    Args:
        problems: takes what is wrong: a column or signal is missing, has another type, or a name that is taken. What is
            returned then only serves to look for further mistakes.
    """
    known = Available.after_sources(spec.inputs, problems)
    stages = tuple(_after(known, stage) if stage else None for stage in spec.stages)
    if not isinstance(spec.sink, Gap):
        with problems.noted():
            known.check_needs(spec.sink, columns_of(spec.sink).needs)
    columns = tuple(dict.fromkeys(["id", *known.inputs_of]))
    if not known.is_open:
        _check_published(spec, columns, problems)
    notes = (marks.note(text, places) for text, places in known.notes.items())
    made = Made(columns, frozenset(known.measured), known.is_open)
    schema = {} if problems.are_there else problems.tried(known.schema, {})
    return Bindings(stages, made, schema, (*notes, *known.warnings))


def columns_of(spec: StageSpec) -> Columns:
    """Return the columns of a stage under its parameters; parameters that do not fit each other are refused here."""
    with at(spec.where):
        found = [spec.stage.columns(case.params) for case in spec.variants]
    merged = found[0]
    for more in found[1:]:
        merged = merged.with_more(more)
    return replace(merged, languages=case_languages.of_columns(spec.variants, found))


def plain_ref(spec: StageSpec) -> StageRef:
    """Return a stage as it travels to a worker."""
    params = spec.params if spec.cases else spec.all_params
    return StageRef(spec.label, spec.name, params, cases=spec.cases, only=spec.only, on_error=spec.on_error)


def _after(known: Available, spec: StageSpec | Gap) -> Bound | None:
    """Check a stage against what is there, and take in what it makes and removes."""
    noted = known.problems.noted
    if isinstance(spec, Gap):
        known.take_gap(spec)
        return None
    columns = known.problems.tried(lambda: columns_of(spec), None)
    if columns is None:
        known.take_gap(Gap(spec.label, spec.stage, spec.params))
        return None
    kind = spec.stage.kind
    known.check_needs(spec, sorted({column for case in spec.cases for column in case.when}), asked_by="`when` or `per`")
    found = known.problems.tried(lambda: _signal_columns(known, spec), {}) if kind is Kind.RULES else {}
    if kind not in (Kind.RULES, Kind.DATATROVE):
        known.check_needs(spec, columns.needs)
    known.check_numbers(spec, [*columns.numbers, *found.values()])
    if "text" in columns.makes or kind is Kind.DATATROVE:
        known.fresh = {}
    with noted():
        _check_names(spec, columns)
    for param, language in spec.stage.languages.items():
        for case in spec.variants:
            if case.params.get(param):
                known.check_language(spec, case, language, f"has `{param}`, which")
    known.check_cases(spec)
    known.take_languages(spec, columns)
    with noted():
        known.check_extra(spec, columns)
    with noted():
        known.take(spec, {**columns.makes, **_measured(found)})
    known.measured -= {*columns.makes} - {*spec.stage.measures}
    known.measured.update((*spec.stage.measures, *_measured(found)))
    known.remove(spec, columns.removes)
    read = (*columns.needs, *found.values())
    partial = {column: list(known.languages[column]) for column in read if column in known.languages}
    return Bound(spec, replace(plain_ref(spec), columns=found, languages=partial), columns)


def _measured(found: Mapping[str, str]) -> dict[str, pa.DataType]:
    """Return the columns that are measured for a filter, with their types; others were made before."""
    current = ((column, signals.SIGNALS.get(signals.current_name(name))) for name, column in found.items())
    return {column: pa.from_numpy_dtype(signal.dtype) for column, signal in current if signal is not None}


def _signal_columns(known: Available, spec: StageSpec) -> dict[str, str]:
    """Return the column of each signal that a filter reads; check its rules."""
    columns: dict[str, str] = {}
    for case in spec.variants:
        with at(spec.where):
            rules = spec.stage.construct(case.params)()
        if not isinstance(rules, Rules):
            raise SpecError(f"{spec.name} must return Rules, it returned {type(rules).__name__}.", spec.where)
        _check_rules(known, spec, case, rules)
        for wanted in rules.signals:
            if wanted not in columns:
                with known.problems.noted():
                    columns[wanted] = _signal_column(known, spec, wanted)
    return columns


def _signal_column(known: Available, spec: StageSpec, wanted: str) -> str:
    signal = signals.current_name(wanted)
    if signal != wanted:
        known.notes.setdefault(f"the signal `{wanted}` is now called `{signal}`.", []).append(spec.where)
    if signal in signals.SIGNALS:
        if not known.has(spec, "text"):
            raise SpecError(
                f"{spec.label} measures the text, and nothing before it makes one.{maker('text')}", spec.where
            )
        if signal not in known.fresh:
            known.fresh[signal] = signal if signal not in known.inputs_of else f"{signal}@{spec.label}"
        return known.fresh[signal]
    if signal in known.inputs_of:
        known.check_needs(spec, [signal])
    elif not known.is_open:
        raise SpecError(
            f'{spec.label} reads "{signal}", which is neither a signal nor a column made before it.'
            f"{registry.nearest(signal, [*signals.SIGNALS, *known.inputs_of])}",
            spec.place_of_value(wanted),
        )
    return signal


def _check_rules(known: Available, spec: StageSpec, case: Case, rules: Rules) -> None:
    """Warn of rules whose signal is made for one language, if documents in others come to them."""
    found: dict[Signal, list[str]] = {}
    for reason, bound in rules:
        signal = signals.SIGNALS.get(signals.current_name(bound.signal))
        if signal is not None and signal.language and not bound.is_idle:
            found.setdefault(signal, []).append(reason)
        made_for = known.partial.get(bound.signal, {})
        if bound.is_needed and any(case.when.get(column) != values for column, values in made_for.items()):
            known.warnings.append(
                f"{spec.where}\n  {spec.label} drops documents without `{bound.signal}`, which is made only for documents "
                f"{case_languages.spelled(made_for)}.  Give this stage the same `when`, or `missing: keep`."
            )
    for signal, reasons in found.items():
        known.check_language(spec, case, signal.language, f"drops for {', '.join(reasons)} by `{signal.name}`, which")


def _check_names(spec: StageSpec, columns: Columns) -> None:
    """Refuse a made column that a parameter names like a core column or a signal."""
    for column in set(columns.makes) - set(spec.stage.documented_columns.makes):
        if column in CORE or column in signals.SIGNALS or not column:
            raise SpecError(
                f'"{column}" cannot be the name of a score: it is taken by a core column or a signal.', spec.where
            )


def _check_published(spec: PipelineSpec, columns: Sequence[str], problems: Problems) -> None:
    """Note published distributions of what this recipe does not measure."""
    for distribution in spec.published.distributions if spec.published else ():
        if distribution.column not in columns:
            if distribution.column in signals.SIGNALS:
                hint = f"  Put `text.measure: {{signals: [{distribution.column}]}}` before the output."
            else:
                hint = registry.nearest(distribution.column, [*signals.SIGNALS, *columns]) or maker(distribution.column)
            problems.add(
                SpecError(f'nothing in this recipe makes a column "{distribution.column}".{hint}', distribution.where)
            )
