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
        {"x.jsonl": lines({"text": "ä", "url": "u", "date": "d", "source": "web", "more": 1}) + lines({"text": "b"})},
        label="",
    )
    assert out.rows == [
        {"id": "x.jsonl/0", "text": "ä", "url": "u", "date": "d", "source": "web"},
        {"id": "x.jsonl/72", "text": "b", "url": None, "date": None, "source": "in"},
    ]
    assert (
        out.rows[1]["id"] == f"x.jsonl/{len(lines({'text': 'ä', 'url': 'u', 'date': 'd', 'source': 'web', 'more': 1}))}"
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
        (b'{"text": nan}', "unreadable_record"),
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
    data = b'{"text": "a"}\n' + b"\n".join(parts) + b"\n" * ends
    whole = read(jsonl, data, name="x.jsonl", max_doc_mib=25 / (1 << 20))
    cut = read(jsonl, data, shard_bytes, name="x.jsonl", max_doc_mib=25 / (1 << 20))
    assert cut.rows == whole.rows and cut.results == whole.results and cut.counts == whole.counts
    assert len(whole.rows) + whole.counts["lines.blank"] == len(data.removesuffix(b"\n").split(b"\n"))


# ---------------------------------------------------------------------- numbers that JSON does not know


def test_numbers_that_json_does_not_know_are_null_and_cost_a_document_nothing_else():
    data = b"""{"text": "a", "score": 0.5}
{"text": "b", "score": NaN}
{"text": "c", "note": Infinity}
{"text": "d", "score": -Infinity}
{"text": "e", "score": 1e999}
{"text": "f", "note": %s}
{"text": "g", "score": 1, "score": NaN}
{"text": "h", "note": [NaN, 18446744073709551615, 36893488147419103232]}
""" % (b"9" * 5000)
    out = read(jsonl, data, extra={"score": "float"})
    assert out.reasons == [None] * 8
    assert [row["text"] for row in out.rows] == list("abcdefgh")
    assert [row["score"] for row in out.rows] == [0.5] + [None] * 7
    assert out.counts == {"mismatched.score": 4}
    out = read(jsonl, data, extra={"score": "int", "note": "string"})
    assert [row["note"] for row in out.rows][2:] == [
        None, None, None, None, None, "[null,18446744073709551615,3.6893488147419103e+19]",
    ]  # fmt: skip
    assert out.counts == {"mismatched.score": 5, "mismatched.note": 2}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"text": "a", "n": NaN, "s": "\\ud800"}', "unreadable_record"),
        (b'{"text": "a", "n": NaN, "s": "\xff"}', "unreadable_record"),
        (b'{"text": "a", "n": NaN', "unreadable_record"),
        (b'{"text": "a", "n": nan}', "unreadable_record"),
        (b'{"text": "a", "n": NaN, "s": "\x01"}', "unreadable_record"),
        (b'{"text": NaN}', "no_text"),
        (b"NaN", "unreadable_record"),
        (b'{"text": "NaN \\"Infinity", "n": NaN}', None),
    ],
)
def test_a_line_with_such_a_number_must_be_json_otherwise(line, reason):
    out = read(jsonl, lines({"text": "before"}) + line + b"\n" + lines({"text": "after"}))
    assert out.reasons == [None, reason, None]


# ---------------------------------------------------------------------- members, padding, defects


@pytest.mark.parametrize("codec", PACKS)
@pytest.mark.parametrize("rest", [b"\0" * 1000, b"garbage", b"\x1f\x8b\x08\0", b"x" * 100_000])
def test_every_line_before_what_follows_the_last_member_is_a_document(codec, rest):
    rng = random.Random(codec)
    records = [{"text": rng.randbytes(30).hex()} for _ in range(1500)]
    out = read(jsonl, PACKS[codec](lines(*records[:700])) + PACKS[codec](lines(*records[700:])) + rest)
    assert [row["text"] for row in out.rows][:1500] == [record["text"] for record in records]
    n_defects = 0 if not rest.strip(b"\0") else 1
    assert out.reasons == [None] * 1500 + out.reasons[1500:] and len(out.reasons) == 1500 + n_defects
    assert set(out.reasons[1500:]) <= {"unreadable_record", "truncated_record"}


@pytest.mark.parametrize("codec", PACKS)
def test_zeros_between_members_are_padding(codec):
    out = read(jsonl, PACKS[codec](lines({"text": "a"})) + b"\0" * 512 + PACKS[codec](lines({"text": "b"})) + b"\0")
    assert [row["text"] for row in out.rows] == ["a", "b"] and out.reasons == [None, None]


@pytest.mark.parametrize("codec", PACKS)
def test_a_wrong_checksum_costs_no_line(codec):
    if codec == "lz4":
        pytest.skip("Arrow writes LZ4 frames without a checksum")
    records = [{"text": f"line {i}"} for i in range(2000)]
    data = bytearray(PACKS[codec](lines(*records)))
    at = {"gz": -8, "zst": -4, "bz2": -4, "xz": data.rindex(b"YZ") - 20 if codec == "xz" else 0}[codec]
    data[at] ^= 255
    out = read(jsonl, bytes(data))
    assert [row["text"] for row in out.rows if row["text"]] == [record["text"] for record in records]
    assert out.reasons == [None] * 2000 + ["unreadable_record"]


