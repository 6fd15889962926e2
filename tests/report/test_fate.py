"""`curate explain` finds documents by what people remember of them."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate import registry
from curate.errors import SpecError
from curate.formats import wanted
from curate.report import escaping, fate

ASKED = st.text(max_size=12) | st.sampled_from(["a.example", "https://a.example/x?y=1", "www.a.example/", "a.b/[*]\n"])


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> str:
    """The URL of a run over pages of two sites, one of which was fetched twice."""
    folder = tmp_path_factory.mktemp("fate")
    pages = [
        ("m-0", "https://www.a.example/one", "Short."),
        (
            "m-1",
            "http://a.example/one/",
            "A page that is long enough to be kept, at the same address as the one before it.",
        ),
        ("m-2", "https://a.example/one#top", "short"),
        ("m-3", "https://shop.a.example/two?id=7", "Another page that is long enough to be kept."),
        ("x-4", "https://b.example/", "A page that is long enough, whose copy is dropped as a duplicate."),
        ("x-5", "https://b.example/copy", "A page that is long enough, whose copy is dropped as a duplicate."),
        ("x-6", "https://nota.example/", "No."),
    ]
    lines = (json.dumps(dict(zip(("id", "url", "text"), page, strict=True))) + "\n" for page in pages)
    (folder / "a.jsonl").write_text("".join(lines))
    (folder / "web.yaml").write_text(
        "name: web\ninputs: {sources.jsonl: {paths: a.jsonl, fields: {id: id, url: url}}}\n"
        "stages: [{filters.gopher.quality: {min_words: 6, min_stop_words: null, min_mean_word_length: null}}, {dedup.exact: {keep: first}}]\n"
    )
    return curate.run(str(folder / "web.yaml"), output=str(folder / "run"), workers=1)


@pytest.mark.parametrize(
    ("asked", "id"),
    [
        ("m-3", "m-3"),
        ("https://shop.a.example/two?id=7", "m-3"),
        ("shop.a.example/two?id=7", "m-3"),
        ("http://SHOP.a.example/two?id=7", "m-3"),
        ("shop.a.example", "m-3"),
        ("two?id", "m-3"),
        ("b.example/", "x-4"),
        ("https://b.example", "x-4"),
        ("a.example/one", "m-1"),  # the kept one of three
        ("http://www.a.example/one", "m-1"),
    ],
)
def test_one_document_is_shown(run, asked, id):
    assert fate.find(run, asked)["id"] == id


def test_of_several_at_an_address_the_kept_one_comes_first(run):
    found = fate.find(run, "a.example/one")
    assert found["fate"] == "kept" and found["n_others"] == 2
    assert [(other["id"], other["reason"]) for other in found["others"]] == [
        ("m-0", "too_few_words"),
        ("m-2", "too_few_words"),
    ]


@pytest.mark.parametrize(
    ("asked", "fates", "ids"),
    [
        ("a.example", {"kept": 2, "dropped": 2}, ["m-1", "m-3", "m-0", "m-2"]),
        ("b.example", {"kept": 1, "dropped": 1}, ["x-4", "x-5"]),
        ("x-", {"kept": 1, "dropped": 2}, ["x-4", "x-5", "x-6"]),  # the copy came further than the short one
    ],
)
def test_several_documents_are_listed_the_one_that_came_furthest_first(run, asked, fates, ids):
    found = fate.find(run, asked)
    assert found["fates"] == fates and [document["id"] for document in found["documents"]] == ids


def test_a_list_is_short(run, monkeypatch):
    monkeypatch.setattr(fate, "LISTED", 2)
    found = fate.find(run, "example")
    assert len(found["documents"]) == 2 and sum(found["fates"].values()) == 7
    assert len(fate.find(run, "a.example/one")["others"]) == 2


def test_what_no_document_has_is_refused_with_an_example(run):
    with pytest.raises(
        SpecError, match=r'id, URL or domain "c\.example".*No id of the run is near it; they look like "m-0"'
    ):
        fate.find(run, "c.example")


@given(ASKED, st.lists(st.none() | ASKED | ASKED.map(lambda text: f"https://{text}"), max_size=6))
def test_rows_and_columns_are_searched_alike(asked, texts):
    table = pa.table({"id": pa.array(texts, pa.string()), "url": pa.array(texts[::-1], pa.string())})
    for meant in wanted.meant(asked):
        assert meant.mask(table).to_pylist() == meant.fits(table.to_pylist())


@given(ASKED)
def test_what_is_asked_for_finds_itself(asked):
    first = next(wanted.meant(asked))
    rows = [{"id": asked}, {"url": asked}, {"id": f"{asked}x"}, {"id": None}, {"id": "\ud800"}, {"id": 1}]
    assert first.fits(rows) == [True, True, False, False, False, False]


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("\\xun0a\x1b\n\t\u202e"), max_size=8))
def test_what_is_printed_of_an_id_finds_it(id):
    assert any(each.is_one and each.fits([{"id": id}])[0] for each in wanted.meant(escaping.one_line(id)))


@pytest.mark.parametrize(
    ("stage", "reason", "value"),
    [
        ("dedup.exact", "exact_duplicate", "number of copies"),
        ("dedup.minhash", "near_duplicate", "similarity to the kept one"),
        ("sources.warc", "header_too_large", ""),
    ],
)
def test_what_the_value_of_a_reason_is_comes_from_the_help_of_its_stage(stage, reason, value):
    said = fate.value_of(registry.catalogue()[stage], reason)
    assert value in said and bool(value) == bool(said)


def test_the_value_of_a_copy_is_explained(run):
    found = fate.find(run, "x-5")
    assert found["value"] == 2 and found["value_is"].startswith("the number of copies")
