"""WARC files: the result for each record type, and that it does not depend on compression or splits."""

from __future__ import annotations

import gzip
import random
import zlib

import pyarrow as pa
import pytest
import zstandard

from curate.errors import InputError
from curate.stages.sources.warc import warc
from tests.stages.sources.crawls import http, members, page, read, record

HTML = b"<!doctype html><html><body><p>Guten Morgen.</p></body></html>"


def fate(block: bytes, kind: str = "response", content_type: str = "", **fields):
    """Read a file with one record; return its row and its drop reason."""
    out = read(warc, members(record(kind, block, content_type=content_type, **fields)))
    assert len(out.rows) == 1, out.results
    return out.rows[0], out.reasons[0]


def test_a_page_has_its_bytes_its_id_and_its_http_fields():
    out = read(warc, {"crawl.warc.gz": members(record("warcinfo", b"software: x"), record("response", http(HTML)))})
    first = len(members(record("warcinfo", b"software: x")))
    assert out.rows == [
        {
            "id": f"crawl.warc.gz/{first}",
            "url": "http://a.example/",
            "date": "2024-02-29T12:00:00Z",
            "source": "test",
            "html": HTML,
            "content_type": "text/html; charset=utf-8",
            "http_charset": "utf-8",
        }
    ]
    assert out.counts == {"records.warcinfo": 1}
    assert out.reasons == [None]


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (http(HTML, "404 Not Found"), "http_error_status"),
        (http(HTML, "500"), "http_error_status"),
        (http(b"", "301 Moved", Location="/b"), "http_redirect"),
        (http(b"", "304 Not Modified"), "http_redirect"),
        (http(b"%PDF-1.4", content_type="application/pdf"), "not_html"),
        (http(HTML, content_type="application/json"), "not_html"),
        (http(b""), "empty_page"),
        (http(b" \r\n\t"), "empty_page"),
        (http(b"", "204 No Content"), "empty_page"),
        (http(HTML), None),
        (http(HTML, "203"), None),
        (http(HTML, content_type="application/xhtml+xml"), None),
        (http(HTML, content_type="TEXT/HTML;charset=x"), None),
        (http(HTML, content_type='"text/html"'), None),
        (http(HTML, content_type="'text/html; charset=utf-8'"), None),
        (http(HTML, content_type='"image/png"'), "not_html"),
        (http(HTML, content_type=None), None),
        (http(b"\xef\xbb\xbf \n<!-- x --><HTML lang=de>", content_type=None), None),
        (http(b"\x89PNG\r\n", content_type=None), "not_html"),
        (http(b"just words", content_type=""), "not_html"),
        (b"HTTP/1.1 banana\r\nContent-Type: text/html\r\n\r\n" + HTML, None),
        (b"http/1.0 200\nContent-Type: text/html\n\n" + HTML, None),
        (HTML, None),
        (b"", "empty_page"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/html", "empty_page"),
    ],
)
def test_a_response_is_dropped_by_status_type_or_body(block, reason):
    row, found = fate(block)
    assert found == reason
    assert (row["html"] is None) == (reason is not None)


def test_the_status_is_the_value_and_the_type_the_evidence():
    batch = read(
        warc, record("response", http(b"", "404")) + record("response", http(b"x", content_type="image/png"))
    ).batches[0]
    assert batch.verdicts.value[0] == 404
    assert batch.verdicts.evidence[1] == "image/png"


def test_resource_records_are_pages_if_they_are_html():
    assert fate(HTML, "resource", "text/html; charset=koi8-r")[0]["http_charset"] == "koi8-r"
    assert fate(b"log", "resource", "text/plain")[1] == "not_html"


def test_a_revisit_is_a_drop_and_other_records_are_counted():
    others = ["request", "metadata", "warcinfo", "conversion", "continuation"]
    blocks = [record(kind, b"a: b") for kind in others] + [
        record("response", b"1 2", "dns:a.example", "text/dns"),
        record("strange", b""),
    ]
    out = read(warc, members(record("revisit", http(b"")), *blocks))
    assert out.reasons == ["revisit_record"]
    assert out.counts == {**{f"records.{kind}": 1 for kind in others}, "records.lookup": 1, "records.other": 1}


