"""Represent documents in a pipeline: `Doc` (one) and `Batch` (many, as Arrow columns).

A batch always has the column `id: string`; `text: large_string` is added by extraction; `url`, `date` and `source` are
nullable strings. Signals and scores are further columns. Batches are immutable: every method returns a new one, which
shares the unchanged columns.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from curate import languages
from curate.batch import column_types
from curate.batch.columns import CORE
from curate.batch.verdicts import Verdicts
from curate.errors import StageError

TARGET_BYTES = 4 << 20
"""Approximate size of the text (or HTML) of a batch: amortises Arrow's overhead, and fits the memory of many workers."""

TARGET_DOCS = 4096
"""Maximum number of documents in a batch, which limits batches of very short documents."""


@dataclass(slots=True)
class Doc:
    """One document, as plain Python functions see it. Changes to its fields take effect only if it is returned.

    A value of `columns` that Python's own types cannot hold, such as a year beyond 9999, is an Arrow scalar.
    """

    id: str
    text: str
    url: str | None = None
    date: str | None = None
    source: str | None = None
    columns: dict[str, Any] = field(default_factory=dict)


class Batch:
    """Up to a few thousand documents as Arrow columns, with the decisions and counts of the stage that made the batch.

    Args:
        rows: the columns; must include `id`.
        verdicts: which rows the stage drops (a page without main text, an unreadable record). The engine removes these
            rows and records each.
        counts: ledger counts of events that do not drop documents.
    Raises:
        StageError: `id` is missing, or there is not one verdict per row.
    """

    __slots__ = ("counts", "rows", "verdicts")

    def __init__(self, rows: pa.RecordBatch, verdicts: Verdicts | None = None, counts: Mapping[str, int] | None = None):
        if "id" not in rows.schema.names:
            raise StageError(f"a batch needs the column `id`; it has {', '.join(rows.schema.names) or 'none'}")
        if verdicts is not None and len(verdicts) != rows.num_rows:
            raise StageError(f"{len(verdicts)} verdicts for {rows.num_rows} documents; there must be one for each")
        self.rows = rows
        self.verdicts = verdicts
        self.counts = dict(counts or {})

    # ------------------------------------------------------------------ building

    @classmethod
    def from_columns(cls, columns: Mapping[str, Any]) -> Batch:
        """Build a batch from a mapping of column names to values; standard columns get the types in `CORE`."""
        arrays = [_as_array(name, values) for name, values in columns.items()]
        return cls(pa.RecordBatch.from_arrays(arrays, names=list(columns)))

    @classmethod
    def from_docs(cls, docs: Iterable[Doc], schema: pa.Schema | None = None) -> Batch:
        """Build a batch from documents; with a schema, it has exactly those columns and types."""
        docs = list(docs)
        names = (
            schema.names if schema is not None else list(dict.fromkeys([*CORE, *(k for d in docs for k in d.columns)]))
        )
        kinds = [schema.field(name).type if schema is not None else None for name in names]
        arrays = [_as_array(name, _values_in(docs, name), kind) for name, kind in zip(names, kinds, strict=True)]
        return cls(pa.RecordBatch.from_arrays(arrays, names=names))

    def edited(self, before: Sequence[Doc], after: Sequence[Doc], schema: pa.Schema) -> Batch:
        """Build a batch from the documents that an edit returned; columns that it left alone stay as they are, bit by bit.

        Values of Python cannot hold all that Arrow's can (nanoseconds, the dictionary of a column).

        Args:
            before: what `docs` yields.
            after: what the edit made of each.
            schema: the columns and types of the result.
        """
        arrays = []
        for name, kind in zip(schema.names, schema.types, strict=True):
            values = _values_in(after, name)
            stays = name in self and self[name].type == kind
            if stays and _is_untouched(self[name], _values_in(before, name), values):
                arrays.append(self[name])
            else:
                arrays.append(_as_array(name, values, kind))
        return Batch(pa.RecordBatch.from_arrays(arrays, names=schema.names))

    # ------------------------------------------------------------------ reading

    def __len__(self) -> int:
        return self.rows.num_rows

    @property
    def names(self) -> list[str]:
        return self.rows.schema.names

    def __contains__(self, column: str) -> bool:
        return column in self.rows.schema.names

    def __getitem__(self, column: str) -> pa.Array:
        if column not in self:
            raise StageError(f"no column `{column}`; this batch has {', '.join(self.names)}")
        return self.rows.column(column)

    def numbers(self, column: str) -> np.ndarray:
        """Return a numeric column as a numpy array; nulls become NaN.

        Raises:
            StageError: the column does not exist or is not numeric.
        """
        kind = self[column].type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_boolean(kind)):
            raise StageError(f"column `{column}` holds {column_types.shown(kind)}, not numbers")
        return self[column].to_numpy(zero_copy_only=False)

    def texts(self, column: str = "text") -> list[str]:
        """Return a string column as Python strings; nulls become empty. Slow: kernels use `text_buffers`."""
        return [value or "" for value in self[column].to_pylist()]

    def text_buffers(self, column: str = "text") -> tuple[np.ndarray, np.ndarray]:
        """Return a string or binary column as `(offsets int64[n+1], data uint8[m])` without copying the text.

        Document i is `data[offsets[i]:offsets[i + 1]]`, UTF-8; null is empty. No other code accesses Arrow's offsets,
        which also have to account for slices.
        """
        array = self[column]
        wide = (
            array
            if pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
            else (array.cast(pa.large_binary() if pa.types.is_binary(array.type) else pa.large_string()))
        )
        if wide.null_count:
            wide = wide.fill_null("" if pa.types.is_large_string(wide.type) else b"")
        _, offsets, data = wide.buffers()
        if offsets is None or len(wide) == 0:
            return np.zeros(len(wide) + 1, np.int64), np.zeros(0, np.uint8)
        bounds = np.frombuffer(offsets, np.int64, len(wide) + 1, wide.offset * 8)
        text = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)
        return bounds, text

    def in_other_language(self, known: Sequence[str]) -> np.ndarray:
        """Return bool[n]: whether the column `language` says that a document is in none of these languages.

        All False without that column, or if `known` is empty.
        """
        values = self[languages.COLUMN].to_pylist() if languages.COLUMN in self and known else [None] * len(self)
        return np.array([languages.is_other(value, known) for value in values], bool)

    def docs(self) -> Iterator[Doc]:
        """Yield the rows as `Doc` objects."""
        extra = [name for name in self.names if name not in CORE]
        core = {name: self[name].to_pylist() if name in self else [None] * len(self) for name in CORE}
        rest = {name: _as_python(self[name]) for name in extra}
        for i in range(len(self)):
            yield Doc(
                core["id"][i],
                core["text"][i] or "",
                core["url"][i],
                core["date"][i],
                core["source"][i],
                {name: rest[name][i] for name in extra},
            )

    @property
    def n_bytes(self) -> int:
        """The size of the texts in bytes."""
        if "text" not in self or not len(self):
            return 0
        offsets, _ = self.text_buffers()
        return int(offsets[-1] - offsets[0])

    # ------------------------------------------------------------------ deriving

    def with_columns(self, columns: Mapping[str, Any]) -> Batch:
        """Return the batch with these columns added, or replaced at their position."""
        rows = self.rows
        for name, values in columns.items():
            array = _as_array(name, values)
            if len(array) != len(self):
                raise StageError(f"column `{name}` has {len(array)} values for {len(self)} documents")
            at = rows.schema.get_field_index(name)
            put = pa.field(name, array.type)
            rows = rows.append_column(put, array) if at < 0 else rows.set_column(at, put, array)
        return Batch(rows, self.verdicts, self.counts)

    def with_text(self, texts: Any) -> Batch:
        """Return the batch with new texts."""
        return self.with_columns({"text": texts})

    def without(self, *names: str) -> Batch:
        """Return the batch without these columns; names of missing columns are ignored."""
        return Batch(self.rows.select([n for n in self.names if n not in names]), self.verdicts, self.counts)

    def judged(self, verdicts: Verdicts) -> Batch:
        """Return the batch with these verdicts."""
        return Batch(self.rows, verdicts, self.counts)

    def counted(self, counts: Mapping[str, int]) -> Batch:
        """Return the batch with these numbers added to its ledger counts."""
        merged = dict(self.counts)
        for name, n in counts.items():
            merged[name] = merged.get(name, 0) + int(n)
        return Batch(self.rows, self.verdicts, merged)

    def take(self, mask: np.ndarray) -> Batch:
        """Return the rows where `mask` (bool[n]) is true, in order, without verdicts and counts."""
        if mask.all():
            return Batch(self.rows)
        try:
            return Batch(self.rows.filter(pa.array(mask)))
        except pa.ArrowNotImplementedError:  # it cannot filter views of strings, but it can join slices
            edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]))).reshape(-1, 2)
            runs = [self.rows.slice(start, stop - start) for start, stop in edges.tolist()]
            return Batch(pa.concat_batches(runs) if runs else self.rows.slice(0, 0))

    def part(self, start: int, stop: int) -> Batch:
        """Return rows with their verdicts; the counts are those of the first part, as they are of the whole batch."""
        verdicts = self.verdicts[start:stop] if self.verdicts is not None else None
        return Batch(self.rows.slice(start, stop - start), verdicts, {} if start else self.counts)

    def slice(self, start: int, length: int) -> Batch:
        """Return `length` rows from `start` without copying, without verdicts and counts."""
        return Batch(self.rows.slice(start, length))


