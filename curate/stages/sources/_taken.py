"""What core columns take from inside of structs and objects, which is then not kept there a second time.

A text that stages change must not stand unchanged in another column of the output.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from curate.batch import CORE
from curate.errors import InputError
from curate.stage import Split
from curate.stages.sources._fields import Layout


@dataclass(frozen=True, slots=True)
class Part:
    """A place inside of a column or key in which a core column may be found.

    Args:
        key: the whole path, as in `Layout.keys`: `payload.body`.
        before: keys that are looked for first.
        path: the rest of the path, from the column or key on: `("body",)`.
    """

    key: str
    before: tuple[str, ...]
    path: tuple[str, ...]


def parts_inside(key: str, layout: Layout, takes_source: bool) -> Iterator[Part]:
    """Yield the places inside of a column or key of a file that core columns are looked for in.

    Args:
        takes_source: `source` is one of these columns, see `Layout.takes_source`.
    """
    above = key.split(".")
    for name in CORE:
        candidates = layout.keys[name] if name != "source" or takes_source else ()
        for i, candidate in enumerate(candidates):
            path = candidate.split(".")
            if len(path) > len(above) and path[: len(above)] == above:
                yield Part(candidate, tuple(candidates[:i]), tuple(path[len(above) :]))


def nothing_left(column: str, key: str, split: Split) -> InputError:
    """Return the error for an extra column in `fields` of which core columns take all that is inside."""
    return InputError(
        f"{split.url}: nothing is left of `{key}` for `{column}`, since core columns take all that is in it.  "
        f"Remove `{column}` from `fields`"
    )


# ---------------------------------------------------------------------- JSON


def object_without(value: Any, path: Sequence[str]) -> Any:
    """Return an object without the value at a path, and without objects inside of it that have become empty."""
    if not isinstance(value, dict) or path[0] not in value:
        return value
    inner = value[path[0]]
    left = object_without(inner, path[1:]) if len(path) > 1 else {}
    if left is inner:
        return value
    changed = {name: left if name == path[0] else part for name, part in value.items()}
    return changed if left != {} else {name: part for name, part in changed.items() if name != path[0]}


# ---------------------------------------------------------------------- Arrow


def type_inside(kind: pa.DataType | None, path: Sequence[str]) -> pa.DataType | None:
    """Return the type at a path of fields of a struct, or None if there is no such field."""
    for name in path:
        at = kind.get_field_index(name) if kind is not None and pa.types.is_struct(kind) else -1
        kind = kind.field(at).type if at >= 0 else None
    return kind


def type_at(schema: pa.Schema, key: str) -> pa.DataType | None:
    """Return the type of a column of a file, or of a field `a.b` of a struct; None if there is none, or several of the name."""
    first, *path = key.split(".")
    at, inside = schema.get_field_index(key), schema.get_field_index(first)
    if at >= 0:
        return schema.field(at).type
    return type_inside(schema.field(inside).type if inside >= 0 else None, path)


def types_left(
    key: str, splits: Sequence[Split], schemas: Sequence[pa.Schema], layout: Layout
) -> list[pa.DataType | None]:
    """Return the type of a column in each file without what core columns take from inside of it, None if nothing is left.

    What a core column takes in some of the files only stays in all of them, so that the column has one type.
    """
    types = [type_at(schema, key) for schema in schemas]
    for part in parts_inside(key, layout, layout.takes_source(splits[0])):
        where = [i for i, kind in enumerate(types) if type_inside(kind, part.path) is not None]
        if all(is_taken_in_file(part, schemas[i]) for i in where):
            for i in where:
                types[i] = type_without(types[i], part.path)
    return [None if kind is not None and pa.types.is_struct(kind) and not kind.num_fields else kind for kind in types]


def is_taken_in_file(part: Part, schema: pa.Schema) -> bool:
    """Return whether a core column is read from a part, as the file has none of the columns that are looked for before."""
    return part.key not in schema.names and all(type_at(schema, key) is None for key in part.before)


def type_without(kind: pa.DataType, path: Sequence[str]) -> pa.DataType:
    """Return a struct without the field at a path, which it has, and without structs inside of it that have become empty."""
    fields = []
    for field in kind:
        if field.name != path[0]:
            fields.append(field)
        elif len(path) > 1 and (inner := type_without(field.type, path[1:])).num_fields:
            fields.append(field.with_type(inner))
    return pa.struct(fields)


def array_without(array: pa.StructArray, path: Sequence[str]) -> pa.StructArray:
    """Return structs without the field at a path, as `type_without`; all other values are the same."""
    kept, fields = [], []
    for i, field in enumerate(array.type):
        inner = array.field(i)
        if field.name == path[0]:
            inner = array_without(inner, path[1:]) if len(path) > 1 else None
        if inner is not None and (field.name != path[0] or inner.type.num_fields):
            kept.append(inner)
            fields.append(field.with_type(inner.type))
    return pa.StructArray.from_arrays(kept, fields=fields, mask=array.is_null())
