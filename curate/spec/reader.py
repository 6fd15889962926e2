"""Turn marked YAML into a `PipelineSpec`: find the stages and check their parameters, with positions in errors.

Each part of a recipe is read by a method that returns a value or raises what is wrong with this part. What is raised is
noted, and reading goes on: a user learns of all mistakes at once.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from curate import extensions, params, registry
from curate.errors import CurateError, Problems, SpecError
from curate.inputs import InputSpec
from curate.params import Param
from curate.spec import executors, marks, paths, published, stages
from curate.spec.entries import CHECKPOINT
from curate.spec.executors import ExecutorSpec
from curate.spec.marks import Marked
from curate.spec.output import OUTPUT_PARAMS, OutputSpec
from curate.spec.overrides import DEFAULT_SINK, KEYS
from curate.spec.pipeline import Input, PipelineSpec
from curate.spec.published import Published
from curate.spec.stages import Gap, StageSpec
from curate.stage import Kind, Stage

INPUT_PARAMS = params.of("inputs", InputSpec.of, skip=0)
"""What YAML may say of every input, beside the parameters of its source."""

GENERAL_PARAMS: Mapping[Kind, Mapping[str, Param]] = {Kind.SOURCE: INPUT_PARAMS, Kind.SINK: OUTPUT_PARAMS}
"""The parameters that all stages of a kind have beside their own; a stage may have one of that name itself."""


class Reader:
    """Reads a recipe; each method reads one part of it, and raises what is wrong with this part."""

    def __init__(self, document: Marked, path: str, executor: str, problems: Problems):
        self.document = document
        self.path = path
        self.executor = executor
        self.problems = problems
        self.notes: dict[str, list[str]] = {}
        self.modules: tuple[str, ...] = ()
        self.n_of: dict[str, int] = {}

    def pipeline(self) -> PipelineSpec:
        """Return the recipe, with gaps where something is wrong with it, which is noted."""
        tried = self.problems.tried
        self.problems.tried(self._check_keys, None)
        self.modules = tried(self._modules, ())
        if self.modules:
            extensions.import_from(self._folders())
        inputs = tried(lambda: tuple(self._inputs()), (Input("", Gap("inputs"), None),))
        steps = tried(lambda: tuple(self._stages([each.name for each in inputs])), (Gap("stages"),))
        sink, output = tried(self._sink, (Gap("output"), OutputSpec()))
        labels = [*(each.source.label for each in inputs), *(stage.label for stage in steps if stage)]
        return PipelineSpec(
            name=tried(self._name, ""),
            description=tried(lambda: self._typed("description", str, ""), ""),
            path=self.path,
            modules=self.modules,
            inputs=inputs,
            stages=steps,
            sink=sink,
            output=output,
            rejects=tried(self._rejects, ""),
            allow_empty=tried(lambda: self._typed("allow_empty", bool, False), False),
            executor=tried(self._executor, None),
            resolved=marks.readable(self.document),
            published=tried(lambda: self._published(labels), None),
            warnings=tuple(marks.note(text, places) for text, places in self.notes.items()),
        )

    def _check_keys(self) -> None:
        recipe = self.document
        with Problems() as problems:
            for key, value in recipe.value.items():
                if key not in KEYS:
                    hint = registry.nearest(str(key), KEYS)
                    problems.add(
                        SpecError(f'no such key "{key}".{hint}  A recipe has {", ".join(KEYS)}.', value.key_place)
                    )
            for key in ("name", "inputs"):
                if key not in recipe.value:
                    problems.add(SpecError(f"the recipe has no `{key}`.", recipe.place))

    def _folders(self) -> list[str]:
        """Return the folders in which modules of the user's are looked for."""
        return [str(Path(self.path).parent), "."]

    def _name(self) -> str:
        name = self._typed("name", str, "")
        if "name" in self.document.value and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
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

    def _stages(self, inputs: Sequence[str]) -> Iterator[StageSpec | Gap | None]:
        if "stages" not in self.document.value:
            return
        listed = self.document.value["stages"]
        if listed.value is None:
            return
        if not isinstance(listed.value, list):
            raise SpecError("`stages` is a list: one entry `- name: {parameters}` per stage.", listed.place)
        for entry in listed.value:
            yield self._step(entry, inputs)

    def _step(self, entry: Marked, inputs: Sequence[str]) -> StageSpec | Gap | None:
        """Return a stage, None for a checkpoint, or a gap where the stage cannot be read, which is noted."""
        gap = Gap("")
        with self.problems.noted():
            if entry.value == CHECKPOINT:
                return None
            written = self._written(entry)
            gap = Gap(written.label)
            stage = self._found(written)
            if stage.kind in (Kind.SOURCE, Kind.SINK):
                key = "inputs" if stage.kind is Kind.SOURCE else "output"
                raise SpecError(f"{written.name} is a {stage.kind.word}; it belongs under `{key}:`.", written.where)
            gap = self._gap(written, stage)
            return self._with_params(written, stage, inputs)
        return gap

    def _gap(self, written: _Written, stage: Stage) -> Gap:
        """Return a stage with the parameters that can be read, whatever is wrong with the others."""
        known = {**GENERAL_PARAMS.get(stage.kind, {}), **stage.params}
        given = {stage.renamed.get(key, key): marked for key, marked in written.given.items()}
        found = {}
        for name, marked in given.items():
            if name in known:
                with contextlib.suppress(CurateError):
                    found[name] = self._one_converted(stage.name, known, name, marked)
        return Gap(written.label, stage, found, {name: marked.place for name, marked in given.items()})

    def _sink(self) -> tuple[StageSpec | Gap, OutputSpec]:
        """Read the sink, and what the recipe says of its output, which is the same for all sinks."""
        spec = self._one("output", Kind.SINK, DEFAULT_SINK)
        if isinstance(spec, Gap):
            return spec, OutputSpec()
        own, general = _own_and_general(spec)
        try:
            return own, replace(OutputSpec.of(**general), where=spec.place_of("columns"))
        except SpecError as error:
            raise SpecError(f"{spec.label} > {error}", spec.where) from error

    def _inputs(self) -> Iterator[Input]:
        """Read the inputs: one source, or sources under names. A name has no dot, the name of a source has one."""
        if "inputs" not in self.document.value:
            yield Input("", Gap("inputs"), None)
            return
        marked = self.document.value["inputs"]
        names = list(marked.value) if isinstance(marked.value, dict) else []
        if not names or any("." in name for name in names):
            yield self._input("", self._one("inputs", Kind.SOURCE, "sources.warc"))
            return
        for name, given in marked.value.items():
            yield self.problems.tried(partial(self._named_input, name, given), Input(name, Gap(f"inputs.{name}"), None))

    def _named_input(self, name: str, given: Marked) -> Input:
        if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise SpecError(
                f'"{name}" cannot be the name of an input; use letters, digits, dashes and underscores.',
                given.key_place,
            )
        source = self._of_kind(given, "inputs", Kind.SOURCE, "sources.warc")
        return self._input(name, replace(source, label=f"inputs.{name}"))

    def _input(self, name: str, source: StageSpec | Gap) -> Input:
        """Separate the parameters of a source from what the recipe may say of every input."""
        if isinstance(source, Gap):
            paths = source.params.get("paths")
            return Input(name, source, InputSpec.of(paths=paths) if paths else None)
        if source.stage.kind is Kind.DATATROVE:
            return Input(name, source, None)
        own, general = _own_and_general(source)
        try:
            files = InputSpec.of(**general)
        except SpecError as error:
            raise SpecError(f"{source.label} > {error}", source.where) from error
        return Input(name, own, replace(files, source=files.source or name))

    def _one(self, key: str, kind: Kind, example: str) -> StageSpec | Gap:
        if key not in self.document.value:
            return self._stage(marks.made(example, f"{self.path}  {key} (default)"))
        return self._of_kind(self.document.value[key], key, kind, example)

    def _of_kind(self, marked: Marked, key: str, kind: Kind, example: str) -> StageSpec | Gap:
        if isinstance(marked.value, dict) and len(marked.value) > 1:
            hint = "  Give each a name: `{crawl: {sources.warc: ...}, forum: ...}`." if kind is Kind.SOURCE else ""
            raise SpecError(
                f"`{key}` takes one {kind.word}, got {len(marked.value)}: {', '.join(marked.value)}.{hint}",
                marked.place,
            )
        written = self._written(marked)
        stage = self._found(written)
        is_reader = kind is Kind.SOURCE and stage.kind is Kind.DATATROVE
        if stage.kind is not kind and not is_reader:
            raise SpecError(
                f"{written.name} is a {stage.kind.word}, not a {kind.word} such as {example}.", written.where
            )
        with self.problems.noted():
            return self._with_params(written, stage)
        return self._gap(written, stage)

    def _stage(self, entry: Marked) -> StageSpec:
        written = self._written(entry)
        return self._with_params(written, self._found(written))

    def _written(self, entry: Marked) -> _Written:
        """Read the name of a stage and what is given to it."""
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
        self.n_of[name] = self.n_of.get(name, 0) + 1
        label = name if self.n_of[name] == 1 else f"{name}#{self.n_of[name]}"
        return _Written(str(name), label, given, where)

    def _found(self, written: _Written) -> Stage:
        try:
            return registry.find(written.name, self.modules, self._folders())
        except CurateError as error:
            raise SpecError(str(error), written.where) from error

    def _with_params(self, written: _Written, stage: Stage, inputs: Sequence[str] = ()) -> StageSpec:
        """Return a stage with its parameters; `inputs` are the names of the recipe's inputs, once they are known."""
        current = self._current_names(stage, written.given)
        places = {name: marked.place for name, marked in current.items()}
        if stage.kind in (Kind.SOURCE, Kind.SINK):
            known = {**GENERAL_PARAMS[stage.kind], **stage.params}
            own, options = self._complete(stage.name, known, current, written.where), {}
        else:
            own, options = stages.options(stage, current, written.where, inputs, self._converted, self.path)
        return StageSpec(written.name, written.label, own, written.where, stage, **options, places=places)

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
        with Problems() as problems:
            missing = [p.name for p in known.values() if p.is_required and p.name not in given]
            if missing:
                problems.add(SpecError(f"{owner} needs {', '.join(missing)}.", where))
            return self._converted(owner, known, given)

    def _converted(self, owner: str, known: Mapping[str, Param], given: Mapping[str, Marked]) -> dict[str, Any]:
        """Return parameters in their types.

        Raises:
            SpecError: one is unknown, or has another type; all of these are named.
        """
        converted = {}
        with Problems() as problems:
            for key, marked in given.items():
                with problems.noted():
                    converted[key] = self._one_converted(owner, known, key, marked)
        return converted

    def _one_converted(self, owner: str, known: Mapping[str, Param], key: str, marked: Marked) -> Any:
        if key not in known:
            raise SpecError(
                f'{owner} has no parameter "{key}".{registry.nearest(str(key), known)}  It has: {", ".join(known) or "none"}.',
                marked.key_place,
            )
        if known[key].keys and isinstance(marked.value, dict):
            return self._converted(f"`{key}`", known[key].keys, marked.value)
        try:
            return known[key].convert(paths.plain(marked, known[key].type, self.notes), self.modules)
        except ValueError as error:
            raise SpecError(str(error), marked.place) from error


@dataclass(frozen=True, slots=True)
class _Written:
    """A stage as it is written: its name, its label, what is given to it, and where."""

    name: str
    label: str
    given: Mapping[str, Marked]
    where: str


def _own_and_general(spec: StageSpec) -> tuple[StageSpec, dict[str, Any]]:
    """Return a source or sink with its own parameters, and those that all of its kind have."""
    own = {name: value for name, value in spec.params.items() if name in spec.stage.params}
    general = {name: value for name, value in spec.params.items() if name not in spec.stage.params}
    return replace(spec, params=own), general
