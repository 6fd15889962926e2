"""A file that a source cannot read is an error that says what the file is, before any task runs."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import zstandard

from curate.engine.planning import prepare
from curate.errors import InputError
from curate.inputs import cut, resolve
from curate.stage import HasInputCheck
from curate.stages.sources.jsonl import jsonl
from curate.stages.sources.parquet import parquet
from curate.stages.sources.warc import warc
from curate.stages.sources.wet import wet
from tests.stages.sources.crawls import members, page, read, record

LINES = b"".join(b'{"text": "page %d", "url": "u"}\n' % i for i in range(50))
RECORDS = members(*(page(i) for i in range(5)))
TEXTS = members(*(record("conversion", b"page %d" % i) for i in range(5)))


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.jsonl", LINES)
    return out.getvalue()


def tarred() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        entry = tarfile.TarInfo("a.jsonl")
        entry.size = len(LINES)
        archive.addfile(entry, io.BytesIO(LINES))
    return out.getvalue()


def as_parquet(**columns: list) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def as_arrow() -> bytes:
    out = io.BytesIO()
    pa.feather.write_feather(pa.table({"text": ["a"]}), out)
    return out.getvalue()


FILES = {
    "one JSON array": json.dumps([{"text": "a"}, {"text": "b"}], indent=1).encode(),
    "one JSON array, on one line": b'[{"text": "a"}, {"text": "b"}]',
    "JSON over several lines": json.dumps({"text": "a", "url": "b"}, indent=2).encode(),
    "one JSON array per line": b'["a", 1]\n["b", 2]\n',
    "CSV": b"id,text\n" + b"".join(b"%d,words of a page\n" % i for i in range(500)),
    "UTF-16 text": LINES.decode().encode("utf-16"),
    "UTF-16 text, big-endian": LINES.decode().encode("utf-16-be"),
    "HTML or XML": b"<!doctype html>\n<html><body><p>a page</p></body></html>\n",
    "plain text": b"".join(b"The keeper saw ship %d.\n" % i for i in range(300)),
    "ZIP": zipped(),
    "tar": tarred(),
    "Arrow": as_arrow(),
    "PDF": b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n" + b"1 0 obj\n" * 100,
    "parquet": as_parquet(text=["a"]),
    "JSON Lines": LINES,
    "WARC": gzip.decompress(RECORDS),
    "gzip": gzip.compress(gzip.compress(LINES)),
}
PACKS = {"plain": bytes, "gzip": gzip.compress, "zstd": zstandard.compress, "bz2": bz2.compress, "xz": lzma.compress}


def fails_early_and_late(source: type, data: bytes, **params: object) -> str:
    """Return the message of the error that the check and the reading of a file raise."""
    with pytest.raises(InputError) as late:
        read(source, data, **params)
    (shard,) = cut(resolve(["memory://in/x"], "test"), 1 << 40)
    made = source(**params)
    assert isinstance(made, HasInputCheck)
    with pytest.raises(InputError) as early:
        made.check_input(shard.splits[0])
    assert str(early.value) == str(late.value)
    return str(early.value)


def passes(source: type, data: bytes, **params: object) -> None:
    fsspec.filesystem("memory").pipe("/in/x", data)
    (shard,) = cut(resolve(["memory://in/x"], "test"), 1 << 40)
    source(**params).check_input(shard.splits[0])


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("name", FILES.keys() - {"JSON Lines"})
def test_what_is_not_json_lines_is_named(name, pack):
    if name == "gzip" and pack == "plain":
        return
    message = fails_early_and_late(jsonl, PACKS[pack](FILES[name]))
    found = name.partition(",")[0]
    assert message.startswith(f"memory:///in/x: expected JSON Lines, found {found}.  "), message


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.parametrize("source", [warc, wet])
@pytest.mark.parametrize("name", FILES.keys() - {"WARC", "JSON over several lines"})
def test_what_is_not_warc_is_named(name, source, pack):
    message = fails_early_and_late(source, PACKS[pack](FILES[name]))
    assert f"found {name.partition(',')[0]}.  " in message


@pytest.mark.parametrize("name", FILES.keys() - {"parquet"})
def test_what_is_not_parquet_is_named(name):
    message = fails_early_and_late(parquet, FILES[name])
    found = name.partition(",")[0]
    assert message.startswith(f"memory:///in/x: expected parquet, found {found}.  ")


def test_pages_and_extracted_texts_are_told_apart():
    assert "found extracted text (WET).  Read it with sources.wet" in fails_early_and_late(warc, TEXTS)
    assert "found pages (WARC).  Read it with sources.warc" in fails_early_and_late(wet, RECORDS)


def test_objects_without_the_key_of_the_text_are_named():
    data = b"".join(b'{"doc_id": %d, "content": "the text of document", "n": null}\n' % i for i in range(50))
    message = fails_early_and_late(jsonl, gzip.compress(data))
    assert message == (
        'memory:///in/x: none of the first 50 lines has "text"; keys seen: doc_id, content, n.  '
        "Set fields: {text: content}"
    )
    passes(jsonl, data, fields={"text": "content"})
    assert '"content"' in fails_early_and_late(jsonl, LINES, fields={"text": "content"})
    assert '"meta.text"' in fails_early_and_late(jsonl, b'{"meta": {"n": 1}}\n', fields={"text": "meta.text"})
    passes(jsonl, b'{"meta": {"text": "a"}}\n', fields={"text": "meta.text"})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n",
        b'{"content": "a"}\n' * 200 + b'{"text": "b"}\n',
        b'{"text": null}\n{"text": 3}\n',
        b'{"text": "a", cut',
        b'\n[1]\n"a"\nnull\n{"text": "b"}\n',
        b"# made by hand\n" + LINES,
        b"\xef\xbb\xbf" + LINES,
        b"\x00\xff\xfe\x01" * 1000 + LINES,
        b'{"url": "' + b"x" * (2 << 20) + b'"}\n',
    ],
)
def test_files_with_some_documents_or_only_damage_are_not_refused(data):
    passes(jsonl, data)
    passes(jsonl, gzip.compress(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        members(record("warcinfo", b"software: x")),
        members(record("request", b"GET / HTTP/1.1\r\n\r\n"), record("metadata", b'{"a": 1}')),
        b"<p>the rest of a page\r\n\r\n" + page(1),
        b"\0" * 100 + RECORDS,
        RECORDS[50:],
        RECORDS[:50],
        b"hello",
    ],
)
def test_damaged_crawl_files_and_those_of_other_records_are_not_refused(data):
    passes(warc, data)
    passes(wet, members(record("conversion", b"a text")) + data)


# ---------------------------------------------------------------------- recipes


def recipe(folder: Path, source: str) -> str:
    path = folder / "recipe.yaml"
    path.write_text(
        f"name: wrong\ninputs:\n  {source}: {{paths: ['{folder}/in/*']}}\n"
        "stages:\n  - text.measure: {signals: [text.characters]}\noutput: sinks.parquet\n"
    )
    return str(path)


def test_a_wrong_file_among_few_is_found_before_the_run_and_the_command_ends_with_2(tmp_path):
    (tmp_path / "in").mkdir()
    for i in range(10):
        (tmp_path / "in" / f"{i}.jsonl").write_bytes(LINES if i != 7 else FILES["one JSON array"])
    path = recipe(tmp_path, "sources.jsonl")
    with pytest.raises(InputError, match=r"7\.jsonl: expected JSON Lines, found one JSON array"):
        prepare(path)
    command = [sys.executable, "-m", "curate.cli", "run", path, "--output", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "found one JSON array" in done.stderr + done.stdout
    assert not (tmp_path / "out").exists()


def test_of_many_files_only_some_are_looked_at(tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    for i in range(100):
        (tmp_path / "in" / f"{i:03}.jsonl").write_bytes(LINES)
    looked_at = []
    look = jsonl.check_input
    monkeypatch.setattr(jsonl, "check_input", lambda self, split: looked_at.append(split.name) or look(self, split))
    prepare(recipe(tmp_path, "sources.jsonl"))
    assert 10 <= len(looked_at) <= 16 and looked_at[0] == "000.jsonl" and looked_at[-1] > "090.jsonl"
    (tmp_path / "in" / "000.jsonl").write_bytes(FILES["CSV"])
    with pytest.raises(InputError, match="found CSV"):
        prepare(recipe(tmp_path, "sources.jsonl"))


def test_a_missing_column_of_a_parquet_file_is_found_before_the_run(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.parquet").write_bytes(as_parquet(content=["a"]))
    with pytest.raises(InputError, match="no column `text` for `text`; found content"):
        prepare(recipe(tmp_path, "sources.parquet"))


@pytest.mark.parametrize(("source", "log", "limit"), [(jsonl, 32, 2048), (warc, 28, 128), (wet, 28, 128)])
def test_a_file_whose_window_is_too_large_is_an_error_before_the_run(source, log, limit, tmp_path):
    content = page(0) if source is warc else LINES
    head = b"\x28\xb5\x2f\xfd\0" + bytes([(log - 10) << 3])
    (tmp_path / "x.zst").write_bytes(head + (len(content) << 3 | 1).to_bytes(3, "little") + content)
    (split,) = (split for shard in cut(resolve([str(tmp_path / "x.zst")]), 1 << 40) for split in shard.splits)
    with pytest.raises(InputError, match=rf"x\.zst: .*window of {1 << log >> 20} MiB, more than {limit} MiB"):
        source().check_input(split)


def test_a_single_segment_has_its_content_as_its_window(tmp_path):
    zeros = (128 << 10 << 3 | 1 << 1).to_bytes(3, "little") + b"\0"  # a block of 128 KiB, one byte repeated
    for n_bytes in (4, 8):
        flags = {4: 2, 8: 3}[n_bytes] << 6 | 1 << 5
        head = b"\x28\xb5\x2f\xfd" + bytes([flags]) + (256 << 20).to_bytes(n_bytes, "little")
        (tmp_path / "x.zst").write_bytes(head + zeros * 2048)
        (split,) = (split for shard in cut(resolve([str(tmp_path / "x.zst")]), 1 << 40) for split in shard.splits)
        with pytest.raises(InputError, match="window of 256 MiB, more than 128 MiB"):
            warc().check_input(split)


def test_a_mapped_id_that_no_line_has_is_an_error_before_the_run(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "A text.", "post_id": 1}\n{"text": "Another.", "post_id": 2}\n')
    (split,) = cut(resolve([str(tmp_path / "a.jsonl")]), 1 << 20)[0].splits
    with pytest.raises(
        InputError, match=r'none of the first 2 lines has "postid"; keys seen: text, post_id\.  Correct'
    ):
        jsonl(fields={"id": "postid"}).check_input(split)
    jsonl(fields={"id": "post_id", "date": "posted"}).check_input(split)  # a date may be missing