def same_schema(batches: Iterable[Batch], where: str = "") -> Iterator[Batch]:
    """Pass batches on; the columns of each must be those of the first, in order and type.

    Args:
        where: what errors begin with, such as `the columns before sinks.parquet`.

    Raises:
        StageError: a column has another type than in the first batch, is missing or new.
    """
    declared: pa.Schema | None = None
    for batch in batches:
        schema = batch.rows.schema
        declared = declared if declared is not None else schema
        if not schema.equals(declared):
            raise StageError(
                f"{where or 'the columns'} changed between batches: {_difference(declared, schema)}.  "
                "A stage makes the same columns for every batch."
            )
        yield batch


def _difference(declared: pa.Schema, found: pa.Schema) -> str:
    for name in dict.fromkeys([*declared.names, *found.names]):
        if name not in found.names:
            return f"`{name}` is missing"
        if name not in declared.names:
            return f"`{name}` is new"
        if found.field(name).type != declared.field(name).type:
            was, is_now = (column_types.shown(schema.field(name).type) for schema in (declared, found))
            return f"`{name}` was {was} and is now {is_now}"
    return f"their order was {', '.join(declared.names)} and is {', '.join(found.names)}"


def _values_in(docs: Iterable[Doc], name: str) -> list[Any]:
    """Return the value of each document in a column."""
    return [getattr(doc, name) for doc in docs] if name in CORE else [doc.columns.get(name) for doc in docs]


