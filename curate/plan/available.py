"""What is there at one point of a recipe: columns, the languages of documents, and what was said about both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from curate import languages, params, registry, signals
from curate.batch import CORE, Columns
from curate.batch.column_types import shown, spell
from curate.errors import CurateError, Problems, SpecError
from curate.plan import case_languages
from curate.spec import Case, Gap, Input, StageSpec
from curate.spec.stages import takes_only
from curate.stage import Kind


@dataclass(slots=True)
class Available:
    """What is there at one point of a recipe.

    Args:
        inputs: the names of the recipe's inputs.
        inputs_of: column -> the inputs whose documents have it, in the order in which columns were made.
        types: column -> its type, where it is known before a run.
        extra: columns that sources take from their files because the recipe says so, with their types.
        is_open: there may be others, which nobody declared: a datatrove reader made them, or a stage that could not be read.
        measured: columns that are signals or other measurements.
        fresh: signal -> its column, as measured on the text as it is now.
        languages: column -> the languages of the documents that have it, where others have null.
        partial: column -> `when` of the stage that made it, where other documents have null.
        problems: takes what is wrong.
        spoken: who said in which languages the documents are, and in which; empty for all. None if nobody did.
    """

    inputs: tuple[str, ...]
    inputs_of: dict[str, tuple[str, ...]]
    types: dict[str, pa.DataType | None]
    is_open: bool
    extra: dict[str, pa.DataType | None] = field(default_factory=dict)
    measured: set[str] = field(default_factory=set)
    fresh: dict[str, str] = field(default_factory=dict)
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    partial: dict[str, Mapping[str, Sequence]] = field(default_factory=dict)
    spoken: tuple[str, tuple[str, ...]] | None = None
    problems: Problems = field(default_factory=Problems)
    warnings: list[str] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def after_sources(cls, inputs: Sequence[Input], problems: Problems) -> Available:
        """Return what is there when documents have been read.

        Args:
            problems: takes what is wrong, such as two inputs that have a column of one name and two types.
        """
        found = cls(tuple(each.name for each in inputs), {}, {}, is_open=False, problems=problems)
        for each in inputs:
            stage = each.source.stage
            if isinstance(each.source, Gap):
                found.take_gap(each.source)
                continue
            found.is_open |= stage.kind is Kind.DATATROVE
            makes = stage.columns(each.source.all_params).makes or CORE
            found._take(each.source, (each.name,), makes)
            documented = stage.documented_columns.makes
            found.extra |= {name: kind for name, kind in makes.items() if name not in documented and name not in CORE}
        return found

    def has(self, spec: StageSpec, column: str) -> bool:
        """Return whether all documents that come to a stage have a column."""
        return self.is_open or not self._without(spec, column)

    def _without(self, spec: StageSpec, column: str) -> list[str]:
        """Return the inputs of a stage whose documents do not have a column."""
        return [name for name in spec.only or self.inputs if name not in self.inputs_of.get(column, ())]

    def check_needs(self, spec: StageSpec, columns: Sequence[str], asked_by: str = "") -> None:
        """Note of a stage that it reads a column which nothing before it makes, or not for all inputs.

        What is noted once is not said again of a later stage.

        Args:
            asked_by: the option of the stage that reads them; else its function does.
        """
        for column in columns:
            if not self.has(spec, column):
                self.problems.add(self._missing(spec, column, asked_by))
                self.inputs_of[column] = self.inputs

    def _missing(self, spec: StageSpec, column: str, asked_by: str) -> SpecError:
        what = f"{spec.label}{f', in its {asked_by},' if asked_by else ''} needs the column `{column}`"
        if owners := self.inputs_of.get(column):
            missing = ", ".join(self._without(spec, column))
            way_out = (
                f"  If the stage is for the others, add `only: {owners[0] if len(owners) == 1 else list(owners)}`."
            )
            return SpecError(
                f"{what}, which documents of the input {missing} do not have."
                f"{way_out if takes_only(spec.stage.kind) else maker(column)}",
                spec.where,
            )
        return SpecError(f"{what}, which nothing before it makes.{maker(column)}", spec.where)

    def check_numbers(self, spec: StageSpec, columns: Sequence[str]) -> None:
        """Note of a stage that it needs numbers in a column of which the type is known, and is another."""
        for column in columns:
            kind = self.types.get(column)
            if kind is None or _may_be_numbers(kind):
                continue
            others = [name for name, each in self.types.items() if each is not None and _may_be_numbers(each)]
            there = f"The columns of numbers are {', '.join(others)}." if others else "No column here has numbers."
            self.problems.add(
                SpecError(
                    f"{spec.label} needs numbers, and the column `{column}` is of type {shown(kind)}.  {there}",
                    spec.place_of_value(column),
                )
            )

    def take_gap(self, gap: Gap) -> None:
        """Take in what a stage may make of which the parameters are wrong; of one that is not ours, anything.

        If it cannot be made with those that can be read, it may make the columns that they name.
        """
        if gap.stage is None or gap.stage.name not in registry.catalogue():
            self.is_open = True
            return
        own = {name: value for name, value in gap.params.items() if name in gap.stage.params}
        try:
            made = gap.stage.columns({**params.defaults(gap.stage.params), **own}).makes
        except (CurateError, TypeError):
            made = {**dict.fromkeys(_words_in(own)), **gap.stage.documented_columns.makes}
        for column, kind in (made or (CORE if gap.stage.kind is Kind.SOURCE else {})).items():
            self.inputs_of[column], self.types[column] = self.inputs, CORE.get(column) or kind

    def check_extra(self, spec: StageSpec, columns: Columns) -> None:
        """Warn of a column of the files that a stage replaces without reading it.

        Raises:
            SpecError: the two have different types.
        """
        for name in sorted(columns.makes.keys() & self.extra.keys()):
            if not {*self.inputs_of[name]} & {*(spec.only or self.inputs)}:
                continue  # the documents that have it pass
            found, made = self.extra.pop(name), columns.makes[name]
            way_out = f"To keep both, read it under another name: fields: {{my_{name}: {name}}}"
            if found is not None and made is not None and found != made:
                was, is_now = shown(found), shown(made)
                raise SpecError(
                    f"{spec.label} makes a column `{name}` of type {is_now}, and the files have one of type {was}.  {way_out}",
                    spec.where,
                )
            if name not in columns.needs:
                self.warnings.append(
                    f"{spec.where}\n  {spec.label} replaces the column `{name}` of the files.  {way_out}."
                )

    def take(self, spec: StageSpec, makes: Mapping[str, pa.DataType | None]) -> None:
        """Take in the columns that a stage makes."""
        self._take(spec, spec.only or self.inputs, makes)
        for column in makes:
            self.partial.pop(column, None)
            when = spec.cases[-1].when if spec.cases else {}
            is_known = column in self.languages  # who reads it is told which languages have it
            if rest := {each: values for each, values in when.items() if not (is_known and each == languages.COLUMN)}:
                self.partial[column] = rest

    def _take(self, spec: StageSpec, inputs: Sequence[str], makes: Mapping[str, pa.DataType | None]) -> None:
        for column, made in makes.items():
            kind = CORE.get(column) or made
            others = [name for name in self.inputs_of.get(column, ()) if name not in inputs]
            before = self.types.get(column)
            if others and kind is not None and before is not None and kind != before:
                raise SpecError(
                    f"the column `{column}` is {shown(kind)} here and {shown(before)} in the input {', '.join(others)}.  "
                    "Give it one type, or another name.",
                    spec.where,
                )
            self.inputs_of[column] = tuple(name for name in self.inputs if name in (*others, *inputs))
            self.types[column] = kind or (before if others else None)

    def remove(self, spec: StageSpec, columns: Sequence[str]) -> None:
        """Take away the columns that a stage removes."""
        for column in columns:
            left = tuple(name for name in self.inputs_of.get(column, ()) if name not in (spec.only or self.inputs))
            self.inputs_of.pop(column, None)
            if left:
                self.inputs_of[column] = left

    def schema(self) -> dict[str, str]:
        """Return column -> type, in order, if there are several inputs; the type is "" where all have the column.

        Raises:
            SpecError: the type of a column that only some inputs have is not known.
        """
        if len(self.inputs) == 1:
            return {}
        found = {"id": ""}
        for column, owners in self.inputs_of.items():
            kind = self.types.get(column)
            if set(owners) != set(self.inputs) and kind is None:
                raise SpecError(
                    f"only documents of the input {', '.join(owners)} have the column `{column}`, and nothing says its type.  "
                    f"Write it in the docstring of the stage that makes it: `Makes: {column}: float`."
                )
            found[column] = spell(kind) if kind is not None else ""
        return found

    def take_languages(self, spec: StageSpec, columns: Columns) -> None:
        """Take in the languages of documents and of columns; warn where a column is made for documents in others."""
        if columns.passes is not None:
            self.spoken = (spec.label, columns.passes)
        for column in columns.makes:
            self.languages.pop(column, None)
        for column, known in columns.languages.items():
            if languages.COLUMN in self.inputs_of:
                self.languages[column] = known
            elif not self.is_open:
                self.warnings.append(
                    f"{spec.where}\n  {spec.label} knows {', '.join(known)} only, and nothing before it says in which language "
                    f"a document is, so `{column}` is made for all of them.  Put language.detect before it."
                )

    def check_cases(self, spec: StageSpec) -> None:
        """Warn of a case that a recipe has for a language in which no document can be; presets have more than are needed."""
        who, spoken = self.spoken or ("", ())
        named = [each for case in spec.cases for each in case.when.get(languages.COLUMN, ())] if not spec.preset else []
        for language in dict.fromkeys(named if self.spoken else ()):
            if not languages.exists(language):
                near = registry.nearest(str(language), spoken or sorted(languages.TWO_LETTERS))
                self.problems.add(
                    SpecError(
                        f"there is no language {language!r}.{near}  Languages are codes such as en, zh or yue.",
                        spec.place_of("per" if "per" in spec.places else "when"),
                    )
                )
        for language in dict.fromkeys(each for each in named if spoken and languages.exists(each)):
            if not any(languages.includes(language, each) or languages.includes(each, language) for each in spoken):
                self.warnings.append(
                    f"{spec.where}\n  {spec.label} has a case for the language {language}, and {who} keeps {', '.join(spoken)}."
                    f"{registry.nearest(language, spoken)}"
                )

    def check_language(self, spec: StageSpec, case: Case, language: str, what: str) -> None:
        """Warn of something that is made for one language, if documents in others come to it."""
        met = case_languages.met(spec, case, self.spoken)
        if met is None:
            return
        who, spoken = met
        if not spoken or any(languages.is_other(each, [language]) for each in spoken):
            self.warnings.append(
                f"{spec.where}\n  {spec.label} {what} is made for {language}, and {who} "
                f"{', '.join(spoken) or 'all languages'}.  Turn it off for others: `per: {{language: {{de: {{...: null}}}}}}`."
            )


def _words_in(value: Any) -> Iterator[str]:
    """Yield the texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for each in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from _words_in(each)


def _may_be_numbers(kind: pa.DataType) -> bool:
    """Return whether values of a type are numbers, truth values or times."""
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    return not (is_text or pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def maker(column: str) -> str:
    """Return advice which stages make a column from others."""
    if column in signals.SIGNALS:
        return f"  Put `text.measure: {{signals: [{column}]}}` before it."
    makers = [
        name
        for name, stage in registry.catalogue().items()
        if column in set(stage.documented_columns.makes) - set(stage.documented_columns.needs)
        and stage.kind is not Kind.SOURCE
    ]
    return f"  Put {' or '.join(makers)} before it." if makers else ""
