"""What counts as a stage: a function or a class with honest types, and nothing else.

The annotations of the first parameter and of the result say what kind of stage it is (`KINDS`); the keyword
parameters with their types and defaults are its schema; the docstring is its help, and names the columns that the
stage reads, makes and removes. Only barriers have a base class; nothing is decorated or registered.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property, partial
from typing import Any, BinaryIO, Protocol, runtime_checkable

from curate import params as schema
from curate.barrier import Barrier
from curate.batch import Batch, Columns, Doc, Verdicts, column_types
from curate.errors import StageError
from curate.params import POSITIONAL, Param, members
from curate.rules import Rules

# ---------------------------------------------------------------------- what sources and sinks get


@dataclass(frozen=True, slots=True)
class Split:
    """A byte range of one input file. A record belongs to the split in which its first byte lies.

    Args:
        url: where the file is, as fsspec understands it.
        name: what document ids call the file; the same wherever the crawl is copied to.
        start, end: bytes of the file as stored (compressed); `end` is the file's size for the last split.
        size: bytes of the whole file as stored.
        source: the label that goes into the column `source`.
        mark: a cheap sign that shows whether the file has changed since the run was planned; "" if there is none.
        is_source_given: the recipe gives the label, which then goes before a `source` that the file's documents have.
    """

    url: str
    name: str
    start: int
    end: int
    size: int
    source: str
    mark: str = ""
    is_source_given: bool = False

    @property
    def range_name(self) -> str:
        """What records call the split: `a.warc.gz:0-4711`."""
        return f"{self.name}:{self.start}-{self.end}"

    @property
    def is_whole(self) -> bool:
        return self.start == 0 and self.end == self.size


@dataclass(frozen=True, slots=True)
class Shard:
    """The input of one task: one or more splits, the same however many workers there are.

    Args:
        mark: of all files of a datatrove reader, which has no splits; as that of a split.
        limit: how many documents are read from it in a trial; 0 for all.
        input: the name of the input of the recipe; empty if it has none.
        rank, n_ranks: for a datatrove reader, which of how many parts of its files this is.
    """

    index: int
    n_shards: int
    splits: tuple[Split, ...]
    mark: str = ""
    limit: int = 0
    input: str = ""
    rank: int = 0
    n_ranks: int = 1


class ShardWriter(Protocol):
    """Where a sink writes its files. They appear under their names only when the task is done.

    A sink is called once for each file of the output, with the documents of this file. If nothing at all is left, it is
    called once, with an empty batch, so that it can write the columns.
    """

    def open(self, extension: str) -> typing.ContextManager[BinaryIO]:
        """Open a file; a sink that needs several opens one after the other, and a number is added to the name of each further one.

        Args:
            extension: what follows the first dot of the name: `parquet`, `csv.gz`.
        """


# ---------------------------------------------------------------------- what a class may have beside __call__


@runtime_checkable
class HasSetup(Protocol):
    """A stage that loads something (a model, a list) on the worker, once a task, before the first document."""

    def setup(self) -> None:
        """Load it."""


@runtime_checkable
class HasSetupCheck(Protocol):
    """A stage that can find out, without loading anything large, whether it can be set up."""

    def check_setup(self) -> None:
        """Look for its packages and into its files, before any task runs.

        Raises:
            InputError: a package is not installed, or a file is of another kind.
            SpecError: a file does not have what a parameter names.
        """


@runtime_checkable
class HasClose(Protocol):
    """A stage that releases something when its task ends."""

    def close(self) -> None:
        """Release it."""


@runtime_checkable
class HasWarmUp(Protocol):
    """A stage that compiles kernels; called once on a machine, before the workers start."""

    def warm_up(self) -> None:
        """Compile them."""


@runtime_checkable
class HasInputCheck(Protocol):
    """A source that can tell from the beginning of a file that it will find no document in it."""

    def check_input(self, split: Split) -> None:
        """Look at the beginning of a file, before any task runs; `split` is the first part of the file.

        Raises:
            InputError: the file has another format, or no document in it can have a text.
        """


@runtime_checkable
class HasColumnsOfFiles(Protocol):
    """A source of which some columns depend on its files."""

    def found_in(self, files: Sequence[Split]) -> Mapping[str, Any]:
        """Look at the files, before the plan is made, and return the parameters that say which columns they have.

        Args:
            files: the first part of each file of the input.
        Returns:
            parameter -> value, in place of what the recipe says; values can be written as JSON.
        Raises:
            InputError: the files have no such columns, or not the same ones.
        """


@runtime_checkable
class HasKeys(Protocol):
    """A source whose files have a name for each value of a document, which the files' authors chose: keys, columns."""

    def first_documents(self, split: Split) -> Sequence[Mapping[str, Any]]:
        """Return the first documents of a file as they are there, key -> value; at most 1,000, none of an empty file.

        Args:
            split: the first part of the file.
        Raises:
            InputError: the file has another format.
        """


