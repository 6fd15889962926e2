"""Damaged crawl files: every defect is a dropped row, the rest is read, and the splits do not matter."""

from __future__ import annotations

import bz2
import gzip
import lzma
import random

import pytest
import zstandard

from curate.stages.sources import _record_stream
from curate.stages.sources.warc import warc
from tests.stages.sources.crawls import http, members, page, read, record
from tests.stages.sources.test_warc import lz4

PAGES = [page(i, 60) for i in range(6)]
URLS = [f"http://a.example/{i}" for i in range(6)]
DEFECTS = {"unreadable_record", "truncated_record"}


def pages(out) -> list[str]:
    """Return the URLs of the rows that are kept."""
    return [row["url"] for row, reason in zip(out.rows, out.reasons, strict=True) if reason is None]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lz4, bytes], ids=["gzip", "zstd", "lz4", "plain"])
def test_a_truncated_file_gives_the_records_before_and_one_defect(pack):
    stored = [pack(r) for r in PAGES[:2]]
    data, first = b"".join(stored), len(stored[0])
    ends = (first, len(data)) if pack is not bytes else (first, first - 2, first - 4, len(data) - 2, len(data) - 4)
    for n in range(1, len(data)):
        out = read(warc, data[:n])
        n_whole = (n >= first) + (n >= len(data)) if pack is not bytes else (n >= first - 4) + (n >= len(data) - 4)
        assert pages(out)[:n_whole] == URLS[:n_whole], n
        bad = [reason for reason in out.reasons if reason is not None]
        near_an_end = any(abs(n - end) <= 4 for end in ends)
        assert len(bad) == 1 or (near_an_end and len(bad) <= 1), (n, out.results)
        assert set(bad) <= DEFECTS, n
        if pack is gzip.compress and n > first + 40:
            assert out.results[-1] == (f"x/{first}", "truncated_record")


def test_the_url_of_a_damaged_record_is_kept_if_it_could_be_read():
    data = members(page(0, 50_000))
    (row,) = read(warc, data[:-100]).rows
    assert row["url"] == URLS[0] and row["html"] is None


def test_flipped_bytes_cost_their_record_and_no_other():
    stored = [gzip.compress(r) for r in PAGES]
    starts = [sum(map(len, stored[:i])) for i in range(6)]
    for seed in range(200):
        rng = random.Random(seed)
        data = bytearray(b"".join(stored))
        hit = rng.randrange(4, len(data))
        data[hit] ^= rng.randrange(1, 256)
        damaged = URLS[max(i for i in range(6) if starts[i] <= hit)]
        out = read(warc, bytes(data), name="x.warc.gz")
        assert [url for url in pages(out) if url != damaged] == [url for url in URLS if url != damaged], seed
        assert len(out.rows) == 6 and set(out.reasons) <= {None, *DEFECTS}, seed
        for shard_bytes in (97, 400):
            assert read(warc, bytes(data), shard_bytes, name="x.warc.gz").results == out.results, seed


def damaged(data: bytes, seed: int) -> bytes:
    """Return the data with bytes overwritten, deleted or inserted at one or several positions."""
    rng = random.Random(seed)
    hurt = bytearray(data)
    for _ in range(rng.choice([1, 1, 3, 10])):
        at, how = rng.randrange(len(hurt)), rng.randrange(3)
        if how == 0:
            hurt[at] = rng.randrange(256)
        elif how == 1:
            del hurt[at : at + rng.randrange(1, 40)]
        else:
            hurt[at:at] = rng.randbytes(rng.randrange(1, 40))
    return bytes(hurt)


@pytest.mark.parametrize(
    "pack", [gzip.compress, zstandard.compress, lz4, bytes, None], ids=["gzip", "zstd", "lz4", "plain", "one member"]
)
def test_no_damage_stops_the_reading_and_splits_do_not_matter(pack):
    data = gzip.compress(b"".join(PAGES)) if pack is None else b"".join(pack(r) for r in PAGES)
    for seed in range(200):
        hurt = damaged(data, seed)
        whole = read(warc, hurt, name="x.warc.gz")
        assert whole.rows or whole.counts, seed
        for shard_bytes in (150, 700):
            parts = read(warc, hurt, shard_bytes, name="x.warc.gz")
            assert parts.results == whole.results and parts.rows == whole.rows, seed


def test_garbage_between_members_is_one_row_and_reading_goes_on():
    junk = b"\x00GARBAGE\x1f\x8b\x08 and more of it" * 50
    before = members(*PAGES[:2])
    out = read(warc, before + junk + members(*PAGES[2:]))
    assert pages(out) == URLS
    assert (f"x/{len(before)}", "unreadable_record") in out.results and len(out.rows) == 7
    assert read(warc, junk[1:] + members(*PAGES)).results[0] == ("x/0", "unreadable_record")
    assert read(warc, members(*PAGES) + b"\0" * 1000).reasons == [None] * 6


