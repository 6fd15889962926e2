"""HTTP bodies that are not what their headers say: compressed, cut, binary, or behind a very long head."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random
import subprocess
import sys
import zlib

import pyarrow as pa
import pytest
import zstandard

from curate.stages.sources.warc import warc
from tests.stages.sources.crawls import http, members, page, read, record

HTML = b"<!doctype html><html><body>" + b"".join(b"<p>Guten Morgen %d.</p>" % i for i in range(300)) + b"</body></html>"
HALF = len(HTML) // 2


def fate(block: bytes):
    """Read a file with one record; return its page, its drop reason, the evidence and the counters."""
    out = read(warc, members(record("response", block)))
    verdicts = out.batches[0].verdicts
    evidence = verdicts.evidence[0] if verdicts is not None and verdicts.evidence is not None else None
    return out.rows[0]["html"], out.reasons[0], evidence, out.counts


def brotli(body: bytes) -> bytes:
    return pa.compress(body, "brotli", asbytes=True)


def raw_deflate(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


PACKS = {
    "gzip": gzip.compress, "zstd": zstandard.compress, "bz2": bz2.compress, "xz": lzma.compress, "br": brotli,
    "deflate": zlib.compress, "raw deflate": raw_deflate,
}  # fmt: skip
CODING = {"br": "br", "deflate": "deflate", "raw deflate": "deflate"}


@pytest.mark.parametrize("pack", ["gzip", "zstd", "bz2", "xz"])
@pytest.mark.parametrize("coding", [None, "gzip", "br", "identity"])
@pytest.mark.parametrize("content_type", ["text/html", None])
def test_a_compressed_body_is_recognised_by_its_bytes(pack, coding, content_type):
    headers = {"Content_Encoding": coding} if coding else {}
    html, reason, _, counts = fate(http(PACKS[pack](HTML), content_type=content_type, **headers))
    assert (html, reason) == (HTML, None) and not counts


@pytest.mark.parametrize("pack", ["gzip", "zstd", "bz2", "xz"])
def test_all_members_of_a_body_are_read_and_what_follows_them_is_ignored(pack):
    body = PACKS[pack](HTML[:HALF]) + PACKS[pack](HTML[HALF:])
    for stored in (body, body + b"\0" * 100, body + b"\r\nmore"):
        html, reason, _, counts = fate(http(stored, Content_Encoding=pack))
        assert (html, reason) == (HTML, None) and not counts


def test_a_body_compressed_twice_is_decompressed_twice_and_no_deeper():
    assert fate(http(gzip.compress(gzip.compress(HTML)), Content_Encoding="gzip"))[0] == HTML
    deep = gzip.compress(gzip.compress(gzip.compress(gzip.compress(HTML))))
    assert fate(http(deep, Content_Encoding="gzip"))[:3] == (None, "not_html", "gzip")


@pytest.mark.parametrize("pack", PACKS)
def test_of_a_cut_body_the_part_before_the_cut_is_kept_and_counted(pack):
    random.seed(pack)
    text = b"<html>" + b"".join(b"<p>%d</p>" % random.getrandbits(60) for _ in range(20_000))
    whole = PACKS[pack](text)
    html, reason, evidence, counts = fate(http(whole[: len(whole) * 3 // 4], Content_Encoding=CODING.get(pack, pack)))
    if pack == "bz2":  # one block holds all of this page
        assert (html, reason) == (None, "undecodable_body") and evidence
        return
    assert reason is None and text.startswith(html) and len(html) > len(text) // 3
    assert counts == {"bodies.truncated": 1}


@pytest.mark.parametrize("pack", PACKS)
def test_a_body_of_which_nothing_can_be_decompressed_is_a_drop_that_says_so(pack):
    body = PACKS[pack](HTML)[:12] + b"\xff\x00\xfe\x01" * 40
    html, reason, evidence, counts = fate(http(body, Content_Encoding=CODING.get(pack, pack)))
    if html is None:
        assert reason == "undecodable_body" and evidence and not counts
    else:  # the first bytes may be decompressed before the damage shows
        assert pack in ("br", "raw deflate", "deflate", "gzip") and counts == {"bodies.truncated": 1}
    assert html is None or b"\xff\x00\xfe\x01" not in html


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd"])
@pytest.mark.parametrize(
    "body",
    [
        HTML,
        "<p>Привет, мир".encode("cp1251"),
        "Привет, мир".encode(),
        "<p>grüße".encode("latin-1"),
        "<p>x".encode("utf-16"),
    ],
)
def test_a_page_that_was_stored_decoded_is_unchanged_whatever_is_declared(coding, body):
    assert fate(http(body, Content_Encoding=coding))[:2] == (body, None)


BINARY = {
    "PDF": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj",
    "PNG": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "JPEG": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "GIF": b"GIF89a\1\0\1\0",
    "WebP": b"RIFF\x24\0\0\0WEBPVP8 ",
    "ZIP": b"PK\3\4\x14\0\0\0\x08\0",
    "WOFF": b"wOF2\0\1\0\0",
    "TrueType": b"\0\1\0\0\0\x12\1\0",
    "MP4": b"\0\0\0\x20ftypisom",
    "MP3": b"ID3\4\0\0\0\0",
    "WAVE": b"RIFF\x24\0\0\0WAVEfmt ",
    "tar": b"notes.txt".ljust(257, b"\0") + b"ustar\0",
    "Office document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "parquet": b"PAR1\x15\0",
}


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", None])
def test_a_binary_file_that_calls_itself_html_is_not_html(name, content_type):
    body = BINARY[name] + random.Random(name).randbytes(3000)
    assert fate(http(body, content_type=content_type))[:3] == (None, "not_html", name)
    assert fate(http(gzip.compress(body), content_type=content_type))[:3] == (None, "not_html", name)


def test_pages_that_begin_like_words_of_binary_formats_are_pages():
    for begin in (
        b"PK is short",
        b"MM* <p>",
        b"ID3 tags",
        b"OTTO is a name",
        b"BM",
        b"RIFF",
        b"ORC",
        b"GIF files",
        b"Obj",
    ):
        assert fate(http(begin + HTML))[1] is None, begin


# ---------------------------------------------------------------------- heads


@pytest.mark.parametrize("n_bytes", [60_000, 66_000, 500_000, (1 << 20) - 200])
def test_a_head_of_up_to_a_mib_is_read(n_bytes):
    blocks = [http(HTML, Set_Cookie="x" * n_bytes), http(HTML)]
    for data in (b"".join(record("response", b) for b in blocks), members(*(record("response", b) for b in blocks))):
        out = read(warc, data)
        assert out.reasons == [None, None] and [row["html"] for row in out.rows] == [HTML, HTML]


def test_a_longer_head_is_a_drop_that_says_so():
    out = read(warc, members(record("response", http(HTML, Set_Cookie="x" * (1 << 20))), page(1)))
    assert out.reasons == ["header_too_large", None]
    assert out.rows[0]["content_type"] == "text/html; charset=utf-8"


# ---------------------------------------------------------------------- time


def test_no_page_stops_the_reading():
    """Each of these takes milliseconds, and took hours; the limit is on processor time, for all of them."""
    code = """
import resource
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
from curate.stages.sources.warc import warc
from tests.stages.sources.crawls import http, members, read, record
bodies = [b"<!---->" * 585 + b"x", b"<!-- -->\\n" * 400 + b"<", b"<!--" * 900, b"<?xml" * 700, b" " * 4000 + b"<"]
blocks = [http(body, content_type=None) for body in bodies]
blocks += [b"HTTP/1.1 200 OK\\r\\nA: b" + b"\\r" * 900_000, b"HTTP/1.1 200 OK\\n" + b"\\r\\r\\r\\rx\\n" * 100_000]
blocks += [http(b"1" * 900_000, Transfer_Encoding="chunked"), http(b" " * 900_000 + b"1", Transfer_Encoding="chunked")]
out = read(warc, members(*(record("response", block) for block in blocks), record("response", http(b"<p>"), A="\\r" * 60_000)))
print(len(out.rows))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "10", done.stderr or f"stopped by signal {-done.returncode}"
