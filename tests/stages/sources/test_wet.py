"""Extracted text from WET files."""

from __future__ import annotations

import gzip

import pytest

from curate.errors import InputError
from curate.stages.sources.wet import wet
from tests.stages.sources.crawls import http, members, read, record


def text(i: int, block: bytes | None = None, **fields) -> bytes:
    return record("conversion", f"Zeile {i}\n".encode() if block is None else block, f"http://a.example/{i}", **fields)


def test_a_conversion_record_is_a_document():
    head = record("warcinfo", b"")
    out = read(wet, {"x.warc.wet.gz": members(head, text(1))})
    (row,) = out.rows
    assert row == {
        "id": f"x.warc.wet.gz/{len(members(head))}",
        "text": "Zeile 1\n",
        "url": "http://a.example/1",
        "date": "2024-02-29T12:00:00Z",
        "source": "test",
    }
    assert out.counts == {"records.warcinfo": 1} and out.reasons == [None]


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (text(1, b"\xff\xfe"), "unreadable_record"),
        (text(1, b""), "empty_page"),
        (text(1, b" \n"), "empty_page"),
        (text(1, b"x" * 2_000_000), "page_too_large"),
        (text(1, b"{}", Content_Type="application/json"), "not_text"),
        (text(1, b"a\x00b"), None),
        (b"nothing of a record", "unreadable_record"),
    ],
)
def test_a_record_without_text_is_a_drop(made, reason):
    out = read(wet, members(text(0), made, text(2)), max_page_mib=1)
    assert out.reasons == [None, reason, None]


def test_a_truncated_file_ends_with_a_dropped_row():
    assert read(wet, members(text(0), text(1))[:-9]).reasons == [None, "truncated_record"]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_texts_do_not_depend_on_the_splits(pack):
    data = b"".join(pack(text(i)) for i in range(50))
    whole = read(wet, data, name="x.wet")
    assert len(whole.rows) == 50
    for shard_bytes in (50, 333, 5000):
        assert read(wet, data, shard_bytes, name="x.wet").rows == whole.rows


def test_the_error_for_pages_names_their_source():
    with pytest.raises(InputError, match=r"Read it with sources\.warc"):
        read(wet, record("response", http(b"<p>")))
