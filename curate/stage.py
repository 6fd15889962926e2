"""What counts as a stage: a function or a class with honest types, and nothing else.

The annotations of the first parameter and of the result say what kind of stage it is (`KINDS`); the keyword
parameters with their types and defaults are its schema; the docstring is its help. There is no base class,
no decorator and no registration.
"""

from __future__ import annotations

import inspect
import math
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, partial
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from curate.assets import File
from curate.batch import Batch, Doc, Verdicts
from curate.errors import InputError, StageError
from curate.rules import Rules

# ---------------------------------------------------------------------- what sources and sinks are handed


@dataclass(frozen=True, slots=True)
class Split:
    """A byte range of one input file. A record belongs to the split in which its first byte lies.

    Args:
        url: where the file is, as fsspec understands it.
        name: what document ids call the file; the same wherever the crawl is copied to.
        start, end: bytes of the file as stored (compressed); `end` is the file's size for the last split.
        size: bytes of the whole file as stored.
        source: the label that goes into the column `source`.
    """

    url: str
    name: str
    start: int
    end: int
    size: int
    source: str

    @property
    def is_whole(self) -> bool:
        return self.start == 0 and self.end == self.size


@dataclass(frozen=True, slots=True)
class Shard:
    """The input of one task: one or more splits, the same however many workers there are."""

    index: int
    n_shards: int
    splits: tuple[Split, ...]


class ShardWriter(Protocol):
    """Where a sink writes the files of one task. They appear under their names only when the task is done."""

    def open(self, extension: str) -> typing.ContextManager[BinaryIO]:
        """Open the task's next file, named by shard and by how many this task wrote before it."""


# ---------------------------------------------------------------------- kinds


class Kind(Enum):
    """The closed list of things a stage can be."""

    RULES = "rules"
    DOC_FILTER = "filter"
    BATCH_FILTER = "batch filter"
    DOC_EDIT = "edit"
    BATCH_EDIT = "batch edit"
    STREAM = "stream"
    SOURCE = "source"
    SINK = "sink"
    BARRIER = "barrier"
    FOREIGN = "datatrove block"


KINDS = """\
  (*, ...) -> Rules                                          filter: bounds on named signals
  (doc: Doc, *, ...) -> bool | str                           filter; a string drops for that reason
  (batch: Batch, *, ...) -> Verdicts                         filter on a batch
  (doc: Doc, *, ...) -> Doc | str                            edit, signal or score; a string drops
  (batch: Batch, *, ...) -> Batch                            the same on a batch
  (batches: Iterator[Batch], *, ...) -> Iterator[Batch]      stream
  (shard: Shard, *, ...) -> Iterator[Batch]                  source
  (batches: Iterator[Batch], out: ShardWriter, *, ...) -> None   sink
  a class whose __call__ is one of these                     the same with state; optional setup(), close()
  a class with emit, reductions and apply                    barrier"""

MADE_TYPES = {"float": pa.float32(), "int": pa.int64(), "str": pa.string(), "bool": pa.bool_()}
"""Types a docstring can give to the columns that a plain function makes."""