def test_the_bytes_before_a_defect_are_all_read():
    """Stored (not compressed) deflate blocks show where the defect begins."""
    records = [{"text": f"line {i:05}"} for i in range(20_000)]
    data = bytearray(gzip.compress(lines(*records), 0))
    at = data.index(b"line 15000")
    start_of_block = max(k for k in range(at) if data[k : k + 1] == b"\0" and _is_stored_header(data, k))
    data[start_of_block + 1 : start_of_block + 5] = b"\xff\xff\xff\xff"
    out = read(jsonl, bytes(data))
    n_whole = bytes(data[:start_of_block]).count(b'"}')
    assert n_whole > 10_000
    assert [row["text"] for row in out.rows[:n_whole]] == [record["text"] for record in records[:n_whole]]
    assert out.reasons == [None] * n_whole + ["unreadable_record"]


def _is_stored_header(data: bytearray, at: int) -> bool:
    length, inverted = (int.from_bytes(data[k : k + 2], "little") for k in (at + 1, at + 3))
    return length > 1000 and length == inverted ^ 0xFFFF


@pytest.mark.parametrize("codec", ["zst", "lz4"])
def test_skippable_frames_are_skipped_wherever_they_are(codec):
    def skippable(number: int, content: bytes) -> bytes:
        return bytes([0x50 + number, 0x2A, 0x4D, 0x18]) + len(content).to_bytes(4, "little") + content

    parts = [PACKS[codec](lines(*({"text": f"{i}.{k}"} for k in range(50)))) for i in range(3)]
    data = b"".join(skippable(0, len(part).to_bytes(4, "little")) + part for part in parts)  # as pzstd writes it
    for stored in (data, skippable(3, b"") + data + skippable(15, b"the end"), data + skippable(1, b"x" * 200_000)):
        out = read(jsonl, stored)
        assert [row["text"] for row in out.rows] == [f"{i}.{k}" for i in range(3) for k in range(50)]
        assert not any(out.reasons)


# ---------------------------------------------------------------------- size of batches


def test_documents_without_text_do_not_fill_a_batch_without_limit():
    record = {"url": "u" * 1_000_000, "date": "d" * 1_000_000, "more": ["m" * 1_000_000]}
    out = read(jsonl, gzip.compress(lines({"text": "a"}, *[record] * 40)), extra={"more": "string"})
    assert out.reasons == [None] + ["no_text"] * 40
    assert max(batch.rows.nbytes for batch in out.batches) < 16 << 20


@pytest.mark.parametrize("codec", PACKS)
def test_damage_in_the_first_bytes_of_a_compressed_file_is_one_defect(codec):
    parts = [PACKS[codec](lines(*({"text": f"{i} {k}"} for k in range(50)))) for i in range(3)]
    for data, n_lost in (
        (bytes([parts[0][0] ^ 1]) + b"".join(parts)[1:], 50),
        (b"garbage" + b"".join(parts), 0),
    ):
        for shard_bytes in (1 << 40, 100):
            out = read(jsonl, {f"x.jsonl.{codec}": data}, shard_bytes)
            assert out.results[0] == (f"x.jsonl.{codec}/0", "unreadable_record")
            assert [row["text"] for row in out.rows[1:]] == [f"{i // 50} {i % 50}" for i in range(n_lost, 150)]
            assert set(out.reasons[1:]) == {None}


@pytest.mark.parametrize("codec", PACKS)
def test_a_file_that_is_not_compressed_as_its_name_says_is_one_defect(codec):
    whole = PACKS[codec](lines(*({"text": str(i), "noise": random.Random(i).random()} for i in range(500))))
    damaged = bytes([whole[0] ^ 1]) + whole[1:]
    for shard_bytes in (1 << 40, 1000):
        out = read(jsonl, {f"a.jsonl.{codec}": damaged, "b.jsonl": lines({"text": "b"})}, shard_bytes)
        assert out.results == [(f"a.jsonl.{codec}/0", "unreadable_record"), ("b.jsonl/0", None)]
        assert f"ends in .{codec}" in out.batches[0].verdicts.evidence[0]
    text = lines({"text": "a"}, {"text": "b"})
    assert read(jsonl, {f"x.jsonl.{codec}": text}).reasons == [None, None], "lines are read whatever the name"


def test_a_text_with_a_packed_part_is_read_as_text():
    data = b"\xff\xfe\n" + lines({"text": "a"}) + gzip.compress(lines({"text": "b"}))
    out = read(jsonl, {"x.jsonl": data})
    assert ("x.jsonl/3", None) in out.results


def with_window(data: bytes, log: int) -> bytes:
    """Return a zstd frame that states a window of 2^log bytes, as `zstd --long=log` writes it."""
    return b"\x28\xb5\x2f\xfd\0" + bytes([(log - 10) << 3]) + (len(data) << 3 | 1).to_bytes(3, "little") + data


@pytest.mark.parametrize("log", [27, 28, 31])
def test_windows_up_to_2_gib_are_read(log):
    data = with_window(lines({"text": "a"}, {"text": "b"}), log)
    out = read(jsonl, {"x.jsonl.zst": data})
    assert [row["text"] for row in out.rows] == ["a", "b"] and out.reasons == [None, None]


def test_a_larger_window_is_an_error_that_names_it():
    with pytest.raises(InputError, match=r"x\.jsonl\.zst.* window of 4096 MiB, more than 2048 MiB"):
        read(jsonl, {"x.jsonl.zst": with_window(lines({"text": "a"}), 32)})
    files = {"x.jsonl.zst": PACKS["zst"](lines({"text": "a"})) + with_window(lines({"text": "b"}), 32)}
    out = read(jsonl, files)
    assert out.reasons == [None, "unreadable_record"], "after its beginning it costs the rest of the file"
