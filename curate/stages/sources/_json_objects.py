"""From the line of a JSON Lines file to a row: parse the object, and take the values of the columns from it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from curate.batch import CORE
from curate.errors import SpecError
from curate.stage import Split
from curate.stages.sources._batch_builder import BatchBuilder
from curate.stages.sources._fields import Layout
from curate.stages.sources._json_values import MISSING, Converter, converter
from curate.stages.sources._taken import Part, object_without, parts_inside, type_inside

MOST_OTHER_KEYS = 20
"""Number of keys that no column takes and that are counted by name in a shard, at most."""

_BOM = b"\xef\xbb\xbf"


def parsed_or_none(line: bytes) -> Any:
    """Return the value of a line, or None if it is not JSON."""
    try:
        return parsed(line)
    except orjson.JSONDecodeError:
        return None


def parsed(line: bytes) -> Any:
    """Parse a line; numbers that JSON does not know (`NaN`, `-Infinity`, 1e999) become floats that are not finite.

    Raises:
        orjson.JSONDecodeError: the line is not JSON in any other respect, or has a lone surrogate.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            record = json.loads(line.decode("utf-8"), parse_int=_integer)
            orjson.dumps(record)  # it refuses lone surrogates, which json accepts
        except (ValueError, TypeError, RecursionError):  # a TypeError is what orjson raises for surrogates
            record = None
        if record is None:
            raise
        return record


def _integer(digits: str) -> int | float:
    """Return what orjson makes of an integer: a float if it has more than 64 bits."""
    value = int(digits) if len(digits) <= 20 else float(digits)
    return value if -(1 << 63) <= value < 1 << 64 else float(value)


def values_at(records: Sequence[Mapping[str, Any]], key: str) -> Iterator[Any]:
    """Yield the value of each object at a key, or at a path `a.b` of keys; `MISSING` where there is none."""
    path = _path(key)
    return (_value(record, path) for record in records)


def values_left(records: Sequence[Mapping[str, Any]], key: str, layout: Layout, split: Split) -> list[Any] | None:
    """Return the values of the objects that have a key, without what core columns take from inside; None if nothing is left.

    What a core column takes in some of the objects only stays in all of them.
    """
    values = {i: value for i, value in enumerate(values_at(records, key)) if value is not MISSING}
    is_less = False
    for part in parts_inside(key, layout, layout.takes_source(split)):
        less = {i: object_without(value, part.path) for i, value in values.items()}
        changed = [i for i, value in values.items() if less[i] is not value]
        if changed and all(_is_taken(part, records[i]) for i in changed):
            values, is_less = less, True
    return None if is_less and all(value in (None, {}) for value in values.values()) else list(values.values())


def _is_taken(part: Part, record: Mapping[str, Any]) -> bool:
    """Return whether a core column is read from a part, as the object has none of the keys that are looked for before."""
    return part.key not in record and all(_value(record, _path(key)) is MISSING for key in part.before)


def _left(value: Any, record: Mapping[str, Any], parts: Sequence[Part]) -> Any:
    for part in parts:
        if _is_taken(part, record):
            value = object_without(value, part.path)
    return value


