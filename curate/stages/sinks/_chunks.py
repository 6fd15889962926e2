"""Shared by the sinks: check the schema and measure rows, so that output depends on documents, not on batches."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.batch import Batch, same_schema
from curate.batch.nested_arrays import is_list, lengths_and_items
from curate.errors import StageError

_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)


def typed_rows(batches: Iterator[Batch]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all batches, which must have the columns of the first, each of a type.

    Raises:
        StageError: the columns change, or one has no type since the first batch holds only nulls.
    """
    for n, batch in enumerate(same_schema(batches)):
        for field in batch.rows.schema if not n else ():
            if pa.types.is_null(field.type):
                raise StageError(
                    f"column `{field.name}` has no type: all its values in the first batch are null.  "
                    "Declare its type in the stage that makes it"
                )
        yield batch.rows.replace_schema_metadata(None)


def row_bytes(rows: pa.RecordBatch) -> np.ndarray:  # int64[n_rows]
    """Return the number of content bytes of each row, independent of the memory layout in Arrow."""
    total = np.zeros(rows.num_rows, np.int64)
    for column in rows.columns:
        total += _cell_bytes(column)
    return total


def _cell_bytes(column: pa.Array) -> np.ndarray | int:  # int64[n_rows], or one number for all rows
    kind = column.type
    if isinstance(column, pa.ExtensionArray):
        return _cell_bytes(column.storage)
    if pa.types.is_dictionary(kind):
        return _cell_bytes(column.dictionary_decode())
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        column = column.cast(pa.large_binary() if pa.types.is_binary_view(kind) else pa.large_string())
    if any(is_kind(column.type) for is_kind in _TEXTS):
        return pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    if is_list(kind):
        lengths, items = lengths_and_items(column)
        inside = np.broadcast_to(_cell_bytes(items), int(lengths.sum()))
        before = np.concatenate([[0], np.cumsum(inside)])
        ends = np.cumsum(lengths)
        return before[ends] - before[ends - lengths]
    if pa.types.is_struct(kind):
        return sum((_cell_bytes(part) for part in column.flatten()), 0)
    return 0 if pa.types.is_null(kind) else -(-kind.bit_width // 8)