def test_a_file_without_a_record_is_one_unreadable_record():
    for data in (
        b"hello",
        gzip.compress(b"hello"),
        b"\x1f\x8b",
        bytes(range(256)) * 5000,
    ):
        out = read(warc, data)
        assert out.reasons in (["unreadable_record"], ["truncated_record"]), data[:10]
        assert out.results[0][0] == "x/0"


@pytest.mark.parametrize("length", ["", "-1", "1e3", "abc", "9" * 30, "٣"])
def test_a_content_length_that_is_not_a_number_makes_a_record_unreadable(length):
    bad = record("response", http(b"<p>"), Content_Length=length)
    for data in (bad + PAGES[1], members(bad, PAGES[1]), gzip.compress(bad + PAGES[1])):
        out = read(warc, data)
        assert out.reasons == ["unreadable_record", None]


def test_a_wrong_content_length_costs_one_record():
    block = http(b"<html>" + b"word " * 100)
    for wrong in (10, len(block) - 100, len(block) + 100, 10**9):
        bad = record("response", block, Content_Length=wrong)
        for data in (PAGES[0] + bad + PAGES[1] + PAGES[2], members(PAGES[0], bad, PAGES[1], PAGES[2])):
            out = read(warc, data)
            assert [URLS[0], URLS[1], URLS[2]] == [url for url in pages(out) if url != "http://a.example/"], wrong
            assert len(DEFECTS & set(out.reasons)) == 1, wrong


def test_a_slightly_wrong_length_or_a_missing_blank_line_is_accepted():
    block = http(b"<html>")
    bad = record("response", block, Content_Length=len(block) - 2)
    assert read(warc, bad + PAGES[1]).reasons == [None, None]
    assert read(warc, PAGES[0][:-4] + PAGES[1]).reasons == [None, None]


def test_a_damaged_request_is_counted_and_is_not_a_document():
    bad = record("request", b"GET / HTTP/1.1\r\n\r\n", Content_Length=5000)
    out = read(warc, members(bad, PAGES[1]))
    assert out.reasons == [None]
    assert out.counts == {"records.request": 1, "records.damaged": 1}


# ---------------------------------------------------------------------- damage made on purpose


FALSE_STARTS = {
    "gzip": b"\x1f\x8b\x08" + b"\0" * 6 + b"\x03",
    "gzip that inflates": gzip.compress(bytes(200_000), 9),
    "zstd": b"\x28\xb5\x2f\xfd",
    "plain": b"\nWARC/1.0",
    "in one gzip member": None,
}


