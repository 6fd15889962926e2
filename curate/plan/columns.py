"""Columns: does every stage find what it reads, and in which column is each signal?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from curate import languages, registry, signals
from curate.batch import CORE, Columns
from curate.errors import SpecError
from curate.plan.output import Made
from curate.plan.phases import StageRef
from curate.rules import Rules
from curate.signals import Signal
from curate.spec import PipelineSpec, StageSpec, marks
from curate.stage import Kind


@dataclass(frozen=True, slots=True)
class Bound:
    """A stage with the columns it has under its parameters; `ref.columns` says where its signals are."""

    spec: StageSpec
    ref: StageRef
    columns: Columns


def bind(spec: PipelineSpec) -> tuple[list[Bound | None], Made, tuple[str, ...]]:
    """Check that every stage finds its columns, and give each signal filter the columns of its signals.

    A signal keeps its own name when it is first measured. If the text changes and a later filter needs it
    again, that measurement is another column, `words.count@<the filter>`, so that earlier verdicts keep their values.

    Returns:
        the stages in order, None for a checkpoint; the columns that are there at the end; and warnings.
    Raises:
        SpecError: a column or signal is missing, or a made column has a name that is taken.
    """
    known = _Available.after_source(spec.source)
    bound: list[Bound | None] = []
    for stage_spec in spec.stages:
        bound.append(known.after(stage_spec) if stage_spec else None)
    known.check_needs(spec.sink, columns_of(spec.sink))
    columns = tuple(dict.fromkeys(["id", *known.columns]))
    _check_published(spec, columns)
    notes = (marks.note(text, places) for text, places in known.notes.items())
    return bound, Made(columns, frozenset(known.measured), known.is_open), (*notes, *known.warnings)


def columns_of(spec: StageSpec) -> Columns:
    """Return the columns of a stage under its parameters; parameters that do not fit each other are refused here."""
    try:
        return spec.stage.columns(spec.all_params)
    except SpecError as error:
        raise error if error.where else SpecError(str(error), spec.where) from error


def plain_ref(spec: StageSpec) -> StageRef:
    """Return a stage as it travels to a worker."""
    return StageRef(spec.label, spec.name, spec.all_params)


@dataclass(slots=True)
class _Available:
    """What is there at one point of the recipe.

    Args:
        columns: an ordered set of names. is_open: a datatrove reader may have made others that nobody declared.
        measured: those of them that are signals or other measurements.
        fresh: signal -> its column, as measured on the text as it is now.
        languages: column -> the languages of the documents that have it, where others have null.
        spoken: who said in which languages the documents are, and in which; empty for all. None if nobody did.
    """

    columns: dict[str, None]
    is_open: bool
    measured: set[str] = field(default_factory=set)
    fresh: dict[str, str] = field(default_factory=dict)
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    spoken: tuple[str, tuple[str, ...]] | None = None
    warnings: list[str] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def after_source(cls, source: StageSpec) -> _Available:
        makes = columns_of(source).makes
        columns = dict.fromkeys(makes or CORE)
        return cls(columns, source.stage.kind is Kind.DATATROVE)

    def after(self, spec: StageSpec) -> Bound:
        """Check a stage against what is there, and take in what it makes and removes."""
        kind, columns = spec.stage.kind, columns_of(spec)
        found = self._signal_columns(spec) if kind is Kind.RULES else {}
        if kind not in (Kind.RULES, Kind.DATATROVE):
            self.check_needs(spec, columns)
        if "text" in columns.makes or kind is Kind.DATATROVE:
            self.fresh = {}
        _check_names(spec, columns)
        for param, language in spec.stage.languages.items():
            if spec.all_params.get(param):
                self._check_language(spec, language, f"has `{param}`, which")
        self._take_languages(spec, columns)
        self.measured -= {*columns.makes, *columns.removes}
        self.measured.update(spec.stage.measures)
        self.columns.update(dict.fromkeys((*columns.makes, *found.values())))
        for column in columns.removes:
            self.columns.pop(column, None)
        read = (*columns.needs, *found.values())
        partial = {column: list(self.languages[column]) for column in read if column in self.languages}
        return Bound(spec, replace(plain_ref(spec), columns=found, languages=partial), columns)

    def _take_languages(self, spec: StageSpec, columns: Columns) -> None:
        """Take in the languages of documents and of columns; warn where a column is made for documents in others."""
        if columns.passes is not None:
            self.spoken = (spec.label, columns.passes)
        for column in columns.makes:
            self.languages.pop(column, None)
        for column, known in columns.languages.items():
            if languages.COLUMN in self.columns:
                self.languages[column] = known
            elif not self.is_open:
                self.warnings.append(
                    f"{spec.where}\n  {spec.label} knows {', '.join(known)} only, and nothing before it says in which language "
                    f"a document is, so `{column}` is made for all of them.  Put language.detect before it."
                )

    def check_needs(self, spec: StageSpec, columns: Columns) -> None:
        """Refuse a stage that reads a column which nothing before it makes."""
        for column in columns.needs:
            if column not in self.columns and not self.is_open:
                raise SpecError(
                    f"{spec.label} needs the column `{column}`, which nothing before it makes.{_maker(column)}",
                    spec.where,
                )

    def _signal_columns(self, spec: StageSpec) -> dict[str, str]:
        rules = spec.stage.construct(spec.all_params)()
        if not isinstance(rules, Rules):
            raise SpecError(f"{spec.name} must return Rules, it returned {type(rules).__name__}.", spec.where)
        self._check_rules(spec, rules)
        columns = {}
        for wanted in rules.signals:
            signal = signals.current_name(wanted)
            if signal != wanted:
                self.notes.setdefault(f"the signal `{wanted}` is now called `{signal}`.", []).append(spec.where)
            if signal in signals.SIGNALS:
                if "text" not in self.columns and not self.is_open:
                    raise SpecError(
                        f"{spec.label} measures the text, and nothing before it makes one.{_maker('text')}", spec.where
                    )
                if signal not in self.fresh:
                    self.fresh[signal] = signal if signal not in self.columns else f"{signal}@{spec.label}"
                    self.measured.add(self.fresh[signal])
                columns[wanted] = self.fresh[signal]
            elif signal in self.columns or self.is_open:
                columns[wanted] = signal
            else:
                known = [*signals.SIGNALS, *self.columns]
                raise SpecError(
                    f'{spec.label} reads "{signal}", which is neither a signal nor a column made before it.'
                    f"{registry.nearest(signal, known)}",
                    spec.where,
                )
        return columns

    def _check_rules(self, spec: StageSpec, rules: Rules) -> None:
        """Warn of rules whose signal is made for one language, if documents in others come to them."""
        found: dict[Signal, list[str]] = {}
        for reason, bound in rules:
            signal = signals.SIGNALS.get(signals.current_name(bound.signal))
            if signal is not None and signal.language and not bound.is_idle:
                found.setdefault(signal, []).append(reason)
        for signal, reasons in found.items():
            self._check_language(spec, signal.language, f"drops for {', '.join(reasons)} by `{signal.name}`, which")

    def _check_language(self, spec: StageSpec, language: str, what: str) -> None:
        """Warn of something that is made for one language, if documents in others come to it."""
        who, spoken = self.spoken or ("", ())
        if who and (not spoken or any(languages.is_other(each, [language]) for each in spoken)):
            self.warnings.append(
                f"{spec.where}\n  {spec.label} {what} is made for {language}, and {who} keeps "
                f"{', '.join(spoken) or 'all languages'}.  Turn it off, or make a recipe for each language."
            )


def _check_names(spec: StageSpec, columns: Columns) -> None:
    """Refuse a made column that a parameter names like a core column or a signal."""
    for column in set(columns.makes) - set(spec.stage.documented_columns.makes):
        if column in CORE or column in signals.SIGNALS or not column:
            raise SpecError(
                f'"{column}" cannot be the name of a score: it is taken by a core column or a signal.', spec.where
            )


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


def _maker(column: str) -> str:
    """Return advice which stages make a column."""
    makers = [
        name
        for name, stage in registry.catalogue().items()
        if column in stage.documented_columns.makes and stage.kind is not Kind.SOURCE
    ]
    return f"  Put {' or '.join(makers)} before it." if makers else ""
