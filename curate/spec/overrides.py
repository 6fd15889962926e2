"""Change a recipe before it is read: `--set path=value`, `--input`, `--skip` and `${variables}`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from curate import registry
from curate.errors import Problems, SpecError
from curate.runs.redaction import HIDDEN, is_secret
from curate.spec import entries, marks
from curate.spec.marks import Marked
from curate.spec.output import OUTPUT_PARAMS

KEYS = (
    "name",
    "description",
    "vars",
    "modules",
    "inputs",
    "stages",
    "output",
    "rejects",
    "allow_empty",
    "executor",
    "published",
)


DEFAULT_SINK = "sinks.parquet"
"""What writes the output of a recipe that does not say."""


def apply(document: Marked, setting: str, flag: str = "--set") -> None:
    """Apply one `--set path=value`; the value is YAML. `flag` is the option that gave it, for errors.

    The path is that of a stage (see `entries`) and a parameter, with a key if the parameter is a mapping:
    `filters.gopher.quality.min_words`, `dedup.exact#2.keep`, `stages[3].min_words`, `inputs.crawl.fields.text`; or
    `vars.x`, `executor.local.workers`, or a key of the recipe.

    Raises:
        SpecError: the setting is not `path=value`, the path does not exist, or may mean several stages.
    """
    path, equals, text = setting.partition("=")
    place = f"{flag} {path}={HIDDEN if is_secret(path) else text}"
    if not equals or not path:
        raise SpecError("expected path=value, such as filters.gopher.quality.min_words=30.", place)
    value = marks.made(marks.plain(_parsed(text, place)), place)
    holder, key = _walk(document, path.strip(), place)
    holder[key] = value


def _parsed(text: str, place: str) -> Marked:
    """Parse the value of a setting; its errors have no line, as the option that they name is all there is."""
    try:
        return marks.parse(text, "value")
    except SpecError as error:
        raise SpecError(f"the value cannot be read: {error.message}", place) from error


def _walk(document: Marked, path: str, place: str) -> tuple[dict, str]:
    """Return the mapping and the key to which a `--set` path leads."""
    first, _, rest = path.partition(".")
    if not rest and "[" not in first:
        if path not in KEYS:
            raise SpecError(f'no such key "{path}".{registry.nearest(path, KEYS)}', place)
        return document.value, path
    if first == "output" and "output" not in document.value:
        document.value["output"] = marks.made({DEFAULT_SINK: {}}, place)
    known = list(entries.entries(document))
    if found := entries.find(known, path, place):
        entry, inside = found
        if not inside:
            raise SpecError(f"name a parameter of {path}, too: {path}.PARAMETER=VALUE.", place)
        return _into(_mapping(entry.params), inside, place, depth=_n_mappings(inside))
    if first in ("inputs", "stages", "output") or first not in KEYS:
        raise entries.missing(known, path.rpartition(".")[0] or path, place)
    if first == "executor":
        return _executor(document, rest, place)
    if first == "vars":
        variables = _mapping(document.value["vars"]) if "vars" in document.value else {}
        name = rest.partition(".")[0]
        if name not in variables:
            known_names = ", ".join(variables) or "none"
            raise SpecError(
                f'the recipe has no variable "{name}".{registry.nearest(name, variables)}  It has: {known_names}.',
                place,
            )
    holder = _mapping(document.value.setdefault(first, marks.made({}, place)))
    return _into(holder, rest, place, depth=rest.count(".") if first == "vars" else 1)


def _n_mappings(path: str) -> int:
    """Return how many mappings a path inside of a stage may lead through that are not there: `columns.rename.url` two."""
    first, _, rest = path.partition(".")
    param = OUTPUT_PARAMS.get(first)
    return 2 if param and rest.partition(".")[0] in param.keys else 1


def _into(holder: dict[str, Marked], path: str, place: str, depth: int) -> tuple[dict, str]:
    """Follow a path into mappings, which are made where there are none.

    Args:
        depth: how many mappings are made at most; what is left then is one key, such as the name of a column with dots.
    """
    while "." in path and path not in holder:
        inside = [key for key in holder if path.startswith(f"{key}.") and isinstance(holder[key].value, dict)]
        if not inside and not depth:
            break
        depth -= not inside
        key = max(inside, key=len) if inside else path.partition(".")[0]
        holder, path = _mapping(holder.setdefault(key, marks.made({}, place))), path[len(key) + 1 :]
    return holder, path


def _executor(document: Marked, path: str, place: str) -> tuple[dict, str]:
    """Return the parameters of an executor, whose name may have dots, and the last word of the path."""
    executors = document.value.setdefault("executor", marks.made({}, place))
    if isinstance(executors.value, str):
        executors.value = {executors.value: Marked({}, executors.place, executors.place)}
    name, _, last = path.rpartition(".")
    if not name:
        return _mapping(executors), last
    return _mapping(_mapping(executors).setdefault(name, marks.made({}, place))), last


def _mapping(marked: Marked) -> dict[str, Marked]:
    if not isinstance(marked.value, dict):
        marked.value = {}
    return marked.value


def replace_inputs(document: Marked, inputs: Sequence[str]) -> None:
    """Replace the paths of the source; of several inputs, those of the ones that are named: `crawl=data/*.warc.gz`.

    Raises:
        SpecError: the recipe has no `inputs`, or several, and a path does not say for which.
    """
    if not inputs:
        return
    sources = [entry for entry in entries.entries(document) if entry.section == "inputs"]
    if not sources:
        raise SpecError("--input replaces the paths of the source, but this recipe has no `inputs:`; add one.")
    given: dict[str, list[str]] = {}
    labels = [entry.input for entry in sources if entry.input]
    for path in inputs:
        label, equals, named = path.partition("=") if labels else ("", "=", path)
        if not equals or (labels and label not in labels):
            raise SpecError(
                f"the recipe has the inputs {', '.join(labels)}.{registry.nearest(label, labels)}  "
                f"Write --input {labels[0]}=PATH.",
                f"--input {path}",
            )
        given.setdefault(label, []).append(named)
    for entry in sources:
        if entry.input in given:
            _mapping(entry.params)["paths"] = marks.made(given[entry.input], f"--input {' '.join(inputs)}")


def skip(document: Marked, stages: Sequence[str]) -> None:
    """Leave stages out of a recipe, and out of the published figures that it is compared with.

    Args:
        stages: as `entries` addresses them; numbers are those before any is left out.

    Raises:
        SpecError: there is no such stage under `stages:`, or several can be meant.
    """
    before = [entry for entry in entries.entries(document) if entry.section == "stages"]
    left_out = []
    for name in stages:
        found = entries.find(before, name, f"--skip {name}")
        if found is None or found[1]:
            raise entries.missing(before, name, f"--skip {name}")
        left_out.append(found[0])
    if not left_out:
        return
    listed = document.value["stages"]
    listed.value = [marked for marked in listed.value if not any(marked is entry.marked for entry in left_out)]
    now = {id(entry.marked): entry.label for entry in entries.entries(document)}
    _relabel(document, {entry.label: now.get(id(entry.marked)) for entry in before})


def _relabel(document: Marked, labels: Mapping[str, str | None]) -> None:
    """Give the steps of `published:` the present labels of their stages; drop those whose stage is gone."""
    published = document.value.get("published")
    steps = published.value.get("left") if published and isinstance(published.value, dict) else None
    if steps is None or not isinstance(steps.value, list):
        return
    kept = []
    for step in steps.value:
        after = step.value.get("after") if isinstance(step.value, dict) else None
        label = labels.get(after.value, after.value) if after and isinstance(after.value, str) else ""
        if label:
            after.value = label
        if label is not None:
            kept.append(step)
    steps.value = kept


_VAR = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_.]*)\}")

MOST_CHARACTERS, MOST_VALUES = 1_000_000, 100_000
"""What all `${...}` of a recipe together may be replaced by."""


def variables_in(text: str) -> list[str]:
    """Return the names of the variables in a text, each once, in their order."""
    return list(dict.fromkeys(_VAR.findall(text)))


def interpolate(document: Marked) -> None:
    """Replace `${name}` by the values of `vars:`; if it is the whole string, the value keeps its type.

    A value that cannot be made holds its error from then on.

    Raises:
        SpecError: a variable is not defined, refers to itself, is a list or mapping inside a string, or the values
            become larger than `MOST_CHARACTERS` or `MOST_VALUES`.
    """
    variables = document.value.get("vars")
    known = variables.value if variables is not None and isinstance(variables.value, dict) else {}
    with Problems() as problems:
        replacing = _Interpolation(known, problems)
        for value in document.value.values():
            replacing.replace(value)


class _Interpolation:
    """Replaces variables, and counts what they are replaced by: variables that name each other twice grow as powers of two."""

    def __init__(self, known: Mapping[str, Marked], problems: Problems):
        self.known, self.problems = known, problems
        self.open: list[str] = []
        self.sizes: dict[str, tuple[int, int]] = {}
        self.n_values = self.n_characters = 0
        self.too_large: SpecError | None = None

    def replace(self, marked: Marked) -> None:
        """Replace the variables in a value; one that cannot be made holds its error, which is noted."""
        if isinstance(marked.held, dict):
            for value in marked.held.values():
                self.replace(value)
        elif isinstance(marked.held, list):
            for value in marked.held:
                self.replace(value)
        elif isinstance(marked.held, str) and "${" in marked.held:
            try:
                self._replace_in(marked)
            except SpecError as error:
                marked.held = error
                self.problems.add(error)

    def _replace_in(self, marked: Marked) -> None:
        first, whole = _VAR.match(marked.value), _VAR.fullmatch(marked.value)
        marked.value = (
            self._value(whole[1], marked)
            if whole
            else _VAR.sub(lambda match: self._text(match[1], marked), marked.value)
        )
        if first:  # a path begins where its beginning was written
            marked.folder = self.known[first[1]].folder

    def _text(self, name: str, marked: Marked) -> str:
        value = self._value(name, marked)
        if isinstance(value, (dict, list)):
            raise SpecError(
                f"the variable `{name}` is a list or a mapping, which cannot be a part of a text.  "
                f'Write "${{{name}}}" alone, or give it a text.',
                marked.place,
            )
        return str(value)

    def _value(self, name: str, marked: Marked) -> Any:
        """Return the value of a variable, in which all variables are replaced."""
        if self.too_large:
            raise self.too_large
        if name not in self.known:
            raise SpecError(
                f"no variable `{name}`.{registry.nearest(name, self.known)}  Define it under `vars:`.", marked.place
            )
        if name in self.open:
            raise SpecError(f"the variable `{name}` refers to itself.  Give it a value without it.", marked.place)
        if name not in self.sizes:
            self.open.append(name)
            self.replace(self.known[name])
            self.open.pop()
            self.sizes[name] = _size(self.known[name])
        self.n_values += self.sizes[name][0]
        self.n_characters += self.sizes[name][1]
        if self.n_values > MOST_VALUES or self.n_characters > MOST_CHARACTERS:
            self.too_large = SpecError(
                f"with the variable `{name}` the recipe grows to more than {MOST_CHARACTERS:,} characters or "
                f"{MOST_VALUES:,} values.  Use fewer variables inside variables.",
                marked.place,
            )
            raise self.too_large
        return self.known[name].value


def _size(marked: Marked) -> tuple[int, int]:
    """Return how many values there are in a value, and how many characters they have."""
    if isinstance(marked.held, SpecError):
        return 1, 0
    if isinstance(marked.value, (dict, list)):
        inside = marked.value.values() if isinstance(marked.value, dict) else marked.value
        sizes = [_size(each) for each in inside]
        return 1 + sum(n for n, _ in sizes), sum(n for _, n in sizes)
    return 1, len(str(marked.value))
