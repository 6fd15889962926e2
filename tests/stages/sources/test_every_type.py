"""`extra: all`: every Arrow type that parquet can store comes out of curate as it went in, bit by bit."""

from __future__ import annotations

import copy
import io

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from curate.batch import Batch, Doc
from curate.batch.column_types import storable
from curate.batch.json_columns import json_rows
from curate.inputs import cut, resolve
from curate.runs import RunFolder
from curate.runs.arrow_files import ArrowReader, ArrowWriter
from curate.runs.layout import PhaseFolder
from curate.stages.sinks._chunks import row_bytes
from curate.stages.sinks.parquet import parquet as parquet_sink
from curate.stages.sources.parquet import parquet
from tests.batch.arrow_arrays import arrays, same_bits
from tests.batch.arrow_types import types
from tests.stages.sinks.shelf import Shelf


@st.composite
def columns(draw) -> list[pa.Array]:
    """Draw a few columns of any types, sliced out of longer ones."""
    n = draw(st.integers(1, 6))
    kinds = types().filter(lambda kind: storable(kind) == kind)
    return [draw(arrays(draw(kinds), n + 2)).slice(1, n) for _ in range(draw(st.integers(1, 3)))]


def table_of(drawn: list[pa.Array]) -> pa.Table:
    """Return a table with these columns and a text."""
    n = len(drawn[0])
    named = {f"c{i}": array for i, array in enumerate(drawn)}
    return pa.table({"id": [f"own {i}" for i in range(n)], "text": [f"text {i}" for i in range(n)], **named})


def read_all(data: bytes) -> list[Batch]:
    """Read a file with `extra: all`, as the engine does."""
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    memory.pipe("/in/x.parquet", data)
    (shard,) = cut(resolve(["memory://in/x.parquet"], "test"), 1 << 40)
    found = parquet(extra="all").found_in(shard.splits)
    return list(parquet(**found)(shard))


def edit(batch: Batch) -> Batch:
    """Do what an edit of plain Python does that changes another column."""
    given = list(batch.docs())
    edited = [Doc(doc.id, doc.text, doc.url, doc.date, doc.source, {**doc.columns, "n": 1}) for doc in given]
    return batch.edited(given, edited, batch.rows.schema.append(pa.field("n", pa.int64())))


def through_file(batches: list[Batch]) -> list[Batch]:
    """Write batches down and read them, as happens between two phases."""
    file = io.BytesIO()
    writer = ArrowWriter(file, batches[0].rows.schema, keeps_dictionaries=True)
    for batch in batches:
        writer.write(batch.rows)
    writer.close()
    place = PhaseFolder(RunFolder("memory://run"), "01-x").task(0)
    return [Batch(rows) for rows in ArrowReader(file, len(file.getvalue()), place, place.docs).batches()]


def stored(table: pa.Table, **options) -> bytes:
    """Return a table as a parquet file."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


@settings(max_examples=150)
@given(columns(), st.data())
def test_every_column_is_the_same_after_all_that_curate_does(drawn, data):
    whole = stored(table_of(drawn), row_group_size=2)
    before = pq.read_table(io.BytesIO(whole)).combine_chunks()
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(before), max_size=len(before))))
    batches, start = [], 0
    for batch in through_file([edit(batch) for batch in read_all(whole)]):
        batches.append(batch.take(mask[start : start + len(batch)]))
        start += len(batch)
    shelf = Shelf()
    parquet_sink(iter(batches), shelf, row_group_docs=3)
    after = pq.read_table(io.BytesIO(shelf.files["00000.parquet"])).combine_chunks()
    kept = pa.array(np.flatnonzero(mask))
    assert after["id"].to_pylist() == before["id"].take(kept).to_pylist()
    for i in range(len(drawn)):
        column = [before[f"c{i}"].slice(k, 1).combine_chunks() for k in kept.to_pylist()]
        whole_column = pa.concat_arrays(column) if column else before[f"c{i}"].slice(0, 0).combine_chunks()
        assert same_bits(pa.concat_arrays(after[f"c{i}"].chunks or [whole_column]), whole_column), whole_column.type


@given(columns())
def test_every_column_can_be_measured_and_written_as_json(drawn):
    rows = pa.RecordBatch.from_arrays(drawn, names=[f"c{i}" for i in range(len(drawn))])
    assert (row_bytes(rows) >= 0).all() and len(row_bytes(rows)) == len(drawn[0])
    assert row_bytes(rows.slice(1)).tolist() == row_bytes(rows)[1:].tolist()
    written = json_rows(dict(zip(rows.schema.names, drawn, strict=True)))
    assert [[row[f"c{i}"] is None for row in written] for i in range(len(drawn))] == [
        array.is_null().to_pylist() for array in drawn
    ]


CHANGES = {
    "append": lambda value: value.append(None),
    "item": lambda value: value.__setitem__(0, -0.0),
}


@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.5, float("nan")]), min_size=1), min_size=1), st.sampled_from([*CHANGES])
)
@example([[0.0]], "item")
def test_a_list_that_an_edit_changed_in_place_is_changed(values, change):
    batch = Batch.from_columns({"id": [str(i) for i in range(len(values))], "text": [""] * len(values), "tags": values})
    given_docs = list(batch.docs())
    CHANGES[change](given_docs[-1].columns["tags"])
    expected = copy.deepcopy(given_docs[-1].columns["tags"])
    made = batch.edited(given_docs, given_docs, batch.rows.schema)
    assert repr(made["tags"].to_pylist()[-1]) == repr(expected)
