"""Read YAML into values that know their position in the file.

PyYAML's safe constructor builds the scalars; the nodes are walked here because `safe_load` discards positions. Refused,
with the position: duplicate keys, tags that execute code, aliases that contain themselves, and documents whose aliases
expand to more than `MAX_NODES` values.
"""

from __future__ import annotations

import datetime
import difflib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any

import yaml

from curate.errors import Place, SpecError

MAX_NODES = 100_000
MAX_DEPTH = 100
"""Lists and mappings inside each other."""

MAX_BITS = 1024
"""Of a whole number; longer ones cannot be written down again."""


@dataclass(slots=True)
class Marked:
    """A YAML value with its position.

    Args:
        held: a scalar, a list of `Marked`, or a dict from str to `Marked`; an error if there is no value, such as that of a
            variable that is not defined. Whoever reads `value` then gets this error, so it is one error however often the
            value is read, and nothing is said of what follows from it.
        place: the position of the value, as `file:line:column  path`.
        key_place: the position of its key, or of the value if it has no key.
        folder: the one in which a relative path begins, absolute: that of the file; empty if the value is not from a file.
    """

    held: Any
    place: str
    key_place: str
    folder: str = ""

    @property
    def value(self) -> Any:
        if isinstance(self.held, SpecError):
            raise self.held
        return self.held

    @value.setter
    def value(self, value: Any) -> None:
        self.held = value


def load(path: str) -> Marked:
    """Read a YAML file.

    Raises:
        SpecError: the file does not exist, cannot be read or is not valid YAML.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except FileNotFoundError:
        raise SpecError(f'there is no recipe "{path}".{_hint(path)}') from None
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"the recipe cannot be read: {error}", path) from error
    return parse(text, path, os.path.dirname(os.path.abspath(path)))


def _hint(path: str) -> str:
    """Return what may be meant by the name of a recipe that is not there: one with another ending, or of a similar name."""
    folder, name = os.path.split(path)
    listed = sorted(os.listdir(folder or ".")) if os.path.isdir(folder or ".") else []
    beside = {os.path.splitext(each)[0]: each for each in listed if each.endswith((".yaml", ".yml"))}
    near = difflib.get_close_matches(os.path.splitext(name)[0], beside, n=2, cutoff=0.6)
    if near:
        return f"  Did you mean {' or '.join(os.path.join(folder, beside[each]) for each in near)}?"
    return "  `curate init` lists those that ship with curate."


def parse(text: str, name: str, folder: str = "") -> Marked:
    """Parse YAML text.

    Args:
        text: the YAML document.
        name: the file name shown in positions.
        folder: of that file, if there is one.

    Raises:
        SpecError: the text is not valid YAML.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise SpecError(f"not valid YAML: {error.problem or error.context}", where) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SpecError(f"not valid YAML: {str(error) or 'nested too deeply'}", name) from error
    if node is None:
        return Marked(None, name, name, folder)
    return _Walk(name, folder).marked(node, "", None)


def plain(marked: Marked) -> Any:
    """Return the value without positions."""
    if isinstance(marked.value, dict):
        return {key: plain(value) for key, value in marked.value.items()}
    if isinstance(marked.value, list):
        return [plain(value) for value in marked.value]
    return marked.value


def readable(marked: Marked) -> Any:
    """Return the value without positions, and without what cannot be read: keys and entries whose value is an error."""
    if isinstance(marked.held, SpecError):
        return None
    if isinstance(marked.value, dict):
        return {key: readable(each) for key, each in marked.value.items() if not isinstance(each.held, SpecError)}
    if isinstance(marked.value, list):
        return [readable(each) for each in marked.value if not isinstance(each.held, SpecError)]
    return marked.value


def made(value: Any, place: str, folder: str = "") -> Marked:
    """Mark a value that is not read from a file, such as one of `--set`.

    Args:
        place: shown in its errors.
        folder: where relative paths in it begin; empty: in the current folder.
    """
    if isinstance(value, dict):
        value = {key: made(inner, place, folder) for key, inner in value.items()}
    elif isinstance(value, list):
        value = [made(inner, place, folder) for inner in value]
    return Marked(value, place, place, folder)


def end(node: yaml.Node) -> yaml.Mark:
    """Return where a value ends; for PyYAML, a block collection ends where the next key begins."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return end(last[1] if isinstance(last, tuple) else last)
    return node.end_mark


def note(text: str, places: Sequence[str]) -> str:
    """Return a note for the user about one place or several."""
    first, *others = dict.fromkeys(places)
    return f"{first}\n  {text}" + (f"  Also at {', '.join(others)}." if others else "")


class _Walk:
    def __init__(self, name: str, folder: str):
        self.name, self.folder = name, folder
        self.constructor = yaml.constructor.SafeConstructor()
        self.n_nodes = 0
        self.open: set[int] = set()

    def place(self, node: yaml.Node, path: str) -> Place:
        at = node.start_mark.line + 1, node.start_mark.column + 1
        where = f"{self.name}:{at[0]}:{at[1]}"
        return Place(f"{where}  {path}" if path else where, at)

    def marked(self, node: yaml.Node, path: str, key: yaml.Node | None) -> Marked:
        place = self.place(node, path)
        key_place = self.place(key, path) if key is not None else place
        self.n_nodes += 1
        if len(self.open) >= MAX_DEPTH:
            raise SpecError(f"more than {MAX_DEPTH} lists and mappings inside each other.  Write it flat.", place)
        if self.n_nodes > MAX_NODES or id(node) in self.open:
            raise SpecError(
                f"a value that contains itself, or more than {MAX_NODES} values.  Remove the alias (*name).", place
            )
        self.open.add(id(node))
        try:
            return Marked(self._value(node, path), place, key_place, self.folder)
        finally:
            self.open.discard(id(node))

    def _value(self, node: yaml.Node, path: str) -> Any:
        if isinstance(node, yaml.SequenceNode):
            return [self.marked(item, f"{path}[{i}]", None) for i, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return self._scalar(node, self.place(node, path))

    def _scalar(self, node: yaml.ScalarNode, place: str) -> Any:
        """Return a text, a number, a truth value or null; a date stays as it is written."""
        kind = node.tag.rpartition(":")[2]
        try:
            value = self.constructor.construct_object(node)
        except yaml.MarkedYAMLError as error:
            raise SpecError(f"not a plain value: {error.problem}", place) from error
        except Exception as error:  # PyYAML looks at the text after a tag without checking it
            raise SpecError(f"not a plain value: {node.value[:40]!r} is not a YAML {kind}.", place) from error
        if isinstance(value, datetime.date):
            return node.value
        if not isinstance(value, (str, int, float, NoneType)):
            raise SpecError(f"expected a text, a number, true, false or null, got a YAML {kind}.", place)
        if isinstance(value, int) and value.bit_length() > MAX_BITS:
            raise SpecError(
                f"a whole number of {value.bit_length():,} bits; expected one of at most {MAX_BITS:,}.", place
            )
        return value

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Marked]:
        found: dict[str, Marked] = {}
        merged: dict[str, Marked] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                for each in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    inner = self.marked(each, path, key)
                    if not isinstance(inner.value, dict):
                        raise SpecError("`<<` takes a mapping, or a list of mappings: `<<: *name`.", inner.place)
                    merged = {**inner.value, **merged}
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise SpecError("expected a plain word as key.", self.place(key, path))
            inner_path = f"{path} > {key.value}" if path else key.value
            if key.value in found:
                raise SpecError(f'duplicate key "{key.value}".  Remove one of the two.', self.place(key, inner_path))
            found[key.value] = self.marked(value, inner_path, key)
        return {**merged, **found}
