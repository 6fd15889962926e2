"""Parquet files: columns, rows and errors."""

from __future__ import annotations

import datetime
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate.errors import InputError
from curate.stages.sources.parquet import parquet
from tests.stages.sources.crawls import read


def stored(columns: dict, **options) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), buffer, **options)
    return buffer.getvalue()


def test_a_row_is_a_document_and_its_id_the_number_of_the_row():
    out = read(parquet, {"x.parquet": stored({"text": ["a", "ä"], "url": ["u", None], "other": [1, 2]})})
    assert out.rows == [
        {"id": "x.parquet/0", "text": "a", "url": "u", "date": None, "source": "test"},
        {"id": "x.parquet/1", "text": "ä", "url": None, "date": None, "source": "test"},
    ]


def test_columns_are_found_where_fields_say_also_in_structs():
    meta = pa.array([{"url": "u", "n": 1}, {"url": None, "n": None}])
    data = stored(
        {"content": pa.array(["a", "b"]).dictionary_encode(), "meta": meta, "key": [5, None], "src": ["web", None]}
    )
    fields = {"text": "content", "url": "meta.url", "id": "key", "source": "src", "n": "meta.n"}
    out = read(parquet, data, fields=fields, extra={"n": "float"})
    assert out.rows == [
        {"id": "5", "text": "a", "url": "u", "date": None, "source": "web", "n": 1.0},
        {"id": "x/1", "text": "b", "url": None, "date": None, "source": "test", "n": None},
    ]
    assert out.reasons == [None, "no_id"]


def test_times_become_text():
    out = read(parquet, stored({"text": ["a"], "date": [datetime.datetime(2024, 2, 29, 12)]}))
    assert out.rows[0]["date"].startswith("2024-02-29 12:00:00")


def test_a_null_text_is_a_drop_and_so_is_one_that_is_not_utf_8():
    broken = pa.Array.from_buffers(pa.string(), 3, pa.array([b"a", b"\xff", b"c"]).buffers())
    assert read(parquet, stored({"text": broken})).reasons == [None, "unreadable_record", None]
    out = read(parquet, stored({"text": ["a", None]}))
    assert out.reasons == [None, "no_text"]
    assert read(parquet, stored({"text": pa.nulls(2)})).reasons == ["no_text"] * 2


def test_one_value_that_does_not_fit_is_null_and_counted_and_the_others_stay():
    url = pa.Array.from_buffers(pa.string(), 3, pa.array([b"a", b"\xff", b"c"]).buffers())
    out = read(parquet, stored({"text": ["a", "b", "c"], "url": url, "n": [1.0, 2.0, 2.5]}), extra={"n": "int"})
    assert [(row["url"], row["n"]) for row in out.rows] == [("a", 1), (None, 2), ("c", None)]
    assert out.reasons == [None, None, None]
    assert out.counts == {"mismatched.url": 1, "mismatched.n": 1}


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_any_type_of_text_will_do(kind):
    out = read(parquet, stored({"text": pa.array(["a", "b"], kind)}))
    assert [row["text"] for row in out.rows] == ["a", "b"]


@pytest.mark.parametrize(
    ("columns", "params", "said"),
    [
        (
            {"txt": ["a"], "id": ["b"]},
            {},
            r"memory:///in/x: no column `text` for `text`; found txt, id\.  Did you mean txt\?",
        ),
        ({"text": [1]}, {}, "column `text` holds int, expected text"),
        (
            {"text": ["a"], "n": ["x"]},
            {"extra": {"n": "int"}},
            "column `n` holds string, which cannot be converted to int",
        ),
        ({"text": ["a"]}, {"fields": {"id": "key"}}, "no column `key` for `id`"),
        ({"text": ["a"], "url": [[1]]}, {}, "column `url` holds list"),
    ],
)
def test_a_column_that_is_missing_or_of_another_type_is_an_error_that_helps(columns, params, said):
    with pytest.raises(InputError, match=said):
        read(parquet, stored(columns), **params)


def test_a_truncated_or_other_file_is_an_error_that_names_the_file():
    whole = stored({"text": ["a" * 1000] * 1000})
    for data in (b"", whole[:-1], whole[: len(whole) // 2]):
        with pytest.raises(InputError, match="memory:///in/x: expected a complete parquet file"):
            read(parquet, data)


def test_row_groups_that_cannot_be_decoded_are_drops_and_the_others_are_read():
    texts = [f"{i} {'words ' * 30}" for i in range(300)]
    data = bytearray(stored({"text": texts}, row_group_size=100, use_dictionary=False, write_page_checksum=True))
    group = pq.read_metadata(io.BytesIO(bytes(data))).row_group(1).column(0)
    start = group.data_page_offset
    data[start + 30 : start + 200] = b"\xff" * 170
    out = read(parquet, bytes(data))
    assert [row["id"] for row in out.rows] == [f"x/{i}" for i in range(300)]
    assert out.reasons == [None] * 100 + ["unreadable_record"] * 100 + [None] * 100


@pytest.mark.parametrize("codec", ["none", "zstd"])
def test_the_rows_do_not_depend_on_the_splits(codec):
    texts = [f"{i} {'words ' * (i % 50)}" for i in range(1000)]
    data = stored({"text": texts, "n": range(1000)}, row_group_size=70, compression=codec)
    whole = read(parquet, data, name="x.parquet", extra={"n": "int"})
    assert [row["text"] for row in whole.rows] == texts
    for shard_bytes in (100, 999, 5000, 20_000):
        parts = read(parquet, data, shard_bytes, name="x.parquet", extra={"n": "int"})
        assert parts.rows == whole.rows


def test_a_file_without_rows_gives_one_empty_batch_with_the_columns():
    out = read(parquet, stored({"text": pa.array([], pa.string())}), extra={})
    assert [len(b) for b in out.batches] == [0] and out.batches[0].names == ["id", "text", "url", "date", "source"]


def test_long_texts_make_small_batches():
    out = read(parquet, stored({"text": ["x" * (3 << 20) + str(i) for i in range(20)]}))
    assert len(out.batches) > 2 and sum(map(len, out.batches)) == 20
