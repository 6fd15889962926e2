"""One stage of a recipe: its parameters, for all documents or for some, and what holds for every stage.

    - filters.gopher.quality:
        min_words: 30                                   a parameter of the stage
        only: crawl                                     documents of this input; others pass
        when: {language: [en, de]}                      documents with one of these values; others pass
        per: {language: {zh: {min_stop_words: null}}}   other values of parameters for some documents
        on_error: drop                                  a document on which the function fails is dropped

A parameter of the stage itself with one of these names comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from curate import languages, params, registry
from curate.errors import Problems, SpecError
from curate.params import Param
from curate.spec import marks, presets
from curate.spec.marks import Marked
from curate.stage import Kind, Stage


@dataclass(frozen=True, slots=True)
class Case:
    """Parameters of a stage for some documents.

    Args:
        when: column -> values; a document is in the case if each of these columns has one of its values. Empty: all are.
        params: every parameter, defaults filled in.
    """

    when: Mapping[str, Sequence[Any]]
    params: Mapping[str, Any]

    def fits(self, document: Mapping[str, Any]) -> bool:
        """Return whether a document with these columns is in the case."""
        return all(is_one_of(column, document.get(column), values) for column, values in self.when.items())


def is_one_of(column: str, value: Any, values: Sequence[Any]) -> bool:
    """Return whether a value is one of these; a language also if it is included in one of them (`zh` includes `zh-Hant`)."""
    if value in values:
        return True
    is_language = column == languages.COLUMN and languages.is_known(value)
    return is_language and not languages.is_other(value, values)


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One stage of a recipe.

    Args:
        name: the name of the stage.
        label: the name, or `name#2` for the second stage of that name; `inputs.crawl` for the source of the input `crawl`.
        params: the parameters given in the recipe, converted to the types of the stage.
        where: the position in the recipe, as `file:line:column  path`.
        stage: the definition of the stage.
        only, cases, on_error: as of `StageRef`.
        preset: the name of the preset that the cases are from; empty if the recipe has their values.
        places: of the parameters and options that the recipe gives.
    """

    name: str
    label: str
    params: Mapping[str, Any]
    where: str
    stage: Stage = field(compare=False)
    only: tuple[str, ...] = ()
    cases: tuple[Case, ...] = ()
    on_error: str = "fail"
    preset: str = ""
    places: Mapping[str, str] = field(default_factory=dict, compare=False)

    def place_of(self, param: str) -> str:
        """Return where the recipe gives a parameter; the place of the stage if it does not."""
        return self.places.get(param, self.where)

    def place_of_value(self, value: Any) -> str:
        """Return where the recipe gives a value, alone or in a list; the place of the stage if it does not."""
        return next((self.place_of(name) for name, each in self.params.items() if _holds(each, value)), self.where)

    @property
    def all_params(self) -> dict[str, Any]:
        """Return the parameters with the defaults filled in."""
        return {**params.defaults(self.stage.params), **self.params}

    @property
    def variants(self) -> list[Case]:
        """Return its cases; if it has none, one for all documents."""
        return list(self.cases) or [Case({}, self.all_params)]


@dataclass(frozen=True, slots=True)
class Gap:
    """The place of a stage that could not be read, in a recipe with mistakes.

    Args:
        label: as of a `StageSpec`; empty if it could not be read either.
        stage: the definition of the stage; None if there is no such stage.
        params: those that could be read.
        places: of all parameters.
    """

    label: str
    stage: Stage | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)


def _holds(given: Any, value: Any) -> bool:
    if isinstance(given, dict):
        return any(_holds(each, value) for each in given.values())
    return value in given if isinstance(given, list) else given == value


def _options(
    *,
    only: list[str] = [],  # noqa: B006
    when: dict[str, Any] = {},  # noqa: B006
    per: dict[str, Any] = {},  # noqa: B006
    on_error: Literal["fail", "drop"] = "fail",
) -> None:
    """Only its signature is used: what every stage takes."""