def test_wget_urls_lose_their_brackets_and_latin_1_urls_are_read():
    assert fate(http(HTML), WARC_Target_URI="<http://b.example/>")[0]["url"] == "http://b.example/"
    raw = record("response", http(HTML), "http://a.example/@").replace(b"/@", b"/\xe9")
    assert read(warc, raw).rows[0]["url"] == "http://a.example/é"


# ---------------------------------------------------------------------- encodings


def chunked(body: bytes, size: int) -> bytes:
    parts = [body[i : i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def brotli(body: bytes) -> bytes:
    return pa.compress(body, "brotli", asbytes=True)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (chunked(HTML, 7), {"Transfer_Encoding": "chunked"}),
        (chunked(gzip.compress(HTML), 9), {"Transfer_Encoding": "chunked", "Content_Encoding": "gzip"}),
        (HTML, {"Transfer_Encoding": "chunked"}),  # stored decoded, header kept
        (HTML, {"Content_Encoding": "gzip"}),
        (HTML, {"Content_Encoding": "br"}),
        (HTML, {"Content_Encoding": "deflate"}),
        (HTML, {"Content_Encoding": "unheard-of"}),
        (gzip.compress(HTML), {"Content_Encoding": "x-gzip"}),
        (zlib.compress(HTML), {"Content_Encoding": "deflate"}),
        (zlib.compress(HTML)[2:-4], {"Content_Encoding": "deflate"}),
        (brotli(HTML), {"Content_Encoding": "br"}),
        (zstandard.compress(HTML), {"Content_Encoding": "zstd"}),
        (gzip.compress(zlib.compress(HTML)), {"Content_Encoding": "deflate, gzip"}),
        (gzip.compress(brotli(HTML)), {"Content_Encoding": "br\r\nContent-Encoding: gzip"}),  # two lines are one list
        (brotli(gzip.compress(HTML)), {"Content_Encoding": "gzip\r\ncontent-encoding: br"}),
        (brotli(HTML), {"Content_Encoding": "br\r\nX-A: b\r\nContent-Encoding: br"}),
        (chunked(gzip.compress(HTML), 9), {"Transfer_Encoding": "gzip\r\nTransfer-Encoding: chunked"}),
        (gzip.compress(HTML)[:-6], {"Content_Encoding": "gzip"}),  # truncated: the first part is kept
    ],
)
def test_transfer_and_content_encodings_are_removed_if_they_are_real(body, headers):
    assert fate(http(body, **headers))[0]["html"] == HTML


def test_wrong_chunks_lose_nothing():
    assert fate(http(b"4\r\n<htm\r\nzz<p>", Transfer_Encoding="chunked"))[0]["html"] == b"<htmzz<p>"
    assert fate(http(b"5\r\n<html>no chunk", Transfer_Encoding="chunked"))[0]["html"] == b"5\r\n<html>no chunk"


# ---------------------------------------------------------------------- sizes


def test_a_page_over_the_limit_is_dropped_and_reading_goes_on():
    big = record("response", http(b"<html>" + b"x" * (3 << 20)))
    out = read(warc, members(page(1), big, page(2)), max_page_mib=1)
    assert out.reasons == [None, "page_too_large", None]
    assert 2.9 < out.batches[0].verdicts.value[1] < 3.1
    plain = read(warc, page(1) + big + page(2), max_page_mib=1)
    assert plain.reasons == out.reasons


def test_a_page_of_100_mib_costs_no_more_memory_than_the_limit():
    import tracemalloc

    data = members(record("response", http(b"<html>" + b"\0" * (100 << 20))), page(2))
    tracemalloc.start()
    out = read(warc, data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert out.reasons == ["page_too_large", None]
    assert peak < 50 << 20


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_a_bomb_inside_a_response_is_defused(coding):
    body = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli, "zstd": zstandard.compress}[coding](
        b" " * (30 << 20)
    )
    assert fate(http(body, Content_Encoding=coding))[1] == "page_too_large"


def test_a_record_too_large_to_decompress_is_skipped(monkeypatch):
    monkeypatch.setattr("curate.stages.sources._record_stream.DRAIN", 1 << 20)
    out = read(warc, members(page(1), record("response", http(b"\0" * (20 << 20))), page(2)))
    assert out.reasons == [None, "page_too_large", None]


# ---------------------------------------------------------------------- storage


