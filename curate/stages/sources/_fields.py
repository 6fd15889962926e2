"""The output columns of sources whose files have their own column names, and where each is found in a file."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import pyarrow as pa

from curate.batch import CORE, column_types
from curate.batch.column_types import ColumnType
from curate.errors import InputError, SpecError
from curate.stage import Split

ALL = "all"

Extra = dict[str, ColumnType] | Literal["all"]
"""What the parameter `extra` of a source may be: columns with their types, or all columns of the files."""

IN_METADATA = ("url", "date", "source")
"""Core columns that are also found in the column `metadata`, which is where datatrove's writers put them."""

MOST_FILES = 16
"""Number of files that are looked at to see whether a column exists, at most."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of every batch of a source, and where they are in the files.

    Args:
        schema: the core columns, then the extra ones. It does not depend on the files, so that all shards have the same.
        keys: column -> where it is looked for in a file, in this order. `a.b` is `b` inside of `a`, unless a column is
            named `a.b`.
        named: columns that the recipe names, in `fields` or `extra`.
        mapped: columns that the recipe maps in `fields`.
    """

    schema: pa.Schema
    keys: Mapping[str, Sequence[str]]
    named: frozenset[str]
    mapped: frozenset[str]

    def takes_source(self, split: Split) -> bool:
        """Return whether the `source` that documents have goes before the label: unless only the label is given."""
        return "source" in self.mapped or not split.is_source_given


def layout_of(fields: Mapping[str, str], extra: Mapping[str, str] | str) -> Layout:
    """Return the columns of a source.

    Args:
        fields: output column -> column or key in the file.
        extra: extra column -> the name of its type; with "all" the core columns only, since the others are known only
            when the files have been looked at.
    Raises:
        SpecError: `fields` maps a column that is neither core nor extra, or `extra` declares a core column or a type that
            does not exist.
    """
    columns = {} if extra == ALL else dict(extra)
    for name in fields:
        if name not in CORE and name not in columns and extra != ALL:
            raise SpecError(
                f'fields: "{name}" is not a column; expected {", ".join(CORE)} or a column declared in `extra`.  '
                f"To declare it, write extra: {{{name}: string}}"
            )
    types = {}
    for name, kind in columns.items():
        if name in CORE:
            raise SpecError(f'extra: "{name}" is a core column, so do not declare it.  Map it in `fields`')
        try:
            types[name] = column_types.parse(kind)
        except ValueError as error:
            raise SpecError(f"extra > {name}: {error}") from error
    schema = pa.schema([*CORE.items(), *types.items()])
    keys = {name: _keys(name, fields) for name in schema.names}
    return Layout(schema, keys, frozenset([*fields, *columns]) & frozenset(schema.names), frozenset(fields))


def _keys(name: str, fields: Mapping[str, str]) -> tuple[str, ...]:
    if name in fields:
        return (fields[name],)
    return (name, f"metadata.{name}") if name in IN_METADATA else (name,)


def spread(files: Sequence[_Item]) -> Sequence[_Item]:
    """Return at most `MOST_FILES` of the files, from the first to the last."""
    return files[:: max(1, -(-len(files) // MOST_FILES))]


def named_by(layout: Layout) -> dict[str, str]:
    """Return column -> key for what a recipe names and some file should have; text and id are checked file by file."""
    return {name: layout.keys[name][0] for name in layout.schema.names if name in layout.named - {"text", "id"}}


def no_such_key(column: str, key: str, files: Sequence[Split], known: Iterable[str]) -> InputError:
    """Return the error for a key that no file has that was looked at.

    Args:
        column: for which the recipe names the key.
        files: those that were looked at.
        known: the keys of these files.
    """
    known = list(dict.fromkeys(known))
    close = difflib.get_close_matches(key, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else "Correct `fields` or `extra`"
    others = f" and {len(files) - 1} other files" if len(files) > 1 else ""
    shown = ", ".join(name[:40] for name in known[:20]) + (" ..." if len(known) > 20 else "")
    return InputError(f"{files[0].url}{others}: no column `{key}` for `{column}`; found {shown or 'none'}.  {hint}")


def renamed(keys: Iterable[str], fields: Mapping[str, str], id_fits: bool) -> dict[str, str]:
    """Return extra column -> key, for `extra: all`.

    Args:
        keys: of the files, without those of which core columns take all that is inside.
        fields: output column -> key; what it maps is not kept under its own name.
        id_fits: the values of the key `id`, if there is one, can be ids of documents.
    Raises:
        InputError: a key cannot be kept, as its name is that of a core column which takes something else.
    """
    taken = set(fields.values())
    columns = {name: key for name, key in fields.items() if name not in CORE}
    for key in keys:
        if key == "id" and not id_fits and not {"id"} & {*fields, *taken}:
            raise InputError(
                "extra: all cannot keep the column `id`, since an id is a string or a whole number.  "
                "Give it another name: fields: {my_id: id}"
            )
        if key in CORE and key in fields and key not in taken:
            raise InputError(
                f"extra: all cannot keep the column `{key}`, since `{fields[key]}` is mapped to `{key}`.  "
                f"Give it another name: fields: {{my_{key}: {key}}}"
            )
        if key not in taken and key not in CORE:
            if key in columns:
                raise InputError(
                    f"extra: all cannot keep the column `{key}`, since `{fields[key]}` is mapped to `{key}`.  "
                    "Choose another name in `fields`"
                )
            columns[key] = key
    return columns


def duplicates(names: Sequence[str]) -> set[str]:
    """Return the names that are there more than once."""
    return {name for name, n in Counter(names).items() if n > 1}


def two_columns(split: Split, key: str) -> InputError:
    """Return the error for a file with several columns of one name."""
    return InputError(f"{split.url}: the file has two columns `{key}`, expected one.  Rename one of them")


def common_type(key: str, files: Sequence[Split], types: Sequence[pa.DataType | None]) -> str:
    """Return the name of the type of a column, which may be missing in some files, or null.

    Raises:
        InputError: it has two types.
    """
    first, kind = None, None
    for split, found in zip(files, types, strict=True):
        if found is None or pa.types.is_null(found):
            continue
        found = column_types.storable(found)
        if kind is not None and found != kind:
            raise InputError(
                f"{split.url}: column `{key}` is {_spelled(split, key, found)}, and {_spelled(first, key, kind)} in "
                f"{first.url}.  Name the columns to keep, each with one type: extra: {{{key}: string, ...}}"
            )
        first, kind = split, found
    return _spelled(first, key, kind) if kind is not None else "string"


def _spelled(split: Split, key: str, kind: pa.DataType) -> str:
    try:
        return column_types.spell(kind)
    except ValueError as error:
        raise InputError(f"{split.url}: column `{key}`: {error}.  Name the columns to keep in `extra`") from None