STAGE_PARAMS: Mapping[str, Param] = params.of("stages", _options, skip=0)
"""What YAML may say of every stage, beside its own parameters."""

_BY_DOCUMENT = (Kind.DOC_FILTER, Kind.BATCH_FILTER, Kind.DOC_EDIT, Kind.BATCH_EDIT)
_ALLOWED = {
    "only": (Kind.RULES, *_BY_DOCUMENT, Kind.STREAM, Kind.DATATROVE),
    "when": (Kind.RULES, *_BY_DOCUMENT),
    "per": (Kind.RULES, *_BY_DOCUMENT),
    "on_error": _BY_DOCUMENT,
}
"""Which kinds of stages take which of these."""

_WHY_NOT = {
    Kind.BARRIER: "it decides about all documents together",
    Kind.STREAM: "it may hold documents back and make new ones",
    Kind.DATATROVE: "it may hold documents back and make new ones",
    Kind.RULES: "it only compares measurements, so it cannot fail on a document",
}

Converter = Callable[[str, Mapping[str, Param], Mapping[str, Marked]], dict[str, Any]]
"""Returns given parameters in their types: (whose they are in errors, those known, those given)."""


def takes_only(kind: Kind) -> bool:
    """Return whether stages of a kind can be for some inputs."""
    return kind in _ALLOWED["only"]


def known_params(stage: Stage) -> dict[str, Param]:
    """Return what YAML may say of a stage that is neither source nor sink."""
    more = {name: param for name, param in STAGE_PARAMS.items() if stage.kind in _ALLOWED[name]}
    return {**stage.params, **{name: param for name, param in more.items() if name not in stage.params}}