def _as_python(array: pa.Array) -> list[Any]:
    """Return values of Python; those that it cannot hold stay Arrow scalars."""
    try:
        return array.to_pylist()
    except (ValueError, OverflowError):
        return [_as_python_value(scalar) for scalar in array]


def _as_python_value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except (ValueError, OverflowError):
        return scalar


def _is_untouched(array: pa.Array, before: list[Any], after: list[Any]) -> bool:
    """Return whether a column has the values that it was given, and lists and mappings among them were not changed."""
    if not all(map(operator.is_, before, after)):
        return False
    return not array.type.num_fields or all(map(_is_same, before, _as_python(array)))


def _is_same(left: Any, right: Any) -> bool:
    """Return whether two values of Python are equal; NaN is equal to itself, 0.0 is not to -0.0, Arrow scalars are not looked
    into, since they cannot be changed in place."""
    if isinstance(left, pa.Scalar) and isinstance(right, pa.Scalar):
        return True
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_is_same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(_is_same, left, right))
    if isinstance(left, float):
        return repr(left) == repr(right)
    return bool(left == right or (left != left and right != right))  # the second for pandas.NaT


def _as_array(name: str, values: Any, wanted: pa.DataType | None = None) -> pa.Array:
    wanted = wanted or CORE.get(name)
    try:
        if isinstance(values, pa.ChunkedArray):
            values = values.combine_chunks()
        if isinstance(values, pa.Array):
            return values if wanted is None or values.type == wanted else values.cast(wanted)
        return pa.array(values, type=wanted)
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
        kind = "one type" if wanted is None else column_types.shown(wanted)
        raise StageError(f"column `{name}` does not fit {kind}: {error}") from error
