"""Keyword parameters of a function as a schema: what YAML may say, in which types, and what is wrong with it.

Stages, executors and the settings of inputs are functions or classes; their keyword-only parameters are their schema.
"""

from __future__ import annotations

import inspect
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from annotated_types import Interval
from typing_extensions import is_typeddict

from curate.assets import File, Location
from curate.batch.column_types import ColumnType
from curate.errors import InputError, StageError

if TYPE_CHECKING:
    from pydantic import TypeAdapter

REQUIRED = inspect.Parameter.empty
"""The default of a parameter that has none."""

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

Share = Annotated[float, Interval(ge=0, le=1)]
"""0 to 1."""

SomeShare = Annotated[float, Interval(gt=0, le=1)]
"""More than 0, at most 1."""

Natural = Annotated[int, Interval(ge=0)]
"""A whole number, 0 or more."""

Positive = Annotated[int, Interval(ge=1)]
"""A whole number, 1 or more."""

NotNegative = Annotated[float, Interval(ge=0)]
"""A number, 0 or more."""

AboveZero = Annotated[float, Interval(gt=0)]
"""A number, more than 0: a size in MiB, a time in seconds."""

_EXPONENT = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+")


@dataclass(frozen=True)
class Param:
    """One keyword parameter: a name, a type and perhaps a default."""

    name: str
    type: Any
    default: Any = REQUIRED

    @property
    def is_required(self) -> bool:
        return self.default is REQUIRED

    @property
    def keys(self) -> dict[str, Param]:
        """The keys of a mapping that has keys of its own (a TypedDict), as parameters; none for any other type."""
        if not is_typeddict(self.type):
            return {}
        hints = typing.get_type_hints(self.type, include_extras=True)
        return {name: Param(name, hint, None) for name, hint in hints.items()}

    def convert(self, value: Any, modules: Sequence[str] = ()) -> Any:
        """Return a value from YAML in the parameter's type.

        Args:
            modules: modules of the user's, for types whose values depend on what these bring.

        Raises:
            ValueError: it has another type; the message says what was expected, what was found, and the default.
        """
        from pydantic import ValidationError

        try:
            return _found(self._adapter.validate_python(self._lenient(value)), modules)
        except InputError as error:
            raise ValueError(str(error)) from None
        except ValidationError as error:
            raise ValueError(
                self._misfit(value, error.errors()[-1 if _is_of_a_range(error.errors()[-1]) else 0])
            ) from None

    @cached_property
    def _adapter(self) -> TypeAdapter:
        from pydantic import ConfigDict, TypeAdapter

        try:
            return TypeAdapter(self.type, config=ConfigDict(strict=True, arbitrary_types_allowed=True))
        except Exception:  # pydantic refuses a config for types that carry their own
            return TypeAdapter(self.type)

    def _lenient(self, value: Any) -> Any:
        """Return the value with the liberties that YAML writers take: 1 for 1.0, 1e-5 (a string in YAML 1.1), one for a
        list of one."""
        allowed = members(self.type)
        if isinstance(value, str) and float in allowed and str not in allowed and _EXPONENT.fullmatch(value):
            value = float(value)
        if isinstance(value, int) and not isinstance(value, bool) and float in allowed and int not in allowed:
            value = float(value)
        if isinstance(value, str) and self._takes_one_for_a_list() and value not in _words(allowed):
            value = [value]
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(
                f"expected a finite number, got {value}.  Null switches a rule off where the type allows it."
            )
        return value

    def _takes_one_for_a_list(self) -> bool:
        """Return whether a text stands for a list of one: one path, one language."""
        allowed = members(self.type)
        return str not in allowed and any(typing.get_origin(member) is list for member in allowed)

    def _misfit(self, value: Any, error: Mapping[str, Any]) -> str:
        if error["type"] == "value_error":  # from a type of ours, which says what is wrong
            return f"{error['ctx']['error']}.{'' if self.is_required else f'  Default is {self.default!r}.'}"
        inside = "".join(f"[{part!r}]" for part in error["loc"] if not str(part).startswith(("list[", "dict[")))
        got = error["input"] if inside else value
        default = "" if self.is_required else f"  Default is {self.default!r}."
        hint = _of_hundred(got) if _is_of_a_range(error) and error.get("ctx", {}).get("le") == 1 else ""
        return f"expected {spell(self.type)}, got {_quoted(got)}{f' at {inside}' if inside else ''}.{hint}{default}"

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the parameter."""
        from pydantic import TypeAdapter

        schema = TypeAdapter(self.type).json_schema()
        if self._takes_one_for_a_list():
            schema = {"anyOf": [schema, {"type": "string"}]}
        if not self.is_required:
            schema["default"] = self.default
        return schema


def of(name: str, function: Callable, skip: int) -> dict[str, Param]:
    """Return the keyword parameters of a function, in their order.

    Args:
        name: what errors call it.
        skip: how many positional parameters come first.

    Raises:
        StageError: one is not keyword-only, or has no type.
    """
    types_of = hints(name, function)
    found = {}
    for p in list(inspect.signature(function).parameters.values())[skip:]:
        if p.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise StageError(f"{name}: parameter `{p.name}` must be keyword-only with a type, after a bare `*`")
        if p.name not in types_of:
            raise StageError(f"{name}: parameter `{p.name}` needs a type annotation; the annotation is the schema")
        found[p.name] = Param(p.name, types_of[p.name], p.default)
    return found


def of_constructor(name: str, target: type) -> dict[str, Param]:
    """Return the keyword parameters with which a class is constructed."""
    return of(name, target.__init__, skip=1) if inspect.isfunction(target.__init__) else {}


def defaults(params: Mapping[str, Param]) -> dict[str, Any]:
    """Return the values of the parameters that have a default."""
    return {p.name: p.default for p in params.values() if not p.is_required}


def object_schema(params: Mapping[str, Param]) -> dict[str, Any]:
    """Return the JSON Schema of a mapping of these parameters; null means an empty one."""
    schema = {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {p.name: p.schema() for p in params.values()},
    }
    required = [p.name for p in params.values() if p.is_required]
    return {**schema, "required": required} if required else schema


def hints(name: str, function: Callable) -> dict[str, Any]:
    """Return the types of a function's parameters and result.

    Raises:
        StageError: an annotation cannot be evaluated.
    """
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        raise StageError(f"{name}: its type annotations cannot be read: {error}") from error


def members(hint: Any) -> tuple:
    """Return the members of a union, or the type itself; without their ranges."""
    bare = typing.get_args(hint)[0] if typing.get_origin(hint) is Annotated else hint
    if typing.get_origin(bare) not in (typing.Union, types.UnionType):
        return (bare,)
    return tuple(member for each in typing.get_args(bare) for member in members(each))


def _words(allowed: tuple) -> set:
    """Return the values of the literals among the members of a union."""
    return {
        word for member in allowed if typing.get_origin(member) is typing.Literal for word in typing.get_args(member)
    }


def spell(hint: Any) -> str:
    """Return a type as a YAML writer knows it: `int`, `float from 0 to 1`, `list of str`, `one of "a", "b"`."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return spell(args[0]) + "".join(_spelled(each) for each in args[1:] if isinstance(each, Interval))
    if origin in (typing.Union, types.UnionType):
        words = [spell(a) for a in args]
        has_range = any(typing.get_origin(a) is Annotated for a in args)
        return f"{', '.join(words[:-1])}{',' * has_range} or {words[-1]}" if len(words) < 3 else " or ".join(words)
    if origin is typing.Literal:
        shown = ", ".join(f'"{a}"' if isinstance(a, str) else repr(a) for a in args)
        return f"one of {shown}" if len(args) > 1 else shown
    if origin in (list, tuple, set, frozenset) or hint in (list, tuple):
        return f"list of {spell(args[0])}" if args else "list"
    if origin is dict or hint is dict:
        return f"mapping of {spell(args[0])} to {spell(args[1])}" if args else "mapping"
    if is_typeddict(hint):
        return f"mapping with {', '.join(typing.get_type_hints(hint))}"
    if hint is type(None):
        return "null"
    if hint is ColumnType:
        return "column type"
    if hint is Any:
        return "anything"
    if hint is Location:
        return "path"
    return hint.__name__ if isinstance(hint, type) else str(hint)


def _spelled(range: Interval) -> str:
    """Return a range in words: ` from 0 to 1`, ` of 1 or more`, ` above 0 and up to 1`."""
    if range.gt is not None:
        return f" above {range.gt:g}" + (f" and up to {range.le:g}" if range.le is not None else "")
    return f" from {range.ge:g} to {range.le:g}" if range.le is not None else f" of {range.ge:g} or more"


def _is_of_a_range(error: Mapping[str, Any]) -> bool:
    """Return whether pydantic says of a value that it is too small or too large."""
    return error["type"] in ("greater_than", "greater_than_equal", "less_than", "less_than_equal")


def _of_hundred(value: Any) -> str:
    """Return what is meant by a number that is a share in per cent."""
    return f"  Did you mean {value / 100:g}?" if 2 <= value <= 100 else ""


def _found(value: Any, modules: Sequence[str]) -> Any:
    """Return a value in which all files are known to exist, in lists and mappings, too."""
    if isinstance(value, File):
        file = value.using(modules)
        file.find()
        return file
    if isinstance(value, dict):
        return {name: _found(each, modules) for name, each in value.items()}
    return [_found(each, modules) for each in value] if isinstance(value, list) else value


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else "null" if value is None else repr(value)