def packed(records: list[bytes], how: str) -> bytes:
    if how == "plain":
        return b"".join(records)
    if how == "gzip":
        return members(*records)
    if how == "gzip in one member":
        return gzip.compress(b"".join(records))
    if how == "gzip cut anywhere":  # as pigz and bgzip write it
        whole = b"".join(records)
        return members(*(whole[i : i + 700] for i in range(0, len(whole), 700)))
    if how == "zstd":
        return b"".join(zstandard.ZstdCompressor(write_checksum=True).compress(r) for r in records)
    if how == "zstd with dictionary":
        trained = zstandard.ZstdCompressionDict(b"".join(records)[:4000])
        compressor = zstandard.ZstdCompressor(dict_data=trained)
        head = b"\x5d\x2a\x4d\x18" + len(trained.as_bytes()).to_bytes(4, "little") + trained.as_bytes()
        return head + b"".join(compressor.compress(r) for r in records)
    assert how == "lz4"
    return b"".join(lz4(r) for r in records)


def lz4(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "lz4") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


WAYS = ["plain", "gzip", "gzip in one member", "gzip cut anywhere", "zstd", "zstd with dictionary", "lz4"]


@pytest.mark.parametrize("how", WAYS)
def test_the_pages_do_not_depend_on_compression_or_splits(how):
    rng = random.Random(how)
    records = [page(i, rng.choice([50, 500, 5000])) for i in range(60)]
    records[10:10] = [record("request", b"GET / HTTP/1.1\r\n\r\n"), record("revisit", http(b""))]
    records.insert(30, record("response", http(b"WARC/1.0\r\nWARC-Type: response\r\n\r\n<html>a page on WARC</html>")))
    data = packed(records, how)
    whole = read(warc, data, name="x.warc.gz")
    assert [row["url"] for row in whole.rows if row["html"] and b"page " in row["html"]][:3] == [
        f"http://a.example/{i}" for i in range(3)
    ]
    assert len(whole.rows) == 62
    for shard_bytes in (300, 1000, 3000, 10_000, 33_333):
        parts = read(warc, data, shard_bytes, name="x.warc.gz")
        assert parts.rows == whole.rows and parts.results == whole.results, shard_bytes
        assert parts.counts == whole.counts


def test_file_names_do_not_matter():
    for name in ("x.jsonl", "x.warc", "x.open", "x"):
        assert read(warc, members(page(1)), name=name).reasons == [None]
    assert read(warc, page(1), name="x.warc.gz").reasons == [None]


def test_an_id_leads_back_to_the_bytes():
    records = [page(i) for i in range(5)]
    found = read(warc, b"".join(records)).rows
    assert len(found) == 5
    for row in found:
        at = int(row["id"].partition("/")[2])
        assert b"".join(records)[at:].startswith(b"WARC/1.1\r\nWARC-Type: response")
    rows = read(warc, gzip.compress(b"".join(records))).rows
    assert [row["id"] for row in rows[:2]] == ["x/0", f"x/0+{len(records[0])}"]


def test_arc_files_are_read():
    body = http(HTML)
    about = b"filedesc://x.arc 0.0.0.0 20080430204825 text/plain 2\n1\n"
    arc = about + b"\nhttp://a.example/a b 1.2.3.4 20080430204826 text/html %d\n%s\n" % (len(body), body)
    arc += b"http://a.example/2 1.2.3.4 20080430204826 text/html 200 - - 0 x.arc %d\n%s\n" % (len(body), body)
    for data in (arc, gzip.compress(arc)):
        out = read(warc, data)
        assert [(r["url"], r["date"], r["html"]) for r in out.rows] == [
            ("http://a.example/a b", "2008-04-30T20:48:26Z", HTML),
            ("http://a.example/2", "2008-04-30T20:48:26Z", HTML),
        ]


def test_an_empty_file_gives_one_empty_batch_with_the_columns():
    for data in (b"", gzip.compress(b""), b"\0" * 512):
        out = read(warc, data)
        assert out.results == [] and [len(b) for b in out.batches] == [0]


def test_the_error_for_wet_names_its_source():
    with pytest.raises(InputError, match=r"Read it with sources\.wet"):
        read(warc, members(record("warcinfo", b""), record("conversion", b"words")))


def test_batches_end_when_they_are_full():
    out = read(warc, b"".join(page(i) for i in range(5000)))
    assert [len(b) for b in out.batches] == [4096, 904]
    out = read(warc, b"".join(record("response", http(b"<p>" + b"x" * (5 << 18))) for _ in range(7)))
    assert [len(b) for b in out.batches] == [4, 3]