def options(
    stage: Stage, given: Mapping[str, Marked], where: str, inputs: Sequence[str], convert: Converter, recipe: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parameters of a stage, and its `only`, `cases` and `on_error`, from what a recipe gives.

    Args:
        given: parameters and options, under their present names.
        inputs: the names of the recipe's inputs.
        convert: converts parameters to their types.
        recipe: the path of the recipe, next to which files of presets are looked for.

    Raises:
        SpecError: something is unknown, missing or does not fit this kind of stage; with its position.
    """
    known = {name: param for name, param in STAGE_PARAMS.items() if name not in stage.params}
    said = {name: marked for name, marked in given.items() if name in known and marked.held is not None}
    rest = {name: marked for name, marked in given.items() if name not in known}
    with Problems() as problems:
        own = problems.tried(lambda: convert(stage.name, known_params(stage), rest), None)
        for name, marked in said.items():
            with problems.noted():
                _check_allowed(stage, name, marked)
        typed = problems.tried(lambda: convert(stage.name, known, said), {})
        found = {"only": (), "on_error": typed.get("on_error", "fail"), "preset": ""}
        if "only" in typed:
            found["only"] = problems.tried(lambda: _only(typed["only"], said, inputs), ())
        when = problems.tried(lambda: _when(said["when"]), {}) if "when" in typed else {}
        values = problems.tried(lambda: _per(stage, said["per"], convert, recipe), None) if "per" in typed else ("", {})
        if own is None or values is None:
            problems.refuse()
        if "per" in typed:
            found["preset"] = _preset(said["per"])
        try:
            found["cases"] = tuple(_cases(stage, own, when, *values))
        except SpecError as error:
            raise SpecError(str(error), said["per"].place) from error
        missing = [p.name for p in stage.params.values() if p.is_required and p.name not in own]
        if missing and not found["cases"]:
            raise SpecError(f"{stage.name} needs {', '.join(missing)}.", where)
    return own, found


def _check_allowed(stage: Stage, option: str, marked: Marked) -> None:
    if stage.kind not in _ALLOWED[option]:
        raise SpecError(
            f"{stage.name} takes no `{option}`: {_WHY_NOT[stage.kind]}.  It is for filters and transforms.",
            marked.key_place,
        )


def _only(names: Sequence[str], said: Mapping[str, Marked], inputs: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in inputs or not name:
            there = (
                f"It has: {', '.join(inputs)}."
                if any(inputs)
                else "Give its inputs names: `inputs: {crawl: {sources.warc: ...}}`."
            )
            raise SpecError(
                f'the recipe has no input "{name}".{registry.nearest(name, inputs)}  {there}', said["only"].place
            )
    return tuple(names)


def _when(marked: Marked) -> dict[str, list[Any]]:
    """Return column -> the values of documents that the stage sees."""
    found = {}
    with Problems() as problems:
        for column, value in marked.value.items():
            given = value.value if isinstance(value.value, list) else [value]
            for each in given:
                with problems.noted():
                    _check_value(column, each)
            found[column] = [each.held for each in given]
            if not given:
                problems.add(
                    SpecError(
                        f"`when: {{{column}: []}}` fits no document.  Name values, or remove the stage.", value.place
                    )
                )
    return found


def _check_value(column: str, marked: Marked) -> None:
    if not isinstance(marked.value, (str, int)):
        raise SpecError("expected a text, a whole number or a truth value, or a list of them.", marked.place)
    if column == languages.COLUMN and not isinstance(marked.value, str):
        raise SpecError(
            f'expected a language code, got {marked.value!r}.  In YAML, no is a truth value: write "no" for Norwegian.',
            marked.place,
        )


def _per(stage: Stage, marked: Marked, convert: Converter, recipe: str) -> tuple[str, dict[str, dict[str, Any]]]:
    """Return the column of `per`, and for each of its values the parameters that differ."""
    if len(marked.value) != 1:
        raise SpecError(
            f"`per` takes one column, got {len(marked.value)}: `per: {{language: {{zh: ...}}}}`.", marked.place
        )
    ((column, given),) = marked.value.items()
    if isinstance(given.value, str):
        given = presets.of_stage(given, stage.name, recipe)
    if not isinstance(given.value, dict) or not given.value:
        raise SpecError(
            f"expected values of `{column}` with parameters, `{{zh: {{...}}}}`, or the name of a preset: "
            f"{', '.join(presets.names())}.",
            given.place,
        )
    found = {}
    with Problems() as problems:
        for value, changes in given.value.items():
            with problems.noted():
                if not isinstance(changes.value, (dict, type(None))):
                    raise SpecError("expected parameters as a mapping.", changes.place)
                found[value] = convert(stage.name, stage.params, changes.value or {})
    return column, found


def _preset(marked: Marked) -> str:
    """Return the name of the preset that `per` takes; empty if it has values."""
    (given,) = marked.value.values()
    return given.value if isinstance(given.value, str) else ""


def _meant(column: str, key: str) -> list[Any]:
    """Return the values that a key of `per` means: the text, and the number or truth value that YAML reads in it."""
    read = marks.plain(marks.parse(key, f"per > {column} > {key}"))
    is_other = isinstance(read, int) and column != languages.COLUMN  # `no` is Norwegian there
    return [key, read] if is_other else [key]


def _cases(
    stage: Stage,
    own: Mapping[str, Any],
    when: Mapping[str, list[Any]],
    column: str,
    values: Mapping[str, dict[str, Any]],
) -> Iterator[Case]:
    """Yield the cases of a stage: one for each value, then that of all others, if nothing is missing there."""
    defaults = params.defaults(stage.params)
    needed = {p.name for p in stage.params.values() if p.is_required}
    if column == languages.COLUMN:  # `zh` includes `zh-Hant`, so the longer tag is asked first
        values = dict(sorted(values.items(), key=lambda item: -len(item[0])))
    for value, changes in values.items():
        given = {**own, **changes}
        if missing := sorted(needed - set(given)):
            raise SpecError(f"{stage.name} needs {', '.join(missing)} for {column} {value}.")
        yield Case({**when, column: _meant(column, value)}, {**defaults, **given})
    if (when or values) and needed <= set(own):
        yield Case(when, {**defaults, **own})
