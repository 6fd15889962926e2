"""`curate show` and what `curate explain` says beyond the verdict: the record, the page, the text, bounds, neighbours."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curate
from curate.engine import extracted
from curate.errors import InputError, SpecError
from curate.report import fate, near_names, stored_document
from curate.stage import Split
from curate.stages.sources.jsonl import jsonl
from curate.stages.sources.parquet import parquet
from curate.stages.sources.warc import warc

HOSTILE = "\x1b]0;owned\x07 <script>alert(1)</script> \u202e [bold]x[/bold]"
LONG = "A page that is long enough to be kept, with more than eight words in it."
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


def record(url: str, page: str, encoding: str = "identity") -> bytes:
    """Return a WARC record of a page."""
    body = gzip.compress(page.encode()) if encoding == "gzip" else page.encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {encoding}\r\n\r\n".encode()
    block = head + body
    fields = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {url}\r\nContent-Type: application/http\r\nContent-Length: {len(block)}\r\n\r\n"
    return fields.encode() + block + b"\r\n\r\n"


def split_of(path: Path, name: str) -> Split:
    size = path.stat().st_size
    return Split(str(path), name, 0, size, size, "s")


@pytest.mark.parametrize("is_compressed", [True, False])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_the_record_of_a_page_is_found_by_its_place(tmp_path, is_compressed, encoding):
    records = [record(f"http://a.example/{k}", f"<p>{k}" * (k + 1), encoding) for k in range(4)]
    stored = [gzip.compress(each) if is_compressed else each for each in records]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(stored))
    at = 0
    for k, each in enumerate(stored):
        found = warc().record_of(split_of(path, "a.warc.gz"), f"a.warc.gz/{at}")
        assert found is not None and found.data == records[k][:-4] and found.page == (f"<p>{k}" * (k + 1)).encode()
        at += len(each)
    assert warc().record_of(split_of(path, "a.warc.gz"), "b.warc.gz/0") is None
    with pytest.raises(InputError, match="byte 3"):
        warc().record_of(split_of(path, "a.warc.gz"), "a.warc.gz/3")


def test_several_records_in_one_member_are_found_by_their_place_in_it(tmp_path):
    records = [record(f"http://a.example/{k}", "x" * k) for k in range(1, 4)]
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(b"".join(records)))
    found = warc().record_of(split_of(path, "a"), f"a/0+{len(records[0])}")
    assert found is not None and found.data == records[1][:-4] and found.page == b"xx"


@settings(max_examples=30)
@given(st.lists(st.none() | IDS, min_size=1, max_size=6, unique=True), st.booleans())
def test_lines_and_rows_are_found_by_their_id_or_their_place(tmp_path_factory, ids, is_compressed):
    folder = tmp_path_factory.mktemp("rows")
    lines = [
        json.dumps({"text": f"text {k}", **({} if id is None else {"id": id})}).encode() + b"\n"
        for k, id in enumerate(ids)
    ]
    (folder / "a.jsonl").write_bytes(gzip.compress(b"".join(lines)) if is_compressed else b"".join(lines))
    pq.write_table(
        pa.table({"id": pa.array(ids, pa.string()), "text": [f"text {k}" for k in range(len(ids))]}),
        folder / "a.parquet",
        row_group_size=2,
    )
    for k, id in enumerate(ids):
        at = sum(map(len, lines[:k]))
        of_line = jsonl().record_of(split_of(folder / "a.jsonl", "a"), f"a/{at}" if id is None else id)
        of_row = parquet().record_of(split_of(folder / "a.parquet", "a"), f"a/{k}" if id is None else id)
        assert of_line is not None and of_line.data == lines[k].rstrip(b"\n") and of_line.text == f"text {k}"
        assert of_row is not None and json.loads(of_row.data) == {"id": id, "text": f"text {k}"}
    assert jsonl().record_of(split_of(folder / "a.jsonl", "a"), "nobody has this id") is None
    assert parquet().record_of(split_of(folder / "a.parquet", "a"), "nobody has this id") is None


@given(IDS, st.lists(IDS, max_size=20), st.integers(1, 5))
def test_the_nearest_names_have_the_longest_beginning_in_common(asked, names, n):
    parts = [pa.array(names[k : k + n], pa.string()) for k in range(0, len(names), n)]
    near, _ = near_names.nearest(asked, iter(parts))

    def common(name: str) -> int:
        return next((k for k, (a, b) in enumerate(zip(asked, name)) if a != b), min(len(asked), len(name)))  # noqa: B905

    longest = max(map(common, names), default=0)
    expected = {name for name in names if common(name) == longest} if longest >= min(3, len(asked)) else set()
    assert set(near) <= expected and bool(near) == bool(expected)


# ---------------------------------------------------------------------- a run


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A run without texts of rejects, over lines of which two are dropped, with renamed columns."""
    folder = tmp_path_factory.mktemp("show")
    docs = [
        ("doc-1", "https://münchen.example/one", LONG),
        ("doc-2", f"https://b.example/{HOSTILE}", HOSTILE),
        ("doc-3", "https://c.example/", LONG),
    ]
    lines = [json.dumps({"id": id, "url": url, "text": text}) + "\n" for id, url, text in docs]
    (folder / "a.jsonl").write_text("".join(lines))
    (folder / "web.yaml").write_text(
        "name: web\nrejects: none\ninputs: {sources.jsonl: {paths: a.jsonl, fields: {id: id}}}\n"
        "stages: [text.normalise: {}, filters.gopher.quality: {min_words: 9, min_stop_words: null, min_mean_word_length: null}, dedup.exact: {keep: first}]\n"
        "output: {sinks.parquet: {columns: {rename: {url: link}}}}\n"
    )
    curate.run(str(folder / "web.yaml"), output=str(folder / "run"), workers=1)
    return folder


