"""What a format is recognised by, and which rows each format has."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import threading

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from curate import formats
from curate.errors import InputError
from curate.formats import wanted

ROWS = [{"id": "a", "url": None}, {"id": "é", "url": "http://a.example/"}, {"id": "c", "url": "http://a.example/"}]


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.parquet", "parquet"), ("A.PARQUET", "parquet"), ("a.parquet.gz", None),
        ("a.jsonl", "JSON lines"), ("a.json.zst", "JSON lines"), ("a.ndjson.BZ2", "JSON lines"), ("a.json.bak", None),
        ("CC.warc.wet.gz", "WARC"), ("a.arc", "WARC"), ("a.warc.zst", "WARC"), ("a.warc.gz.open", "WARC"), ("a.warc.txt", "plain text"),
        ("a.txt", "plain text"), ("a.json.txt", "plain text"), ("a.txt.csv", None), ("txt", None),
    ],
)  # fmt: skip
def test_a_format_is_known_by_the_ending_before_a_compressions(name, format):
    found = formats.of_file(name)
    assert (found and found.name) == format


@pytest.mark.parametrize(
    ("ending", "pack"),
    [
        ("", bytes), (".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress),
        (".zst", zstandard.compress), (".zstd", lambda data: zstandard.compress(data[:9]) + zstandard.compress(data[9:])),
    ],
)  # fmt: skip
def test_rows_and_their_numbers_are_the_same_however_a_file_is_packed(tmp_path, ending, pack):
    path = tmp_path / f"a.jsonl{ending}"
    path.write_bytes(pack("".join(json.dumps(row) + "\n\n" for row in ROWS).encode()))
    assert list(formats.JSONL.rows_of(str(path))) == list(enumerate(ROWS))
    text = tmp_path / f"a.txt{ending}"
    text.write_bytes(pack("\ufeff one \r\n\n zwei".encode()))
    assert list(formats.TEXT.rows_of(str(text))) == [(0, "one"), (1, "zwei")]


def test_documents_are_found_by_id_or_url_in_every_format():
    packed = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), packed, row_group_size=2)
    for kind, content in (
        (formats.PARQUET, packed.getvalue()),
        (formats.JSONL, "\n".join(map(json.dumps, ROWS)).encode()),
    ):
        for value, numbers in (("é", [1]), ("http://a.example/", [1, 2]), ("none", [])):
            found = list(kind.find_rows(io.BytesIO(content), "a", wanted.exactly(value)))
            assert found == [(number, ROWS[number]) for number in numbers]


class _Watched(io.BytesIO):
    """A file that knows which threads have read it."""

    def __init__(self, data: bytes):
        super().__init__(data)
        self.readers: set[int] = set()

    def read(self, size: int = -1) -> bytes:
        self.readers.add(threading.get_ident())
        return super().read(size)


def test_parquet_is_read_by_the_thread_that_asks():
    # A thread of Arrow that still holds a file of Python when the interpreter ends aborts the process.
    packed = io.BytesIO()
    columns = {f"c{k}": [k + 0.5] * len(ROWS) for k in range(16)}
    pq.write_table(pa.Table.from_pylist([{**row, **{n: v[0] for n, v in columns.items()}} for row in ROWS]), packed)
    for read in (
        lambda file: formats.PARQUET.find_rows(file, "a", wanted.exactly("é")),
        lambda file: formats.PARQUET.rows(file, "a"),
    ):
        file = _Watched(packed.getvalue())
        assert list(read(file))
        assert file.readers == {threading.get_ident()}


def test_a_file_that_cannot_be_opened_is_an_error_of_the_input(tmp_path):
    with pytest.raises(InputError, match=r"gone.jsonl: cannot be read as JSON lines: .*No such file"):
        list(formats.JSONL.rows_of(str(tmp_path / "gone.jsonl")))


def test_the_query_of_a_url_is_no_part_of_the_name():
    assert formats.of_file("https://host/sets/a.jsonl.gz?X-Amz-Signature=abc.txt") is formats.JSONL
    assert formats.of_file("odd?name.parquet") is formats.PARQUET