REQUIRED = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class Param:
    """One keyword parameter of a stage: a name, a type and perhaps a default."""

    name: str
    type: Any
    default: Any = REQUIRED

    @property
    def is_required(self) -> bool:
        return self.default is REQUIRED

    def convert(self, value: Any) -> Any:
        """Return the value in the parameter's type, or raise `ValueError` with what was expected and got."""
        from pydantic import ConfigDict, TypeAdapter, ValidationError

        strict = ConfigDict(strict=True, arbitrary_types_allowed=True)
        if (
            isinstance(value, int)
            and not isinstance(value, bool)
            and float in _flat(self.type)
            and int not in _flat(self.type)
        ):
            value = float(value)  # YAML writes 1 for 1.0
        if typing.get_origin(self.type) is list and isinstance(value, str):
            value = [value]  # one path, one language
        if self.type is Path or Path in _flat(self.type):
            value = Path(value) if isinstance(value, str) else value
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(
                f"expected a finite number, got {value}.  Null switches a rule off where the type allows it."
            )
        try:
            converted = _wrapped(TypeAdapter, self.type, strict).validate_python(value)
            inner = [*converted.values()] if isinstance(converted, dict) else converted
            for each in inner if isinstance(inner, list) else [inner]:
                _ = each.find() if isinstance(each, File) else None
        except InputError as error:
            raise ValueError(str(error)) from None
        except ValidationError as error:
            first = error.errors()[0]
            inside = "".join(f"[{part!r}]" for part in first["loc"] if not str(part).startswith(("list[", "dict[")))
            got = value if not inside else first["input"]
            default = "" if self.is_required else f"  Default is {self.default!r}."
            raise ValueError(
                f"expected {spell(self.type)}, got {_quoted(got)}{f' at {inside}' if inside else ''}.{default}"
            ) from None
        return converted

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of the parameter."""
        from pydantic import TypeAdapter

        schema = TypeAdapter(self.type).json_schema()
        if typing.get_origin(self.type) is list:
            schema = {"anyOf": [schema, {"type": "string"}]}  # one path, one language
        if not self.is_required:
            schema["default"] = self.default
        return schema


@dataclass(frozen=True)
class Stage:
    """A stage as the rest of the program knows it: its name, what to call, its kind and its schema."""

    name: str
    target: Callable
    kind: Kind
    params: Mapping[str, Param]

    @cached_property
    def help(self) -> Mapping[str, str]:
        """The docstring cut into its sections; the key "" holds the first line and what follows it."""
        return sections(inspect.getdoc(self.target) or "")

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.help[""].split("\n")[0]

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns the stage reads besides `id`, as its docstring says."""
        return _names(self.help.get("Needs", ""))

    @property
    def makes(self) -> tuple[str, ...]:
        """The columns the stage adds or replaces, as its docstring says; `<score>`: the one the parameter `score` names."""
        return _names(self.help.get("Makes", ""))

    def made_by(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """Return these columns under the names that the parameters, defaults included, give them."""
        return tuple(params[name[1:-1]] if name.startswith("<") else name for name in self.makes)

    @property
    def removes(self) -> tuple[str, ...]:
        """The columns the stage takes away, as its docstring says."""
        return _names(self.help.get("Removes", ""))

    @property
    def made_types(self) -> Mapping[str, pa.DataType]:
        """The Arrow types of made columns, where the docstring gives them: `Makes: score: float, lang: str`."""
        found = {}
        for entry in self.help.get("Makes", "").split(","):
            name, colon, kind = (part.strip() for part in entry.partition(":"))
            if colon:
                if kind not in MADE_TYPES:
                    raise StageError(f"{self.name}: `Makes: {entry.strip()}`; a type is one of {', '.join(MADE_TYPES)}")
                found[name] = MADE_TYPES[kind]
        return found

    def open(self, params: Mapping[str, Any]) -> Callable:
        """Return something to call with documents only: the function with its parameters, or the class set up."""
        if not inspect.isclass(self.target):
            return partial(self.target, **params)
        made = self.target(**params)
        if hasattr(made, "setup"):
            made.setup()
        return made


def read_stage(name: str, target: Callable) -> Stage:
    """Read what kind of stage a function or class is, and its parameters, from its signature.

    Raises:
        StageError: the signature is none of the kinds; the message prints the table.
    """
    if inspect.isclass(target):
        is_barrier = all(hasattr(target, part) for part in ("emit", "reductions", "apply"))
        if not is_barrier and "__call__" not in vars(target):
            raise _unknown(name, target, "a class needs __call__, or emit, reductions and apply")
        kind = Kind.BARRIER if is_barrier else _kind(name, target.__call__, skip_self=True)
        has_init = "__init__" in vars(target)
        params = _params(name, target.__init__, skip=1) if has_init else {}
        return Stage(name, target, kind, params)
    if not inspect.isfunction(target):
        raise _unknown(name, target, f"it is a {type(target).__name__}")
    return Stage(name, target, _kind(name, target), _params(name, target, skip=_n_positional(target)))


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _n_positional(function: Callable) -> int:
    return sum(p.kind in _POSITIONAL for p in inspect.signature(function).parameters.values())


def _kind(name: str, function: Callable, skip_self: bool = False) -> Kind:
    hints = _hints(name, function)
    positional = [p.name for p in inspect.signature(function).parameters.values() if p.kind in _POSITIONAL]
    takes = tuple(_shape(hints.get(p)) for p in positional[1 if skip_self else 0 :])
    gives = frozenset(_flat(hints.get("return", inspect.Signature.empty)))
    for kind, wanted, allowed in _SIGNATURES:
        if takes == wanted and gives and gives <= allowed and gives != frozenset({str}):
            return kind
    raise _unknown(name, function, f"its signature is {inspect.signature(function)}")


_BATCHES = "Iterator[Batch]"
_SIGNATURES: tuple[tuple[Kind, tuple, frozenset], ...] = (
    (Kind.RULES, (), frozenset({Rules})),
    (Kind.DOC_FILTER, (Doc,), frozenset({bool, str})),
    (Kind.BATCH_FILTER, (Batch,), frozenset({Verdicts})),
    (Kind.DOC_EDIT, (Doc,), frozenset({Doc, str})),
    (Kind.BATCH_EDIT, (Batch,), frozenset({Batch})),
    (Kind.STREAM, (_BATCHES,), frozenset({_BATCHES})),
    (Kind.SOURCE, (Shard,), frozenset({_BATCHES})),
    (Kind.SINK, (_BATCHES, ShardWriter), frozenset({type(None)})),
)


def _shape(hint: Any) -> Any:
    is_stream = typing.get_origin(hint) in (Iterator, typing.get_origin(typing.Iterator[int]))
    return _BATCHES if is_stream and typing.get_args(hint) == (Batch,) else hint


def _flat(hint: Any) -> tuple:
    is_union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    return tuple(_shape(h) for h in typing.get_args(hint)) if is_union else (_shape(hint),)


def _hints(name: str, function: Callable) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function)
    except Exception as error:
        raise StageError(f"{name}: its type annotations cannot be read: {error}") from error


