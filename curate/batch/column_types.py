"""The vocabulary of column types: how recipes, docstrings and errors write an Arrow type.

    int, float, string, bool, date                 int64, float64, ... (the common cases)
    int8, uint32, float32, large_string, binary    as Arrow calls them
    timestamp(us, UTC), time(ms), duration(s)      a unit, and for timestamps a time zone or none
    decimal(10, 2), decimal256(50, 4)              precision and scale
    list of float32, list(768) of float32          any length, or 768 values each
    struct(name: string, stars: int)               fields in order
    map(string, int)                               keys and values
    dictionary(int32, string)                      indices and values of a dictionary-coded column

Names that are not one word of letters, digits and most signs are written like JSON strings: `struct("a b": int)`. A part
that is never null is followed by `not null`: `list of int not null`.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pyarrow as pa

PLAIN: Mapping[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "binary": pa.binary(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "float16": pa.float16(),
    "float32": pa.float32(),
    "large_string": pa.large_string(),
    "large_binary": pa.large_binary(),
    "string_view": pa.string_view(),
    "binary_view": pa.binary_view(),
    "date64": pa.date64(),
    "null": pa.null(),
    "uuid": pa.uuid(),
    "json": pa.json_(),
    "bool8": pa.bool8(),
}
"""Types that are one word."""

OTHER_NAMES: Mapping[str, str] = {
    "str": "string",
    "int64": "int",
    "float64": "float",
    "time": "time(us)",
    "timestamp": "timestamp(us)",
    "duration": "duration(us)",
}
"""Further names that are understood -> what they mean."""

_UNITS = ("s", "ms", "us", "ns")
_DECIMALS: Mapping[str, tuple[Callable[[int, int], pa.DataType], Callable[[pa.DataType], bool]]] = {
    "decimal": (pa.decimal128, pa.types.is_decimal128),
    "decimal32": (pa.decimal32, pa.types.is_decimal32),
    "decimal64": (pa.decimal64, pa.types.is_decimal64),
    "decimal256": (pa.decimal256, pa.types.is_decimal256),
}
_LISTS: Mapping[str, tuple[Callable[[pa.Field], pa.DataType], Callable[[pa.DataType], bool]]] = {
    "list": (pa.list_, pa.types.is_list),
    "large_list": (pa.large_list, pa.types.is_large_list),
    "list_view": (pa.list_view, pa.types.is_list_view),
    "large_list_view": (pa.large_list_view, pa.types.is_large_list_view),
}
_NAMES: Mapping[pa.DataType, str] = {kind: name for name, kind in PLAIN.items()}

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[(),:]|[^\s(),:"]++')
_WORD = re.compile(r'[^\s(),:"]++')


def parse(name: str) -> pa.DataType:
    """Return the Arrow type that a name of the vocabulary stands for.

    Raises:
        ValueError: it is not in the vocabulary; the message says what was expected.
    """
    try:
        return _Parser(name).whole()
    except (pa.ArrowException, OverflowError) as error:  # a decimal of 99 digits
        raise ValueError(f'"{name}" is not a column type: {error}') from None


def spell(kind: pa.DataType) -> str:
    """Return the name of an Arrow type, which `parse` turns into the same type.

    Raises:
        ValueError: the vocabulary has no name for the type, since parquet cannot store it.
    """
    if kind in _NAMES:
        return _NAMES[kind]
    if pa.types.is_time(kind) or pa.types.is_duration(kind):
        return f"{'time' if pa.types.is_time(kind) else 'duration'}({kind.unit})"
    if pa.types.is_timestamp(kind):
        return f"timestamp({kind.unit})" if kind.tz is None else f"timestamp({kind.unit}, {_quoted(kind.tz)})"
    if pa.types.is_fixed_size_binary(kind):
        return f"binary({kind.byte_width})"
    if pa.types.is_dictionary(kind):
        ordered = ", ordered" if kind.ordered else ""
        return f"dictionary({spell(kind.index_type)}, {spell(kind.value_type)}{ordered})"
    if pa.types.is_struct(kind):
        return f"struct({', '.join(f'{_quoted(field.name)}: {_spell_part(field)}' for field in kind)})"
    if pa.types.is_map(kind):
        ordered = ", sorted" if kind.keys_sorted else ""
        return f"map({spell(kind.key_type)}, {_spell_part(kind.item_field)}{ordered})"
    if pa.types.is_fixed_size_list(kind):
        return f"list({kind.list_size}) of {_spell_part(kind.value_field)}"
    for name, (_, is_kind) in _LISTS.items():
        if is_kind(kind):
            return f"{name} of {_spell_part(kind.value_field)}"
    for name, (_, is_kind) in _DECIMALS.items():
        if is_kind(kind):
            return f"{name}({kind.precision}, {kind.scale})"
    raise ValueError(f"the type {kind} has no name in a recipe, since parquet cannot store it")


def shown(kind: pa.DataType) -> str:
    """Return the name of any Arrow type for a message; where the vocabulary has none, Arrow's own."""
    try:
        return spell(kind)
    except ValueError:
        return str(kind)