def can_be_id(value: Any) -> bool:
    """Return whether a value can be the id of a document: a string or a whole number."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def converters_of(layout: Layout) -> dict[str, Converter]:
    """Return column -> the function that converts its values, for all but text and id.

    Raises:
        SpecError: no value of JSON has the type of a column.
    """
    converters = {}
    for field in layout.schema:
        try:
            converters[field.name] = converter(field.type)
        except ValueError as error:
            raise SpecError(f"extra > {field.name}: {error}") from error
    return converters


class ObjectReader:
    """Reads lines of one shard into rows.

    Args:
        builder: takes the rows.
        layout: the columns, and their keys.
        takes_source: the `source` of a document goes before the label, see `Layout.takes_source`.
        counts_others: count documents that have keys which no column takes.
    """

    def __init__(self, builder: BatchBuilder, layout: Layout, takes_source: bool, counts_others: bool):
        self.builder = builder
        self._names = layout.schema.names[2:]
        self._takes_source = takes_source
        converters = converters_of(layout)
        self._columns = [
            (
                name,
                [_path(key) for key in layout.keys[name]],
                _parts_to_cut(name, layout, takes_source),
                converters[name],
            )
            for name in self._names
        ]
        self._text, self._id = (_path(layout.keys[name][0]) for name in ("text", "id"))
        self._needs_id = "id" in layout.mapped
        extra = [layout.keys[name][0] for name in layout.schema.names[len(CORE) :]]
        self._known = (
            {part for key in extra for part in _path(key)[:2]} | {keys[0] for keys in layout.keys.values()} | {*CORE}
        )
        opened = {key.partition(".")[0] for name in CORE for key in layout.keys[name] if "." in key} - self._known
        self._opened = {key: tuple(parts_inside(key, layout, takes_source)) for key in opened}
        self._counts_others = counts_others
        self._others: set[str] = set()

    def without_values(self, split: Split, at: int) -> tuple:
        """Return the row of a record that cannot be read, which begins at a byte of the file."""
        return self._row(split, at, None, None, {})

    def read(self, split: Split, at: int, line: bytes) -> bool:
        """Add a line as a document, and return whether it has a text."""
        if at == 0 and line.startswith(_BOM):
            line = line[3:]
        if not line or line.isspace():
            self.builder.count("lines.blank")
            return False
        try:
            record = parsed(line)
        except orjson.JSONDecodeError as error:
            why = _not_utf8(line, at) or str(error)
            self.builder.add(self.without_values(split, at), 0, "unreadable_record", evidence=why)
            return False
        if not isinstance(record, dict):
            evidence = f"expected a JSON object, found {_json_type(record)}"
            self.builder.add(self.without_values(split, at), 0, "unreadable_record", evidence=evidence)
            return False
        return self._add(split, at, len(line), record)

    def _add(self, split: Split, at: int, n_bytes: int, record: dict) -> bool:
        values = {}
        for name, paths, parts, convert in self._columns:
            found = _value(record, paths[0])
            for path in paths[1:] if found is MISSING else ():
                found = _value(record, path)
            values[name], fits = convert(_left(found, record, parts) if parts else found)
            if not fits:
                self.builder.count(f"mismatched.{name}")
        if self._counts_others and not record.keys() <= self._known:
            self._count_others(record)
        given_id, text = _value(record, self._id), _value(record, self._text)
        own_id = str(given_id) if can_be_id(given_id) else None
        row = self._row(split, at, own_id, text if isinstance(text, str) else None, values)
        if not isinstance(text, str):
            self.builder.add(row, 0, "no_text", evidence=f"{self._text[0]}: {_json_type(text)}")
        elif own_id is None and self._needs_id:
            self.builder.add(row, n_bytes, "no_id", evidence=f"{self._id[0]}: {_json_type(given_id)}")
        else:
            self.builder.add(row, n_bytes)
        return isinstance(text, str)

    def _count_others(self, record: dict) -> None:
        for key in record.keys() - self._known:
            if key in self._opened and _left(record[key], record, self._opened[key]) in (None, {}):
                continue
            if key in self._others or len(self._others) < MOST_OTHER_KEYS:
                self._others.add(key)
                self.builder.count(f"unknown_key.{key}")
            else:
                self.builder.count("unknown_key")

    def _row(self, split: Split, at: int, own_id: str | None, text: str | None, values: Mapping[str, Any]) -> tuple:
        source = (values.get("source") if self._takes_source else None) or split.source
        others = (source if name == "source" else values.get(name) for name in self._names)
        return (own_id or f"{split.name}/{at}", text, *others)


def _parts_to_cut(name: str, layout: Layout, takes_source: bool) -> tuple[Part, ...]:
    """Return what is to be cut out of the objects of a column: what core columns take, unless the column's type has it."""
    kind = layout.schema.field(name).type
    parts = parts_inside(layout.keys[name][0], layout, takes_source)
    return tuple(part for part in parts if type_inside(kind, part.path) is None)


def _path(key: str) -> tuple[str, ...]:
    """Return the key itself and, if it has dots, the keys that lead from object to object."""
    return (key, *key.split(".")) if "." in key else (key,)


def _value(record: Mapping[str, Any], path: Sequence[str]) -> Any:
    if path[0] in record or len(path) == 1:
        return record.get(path[0], MISSING)
    value: Any = record
    for part in path[1:]:
        if not isinstance(value, dict) or part not in value:
            return MISSING
        value = value[part]
    return value


def _not_utf8(line: bytes, at: int) -> str:
    """Return which byte of a line is not UTF-8; empty if it is.

    Args:
        at: of the line in the (decompressed) file.
    """
    try:
        line.decode()
        return ""
    except UnicodeDecodeError as error:
        return f"not UTF-8: byte {line[error.start]:#04x} at byte {at + error.start:,} of the file; convert it, if it is Latin-1: iconv -f LATIN1 -t UTF-8"


def _json_type(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", type(None): "null"}
    return "missing" if value is MISSING else names.get(type(value), "number")