@runtime_checkable
class HasColumns(Protocol):
    """A stage of which some columns depend on its parameters; set in its constructor."""

    columns: Columns


# ---------------------------------------------------------------------- kinds


class Kind(Enum):
    """The closed list of things a stage can be."""

    RULES = auto()
    DOC_FILTER = auto()
    BATCH_FILTER = auto()
    DOC_EDIT = auto()
    BATCH_EDIT = auto()
    STREAM = auto()
    SOURCE = auto()
    SINK = auto()
    BARRIER = auto()
    DATATROVE = auto()

    @property
    def word(self) -> str:
        """What users read: whatever its signature, a filter drops documents, and a transform changes or measures them."""
        return _WORDS[self]


_WORDS: Mapping[Kind, str] = {
    Kind.RULES: "filter",
    Kind.DOC_FILTER: "filter",
    Kind.BATCH_FILTER: "filter",
    Kind.DOC_EDIT: "transform",
    Kind.BATCH_EDIT: "transform",
    Kind.STREAM: "transform",
    Kind.SOURCE: "source",
    Kind.SINK: "sink",
    Kind.BARRIER: "global stage",
    Kind.DATATROVE: "datatrove block",
}

KINDS = """\
  (*, ...) -> Rules                                          filter: bounds on named signals
  (doc: Doc, *, ...) -> bool | str                           filter; a string drops for that reason
  (batch: Batch, *, ...) -> Verdicts                         filter on a batch
  (doc: Doc, *, ...) -> Doc | str                            transform, signal or score; a string drops
  (batch: Batch, *, ...) -> Batch                            the same on a batch
  (batches: Iterator[Batch], *, ...) -> Iterator[Batch]      the same on all batches of a task
  (shard: Shard, *, ...) -> Iterator[Batch]                  source
  (batches: Iterator[Batch], out: ShardWriter, *, ...) -> None   sink
  a class whose __call__ is one of these                     the same with state; optional setup(), close(), check_input(), found_in()
  a subclass of Barrier                                      global stage"""


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
    def renamed(self) -> Mapping[str, str]:
        """Former names of parameters, from the docstring: `Renamed: old -> new`."""
        pairs = (entry.partition("->") for entry in self.help.get("Renamed", "").split(",") if "->" in entry)
        return {old.strip(): new.strip() for old, _, new in pairs}

    @property
    def languages(self) -> Mapping[str, str]:
        """Parameters that are made for one language, from the docstring: `Languages: drop_policies: en`."""
        return dict(_entries(self.help.get("Languages", "")))

    @cached_property
    def documented_columns(self) -> Columns:
        """The columns that the docstring names: `Needs: text`, `Makes: score: float, tags: list of string`, `Removes: html`.

        `Measures:` names further columns that the stage makes: measurements, which come out only if the recipe asks for them.

        Raises:
            StageError: a column has a type that is not in the vocabulary of `column_types`.
        """
        makes = {}
        for part in ("Makes", "Measures"):
            for name, kind in _entries(self.help.get(part, "")):
                try:
                    makes[name] = column_types.parse(kind) if kind else None
                except ValueError as error:
                    raise StageError(f"{self.name}: `{part}: {name}: {kind}`: {error}") from error
        needs, removes = (tuple(name for name, _ in _entries(self.help.get(part, ""))) for part in ("Needs", "Removes"))
        return Columns(needs, makes, removes)

    @property
    def measures(self) -> tuple[str, ...]:
        """The made columns that are measurements, from the docstring: `Measures: confidence: float`."""
        return tuple(name for name, _ in _entries(self.help.get("Measures", "")))

    def columns(self, params: Mapping[str, Any]) -> Columns:
        """Return the columns under these parameters, defaults included.

        The docstring names what is always read, made and removed; what depends on parameters is the attribute `columns`
        of the object that a class constructs from them.
        """
        always = self.documented_columns
        if not inspect.isclass(self.target) or self.kind is Kind.DATATROVE:
            return always
        made = self.construct(params)
        return always.with_more(made.columns) if isinstance(made, HasColumns) else always

    def construct(self, params: Mapping[str, Any]) -> Callable:
        """Return something to call with documents only, without loading anything: what the planner may do."""
        return self.target(**params) if inspect.isclass(self.target) else partial(self.target, **params)

    def open(self, params: Mapping[str, Any]) -> Callable:
        """Return the stage ready to be called: constructed and set up. Only workers do this."""
        made = self.construct(params)
        if isinstance(made, HasSetup):
            made.setup()
        return made