def test_a_url_is_found_where_the_output_calls_it_otherwise_and_in_both_spellings(folder):
    run = str(folder / "run")
    for asked in (
        "https://münchen.example/one",
        "https://xn--mnchen-3ya.example/one",
        "XN--mnchen-3ya.example",
        "doc-1",
    ):
        found = fate.find(run, asked)
        assert (found["id"], found["fate"], found["text"]) == ("doc-1", "kept", LONG)
    assert found["columns"]["link"] == "https://münchen.example/one"


def test_bounds_stand_beside_the_values(folder):
    found = fate.find(str(folder / "run"), "doc-2")
    (decisive,) = (bound for bound in found["bounds"] if bound["is_decisive"])
    assert decisive["reason"] == "too_few_words" and decisive["is_broken"]
    assert decisive["distance"] == decisive["at_least"] - decisive["value"] == 9 - found["value"]
    assert {bound["stage"] for bound in found["bounds"]} == {"filters.gopher.quality"}
    assert found["origin"]["file"] == str(folder / "a.jsonl") and not found["notes"]


def test_the_record_and_the_text_are_shown(folder):
    kept, dropped, copy = (stored_document.find(str(folder / "run"), id) for id in ("doc-1", "doc-2", "doc-3"))
    lines = (folder / "a.jsonl").read_bytes().split(b"\n")
    assert [stored_document.record_of(each).data for each in (kept, dropped, copy)] == lines[:3]
    text = stored_document.text_of(kept)
    assert text is not None and (text.text, text.note) == (LONG, "")
    assert stored_document.text_of(dropped) is None
    assert "<script>" in extracted.text_of(dropped)  # as it was when the filter dropped it
    earlier = stored_document.text_of(copy)
    assert earlier is not None and earlier.text == LONG and "rejects: text" in earlier.note


def test_no_page_in_a_line(folder):
    document = stored_document.find(str(folder / "run"), "doc-1")
    with pytest.raises(SpecError, match="no web page"):
        stored_document.page_in(stored_document.record_of(document), document)


def test_the_nearest_ids_are_named(folder):
    with pytest.raises(SpecError, match=r"The nearest: doc-"):
        fate.find(str(folder / "run"), "doc-7")
    with pytest.raises(SpecError, match=r"The nearest: doc-3"):
        fate.find(str(folder / "run"), "Boc-3")
    with pytest.raises(SpecError, match=r'No id of the run is near it; they look like "doc-'):
        fate.find(str(folder / "run"), "zzzzzz")
    with pytest.raises(SpecError, match=r"The nearest: https://münchen"):
        fate.find(str(folder / "run"), "https://münchen.example/on?")


@pytest.fixture
def moved(folder, tmp_path) -> Path:
    """A copy of the run whose input can be changed."""
    shutil.copytree(folder, tmp_path / "copy")
    for name in ("inputs.json", "manifest.json"):
        path = tmp_path / "copy" / "run" / name
        path.write_text(path.read_text().replace(str(folder), str(tmp_path / "copy")))
    return tmp_path / "copy"


def test_an_input_that_is_gone_or_has_changed_is_not_shown(moved):
    document = stored_document.find(str(moved / "run"), "doc-2")
    assert stored_document.record_of(document).data  # another time, the same content
    path = moved / "a.jsonl"
    path.write_text(path.read_text().replace("one", "two"))
    with pytest.raises(InputError, match=r"has changed since the run read it \(digest [0-9a-f]{32} then"):
        stored_document.record_of(document)
    path.unlink()
    with pytest.raises(InputError, match="is gone"):
        stored_document.record_of(document)
    assert fate.find(str(moved / "run"), "doc-2")["reason"] == "too_few_words"


def test_without_the_files_of_phases_the_rest_is_told(moved):
    shutil.rmtree(moved / "run" / "phases")
    found = fate.find(str(moved / "run"), "doc-3")
    assert found["reason"] == "exact_duplicate" and any("kept copy is not shown" in note for note in found["notes"])
    document = stored_document.find(str(moved / "run"), "doc-3")
    assert stored_document.text_of(document) is None
    with pytest.raises(SpecError, match="rejects: text"):
        extracted.text_of(document)
