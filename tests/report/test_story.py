"""What `curate explain` shows of ranks, clusters and masked spans, against what the run decided."""

from __future__ import annotations

import json
from random import Random

import pyarrow.parquet as pq
import pytest

import curate
from curate.batch import Seen
from curate.report import fate
from curate.stages.text.mask_pii import mask_pii

WORDS = ["harbour", "boat", "net", "rope", "tide", "gull", "quay", "mast", "sail", "hull", "keel", "deck"]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> str:
    """A run that ranks by two scores, after near-duplicates and personal data."""
    folder, random = tmp_path_factory.mktemp("story"), Random(7)
    texts = [
        " ".join(random.choices(WORDS, k=60 + k * 7 % 11)) + f" mail me at user{k}@mail{k}.example.org now"
        for k in range(20)
    ]
    texts.append(texts[3].replace("harbour", "haven", 1))
    rows = [{"id": f"d-{k:02}", "text": text} for k, text in enumerate(texts)]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "web.yaml").write_text(
        "name: web\ninputs: {sources.jsonl: {paths: a.jsonl, fields: {id: id}}}\n"
        "stages: [text.measure: {signals: [words.count, words.mean_length]}, dedup.minhash: {}, text.mask_pii: {}, quality.keep_top: {share: 0.5, by: [words.count, words.mean_length]}]\n"
    )
    return curate.run(str(folder / "web.yaml"), output=str(folder / "run"), workers=1)


def of_stage(found: dict, stage: str) -> list[dict]:
    return [remark["data"] for remark in found["remarks"] if remark["stage"] == stage]


def test_places_are_those_by_which_the_run_kept(run):
    ids = [
        row["id"]
        for row in pq.read_table(f"{run}/judgements", columns=["id", "stage"]).to_pylist()
        if row["stage"] != "dedup.minhash"
    ]
    places = {}
    for id in ids:
        found = fate.find(run, id)
        first, *parts = of_stage(found, "quality.keep_top")
        places[id] = first["place"], found["fate"]
        assert first["of"] == len(ids) and [part["score"] for part in parts] == ["words.count", "words.mean_length"]
        assert first["rank"] == pytest.approx(sum(part["rank"] for part in parts) / 2)
        if found["fate"] == "dropped":
            assert found["value"] == pytest.approx(first["rank"], abs=1e-6)
    assert sorted(place for place, _ in places.values()) == list(range(1, len(ids) + 1))
    n_kept = sum(one == "kept" for _, one in places.values())
    assert all((place <= n_kept) == (one == "kept") for place, one in places.values())


def test_the_cluster_is_told_to_each_of_its_documents(run):
    (dropped,) = [
        row["id"]
        for row in pq.read_table(f"{run}/judgements", columns=["id", "stage"]).to_pylist()
        if row["stage"] == "dedup.minhash"
    ]
    found = fate.find(run, dropped)
    (cluster,) = of_stage(found, "dedup.minhash")
    assert cluster["documents"] == 2 and cluster["kept_id"] == found["kept_copy"]["id"] != dropped
    assert found["differences"]
    assert of_stage(fate.find(run, cluster["kept_id"]), "dedup.minhash") == [cluster]


def test_masked_spans_are_told_by_their_place_in_the_text(run):
    row = next(
        row for row in pq.read_table(f"{run}/judgements", columns=["id", "stage"]).to_pylist() if row["stage"] is None
    )
    found = fate.find(run, row["id"])
    (span,) = of_stage(found, "text.mask_pii")
    assert found["text"][span["start"] : span["end"]] == "<EMAIL>"
    assert "example.org" not in json.dumps(found["remarks"])


def test_spans_are_exact_only_if_the_text_before_is_known():
    stage, before = mask_pii(), "é write to <EMAIL> or jane.doe@mailbox.org"
    after = "é write to <EMAIL> or <EMAIL>"
    exact = stage.remarks(Seen("x", {"pii_count": 1}, before, after))
    unsure = stage.remarks(Seen("x", {"pii_count": 1}, None, after))
    assert [remark.data["start"] for remark in exact] == [after.rindex("<")]
    assert [remark.data["is_exact"] for remark in unsure] == [False, False]
    assert not stage.remarks(Seen("x", {"pii_count": 0}, None, after))
