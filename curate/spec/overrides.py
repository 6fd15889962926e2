"""Change a recipe before it is read: `--set path=value`, `--input` and `${variables}`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate import registry
from curate.errors import SpecError
from curate.runs.redaction import HIDDEN, is_secret
from curate.spec import marks
from curate.spec.marks import Marked

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
CHECKPOINT = "checkpoint"
"""An entry among the stages of a recipe: write all documents to disk at this point."""


def apply(document: Marked, setting: str) -> None:
    """Apply one `--set path=value`; the value is YAML.

    The path is a stage's label and a parameter (`filters.gopher.quality.min_words`, `dedup.exact#2.keep`), a stage's
    number and a parameter (`stages[3].min_words`), `vars.x`, `executor.local.workers` or a key of the recipe.

    Raises:
        SpecError: the setting is not `path=value`, or the path does not exist.
    """
    path, equals, text = setting.partition("=")
    place = f"--set {path}={HIDDEN if is_secret(path) else text}"
    if not equals or not path:
        raise SpecError("expected path=value, such as filters.gopher.quality.min_words=30.", place)
    value = marks.made(marks.plain(marks.parse(text, place)), place)
    holder, key = _walk(document, path.strip(), place)
    holder[key] = value


def _walk(document: Marked, path: str, place: str) -> tuple[dict, str]:
    """Return the mapping and the key to which a `--set` path leads."""
    head, _, last = path.rpartition(".")
    if not head:
        if path not in KEYS:
            raise SpecError(f'no such key "{path}".{registry.nearest(path, KEYS)}', place)
        return document.value, path
    n_of: dict[str, int] = {}
    for name, marked, holder in _entries(document):
        n_of[name] = n_of.get(name, 0) + 1
        label = name if n_of[name] == 1 else f"{name}#{n_of[name]}"
        if head in (label, f"{holder}.{label}"):
            return _mapping(marked), last
    if match := re.fullmatch(r"stages\[(\d+)\]", head):
        entries = [m for _, m, h in _entries(document) if h == "stages"]
        if int(match[1]) >= len(entries):
            raise SpecError(f"the recipe has {len(entries)} stages, numbered from 0.", place)
        return _mapping(entries[int(match[1])]), last
    first, *rest = head.split(".")
    if first == "vars" and last not in (known := _mapping(document.value["vars"]) if "vars" in document.value else {}):
        raise SpecError(
            f'the recipe has no variable "{last}".{registry.nearest(last, known)}  It has: {", ".join(known) or "none"}.',
            place,
        )
    if first == "executor" and rest:  # the name of an executor may have dots
        executors = document.value.setdefault(first, marks.made({}, place))
        if isinstance(executors.value, str):
            executors.value = {executors.value: Marked({}, executors.place, executors.place)}
        return _mapping(_mapping(executors).setdefault(".".join(rest), marks.made({}, place))), last
    if first == "vars":
        mapping = _mapping(document.value.setdefault(first, marks.made({}, place)))
        for part in rest:
            mapping = _mapping(mapping.setdefault(part, marks.made({}, place)))
        return mapping, last
    names = [name for name, _, _ in _entries(document)]
    raise SpecError(
        f'the recipe has no stage "{head}".{registry.nearest(head, names)}  It has: {", ".join(names)}.', place
    )


def _entries(document: Marked) -> Iterator[tuple[str, Marked, str]]:
    """Yield (name, parameters, section) of every stage in a recipe; the section is `inputs`, `stages` or `output`.

    An entry that is only a name is replaced by a mapping, so that parameters can be added.
    """
    for key in ("inputs", "stages", "output"):
        marked = document.value.get(key)
        if marked is None:
            continue
        for entry in marked.value if isinstance(marked.value, list) else [marked]:
            if isinstance(entry.value, str) and entry.value != CHECKPOINT:
                name = entry.value
                entry.value = {name: Marked({}, entry.place, entry.place)}
            for name, params in entry.value.items() if isinstance(entry.value, dict) else ():
                yield name, params, key


def _mapping(marked: Marked) -> dict[str, Marked]:
    if not isinstance(marked.value, dict):
        marked.value = {}
    return marked.value


def replace_inputs(document: Marked, inputs: Sequence[str]) -> None:
    """Replace the paths of the source.

    Raises:
        SpecError: the recipe has no `inputs`.
    """
    for _, params, key in _entries(document):
        if key == "inputs":
            _mapping(params)["paths"] = marks.made(list(inputs), f"--input {' '.join(inputs)}")
            return
    raise SpecError("--input replaces the paths of the source, but this recipe has no `inputs:`; add one.")


_VAR = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_.]*)\}")

MOST_CHARACTERS, MOST_VALUES = 1_000_000, 100_000
"""What all `${...}` of a recipe together may be replaced by."""


def interpolate(document: Marked) -> None:
    """Replace `${name}` by the values of `vars:`; if it is the whole string, the value keeps its type.

    Raises:
        SpecError: a variable is not defined, refers to itself, is a list or mapping inside a string, or the values
            become larger than `MOST_CHARACTERS` or `MOST_VALUES`.
    """
    variables = document.value.get("vars")
    known = variables.value if variables is not None and isinstance(variables.value, dict) else {}
    replacing = _Interpolation(known)
    for value in document.value.values():
        replacing.replace(value)


class _Interpolation:
    """Replaces variables, and counts what they are replaced by: variables that name each other twice grow as powers of two."""

    def __init__(self, known: Mapping[str, Marked]):
        self.known = known
        self.open: list[str] = []
        self.sizes: dict[str, tuple[int, int]] = {}
        self.n_values = self.n_characters = 0

    def replace(self, marked: Marked) -> None:
        if isinstance(marked.value, dict):
            for value in marked.value.values():
                self.replace(value)
        elif isinstance(marked.value, list):
            for value in marked.value:
                self.replace(value)
        elif isinstance(marked.value, str) and "${" in marked.value:
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
            raise SpecError(
                f"with the variable `{name}` the recipe grows to more than {MOST_CHARACTERS:,} characters or "
                f"{MOST_VALUES:,} values.  Use fewer variables inside variables.",
                marked.place,
            )
        return self.known[name].value


def _size(marked: Marked) -> tuple[int, int]:
    """Return how many values there are in a value, and how many characters they have."""
    if isinstance(marked.value, (dict, list)):
        inside = marked.value.values() if isinstance(marked.value, dict) else marked.value
        sizes = [_size(each) for each in inside]
        return 1 + sum(n for n, _ in sizes), sum(n for _, n in sizes)
    return 1, len(str(marked.value))
