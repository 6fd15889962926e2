"""Writing parquet files: their bytes depend only on the documents, and common tools can load them."""

from __future__ import annotations

import io
import itertools

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import Batch
from curate.errors import StageError
from curate.stages.sinks._chunks import row_bytes
from curate.stages.sinks.parquet import parquet
from tests.stages.sinks.shelf import Shelf

TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=40)


def batch(texts: list[str], **more) -> Batch:
    n = len(texts)
    return Batch.from_columns(
        {
            "id": [f"d/{i}" for i in range(n)],
            "text": texts,
            "url": [None] * n,
            "date": ["x"] * n,
            "source": ["s"] * n,
            **more,
        }
    )


def written(batches, **params) -> dict[str, bytes]:
    shelf = Shelf()
    parquet(iter(batches), shelf, **params)
    return shelf.files


def split(whole: Batch, cuts: list[int]) -> list[Batch]:
    ends = sorted({min(c, len(whole)) for c in cuts} | {0, len(whole)})
    parts = [whole.slice(a, b - a) for a, b in itertools.pairwise(ends)]
    return parts or [whole]


@settings(max_examples=60)
@given(st.lists(TEXT, max_size=60), st.lists(st.integers(0, 60), max_size=6), st.integers(1, 20))
def test_the_bytes_do_not_depend_on_how_documents_are_batched(texts, cuts, group_docs):
    whole = batch(texts, score=pa.array([None if i % 3 else i / 7 for i in range(len(texts))], pa.float64()))
    params = {"row_group_docs": group_docs}
    one = written([whole], **params)
    assert written(split(whole, cuts), **params) == one
    rebuilt = [
        Batch(pa.RecordBatch.from_pylist(part.rows.to_pylist(), schema=whole.rows.schema))
        for part in split(whole, cuts)
    ]
    assert written(rebuilt, **params) == one
    tables = [pq.read_table(io.BytesIO(data)) for data in one.values()]
    assert pa.concat_tables(tables).to_pylist() == whole.rows.to_pylist()


@pytest.mark.parametrize("nest", [lambda codes: codes, lambda codes: pa.ListArray.from_arrays([0, 1, 2, 3], codes)])
def test_the_bytes_do_not_depend_on_the_dictionaries_of_batches(nest):
    def coded(values: list[str], dictionary: list[str]) -> pa.Array:
        codes = pa.array([dictionary.index(value) for value in values], pa.int32())
        return pa.DictionaryArray.from_arrays(codes, dictionary)

    whole = batch(["a", "b", "c"], kind=nest(coded(["x", "y", "x"], ["y", "x"])))
    other = batch(["a", "b", "c"], kind=nest(coded(["x", "y", "x"], ["unused", "x", "y"])))
    one = written([whole])
    assert written(split(other, [1])) == one
    assert pq.read_table(io.BytesIO(one["00000.parquet"])).schema.field("kind").type == whole["kind"].type


def test_row_groups_have_the_documents_asked_for():
    (data,) = written([batch(["x" * 1000] * 35)], row_group_docs=10).values()
    meta = pq.read_metadata(io.BytesIO(data))
    assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [10, 10, 10, 5]


def test_long_documents_make_shorter_row_groups(monkeypatch):
    monkeypatch.setattr("curate.stages.sinks.parquet.GROUP_BYTES", 5000)
    texts = ["x" * 2000] * 10
    for batches in ([batch(texts)], split(batch(texts), [1, 2, 7])):
        (data,) = written(batches).values()
        meta = pq.read_metadata(io.BytesIO(data))
        assert [meta.row_group(i).num_rows for i in range(meta.num_row_groups)] == [3, 3, 3, 1]


def test_without_documents_the_columns_are_written():
    (data,) = written([batch([]), batch([])]).values()
    table = pq.read_table(io.BytesIO(data))
    assert table.num_rows == 0 and table.schema.field("text").type == pa.large_string()


def test_columns_that_change_or_have_no_type_are_errors_with_the_name():
    first = batch(["a"], score=[1])
    with pytest.raises(StageError, match="`score` was int and is now float"):
        written([first, batch(["a"], score=[1.5])])
    with pytest.raises(StageError, match="`score` is missing"):
        written([first, batch(["a"])])
    with pytest.raises(StageError, match="`score` has no type"):
        written([batch(["a"], score=[None])])


def test_a_failure_leaves_no_file():
    shelf = Shelf()

    def failing():
        yield batch(["a"] * 5)
        raise RuntimeError("boom")

    with pytest.raises(RuntimeError, match="boom"):
        parquet(failing(), shelf, row_group_docs=2)
    assert not shelf.files


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "none"])
def test_load_dataset_loads_the_files(tmp_path, compression, monkeypatch):
    import datasets

    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    for name, data in written(
        [batch([f"Text {i}" for i in range(50)])], row_group_docs=10, compression=compression
    ).items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "99999.parquet").write_bytes(written([batch([])])["00000.parquet"])  # an empty task beside full ones
    loaded = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "*.parquet"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded.num_rows == 50 and loaded[49]["text"] == "Text 49" and loaded[0]["url"] is None


def test_the_bytes_of_a_row_are_those_of_its_content():
    rows = batch(
        ["a", "äb", ""],
        n=[1, 2, 3],
        tags=[["x", "yy"], [], ["z"]],
        raw=[b"1", None, b"22"],
        d=pa.array(["q", "q", "rr"]).dictionary_encode(),
    ).rows
    own = row_bytes(rows.select(["text", "n", "tags", "raw", "d"]))
    assert own.tolist() == [1 + 8 + 3 + 1 + 1, 3 + 8 + 0 + 0 + 1, 0 + 8 + 1 + 2 + 2]
    assert row_bytes(rows.slice(1, 2)).tolist() == row_bytes(rows)[1:].tolist()
