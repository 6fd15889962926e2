"""Exact copies of what other data holds: reference datasets, and an index from run to run."""

from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import curate
from curate.errors import SpecError
from curate.report import fate
from tests.stages.dedup.runs import Deduplicated, cut, docs_of, run_stage

TEXT = st.text(st.sampled_from("aAbß é港\U0001f600"), min_size=1, max_size=2)


def exact(folder: Path, shards: list[list[dict]], name: str = "test", **params) -> Deduplicated:
    return run_stage(folder, shards, name, {"dedup.exact": params})


def kept_for(run: Deduplicated) -> dict[str, str]:
    return {row["id"]: row["kept_id"] for row in run.rejects if row["reason"] == "exact_duplicate"}


def copies(n: int, seed: int = 1) -> list[dict]:
    """Documents of which about two thirds are copies, with addresses."""
    chance = random.Random(seed)
    numbers = [chance.randrange(n // 3) for _ in range(n)]
    texts = [f"Page {i} of the harbour.{' ' * chance.randrange(3)}" for i in numbers]
    return docs_of(texts, url=[f"https://a.example/{i}" for i in numbers])


@pytest.mark.parametrize("by", ["text", "url"])
@pytest.mark.parametrize("keep", ["first", "newest"])
def test_what_is_in_a_dataset_leaves_whatever_its_date(tmp_path, by, keep):
    docs = docs_of(["one", "two", "TWO", "three"], url=[f"http://a.example/{i}" for i in "1223"])
    known = pa.table(
        {"id": ["r0", "r1", "r2"], "text": ["two", " Three", "two"], "url": ["a.example/2", "a.example/3", None]}
    )
    pq.write_table(known, tmp_path / "ref.parquet")
    run = exact(tmp_path, cut(docs, 2), by=by, keep=keep, reference=[str(tmp_path / "ref.parquet")])
    assert [row["id"] for row in run.kept] == ["d0000"]
    assert kept_for(run) == {"d0001": "r0", "d0002": "r0", "d0003": "r1"}
    assert fate.find(run.url, "d0003")["kept_copy"]["id"] == "r1"
    assert pq.read_table(tmp_path / "ref.parquet") == known


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXT, min_size=1, max_size=12), st.integers(0, 12), st.integers(1, 3))
def test_one_part_after_the_other_is_as_all_together(tmp_path_factory, texts, middle, n_shards):
    folder = tmp_path_factory.mktemp("parts")
    docs, index = docs_of(texts), str(folder / "index")
    together = exact(folder, cut(docs, n_shards), "together", keep="first")
    parts = [
        exact(folder, cut(part, n_shards), f"part{i}", keep="first", index=index, reference=[index])
        for i, part in enumerate((docs[:middle], docs[middle:]))
        if part
    ]
    assert {k: v for run in parts for k, v in kept_for(run).items()} == kept_for(together)


def test_a_run_that_is_repeated_does_not_see_what_it_has_stored(tmp_path):
    docs = copies(90)
    index = str(tmp_path / "index")
    options = {"keep": "first", "index": index, "reference": [index]}
    before = [exact(tmp_path, cut(part, 2), name, **options) for name, part in (("one", docs[:45]), ("two", docs[45:]))]
    first = [kept_for(run) for run in before]
    again = [exact(tmp_path, cut(part, 2), name, **options) for name, part in (("one", docs[:45]), ("two", docs[45:]))]
    assert [kept_for(run) for run in again] == first and all(first)


def test_months_with_the_same_ids_are_compared(tmp_path):
    docs = copies(60)
    index = str(tmp_path / "index")
    options = {"keep": "first", "by": "url", "index": index, "reference": [index]}
    january = exact(tmp_path / "january", [docs[:40]], "crawl", **options)
    february = exact(tmp_path / "february", [docs], "crawl", **options)
    alone = exact(tmp_path / "alone", [docs], "crawl", keep="first", by="url")
    assert {row["url"] for row in january.kept + february.kept} == {row["url"] for row in alone.kept}
    assert len(january.kept) + len(february.kept) == len(alone.kept)


def test_an_index_holds_the_kept_documents_only(tmp_path):
    run = exact(tmp_path, [copies(60)], index=str(tmp_path / "index"))
    (file,) = (tmp_path / "index").glob("*/00000.arrow")
    with pa.ipc.open_file(file) as reader:
        stored = reader.read_all()
    assert stored["id"].to_pylist() == [row["id"] for row in run.kept]
    assert stored.schema.names == ["id", "high", "low", "order"]


def test_an_index_of_another_stage_or_key_is_refused_with_both(tmp_path):
    docs, index = copies(10), str(tmp_path / "index")
    exact(tmp_path, [docs], "one", index=index)
    with pytest.raises(SpecError, match="by: the index has 'text', this run 'url'"):
        exact(tmp_path, [docs], "two", by="url", reference=[index])
    with pytest.raises(SpecError, match=r"stage: the index has 'dedup.exact', this run 'dedup.minhash'"):
        run_stage(tmp_path, [docs], "three", {"dedup.minhash": {"reference": [index]}})


def test_a_trial_leaves_the_index_alone(tmp_path):
    index = tmp_path / "index"
    exact(tmp_path, [copies(60)], "one", index=str(index))
    before = {path: path.read_bytes() for path in index.rglob("*.*") if path.is_file()}
    curate.run(str(tmp_path / "one.yaml"), output=str(tmp_path / "trial"), limit=10)
    assert {path: path.read_bytes() for path in index.rglob("*.*") if path.is_file()} == before


def test_two_stages_of_a_recipe_have_an_index_each(write_recipe, tmp_path):
    from curate.engine.planning import prepare

    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text('{"text": "a", "url": "http://a.example"}\n')
    index = str(tmp_path / "index")
    stages = [{"dedup.exact": {"by": "url", "index": index}}, {"dedup.exact": {"by": "text", "index": f"{index}/"}}]
    with pytest.raises(SpecError, match="have the same index"):
        prepare(write_recipe(stages))