def storable(kind: pa.DataType) -> pa.DataType:
    """Return the type in which a column of a file is kept, which nearly always is its own.

    An extension type that the vocabulary does not name becomes the type of its storage. So does every one inside of a list
    or a struct, and there a view of strings becomes a large string, since Arrow cannot slice or build them there.
    """
    if isinstance(kind, pa.BaseExtensionType) and kind not in _NAMES:
        kind = kind.storage_type
    return _with_parts(kind, _storable_part)


def _storable_part(kind: pa.DataType) -> pa.DataType:
    kind = kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind
    views = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    return _with_parts(views.get(kind, kind), _storable_part)


def decoded(kind: pa.DataType, *, keeps_ordered: bool = False) -> pa.DataType:
    """Return the type with plain values in place of dictionaries, also in its parts.

    Args:
        keeps_ordered: leave dictionaries of which the order means something.
    """
    if pa.types.is_dictionary(kind):
        return kind if keeps_ordered and kind.ordered else kind.value_type
    return _with_parts(kind, partial(decoded, keeps_ordered=keeps_ordered))


def _with_parts(kind: pa.DataType, change: Callable[[pa.DataType], pa.DataType]) -> pa.DataType:
    """Return a list, struct or map with the types of its parts changed; any other type as it is."""
    parts = [field.with_type(change(field.type)) for field in map(kind.field, range(kind.num_fields))]
    if pa.types.is_struct(kind):
        return pa.struct(parts)
    if pa.types.is_map(kind):
        keys, items = parts[0].type
        return pa.map_(keys.type, items, kind.keys_sorted)
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(parts[0], kind.list_size)
    return next((make(parts[0]) for make, is_kind in _LISTS.values() if is_kind(kind)), kind)


def split_at_commas(text: str) -> list[str]:
    """Return the entries of `a: list of int, b: struct(x: int, y: int)`: cut at the commas outside parentheses."""
    entries, start, depth = [], 0, 0
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if token[0] == "," and depth == 0:
            entries.append(text[start : token.start()])
            start = token.end()
    return [*entries, text[start:]]


