"""Turn marked YAML into a `PipelineSpec`: find the stages and check their parameters, with positions in errors."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curate import extensions, registry
from curate.errors import CurateError, SpecError
from curate.spec import marks, overrides, published
from curate.spec.marks import Marked
from curate.spec.overrides import CHECKPOINT, KEYS
from curate.spec.published import Published
from curate.stage import Kind, Stage

EXECUTORS = {"local": {"workers": int}}


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One stage of a recipe.

    Args:
        name: the name of the stage.
        label: the name, or `name#2` for the second stage of that name.
        params: the parameters given in the recipe, converted to the types of the stage.
        where: the position in the recipe, as `file:line:column  path`.
        stage: the definition of the stage.
    """

    name: str
    label: str
    params: Mapping[str, Any]
    where: str
    stage: Stage = field(compare=False)

    @property
    def all_params(self) -> dict[str, Any]:
        """Return the parameters, completed by the defaults of the stage."""
        return {**{p.name: p.default for p in self.stage.params.values() if not p.is_required}, **self.params}


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """A recipe after reading. In `stages`, None is a checkpoint."""

    name: str
    description: str
    path: str
    modules: tuple[str, ...]
    source: StageSpec
    stages: tuple[StageSpec | None, ...]
    sink: StageSpec
    rejects: str
    workers: int
    resolved: Mapping[str, Any]
    published: Published | None


def read(path: str, *, settings: Sequence[str] = (), inputs: Sequence[str] = ()) -> PipelineSpec:
    """Read a recipe.

    Args:
        path: the YAML file.
        settings: the `path=value` arguments of `--set`; values are YAML.
        inputs: replaces the `paths` of the source, unless it is empty.

    Raises:
        SpecError: the recipe is not valid; the message names the position.
    """
    document = marks.load(path)
    if not isinstance(document.value, dict):
        raise SpecError("a recipe is a mapping with `name`, `inputs` and `stages`.", document.place)
    for setting in settings:
        overrides.apply(document, setting)
    overrides.interpolate(document)
    if inputs:
        overrides.replace_inputs(document, inputs)
    return _Reader(document, path).pipeline()


class _Reader:
    """Reads a recipe; each method reads one part of it."""

    def __init__(self, document: Marked, path: str):
        self.document = document
        self.path = path
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
        self.modules = tuple(self._typed("modules", list, []))
        if self.modules:
            extensions.import_from([str(Path(self.path).parent), "."])
        source = self._one("inputs", Kind.SOURCE, "sources.warc")
        stages = tuple(self._stages())
        return PipelineSpec(
            name=self._name(),
            description=self._typed("description", str, ""),
            path=self.path,
            modules=self.modules,
            source=source,
            stages=stages,
            sink=self._one("output", Kind.SINK, "sinks.parquet"),
            rejects=self._rejects(),
            workers=self._workers(),
            resolved=marks.plain(recipe),
            published=self._published([source.label, *(stage.label for stage in stages if stage)]),
        )

    def _name(self) -> str:
        name = self._typed("name", str, "")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise SpecError(
                f'"{name}" cannot be a folder name; use letters, digits, dots, dashes and underscores.',
                self.document.value["name"].place,
            )
        return name

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

    def _workers(self) -> int:
        if "executor" not in self.document.value:
            return 0
        marked = self.document.value["executor"]
        options = marked.value if isinstance(marked.value, dict) else {marked.value: None}
        for name, given in options.items():
            if name not in EXECUTORS:
                raise SpecError(
                    f'no executor "{name}".  There is: {", ".join(EXECUTORS)}.',
                    given.key_place if given else marked.place,
                )
        workers = 0
        if options["local"] and not isinstance(options["local"].value, (dict, type(None))):
            raise SpecError("expected options such as {workers: 4}.", options["local"].place)
        for key, value in ((options["local"].value if options["local"] else None) or {}).items():
            if key != "workers":
                raise SpecError(f'no such option "{key}".  executor > local has: workers.', value.key_place)
            if not isinstance(value.value, int) or isinstance(value.value, bool) or value.value < 1:
                raise SpecError(f"expected a number of processes, 1 or more, got {value.value!r}.", value.place)
            workers = value.value
        return workers

    def _stages(self) -> Iterator[StageSpec | None]:
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
            spec = self._stage(entry)
            if spec.stage.kind in (Kind.SOURCE, Kind.SINK):
                key = "inputs" if spec.stage.kind is Kind.SOURCE else "output"
                raise SpecError(f"{spec.name} is a {spec.stage.kind.value}; it belongs under `{key}:`.", spec.where)
            yield spec

    def _one(self, key: str, kind: Kind, example: str) -> StageSpec:
        if key not in self.document.value:
            return self._stage(marks.made(example, f"{self.path}  {key} (default)"))
        marked = self.document.value[key]
        if isinstance(marked.value, dict) and len(marked.value) > 1:
            raise SpecError(
                f"`{key}` takes one {kind.value}, got {len(marked.value)}: {', '.join(marked.value)}.", marked.place
            )
        spec = self._stage(marked)
        is_reader = kind is Kind.SOURCE and spec.stage.kind is Kind.FOREIGN
        if spec.stage.kind is not kind and not is_reader:
            raise SpecError(
                f"{spec.name} is a {spec.stage.kind.value}, not a {kind.value} such as {example}.", spec.where
            )
        return spec

    def _stage(self, entry: Marked) -> StageSpec:
        if isinstance(entry.value, str):
            name, params, where = entry.value, {}, entry.place
        elif isinstance(entry.value, dict) and len(entry.value) == 1:
            (name, marked), *_ = entry.value.items()
            params, where = marked.value or {}, marked.key_place
            if not isinstance(params, dict):
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
        return StageSpec(name, label, self._params(stage, params, where), where, stage)

    def _params(self, stage: Stage, given: Mapping[str, Marked], where: str) -> dict[str, Any]:
        converted = {}
        for key, marked in given.items():
            if key not in stage.params:
                known = ", ".join(stage.params) or "none"
                raise SpecError(
                    f'{stage.name} has no parameter "{key}".{registry.nearest(str(key), stage.params)}  It has: {known}.',
                    marked.key_place,
                )
            try:
                converted[key] = stage.params[key].convert(marks.plain(marked))
            except ValueError as error:
                raise SpecError(str(error), marked.place) from error
        missing = [p.name for p in stage.params.values() if p.is_required and p.name not in converted]
        if missing:
            raise SpecError(f"{stage.name} needs {', '.join(missing)}.", where)
        return converted