@pytest.mark.parametrize("kind", FALSE_STARTS)
def test_false_starts_cost_a_bounded_number_of_tries_and_what_was_skipped_is_said(kind):
    n_bytes, unit, gap = 1 << 20, FALSE_STARTS[kind], b" " * (300 << 10) + b"\r\n\r\n"
    if unit is None:
        data = gzip.compress(PAGES[0] + b"x" + b"\nWARC/1.0" * (n_bytes // 9) + gap + PAGES[1] + PAGES[2])
    else:
        pack = {"zstd": zstandard.compress, "plain": bytes}.get(kind, gzip.compress)
        data = pack(PAGES[0]) + b"x" + unit * (n_bytes // len(unit)) + b"\0" * (64 << 10)
        data += pack(PAGES[1]) if pack is not bytes else gap + PAGES[1]
    hidden = []
    tries = _record_stream.CompressedFile._peek_member, _record_stream.read_header

    def counted(function):
        def call(*args):
            hidden.append(1)
            return function(*args)

        return call

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_record_stream.CompressedFile, "_peek_member", counted(tries[0]))
        patch.setattr(_record_stream, "read_header", counted(tries[1]))
        out = read(warc, data, name="x.warc.gz")
    assert pages(out)[0] == URLS[0] and URLS[1] in pages(out)
    evidence = [e for batch in out.batches if batch.verdicts for e in batch.verdicts.evidence or [] if e]
    assert any("bytes were not searched" in text for text in evidence) == (kind != "gzip that inflates"), evidence
    assert len(hidden) < 20_000, "the number of tries is bounded"


def test_a_skippable_frame_may_stand_before_any_record():
    for pack in (zstandard.compress, lz4):
        skippable = b"\x50\x2a\x4d\x18\x04\0\0\0abcd"
        data = b"".join(skippable + pack(r) for r in PAGES) + skippable
        out = read(warc, data, name="x.warc.zst")
        assert pages(out) == URLS and out.reasons == [None] * 6
        for shard_bytes in (97, 400):
            assert read(warc, data, shard_bytes, name="x.warc.zst").results == out.results


@pytest.mark.parametrize("pack", [bz2.compress, lzma.compress], ids=["bzip2", "xz"])
def test_bzip2_and_xz_are_read_like_gzip(pack):
    data = b"".join(pack(r) for r in PAGES)
    out = read(warc, data, name="x.warc.gz")
    assert pages(out) == URLS and out.reasons == [None] * 6
    assert read(warc, data, 300, name="x.warc.gz").results == out.results
    hurt = data[:100] + b"\xff\xff" + data[102:]
    assert pages(read(warc, hurt, name="x.warc.gz")) == URLS[1:]


def test_the_records_before_a_defect_in_one_member_are_read():
    text = b"".join(page(i, 20) for i in range(300))
    data = bytearray(gzip.compress(text, 0))  # stored blocks of 64 KB
    n_first = int.from_bytes(data[11:13], "little")
    second = data.index(text[n_first : n_first + 40])
    data[second - 4 : second] = b"\xff\xff\xff\xff"
    n_whole = text[:n_first].count(b"</html>\r\n\r\n")
    assert len(pages(read(warc, bytes(data)))) == n_whole > 50


def with_dictionary(content: bytes) -> bytes:
    """Return a .warc.zst of which the first frame holds this content."""
    head = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
    return head + b"".join(zstandard.compress(r) for r in PAGES)


def zeros(n: int) -> bytes:
    """Return a zstd frame of about `n` zeros: blocks of 128 KiB that repeat one byte."""
    block = (128 << 10 << 3 | 1 << 1).to_bytes(3, "little") + b"\0"
    return b"\x28\xb5\x2f\xfd\0\x58" + block * (n >> 17) + (1 << 3 | 3).to_bytes(3, "little") + b"\0"


INTACT = zstandard.ZstdCompressor(write_checksum=True).compress(random.Random(0).randbytes(5000))
DICTIONARIES = {
    "cut": (INTACT[:-1000], "damaged"),
    "flipped": (INTACT[:2000] + bytes([INTACT[2000] ^ 1]) + INTACT[2001:], "damaged"),
    "flipped frame header": (INTACT[:4] + b"\x08" + INTACT[5:], "damaged"),
    "no dictionary behind its magic": (b"\x37\xa4\x30\xec" + bytes(500), "damaged"),
    "3 GB of zeros": (zeros(3 << 30), "larger than 128 MiB"),
}


@pytest.mark.parametrize("kind", DICTIONARIES)
@pytest.mark.parametrize("shard_bytes", [1 << 40, 300])
def test_a_dictionary_that_cannot_be_read_costs_its_file_and_no_other(kind, shard_bytes):
    content, why = DICTIONARIES[kind]
    files = {"a.warc.zst": with_dictionary(content), "b.warc.zst": b"".join(map(zstandard.compress, PAGES))}
    if len(files["a.warc.zst"]) > 50_000:
        shard_bytes = max(shard_bytes, 30_000)
    out = read(warc, files, shard_bytes)
    assert out.results[0] == ("a.warc.zst/0", "unreadable_record")
    assert why in out.batches[0].verdicts.evidence[0]
    assert pages(out) == URLS and len(out.rows) == 1 + len(URLS)


def test_a_packed_dictionary_is_read():
    trained = zstandard.ZstdCompressionDict(b"".join(PAGES)[:4000])
    content = zstandard.compress(trained.as_bytes())
    head = b"\x5d\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content
    compressor = zstandard.ZstdCompressor(dict_data=trained)
    assert pages(read(warc, head + b"".join(map(compressor.compress, PAGES)))) == URLS


STARTS = {
    "flipped": lambda data: bytes([data[0] ^ 1]) + data[1:],
    "blank line": lambda data: b"\r\n" + data,
    "text": lambda data: b"garbage" + data,
    "zeros over the first bytes": lambda data: bytes(8) + data[8:],
    "much before": lambda data: random.Random(0).randbytes(100_000) + data,
}


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lz4, bz2.compress, lzma.compress])
@pytest.mark.parametrize("start", STARTS)
def test_damage_in_the_first_bytes_costs_the_first_member_and_no_other(pack, start):
    intact = [pack(r) for r in PAGES]
    data = STARTS[start](b"".join(intact))
    n_lost = 0 if len(data) > sum(map(len, intact)) else 1
    out = read(warc, data)
    assert out.results[0] == ("x/0", "unreadable_record")
    assert pages(out) == URLS[n_lost:] and len(out.rows) == 1 + len(URLS[n_lost:])
    for shard_bytes in (200, 1000):
        assert read(warc, data, shard_bytes).results == out.results


def test_a_crawl_file_stored_as_a_page_of_a_damaged_one_is_not_read_in_its_place():
    inner = record("response", http(members(*PAGES), content_type="application/warc"))
    data = b"XX" + PAGES[0] + PAGES[1] + inner + PAGES[2]
    out = read(warc, data[:2] + data[4:])
    assert pages(out) == URLS[1:3] and out.reasons == ["unreadable_record", None, "not_html", None]