def close(opened: object) -> None:
    """Release what an opened stage holds."""
    if isinstance(opened, HasClose):
        opened.close()


def read_stage(name: str, target: Callable) -> Stage:
    """Read what kind of stage a function or class is, and its parameters, from its signature.

    Raises:
        StageError: the signature is none of the kinds; the message prints the table.
    """
    if inspect.isclass(target):
        if issubclass(target, Barrier):
            return Stage(name, target, Kind.BARRIER, schema.of_constructor(name, target))
        if "__call__" not in vars(target):
            raise _unknown(name, target, "a class needs __call__, or the base curate.Barrier")
        return Stage(name, target, _kind(name, target.__call__, skip_self=True), schema.of_constructor(name, target))
    if not inspect.isfunction(target):
        raise _unknown(name, target, f"it is a {type(target).__name__}")
    return Stage(name, target, _kind(name, target), schema.of(name, target, skip=_n_positional(target)))


def _n_positional(function: Callable) -> int:
    return sum(p.kind in POSITIONAL for p in inspect.signature(function).parameters.values())


def _kind(name: str, function: Callable, skip_self: bool = False) -> Kind:
    hints = schema.hints(name, function)
    positional = [p.name for p in inspect.signature(function).parameters.values() if p.kind in POSITIONAL]
    takes = tuple(_shape(hints.get(p)) for p in positional[1 if skip_self else 0 :])
    gives = frozenset(_shape(hint) for hint in members(hints.get("return", inspect.Signature.empty)))
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


def _unknown(name: str, target: Any, why: str) -> StageError:
    place = ""
    if inspect.isfunction(target):
        place = f" ({target.__code__.co_filename}:{target.__code__.co_firstlineno})"
    return StageError(f"{name}{place} is not a stage: {why}.\nA stage is one of\n{KINDS}")


# ---------------------------------------------------------------------- docstrings

_SECTION = re.compile(
    r"^(Why|Args|Languages|Renamed|Returns|Needs|Makes|Measures|Removes|Drops|Raises|Cost|Kept|Dropped|Edited|Source|Yields):[ \t]*+(.*)$"
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


def _entries(text: str) -> list[tuple[str, str]]:
    """Return (name, type or "") for each entry of `a, b: float`."""
    pairs = (entry.partition(":") for entry in column_types.split_at_commas(text))
    return [(name.strip(), kind.strip()) for name, _, kind in pairs if name.strip()]
