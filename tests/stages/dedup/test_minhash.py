"""Near-duplicates in real runs: against the slow twin, and against themselves cut otherwise."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import curate
from curate.errors import InputError, RunError, SpecError
from curate.kernels import shingles
from tests.reference import near_duplicates as slow
from tests.stages.dedup.runs import Deduplicated, corpus, cut, dedup, docs_of

SMALL = {"ngram": 2, "permutations": 32, "threshold": 0.5}
TOKENIZERS = {"words": shingles.WORDS, "characters": shingles.CHARACTERS, "code": shingles.CODE}

# ---------------------------------------------------------------------- what it decides

WORD = st.sampled_from(["sea", "Wind", "wind", "rope", "Seil", "風", "浪", "a", "naïve", "x_1"])
TEXTS = st.lists(
    st.one_of(
        st.lists(WORD, max_size=10).map(" ".join),
        st.sampled_from(
            ["the sea and the wind and the rope", "The sea, and the wind; and the rope!", "the sea and the wind"]
        ),
    ),
    max_size=7,
)
NUMBERS = st.lists(st.sampled_from([None, 1.0, 2.0, -3.5]), min_size=7, max_size=7)


@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
@given(
    TEXTS, NUMBERS, st.lists(st.sampled_from("ab"), min_size=7, max_size=7), st.integers(1, 3),
    st.sampled_from(["signature", "jaccard", "none"]), st.sampled_from(["first", "longest", "newest", "best"]),
    st.sampled_from(list(TOKENIZERS)), st.booleans(),
)  # fmt: skip
def test_who_leaves_for_whom_is_what_the_slow_twin_says(
    tmp_path_factory, texts, numbers, sources, n_shards, verify, keep, tokenizer, is_global
):
    n = len(texts)
    numbers, sources = numbers[:n], sources[:n]
    dates = [None if x is None else f"20{10 + int(x * 2):02d}-01-01" for x in numbers]
    docs = docs_of(texts, score=numbers, source=sources, date=dates)
    rank = {
        "first": [0] * n,
        "longest": [len(text.encode()) for text in texts],
        "newest": [-1 if date is None else int(date[:4]) for date in dates],
        "best": [float("-inf") if x is None else x for x in numbers],
    }[keep]
    expected = slow.decide(
        texts, [(-rank[i], i) for i in range(n)], [0] * n if is_global else sources,
        ngram=2, tokenizer=TOKENIZERS[tokenizer], permutations=32, bands=8, rows=4, threshold=0.5, verify=verify,
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("twin")
    run = dedup(
        folder, cut(docs, n_shards) if n else [[]], **SMALL, bands=8, rows=4, verify=verify, tokenizer=tokenizer,
        keep={"best": "score"} if keep == "best" else keep, scope="global" if is_global else {"per": "source"},
    )  # fmt: skip
    assert run.kept_for == {f"d{i:04d}": f"d{j:04d}" for i, j in expected.items()}
    assert [row["id"] for row in run.kept] == [doc["id"] for i, doc in enumerate(docs) if i not in expected]
    assert {row["id"] for row in run.rejects} == {f"d{i:04d}" for i in expected}


def test_the_number_of_tasks_and_workers_changes_no_byte_of_the_result(tmp_path):
    docs = corpus(300)
    runs = [dedup(tmp_path, cut(docs, n), f"cut{n}", workers) for n, workers in ((1, 1), (2, 2), (7, 2))]
    assert len(runs[0].kept_for) > 50
    for run in runs[1:]:
        assert run.kept == runs[0].kept
        assert run.bytes("edges") == runs[0].bytes("edges")
        assert run.bytes("clusters") == runs[0].bytes("clusters")
        assert run.manifest["metrics"] == runs[0].manifest["metrics"]


def test_every_dropped_document_is_alike_to_the_one_it_was_dropped_for(tmp_path):
    run = dedup(tmp_path, cut(corpus(400, seed=2), 3), verify="jaccard")
    lost = {row["id"]: row for row in run.rejects}
    assert len(lost) > 50 and all(row["reason"] == "near_duplicate" for row in lost.values())
    assert all(row["value"] >= 0.7 - 1e-6 for row in lost.values())
    reasons = [edge for edge in run.table("edges").to_pylist() if edge["is_reason"]]
    assert {edge["id"]: edge["kept_first_id"] for edge in reasons} == run.kept_for
    for row in run.kept:
        assert row["near_duplicates"] == 1 + sum(kept == row["id"] for kept in run.kept_for.values())


def test_a_chain_of_edits_does_not_delete_its_far_end(tmp_path):
    words = [f"w{i}" for i in range(200)]
    chain = [" ".join([f"new{i}" for i in range(k)] + words[k:]) for k in range(0, 200, 10)]
    run = dedup(tmp_path, [docs_of(chain)], keep="first", threshold=0.8)
    kept = [int(row["id"][1:]) for row in run.kept]
    assert kept[0] == 0 and 3 < len(kept) < 20
    for lost, stays in run.kept_for.items():
        assert abs(int(lost[1:]) - int(stays[1:])) <= 3


def test_a_dropped_copy_in_between_still_leads_to_the_one_that_was_kept(tmp_path):
    texts = ["a b c d e f g h i j", "a b c d e f g h i j", "A b c d e f g h i j!"]
    run = dedup(tmp_path, [docs_of(texts, date=["2020-01-01", "2024-01-01", "2022-01-01"])])
    assert run.kept_for == {"d0000": "d0001", "d0002": "d0001"}
    assert {row["why_kept"] for row in run.table("clusters").to_pylist()} == {"newest", None}


def test_marking_drops_nobody(tmp_path):
    docs = corpus(100)
    run = dedup(tmp_path, cut(docs, 2), keep="none")
    assert len(run.kept) == 100 and max(row["near_duplicates"] for row in run.kept) > 1
    lost = run.kept_for
    assert all((row["near_duplicates"] > 1) == (row["id"] in lost or row["id"] in lost.values()) for row in run.kept)


def test_only_pairs_in_the_scope_count_as_similar_in_the_measured_recall(tmp_path):
    docs = corpus(60)
    twice = [{**doc, "id": f"{source}{doc['id']}", "source": source} for source in ("a", "b") for doc in docs]
    run = dedup(tmp_path, cut(twice, 3), scope={"per": "source"})
    one = dedup(tmp_path, [docs], name="one")
    found, alone = (each.manifest["metrics"]["dedup.minhash"]["recall"] for each in (run, one))
    assert found["share"] == 1.0 and found["pairs"] == 2 * alone["pairs"] > 0


def test_a_bucket_of_many_copies_is_linear_and_keeps_one(tmp_path):
    run = dedup(tmp_path, cut(docs_of(["the same page in every respect of it"] * 20_000), 2), keep="first")
    assert [row["id"] for row in run.kept] == ["d0000"]
    assert run.kept[0]["near_duplicates"] == 20_000
    assert run.table("edges").num_rows == 19_999


@pytest.mark.slow
def test_a_million_copies_in_one_bucket(tmp_path):
    table = pa.table({"text": pa.array(["one and the same page, again and again"] * 1_000_000)})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=250_000)
    recipe = tmp_path / "million.yaml"
    stages = [{"dedup.minhash": {"keep": "first", "removal_cap": None}}]
    inputs = {"sources.parquet": {"paths": [str(tmp_path / "a.parquet")], "shard_mib": 0.01}}
    recipe.write_text(yaml.safe_dump({"name": "million", "inputs": inputs, "stages": stages, "rejects": "none"}))
    run = Deduplicated(curate.run(str(recipe), output=str(tmp_path / "run"), workers=2))
    assert len(run.kept) == 1 and run.kept[0]["near_duplicates"] == 1_000_000


@pytest.mark.parametrize("texts", [[], ["", " ", "\n"], ["word"], ["word", "word", "Word."], ["!?", "!?"]])
def test_texts_of_no_or_few_words(tmp_path, texts):
    run = dedup(tmp_path, [docs_of(texts)], keep="first")
    n_words = sum("word" in text.lower() for text in texts)
    assert len(run.kept) == len(texts) - max(0, n_words - 1)


def test_a_document_of_many_megabytes(tmp_path):
    chance = random.Random(1)
    text = " ".join(f"w{chance.randrange(10**6)}" for _ in range(2_000_000))
    run = dedup(tmp_path, [docs_of([text, "short", text + " and a bit more"])], keep="longest")
    assert run.kept_for == {"d0000": "d0002"}


def test_a_shard_without_documents_is_no_obstacle(tmp_path):
    run = dedup(tmp_path, [[], docs_of(["a b c d e f g", "a b c d e f g"]), []], keep="first")
    assert run.kept_for == {"d0001": "d0000"}


def test_documents_of_one_shingle_are_copies_only_of_the_same(tmp_path):
    table = pa.table({"text": [f"t{i} x" for i in range(200_000)]})
    pq.write_table(table, tmp_path / "a.parquet")
    inputs = {"sources.parquet": {"paths": [str(tmp_path / "a.parquet")]}}
    recipe = {"name": "tiny", "inputs": inputs, "stages": [{"dedup.minhash": {"keep": "first"}}], "rejects": "none"}
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(recipe))
    run = Deduplicated(curate.run(str(tmp_path / "tiny.yaml"), output=str(tmp_path / "run"), workers=1))
    assert run.kept_for == {}


def test_changing_the_cap_asks_and_compares_nothing_again(tmp_path):
    docs = [corpus(50)]
    run = dedup(tmp_path, docs, removal_cap=0.9)
    phases = sorted(path.name for path in Path(run.url, "phases").iterdir())
    dedup(tmp_path, docs, removal_cap=0.8)
    new = {path.name for path in Path(run.url, "phases").iterdir()} - set(phases)
    assert sorted(name[:2] for name in new) == ["06", "07"]


def test_only_a_truncated_sidecar_is_made_again(tmp_path):
    docs = corpus(90)
    run = dedup(tmp_path, cut(docs, 3))
    before = run.bytes("clusters")
    (sidecar,) = Path(run.url).glob("phases/01-*/sidecar/00001.arrow")
    records = {path.name: path.stat().st_mtime_ns for path in sidecar.parents[1].glob("done/*.json")}
    sidecar.write_bytes(sidecar.read_bytes()[:-100])
    again = dedup(tmp_path, cut(docs, 3))
    redone = {p.name for p in sidecar.parents[1].glob("done/*.json") if p.stat().st_mtime_ns != records[p.name]}
    assert redone == {"00001.json"} and again.bytes("clusters") == before


# ---------------------------------------------------------------------- rails


def test_a_source_that_loses_too_much_is_warned_about_or_stops_the_run(tmp_path):
    docs = docs_of(["page of the same template with the same words"] * 200, source=["shop"] * 200)
    warned = dedup(tmp_path, [docs], "warn", removal_cap=0.9)
    assert warned.manifest["warnings"] == [
        "dedup.minhash: shop: 199 of 200 documents (99.5%) are near-duplicates, more than removal_cap 0.9"
    ]
    with pytest.raises(RunError, match=r"shop: 199 of 200(.|\n)*200 copies of d0000"):
        dedup(tmp_path, [docs], "stop", removal_cap=0.9, over_cap="stop")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"bands": 4}, "bands and rows belong together"),
        ({"bands": 64, "rows": 4}, "need 256 permutations, there are 128"),
        ({"keep": {"worst": "score"}}, "best: <column>"),
        ({"keep": {"best": "fluency"}}, "needs the column `fluency`"),
        ({"scope": {"per": "crawl"}}, "needs the column `crawl`"),
        ({"reference": ["nowhere.parquet"]}, "nowhere.parquet: no such file"),
    ],
)
def test_parameters_that_do_not_fit_are_refused_before_anything_runs(tmp_path, params, message):
    with pytest.raises((SpecError, InputError), match=message):
        dedup(tmp_path, [corpus(5)], **params)
    assert not list(tmp_path.glob("run-test/phases/*/done/*"))
