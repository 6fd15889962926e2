"""JSON Lines: the document of each line, and that the result does not depend on the splits."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import random

import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import InputError, SpecError
from curate.stages.sources.jsonl import jsonl
from tests.stages.sources.crawls import read
from tests.stages.sources.test_warc import lz4

PACKS = {
    "gz": gzip.compress,
    "zst": zstandard.ZstdCompressor(write_checksum=True).compress,
    "lz4": lz4,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def lines(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def test_a_line_is_a_document_and_its_id_the_byte_where_it_begins():
    out = read(
        jsonl,
        {
            "x.jsonl": lines({"text": "ä", "url": "u", "date": "d", "source": "not taken", "more": 1})
            + lines({"text": "b"})
        },
    )
    assert out.rows == [
        {"id": "x.jsonl/0", "text": "ä", "url": "u", "date": "d", "source": "test"},
        {"id": "x.jsonl/78", "text": "b", "url": None, "date": None, "source": "test"},
    ]
    assert (
        out.rows[1]["id"]
        == f"x.jsonl/{len(lines({'text': 'ä', 'url': 'u', 'date': 'd', 'source': 'not taken', 'more': 1}))}"
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "a"}', None),
        (b'{"text": ""}', None),
        (b'{"text": "a\\u0000b\\u2028c"}', None),
        (b' {"text": "a"}\r', None),
        (b'{"text": "a"', "unreadable_record"),
        (b"[1]", "unreadable_record"),
        (b'"text"', "unreadable_record"),
        (b"null", "unreadable_record"),
        (b"{}{}", "unreadable_record"),
        (b'{"text": "\xff"}', "unreadable_record"),
        (b'{"text": "\\ud800"}', "unreadable_record"),
        (b'{"text": NaN}', "unreadable_record"),
        (b"\x00", "unreadable_record"),
        (b"[" * 100_000, "unreadable_record"),
        (b'{"content": "a"}', "no_text"),
        (b'{"text": null}', "no_text"),
        (b'{"text": ["a"]}', "no_text"),
        (b'{"text": 3}', "no_text"),
        (b'{"text": "%s"}' % (b"x" * 2_000_000), "document_too_large"),
        (b"x" * 2_000_000, "document_too_large"),
    ],
)
def test_a_line_that_is_not_a_document_is_a_drop(line, reason):
    out = read(jsonl, lines({"text": "before"}) + line + b"\n" + lines({"text": "after"}), max_doc_mib=1)
    assert out.reasons == [None, reason, None]
    assert out.rows[1]["id"] == "x/19" and out.rows[2]["text"] == "after"


def test_blank_lines_are_counted_and_a_byte_order_mark_is_passed_over():
    out = read(jsonl, b"\xef\xbb\xbf" + lines({"text": "a"}) + b"\n \r\n" + b'{"text": "b"}')
    assert [row["text"] for row in out.rows] == ["a", "b"]
    assert out.counts == {"lines.blank": 2}


def test_lines_end_at_newlines_only():
    assert (
        read(jsonl, '{"text": "a\u2028b\u0085c\x1c"}\r\n'.encode().replace(b"\x1c", b"\\u001c")).rows[0]["text"]
        == "a\u2028b\u0085c\x1c"
    )


# ---------------------------------------------------------------------- columns


def test_columns_are_found_where_fields_say():
    record = {"content": "t", "meta": {"url": "u", "deep": {"n": 3}}, "meta.url": "literal", "doc": 7, "origin": "web"}
    fields = {"text": "content", "url": "meta.url", "id": "doc", "source": "origin", "n": "meta.deep.n"}
    out = read(jsonl, lines(record), fields=fields, extra={"n": "int"})
    assert out.rows == [{"id": "7", "text": "t", "url": "literal", "date": None, "source": "web", "n": 3}]
    out = read(jsonl, lines({"content": "t", "doc": "a", "meta": {"url": "u"}}), fields=fields, extra={"n": "int"})
    assert out.rows == [{"id": "a", "text": "t", "url": "u", "date": None, "source": "test", "n": None}]


def test_a_document_without_the_id_it_should_have_is_a_drop():
    out = read(jsonl, lines({"text": "a", "id": "x1"}, {"text": "b"}, {"text": "c", "id": True}), fields={"id": "id"})
    assert out.reasons == [None, "no_id", "no_id"]
    assert out.rows[0]["id"] == "x1"


def test_extra_columns_have_the_declared_type_whatever_the_file_holds():
    extra = {"s": "string", "i": "int", "f": "float", "b": "bool"}
    values = [None, "x", 3, 2.5, True, {"k": [1]}, 1e300, 2**63]
    out = read(jsonl, lines(*({"text": "t", **dict.fromkeys("sifb", value)} for value in values)), extra=extra)
    assert [row["s"] for row in out.rows] == [
        None,
        "x",
        "3",
        "2.5",
        "true",
        '{"k":[1]}',
        "1e+300",
        "9223372036854775808",
    ]
    assert [row["i"] for row in out.rows] == [None, None, 3, None, None, None, None, None]
    assert [row["f"] for row in out.rows] == [None, None, 3.0, 2.5, None, None, 1e300, 2.0**63]
    assert [row["b"] for row in out.rows] == [None, None, None, None, True, None, None, None]
    assert out.counts == {"mismatched.i": 6, "mismatched.f": 3, "mismatched.b": 6}
    assert out.batches[0].rows.schema.field("i").type == pa.int64()


def test_the_columns_do_not_depend_on_the_file():
    with_none = read(jsonl, b"", extra={"n": "int"}).batches[0]
    assert len(with_none) == 0 and with_none.names == ["id", "text", "url", "date", "source", "n"]


def test_a_column_that_is_neither_core_nor_declared_is_refused():
    with pytest.raises(SpecError, match=r'"stars" is not a column'):
        read(jsonl, lines({}), fields={"stars": "n_stars"})
    with pytest.raises(SpecError, match='"url" is a core column'):
        read(jsonl, lines({}), extra={"url": "string"})


# ---------------------------------------------------------------------- storage


@pytest.mark.parametrize("codec", PACKS)
def test_compression_is_detected_from_the_bytes(codec):
    records = [{"text": f"{i} " * 50} for i in range(2000)]
    data = PACKS[codec](lines(*records[:1000])) + PACKS[codec](lines(*records[1000:]))
    out = read(jsonl, data, name="misnamed.jsonl")
    assert [row["text"] for row in out.rows] == [record["text"] for record in records]
    assert out.rows[1]["id"] == f"misnamed.jsonl/{len(lines(records[0]))}"
    assert read(jsonl, data, 1000, name="misnamed.jsonl").rows == out.rows


@pytest.mark.parametrize("codec", PACKS)
def test_a_truncated_file_gives_the_lines_before_and_one_defect(codec):
    rng = random.Random(codec)
    records = [{"text": rng.randbytes(50).hex()} for _ in range(3000)]
    data = PACKS[codec](lines(*records))
    out = read(jsonl, data[: len(data) * 2 // 3])
    assert out.reasons[-1] == "truncated_record" and not any(out.reasons[:-1])
    assert [row["text"] for row in out.rows[:-1]] == [record["text"] for record in records[: len(out.rows) - 1]]
    if codec != "bz2":  # its blocks are larger than this file
        assert len(out.rows) > 1000
    hurt = bytearray(data)
    hurt[len(data) // 2 : len(data) // 2 + 50] = b"\xff" * 50
    assert any(read(jsonl, bytes(hurt)).reasons)


def test_the_error_for_parquet_names_its_source():
    with pytest.raises(InputError, match=r"Read it with sources\.parquet"):
        read(jsonl, b"PAR1xxxxPAR1")


PIECES = st.lists(
    st.sampled_from([b'{"text": "abc"}', b"", b" ", b"{", b'{"text": "\xc3\xa4"}', b"x" * 30]), max_size=20
)


@settings(max_examples=200)
@given(PIECES, st.booleans(), st.integers(1, 60))
def test_the_splits_of_a_file_read_every_line_exactly_once(parts, ends, shard_bytes):
    data = b"\n".join(parts) + b"\n" * ends
    whole = read(jsonl, data, name="x.jsonl", max_doc_mib=25 / (1 << 20))
    cut = read(jsonl, data, shard_bytes, name="x.jsonl", max_doc_mib=25 / (1 << 20))
    assert cut.rows == whole.rows and cut.results == whole.results and cut.counts == whole.counts
    assert len(whole.rows) + whole.counts["lines.blank"] == len(data.removesuffix(b"\n").split(b"\n")) * bool(data)