def _params(name: str, function: Callable, skip: int) -> dict[str, Param]:
    hints = _hints(name, function)
    found = {}
    for p in list(inspect.signature(function).parameters.values())[skip:]:
        if p.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise StageError(f"{name}: parameter `{p.name}` must be keyword-only with a type, after a bare `*`")
        if p.name not in hints:
            raise StageError(f"{name}: parameter `{p.name}` needs a type annotation; the annotation is the schema")
        found[p.name] = Param(p.name, hints[p.name], p.default)
    return found


def _unknown(name: str, target: Any, why: str) -> StageError:
    place = ""
    if hasattr(target, "__code__"):
        place = f" ({target.__code__.co_filename}:{target.__code__.co_firstlineno})"
    return StageError(f"{name}{place} is no stage: {why}.\nA stage is one of\n{KINDS}")


# ---------------------------------------------------------------------- words about types and docstrings


def spell(hint: Any) -> str:
    """Return a type the way a YAML writer thinks of it: `int`, `list of str`, `one of "a", "b"`."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(spell(a) for a in args)
    if origin is typing.Literal:
        return "one of " + ", ".join(f'"{a}"' if isinstance(a, str) else repr(a) for a in args)
    if origin in (list, tuple, set, frozenset) or hint in (list, tuple):
        return f"list of {spell(args[0])}" if args else "list"
    if origin is dict or hint is dict:
        return f"mapping of {spell(args[0])} to {spell(args[1])}" if args else "mapping"
    if hint is type(None):
        return "null"
    return "anything" if hint is Any else getattr(hint, "__name__", str(hint))


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else "null" if value is None else repr(value)


def _wrapped(adapter: Any, hint: Any, config: Any) -> Any:
    try:
        return adapter(hint, config=config)
    except Exception:  # pydantic refuses a config for types that carry their own
        return adapter(hint)


_SECTION = re.compile(
    r"^(Why|Args|Returns|Needs|Makes|Removes|Drops|Raises|Cost|Kept|Dropped|Edited|Source|Yields):[ \t]*(.*)$"
)


def sections(docstring: str) -> dict[str, str]:
    """Cut a docstring into its named sections; the text before the first has the key ""."""
    found: dict[str, list[str]] = {"": []}
    current = ""
    for line in docstring.split("\n"):
        if match := _SECTION.match(line):
            current = match[1]
            found[current] = [match[2]] if match[2] else []
        else:
            found[current].append(line)
    return {name: inspect.cleandoc("\n".join(lines)).strip() for name, lines in found.items()}


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for entry in text.split(",") if (name := entry.partition(":")[0].strip()))
