"""The columns of the record of judgements, in which every document has a row with all that was measured of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from curate import languages

STRINGS = pa.list_(pa.string())
TYPES = {
    str(kind): kind
    for kind in (
        pa.string(), STRINGS, pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(),
        pa.uint64(), pa.float16(), pa.float32(), pa.float64(),
    )
}  # fmt: skip
"""The Arrow types of columns in the record, as Arrow spells them: numbers, truth values, and the strings of `DOCUMENT`
and `VERDICT`."""


@dataclass(frozen=True, slots=True)
class RecordColumn:
    """A column of the record of judgements.

    Args:
        type: as `TYPES` spells it.
        about: what it holds, for readers.
    """

    name: str
    type: str
    about: str


DOCUMENT = (
    RecordColumn("id", "string", "the document: where in the input it is"),
    RecordColumn("url", "string", "its address"),
    RecordColumn("source", "string", "its dump, folder or input"),
)
BYTES, YEAR = "text.bytes", "date.year"
MEASURED = (
    RecordColumn(BYTES, "int64", "bytes of its text in UTF-8, as it was where its way ended"),
    RecordColumn(YEAR, "int16", "the year of its date; null if the date cannot be read"),
)
"""Numbers of every document that the record has without a stage that makes them."""

LANGUAGE = RecordColumn(languages.COLUMN, "string", "its language")
VERDICT = (
    RecordColumn("stage", "string", "the stage that dropped it; null if it was kept"),
    RecordColumn("reason", "string", "why; null if it was kept"),
    RecordColumn("broken", str(STRINGS), "every rule that it broke where it was dropped, as `stage reason`; empty if it was kept"),
)  # fmt: skip
"""The columns of every record: about the document (with `LANGUAGE` where something makes it), and what became of it."""

BYTES_OF_DOCUMENT, BYTES_OF_NUMBER = 24, 2
"""About what a document takes in the file: its id, URL and verdict, and each number that was measured. `python -m
tests.bench.record` measures it; numbers that were not measured take next to nothing."""


def schema(columns: Iterable[RecordColumn]) -> pa.Schema:
    """Return the Arrow schema of these columns; the metadata of each field has its `description`."""
    return pa.schema(
        [pa.field(column.name, TYPES[column.type], metadata={"description": column.about}) for column in columns]
    )


def bytes_per_document(columns: Iterable[RecordColumn]) -> int:
    """Return about how many bytes a document takes in the record if all these columns were measured."""
    return BYTES_OF_DOCUMENT + BYTES_OF_NUMBER * sum(is_number(TYPES[column.type]) for column in columns)


def is_number(kind: pa.DataType) -> bool:
    """Return whether values of a type are numbers or truth values: a column of them is in the record."""
    return str(kind) in TYPES and kind not in (pa.string(), STRINGS)