class ColumnType(str):
    """The name of a column type, as parameters of stages hold it; it is checked when a recipe is read."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        def checked(name: str) -> ColumnType:
            parse(name)
            return cls(name)

        return core_schema.no_info_after_validator_function(checked, core_schema.str_schema(strict=True))


def _spell_part(field: pa.Field) -> str:
    """Return the type of a part of another type, and whether it is never null; of a list, in parentheses.

    Without parentheses, `not null` at the end of `list of list of int not null` is said of the integers.
    """
    name = spell(field.type)
    if field.nullable:
        return name
    return f"({name}) not null" if " of " in name else f"{name} not null"


def _quoted(name: str) -> str:
    return name if _WORD.fullmatch(name) else json.dumps(name, ensure_ascii=False)


class _Parser:
    """Reads one type by recursive descent; `tokens` are those that are left, the next one last."""

    def __init__(self, text: str):
        self.text = text
        self.tokens = [token[0] for token in _TOKEN.finditer(text)][::-1]
        if "".join(text.split()) != "".join("".join(self.tokens[::-1]).split()):
            raise self._error("a closing quotation mark")

    def whole(self) -> pa.DataType:
        kind = self._type()
        if self.tokens:
            raise self._error("the end")
        return kind

    def _type(self) -> pa.DataType:
        name = self._take()
        if name == "(":
            kind = self._type()
            self._need(")")
            return kind
        if name == "list" and self._next() == "(":
            length = self._in_parentheses(_Parser._number)
            self._need("of")
            return pa.list_(self._part("item"), length)
        if name in _LISTS:
            self._need("of")
            return _LISTS[name][0](self._part("item"))
        if name in _WITH_PARAMETERS and (self._next() == "(" or name not in {**PLAIN, **OTHER_NAMES}):
            return self._in_parentheses(_WITH_PARAMETERS[name])
        if name in OTHER_NAMES:
            return parse(OTHER_NAMES[name])
        if name not in PLAIN:
            close = difflib.get_close_matches(name, [*PLAIN, *OTHER_NAMES, *_LISTS, *_WITH_PARAMETERS], n=1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise self._error(f"{', '.join([*PLAIN][:5])}, timestamp(us, UTC), list of string ...", f"{name}{hint}")
        return PLAIN[name]

    def _part(self, name: str) -> pa.Field:
        """Read the type of a part of another type, and whether it may be null."""
        kind = self._type()
        is_nullable = self._next() != "not"
        if not is_nullable:
            self._need("not")
            self._need("null")
        return pa.field(name, kind, is_nullable)

    def _in_parentheses(self, read: Callable[[_Parser], Any]) -> Any:
        self._need("(")
        found = read(self)
        self._need(")")
        return found

    def _time(self) -> pa.DataType:
        unit = self._unit()
        return pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)

    def _timestamp(self) -> pa.DataType:
        return pa.timestamp(self._unit(), self._name() if self._skip(",") else None)

    def _duration(self) -> pa.DataType:
        return pa.duration(self._unit())

    def _binary(self) -> pa.DataType:
        return pa.binary(self._number())

    def _decimal(self, make: Callable[[int, int], pa.DataType]) -> pa.DataType:
        precision = self._number()
        self._need(",")
        return make(precision, self._number())

    def _dictionary(self) -> pa.DataType:
        indices = self._type()
        self._need(",")
        return pa.dictionary(indices, self._type(), self._option("ordered"))

    def _map(self) -> pa.DataType:
        keys = self._type()
        self._need(",")
        return pa.map_(keys, self._part("value"), self._option("sorted"))

    def _struct(self) -> pa.DataType:
        fields = []
        while self._next() != ")" and (not fields or self._need(",")):
            name = self._name()
            self._need(":")
            fields.append(self._part(name))
        return pa.struct(fields)

    # ------------------------------------------------------------------ tokens

    def _next(self) -> str:
        return self.tokens[-1] if self.tokens else ""

    def _take(self) -> str:
        if not self.tokens:
            raise self._error("a type", "the end")
        return self.tokens.pop()

    def _skip(self, token: str) -> bool:
        return self._next() == token and bool(self.tokens.pop())

    def _need(self, token: str) -> str:
        if self._next() != token:
            raise self._error(f'"{token}"')
        return self.tokens.pop()

    def _option(self, word: str) -> bool:
        return self._skip(",") and bool(self._need(word))

    def _unit(self) -> str:
        if self._next() not in _UNITS:
            raise self._error(f"one of {', '.join(_UNITS)}")
        return self.tokens.pop()

    def _number(self) -> int:
        if not re.fullmatch(r"-?[0-9]{1,9}", self._next()):
            raise self._error("a whole number")
        return int(self.tokens.pop())

    def _name(self) -> str:
        token = self._next()
        if _WORD.fullmatch(token):
            return self.tokens.pop()
        try:
            return str(json.loads(self.tokens.pop()))
        except (IndexError, ValueError):
            raise self._error("a name", token) from None

    def _error(self, expected: str, found: str | None = None) -> ValueError:
        found = found if found is not None else self._next() or "the end"
        return ValueError(f'"{self.text}" is not a column type: expected {expected}, found {found}')


_WITH_PARAMETERS: Mapping[str, Callable[[_Parser], pa.DataType]] = {
    "time": _Parser._time,
    "timestamp": _Parser._timestamp,
    "duration": _Parser._duration,
    "binary": _Parser._binary,
    "dictionary": _Parser._dictionary,
    "map": _Parser._map,
    "struct": _Parser._struct,
    **{name: partial(_Parser._decimal, make=make) for name, (make, _) in _DECIMALS.items()},
}
