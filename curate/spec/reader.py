"""Turn marked YAML into a `PipelineSpec`: find the stages and check their parameters, with positions in errors."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from curate import extensions, params, registry
from curate.errors import CurateError, SpecError
from curate.inputs import InputSpec
from curate.params import Param
from curate.runs.redaction import hidden_in_errors, secrets_of
from curate.spec import executors, marks, overrides, paths, published, stages
from curate.spec.entries import CHECKPOINT
from curate.spec.executors import ExecutorSpec
from curate.spec.marks import Marked
from curate.spec.output import OUTPUT_PARAMS, OutputSpec
from curate.spec.overrides import KEYS
from curate.spec.published import Published
from curate.spec.stages import StageSpec
from curate.stage import Kind, Stage

INPUT_PARAMS = params.of("inputs", InputSpec.of, skip=0)
"""What YAML may say of every input, beside the parameters of its source."""

GENERAL_PARAMS: Mapping[Kind, Mapping[str, Param]] = {Kind.SOURCE: INPUT_PARAMS, Kind.SINK: OUTPUT_PARAMS}
"""The parameters that all stages of a kind have beside their own; a stage may have one of that name itself."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a recipe.

    Args:
        name: its name, with which the ids of its documents begin; empty if the recipe has one input without a name.
        files: what the recipe says of it, whatever reads it; None for a datatrove reader, which has its own words.
    """

    name: str
    source: StageSpec
    files: InputSpec | None


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """A recipe as it was understood.

    Args:
        output: what it says of its output, whatever writes it.
        stages: None for a checkpoint.
        rejects: how many texts of rejects are kept: "sample", "text" (all) or "none".
        allow_empty: a run that keeps nothing is not a failure.
        resolved: the recipe as plain data, with all changes made.
        warnings: what the user should know and need not change now.
    """

    name: str
    description: str
    path: str
    modules: tuple[str, ...]
    inputs: tuple[Input, ...]
    stages: tuple[StageSpec | None, ...]
    sink: StageSpec
    output: OutputSpec
    rejects: str
    allow_empty: bool
    executor: ExecutorSpec
    resolved: Mapping[str, Any]
    published: Published | None
    warnings: tuple[str, ...] = ()


def read(
    path: str,
    *,
    settings: Sequence[str] = (),
    inputs: Sequence[str] = (),
    skip: Sequence[str] = (),
    executor: str = "",
) -> PipelineSpec:
    """Read a recipe.

    Args:
        path: the YAML file.
        settings: `path=value` changes, as `--set` gives them; the value is YAML.
        inputs: what the source's `paths` are replaced by, if any; `label=path` where there are several inputs.
        skip: labels of stages to leave out.
        executor: the name of the executor; empty takes the recipe's first, else `local`.

    Raises:
        SpecError: the recipe is not valid; the message names the position.
    """
    document = marks.load(path)
    if not isinstance(document.value, dict):
        raise SpecError("a recipe is a mapping with `name`, `inputs` and `stages`.", document.place)
    for setting in settings:
        overrides.apply(document, setting)
    return understood(document, path, inputs=inputs, skip=skip, executor=executor)


def read_again(
    resolved: Mapping[str, Any], path: str, *, settings: Sequence[str] = (), flag: str = "--set", executor: str = ""
) -> PipelineSpec:
    """Read a recipe as a run has resolved it, with further changes.

    Args:
        resolved: as of `PipelineSpec`; a run keeps it.
        path: the YAML file that it was read from; relative paths begin in its folder. The file itself is not read.
        settings: `path=value` changes. flag: the option that gave them, for errors.

    Raises:
        SpecError: as `read`; the positions are those of the settings, or of keys of the recipe.
    """
    document = marks.made(resolved, path, os.path.dirname(os.path.abspath(path)))
    for setting in settings:
        overrides.apply(document, setting, flag)
    return understood(document, path, executor=executor)


def understood(
    document: Marked, path: str, *, inputs: Sequence[str] = (), skip: Sequence[str] = (), executor: str = ""
) -> PipelineSpec:
    """Return what a recipe says whose settings have been applied; arguments and errors as `read`."""
    overrides.interpolate(document)
    if inputs:
        overrides.replace_inputs(document, inputs)
    overrides.skip(document, skip)
    with hidden_in_errors(secrets_of(marks.plain(document))):
        return _Reader(document, path, executor).pipeline()


class _Reader:
    """Reads a recipe; each method reads one part of it."""

    def __init__(self, document: Marked, path: str, executor: str):
        self.document = document
        self.path = path
        self.executor = executor
        self.notes: dict[str, list[str]] = {}
        self.modules: tuple[str, ...] = ()
        self.n_of: dict[str, int] = {}

    def pipeline(self) -> PipelineSpec:
        recipe = self.document
        for key, value in recipe.value.items():
            if key not in KEYS:
                raise SpecError(
                    f'no such key "{key}".{registry.nearest(str(key), KEYS)}  A recipe has {", ".join(KEYS)}.',
                    value.key_place,
                )
        for key in ("name", "inputs"):
            if key not in recipe.value:
                raise SpecError(f"the recipe has no `{key}`.", recipe.place)
        self.modules = self._modules()
        if self.modules:
            extensions.import_from([str(Path(self.path).parent), "."])
        inputs = tuple(self._inputs())
        steps = tuple(self._stages([each.name for each in inputs]))
        sink, output = self._sink()
        return PipelineSpec(
            name=self._name(),
            description=self._typed("description", str, ""),
            path=self.path,
            modules=self.modules,
            inputs=inputs,
            stages=steps,
            sink=sink,
            output=output,
            rejects=self._rejects(),
            allow_empty=self._typed("allow_empty", bool, False),
            executor=self._executor(),
            resolved=marks.plain(recipe),
            published=self._published(
                [*(each.source.label for each in inputs), *(stage.label for stage in steps if stage)]
            ),
            warnings=tuple(marks.note(text, places) for text, places in self.notes.items()),
        )

    def _name(self) -> str:
        name = self._typed("name", str, "")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise SpecError(
                f'"{name}" cannot be a folder name; use letters, digits, dots, dashes and underscores.',
                self.document.value["name"].place,
            )
        return name

    def _modules(self) -> tuple[str, ...]:
        modules = self._typed("modules", list, [])
        for name in modules:
            if not isinstance(name, str) or not name:
                raise SpecError(f"expected names of modules, got {name!r}.", self.document.value["modules"].place)
        return tuple(modules)

    def _typed(self, key: str, kind: type, default: Any) -> Any:
        if key not in self.document.value:
            return default
        marked = self.document.value[key]
        value = marks.plain(marked)
        if not isinstance(value, kind):
            raise SpecError(f"expected {kind.__name__}, got {value!r}.", marked.place)
        return value

    def _rejects(self) -> str:
        value = self._typed("rejects", str, "sample")
        if value not in ("sample", "text", "none"):
            raise SpecError(
                f'expected "sample" (text of a sample), "text" (text of all) or "none" (no text), got "{value}".',
                self.document.value["rejects"].place,
            )
        return value

    def _published(self, labels: Sequence[str]) -> Published | None:
        section = self.document.value.get("published")
        return published.read(section, labels) if section is not None else None

    def _executor(self) -> ExecutorSpec:
        default = marks.made(executors.DEFAULT, f"{self.path}  executor (default)")
        marked = self.document.value.get("executor", default)
        return executors.read(marked, self.executor, self.modules, self._complete)

    def _stages(self, inputs: Sequence[str]) -> Iterator[StageSpec | None]:
        if "stages" not in self.document.value:
            return
        listed = self.document.value["stages"]
        if listed.value is None:
            return
        if not isinstance(listed.value, list):
            raise SpecError("`stages` is a list: one entry `- name: {parameters}` per stage.", listed.place)
        for entry in listed.value:
            if entry.value == CHECKPOINT:
                yield None
                continue
            spec = self._stage(entry, inputs)
            if spec.stage.kind in (Kind.SOURCE, Kind.SINK):
                key = "inputs" if spec.stage.kind is Kind.SOURCE else "output"
                raise SpecError(f"{spec.name} is a {spec.stage.kind.word}; it belongs under `{key}:`.", spec.where)
            yield spec

    def _sink(self) -> tuple[StageSpec, OutputSpec]:
        """Read the sink, and what the recipe says of its output, which is the same for all sinks."""
        spec = self._one("output", Kind.SINK, "sinks.parquet")
        own, general = _own_and_general(spec)
        try:
            return own, replace(OutputSpec.of(**general), where=f"{spec.where} > columns")
        except SpecError as error:
            raise SpecError(f"{spec.label} > {error}", spec.where) from error

    def _inputs(self) -> Iterator[Input]:
        """Read the inputs: one source, or sources under names. A name has no dot, the name of a source has one."""
        marked = self.document.value["inputs"]
        names = list(marked.value) if isinstance(marked.value, dict) else []
        if not names or any("." in name for name in names):
            yield self._input("", self._one("inputs", Kind.SOURCE, "sources.warc"))
            return
        for name, given in marked.value.items():
            if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
                raise SpecError(
                    f'"{name}" cannot be the name of an input; use letters, digits, dashes and underscores.',
                    given.key_place,
                )
            source = self._of_kind(given, "inputs", Kind.SOURCE, "sources.warc")
            yield self._input(name, replace(source, label=f"inputs.{name}"))

    def _input(self, name: str, source: StageSpec) -> Input:
        """Separate the parameters of a source from what the recipe may say of every input."""
        if source.stage.kind is Kind.DATATROVE:
            return Input(name, source, None)
        own, general = _own_and_general(source)
        try:
            files = InputSpec.of(**general)
        except SpecError as error:
            raise SpecError(f"{source.label} > {error}", source.where) from error
        return Input(name, own, replace(files, source=files.source or name))

    def _one(self, key: str, kind: Kind, example: str) -> StageSpec:
        if key not in self.document.value:
            return self._stage(marks.made(example, f"{self.path}  {key} (default)"))
        return self._of_kind(self.document.value[key], key, kind, example)

    def _of_kind(self, marked: Marked, key: str, kind: Kind, example: str) -> StageSpec:
        if isinstance(marked.value, dict) and len(marked.value) > 1:
            hint = "  Give each a name: `{crawl: {sources.warc: ...}, forum: ...}`." if kind is Kind.SOURCE else ""
            raise SpecError(
                f"`{key}` takes one {kind.word}, got {len(marked.value)}: {', '.join(marked.value)}.{hint}",
                marked.place,
            )
        spec = self._stage(marked)
        is_reader = kind is Kind.SOURCE and spec.stage.kind is Kind.DATATROVE
        if spec.stage.kind is not kind and not is_reader:
            raise SpecError(
                f"{spec.name} is a {spec.stage.kind.word}, not a {kind.word} such as {example}.", spec.where
            )
        return spec

    def _stage(self, entry: Marked, inputs: Sequence[str] = ()) -> StageSpec:
        """Read one entry; `inputs` are the names of the recipe's inputs, once they are known."""
        if isinstance(entry.value, str):
            name, given, where = entry.value, {}, entry.place
        elif isinstance(entry.value, dict) and len(entry.value) == 1:
            (name, marked), *_ = entry.value.items()
            given, where = marked.value or {}, marked.key_place
            if not isinstance(given, dict):
                raise SpecError(f"expected parameters as a mapping, got {marks.plain(marked)!r}.", marked.place)
        else:
            raise SpecError(
                "a stage is a name, or one name with parameters: `- filters.gopher.quality: {min_words: 50}`.",
                entry.place,
            )
        try:
            stage = registry.find(str(name), self.modules)
        except CurateError as error:
            raise SpecError(str(error), where) from error
        self.n_of[name] = self.n_of.get(name, 0) + 1
        label = name if self.n_of[name] == 1 else f"{name}#{self.n_of[name]}"
        current = self._current_names(stage, given)
        if stage.kind in (Kind.SOURCE, Kind.SINK):
            known = {**GENERAL_PARAMS[stage.kind], **stage.params}
            return StageSpec(name, label, self._complete(stage.name, known, current, where), where, stage)
        own, options = stages.options(stage, current, where, inputs, self._converted, self.path)
        return StageSpec(name, label, own, where, stage, **options)

    def _current_names(self, stage: Stage, given: Mapping[str, Marked]) -> dict[str, Marked]:
        """Return parameters under their present names, with a warning for each that has a former one."""
        found = {}
        for key, marked in given.items():
            name = stage.renamed.get(key, key)
            if name in found:
                raise SpecError(f"`{name}` is given twice, once under its former name.  Keep one.", marked.key_place)
            if name != key:
                text = f"`{key}` of {stage.name} is now called `{name}`."
                self.notes.setdefault(text, []).append(marked.key_place)
            found[name] = marked
        return found

    def _complete(
        self, owner: str, known: Mapping[str, Param], given: Mapping[str, Marked], where: str
    ) -> dict[str, Any]:
        """Return parameters in their types, of which none may be missing."""
        converted = self._converted(owner, known, given)
        missing = [p.name for p in known.values() if p.is_required and p.name not in converted]
        if missing:
            raise SpecError(f"{owner} needs {', '.join(missing)}.", where)
        return converted

    def _converted(self, owner: str, known: Mapping[str, Param], given: Mapping[str, Marked]) -> dict[str, Any]:
        """Return parameters in their types.

        Raises:
            SpecError: one is unknown, or has another type.
        """
        converted = {}
        for key, marked in given.items():
            if key not in known:
                raise SpecError(
                    f'{owner} has no parameter "{key}".{registry.nearest(str(key), known)}  It has: {", ".join(known) or "none"}.',
                    marked.key_place,
                )
            if known[key].keys and isinstance(marked.value, dict):
                converted[key] = self._converted(f"`{key}`", known[key].keys, marked.value)
                continue
            try:
                converted[key] = known[key].convert(paths.plain(marked, known[key].type, self.notes), self.modules)
            except ValueError as error:
                raise SpecError(str(error), marked.place) from error
        return converted


def _own_and_general(spec: StageSpec) -> tuple[StageSpec, dict[str, Any]]:
    """Return a source or sink with its own parameters, and those that all of its kind have."""
    own = {name: value for name, value in spec.params.items() if name in spec.stage.params}
    general = {name: value for name, value in spec.params.items() if name not in spec.stage.params}
    return replace(spec, params=own), general
