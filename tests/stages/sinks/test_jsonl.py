"""Writing JSON Lines."""

from __future__ import annotations

import datetime
import decimal
import gzip
import json
import math
import uuid

import pyarrow as pa
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.stages.sinks.jsonl import jsonl
from tests.stages.sinks.shelf import Shelf
from tests.stages.sinks.test_parquet import TEXT, batch, split


def written(batches, **params) -> dict[str, bytes]:
    shelf = Shelf()
    jsonl(iter(batches), shelf, **params)
    return shelf.files


def unpacked(name: str, data: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.decompress(data)
    return zstandard.ZstdDecompressor().decompressobj().decompress(data) if name.endswith(".zst") else data


@settings(max_examples=60)
@given(
    st.lists(TEXT, max_size=40),
    st.lists(st.integers(0, 40), max_size=5),
    st.sampled_from(["zst", "gz", "none"]),
)
def test_the_bytes_do_not_depend_on_how_documents_are_batched(texts, cuts, compression):
    whole = batch(texts)
    params = {"compression": compression}
    one = written([whole], **params)
    assert written(split(whole, cuts), **params) == one
    lines = b"".join(unpacked(name, data) for name, data in one.items()).split(b"\n")[:-1]
    assert [json.loads(line) for line in lines] == whole.rows.to_pylist()


def test_every_line_has_every_column_and_numbers_json_lacks_are_null():
    (data,) = written([batch(["a\u2028\x00", "b"], score=[math.nan, 1.5])], compression="none").values()
    lines = data.split(b"\n")
    assert json.loads(lines[0]) == {
        "id": "d/0",
        "text": "a\u2028\x00",
        "url": None,
        "date": "x",
        "source": "s",
        "score": None,
    }
    assert list(json.loads(lines[1])) == ["id", "text", "url", "date", "source", "score"]


def test_files_are_named_by_compression():
    assert list(written([batch(["x"])], compression="gz")) == ["00000.jsonl.gz"]
    assert list(written([batch([])])) == ["00000.jsonl.zst"]


def test_values_that_json_does_not_have_are_strings():
    day = datetime.datetime(2024, 2, 29, 12, 30)
    columns = {
        "when": pa.array([day, None], pa.timestamp("ns", "+05:30")),
        "day": pa.array([day.date(), None]),
        "price": pa.array([decimal.Decimal("1.20"), None]),
        "raw": [b"\x00\xff", None],
        "spent": pa.array([1500, None], pa.duration("ms")),
        "key": pa.array([uuid.UUID(int=1).bytes, None], pa.uuid()),
        "kind": pa.array(["x", None]).dictionary_encode(),
        "nested": [{"days": [day.date()], "n": 1}, None],
        "map": pa.array([[("k", day.date())], None], pa.map_(pa.string(), pa.date32())),
    }
    (data,) = written([batch(["a", "b"], **columns)], compression="none").values()
    first, second = (json.loads(line) for line in data.splitlines())
    assert {name: first[name] for name in columns} == {
        "when": "2024-02-29T18:00:00.000000000+0530",
        "day": "2024-02-29",
        "price": "1.20",
        "raw": "AP8=",
        "spent": 1500,
        "key": "00000000-0000-0000-0000-000000000001",
        "kind": "x",
        "nested": {"days": ["2024-02-29"], "n": 1},
        "map": [{"key": "k", "value": "2024-02-29"}],
    }
    assert all(second[name] is None for name in columns)


def test_load_dataset_loads_the_files(tmp_path):
    import datasets

    for name, data in written([batch([f"Text {i}" for i in range(50)])]).items():
        (tmp_path / name).write_bytes(data)
    loaded = datasets.load_dataset(
        "json", data_files=str(tmp_path / "*.jsonl.zst"), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert loaded.num_rows == 50 and loaded[49]["text"] == "Text 49"
