"""Recipes with several inputs: names, order, ids, columns, stages for one of them, samples; and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash

import curate
from curate import plan, spec
from curate.engine.planning import prepare
from curate.errors import SpecError

MINE = "tests.engine.my_stages"


def rows_in(url: str, folder: str = "data") -> list[dict]:
    return [row for path in sorted(Path(url, folder).glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def ledger(url: str) -> dict[str, dict]:
    return {entry["name"]: entry for entry in json.loads(Path(url, "ledger.json").read_text())["stages"]}


@pytest.fixture
def inputs(tmp_path) -> dict:
    """Two inputs of different kinds whose files have one name, and whose documents have ids of their own."""
    for name in ("forum", "wiki"):
        (tmp_path / name).mkdir()
    posts = [{"content": f"post {i}!", "post_id": i, "stars": i} for i in range(6)] + [
        {"content": "the same", "post_id": 6}
    ]
    (tmp_path / "forum" / "part-0").write_text("".join(json.dumps(post) + "\n" for post in posts))
    articles = pa.table({"text": [f"article {i}" for i in range(4)] + ["the same"], "key": [str(i) for i in range(5)]})
    pq.write_table(articles, tmp_path / "wiki" / "part-0")
    fields = {"text": "content", "id": "post_id"}
    return {
        "forum": {
            "sources.jsonl": {"paths": str(tmp_path / "forum" / "*"), "fields": fields, "extra": {"stars": "int"}}
        },
        "wiki": {"sources.parquet": {"paths": str(tmp_path / "wiki" / "*"), "fields": {"id": "key"}}},
    }


@pytest.fixture
def run(write_recipe, tmp_path):
    def run(stages, *, folder="run", workers=1, **more) -> str:
        recipe = write_recipe(stages, modules=[MINE], **more)
        return curate.run(recipe, output=str(tmp_path / folder), workers=workers, fresh=True)

    return run


def test_documents_come_in_the_order_of_the_recipe_with_name_and_all_columns(run, inputs):
    found = rows_in(run([], inputs=inputs))
    assert [row["source"] for row in found] == ["forum"] * 7 + ["wiki"] * 5
    assert [row["id"] for row in found] == [f"forum/{i}" for i in range(7)] + [f"wiki/{i}" for i in range(5)]
    assert [row["stars"] for row in found] == [*range(6), None, *[None] * 5]


def test_the_label_of_an_input_goes_before_the_source_in_its_files(run, inputs, tmp_path):
    with open(tmp_path / "forum" / "part-0", "a") as file:
        file.write(json.dumps({"content": "a quotation", "post_id": 7, "source": "wiki"}) + "\n")
    again = tmp_path / "again"
    again.mkdir()
    pq.write_table(pa.table({"text": ["article 9"], "id": ["9"], "source": ["forum"]}), again / "part-0")
    inputs["wiki"] = {"sources.parquet": {"paths": str(again / "*")}}
    stages = [{f"{MINE}.exclaim": {"when": {"source": "wiki"}}}]
    found = rows_in(run(stages, inputs=inputs))
    assert [(row["source"], row["text"]) for row in found[-2:]] == [("forum", "a quotation"), ("wiki", "article 9!")]

    alone = inputs["wiki"]["sources.parquet"]
    (row,) = rows_in(run(stages, inputs={"sources.parquet": {**alone, "source": "wiki"}}))
    assert (row["source"], row["text"]) == ("wiki", "article 9!")
    (row,) = rows_in(run(stages, inputs={"sources.parquet": alone}))
    assert (row["source"], row["text"]) == ("forum", "article 9"), "without a label, the file's own"
    (row,) = rows_in(run(stages, inputs={"sources.parquet": {**alone, "source": "again"}}))
    assert row["source"] == "again", "the label that the folder gave before"
    given = {**alone, "source": "wiki", "fields": {"source": "source"}}
    (row,) = rows_in(run(stages, inputs={"sources.parquet": given}))
    assert (row["source"], row["text"]) == ("forum", "article 9"), "as `fields` says"


def test_the_first_copy_is_that_of_the_first_input(run, inputs):
    url = run(["dedup.exact"], inputs=inputs)
    (dropped,) = rows_in(url, "rejects")
    assert (dropped["id"], dropped["kept_id"]) == ("wiki/4", "forum/6")
    url = run(["dedup.exact"], inputs=dict(reversed(inputs.items())), folder="reversed")
    (dropped,) = rows_in(url, "rejects")
    assert (dropped["id"], dropped["kept_id"]) == ("forum/6", "wiki/4")


@pytest.mark.parametrize("cut", [[], ["checkpoint"], ["dedup.exact"]])
def test_a_stage_for_one_input_lets_the_others_pass_in_every_phase(run, inputs, cut):
    url = run([*cut, {f"{MINE}.exclaim": {"only": "forum"}}], inputs=inputs)
    found = {row["id"]: row for row in rows_in(url)}
    assert found["forum/0"]["text"] == "post 0!!" and found["forum/0"]["n_marks"] == 2
    assert found["wiki/0"]["text"] == "article 0" and found["wiki/0"]["n_marks"] is None
    entry = ledger(url)[f"{MINE}.exclaim"]
    assert entry["in"] == entry["out"] == len(found)


def test_a_filter_of_a_group_may_be_for_one_input(run, inputs):
    stages = [{"filters.gopher.quality": {"only": "wiki", "min_words": 50}}, "filters.fineweb.quality"]
    url = run([*stages, {"filters.gopher.quality": {"only": ["forum"], "min_words": 1}}], inputs=inputs)
    assert all(row["source"] == "wiki" for row in rows_in(url, "rejects") if row["stage"] == "filters.gopher.quality")


def test_workers_and_a_second_run_change_nothing(run, inputs):
    stages = ["dedup.exact", {f"{MINE}.exclaim": {"only": "wiki"}}]
    digests = [json.loads(Path(run(stages, inputs=inputs, folder=str(n), workers=n), "manifest.json").read_text())["output_digest"] for n in (1, 2)]  # fmt: skip
    assert digests[0] == digests[1]


def test_a_sample_depends_on_ids_and_every_other_document_is_on_record(run, inputs):
    inputs["forum"]["sources.jsonl"]["sample"] = 0.5
    url = run([], inputs=inputs)
    wanted = {f"forum/{i}" for i in range(7) if xxhash.xxh3_64_intdigest(f"forum/{i}", 1) < 1 << 63}
    assert {row["id"] for row in rows_in(url) if row["source"] == "forum"} == wanted
    dropped = rows_in(url, "rejects")
    assert {row["reason"] for row in dropped} == {"not_in_sample"} and len(dropped) == 7 - len(wanted)
    assert 0 < len(wanted) < 7
    entries = ledger(url)
    assert entries["inputs.forum"]["born"] == 7 and entries["inputs.wiki"]["in"] == len(wanted)


def test_explain_finds_a_document_of_a_named_input(run, inputs):
    from curate.report import fate

    found = fate.find(run(["dedup.exact"], inputs=inputs), "wiki/4")
    assert found["reason"] == "exact_duplicate" and found["kept_copy"]["id"] == "forum/6"


def test_an_input_with_a_name_alone_is_named_too(run, inputs):
    found = rows_in(run([], inputs={"wiki": inputs["wiki"]}))
    assert [row["id"] for row in found] == [f"wiki/{i}" for i in range(5)] and found[0]["source"] == "wiki"


def test_a_datatrove_reader_beside_a_source_reads_all_its_files(run, inputs, tmp_path):
    folder = tmp_path / "theirs"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.jsonl").write_text(json.dumps({"id": f"{i}", "text": f"theirs {i}"}) + "\n")
    reader = {"datatrove.pipeline.readers.JsonlReader": {"data_folder": str(folder)}}
    found = rows_in(run([], inputs={**inputs, "theirs": reader}))
    assert sorted(row["text"] for row in found if row["id"].startswith("theirs/")) == [f"theirs {i}" for i in range(3)]


def test_two_inputs_of_one_name_are_refused_at_their_place(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("name: r\ninputs:\n  a: {sources.jsonl: {paths: x}}\n  a: {sources.jsonl: {paths: y}}\n")
    with pytest.raises(SpecError, match=r'r\.yaml:4:3  inputs > a\n.*duplicate key "a"'):
        spec.read(str(path))


@pytest.mark.parametrize("sample", [0, 2, -0.1, 1.5])
def test_a_sample_is_a_share(write_recipe, inputs, sample):
    inputs["forum"]["sources.jsonl"]["sample"] = sample
    with pytest.raises(SpecError, match=r"inputs > forum.*\n.*expected float above 0 and up to 1"):
        spec.read(write_recipe([], inputs=inputs))


def refused(write_recipe, inputs, stages, message):
    with pytest.raises(SpecError, match=message):
        prepare(write_recipe(stages, inputs=inputs, modules=[MINE]))


def test_what_a_plan_refuses(write_recipe, inputs):
    refused(write_recipe, inputs, [{"text.normalise": {"only": "froum"}}], r'no input "froum".  Did you mean forum')
    refused(
        write_recipe,
        {"sources.jsonl": inputs["forum"]["sources.jsonl"]},
        [{"text.normalise": {"only": "forum"}}],
        "Give its inputs names",
    )
    refused(
        write_recipe, inputs, [{"dedup.exact": {"only": "forum"}}], "takes no `only`: it decides about all documents"
    )
    refused(
        write_recipe,
        inputs,
        [{f"{MINE}.exclaim": {"only": "forum"}}, f"{MINE}.marked"],
        r'reads "n_marks"|of the input wiki',
    )
    refused(write_recipe, {**inputs, "a.b": inputs["wiki"]}, [], "`inputs` takes one source")
    refused(write_recipe, {"a b": inputs["wiki"]}, [], "cannot be the name of an input")
    wrong = {**inputs, "more": {"sources.parquet": {**inputs["wiki"]["sources.parquet"], "extra": {"stars": "string"}, "fields": {"id": "key", "stars": "key"}}}}  # fmt: skip
    refused(write_recipe, wrong, [], "the column `stars` is string here and int in the input forum")


def test_the_columns_of_a_plan_are_those_of_all_inputs(write_recipe, inputs):
    made = prepare(write_recipe([], inputs=inputs))
    assert set(made.columns) == {"id", "text", "url", "date", "source", "stars"}
    assert isinstance(made, plan.Plan) and [shard.input for shard in made.shards] == ["forum", "wiki"]


@pytest.mark.parametrize("output", [{}, {"files": 2}])
def test_columns_come_in_one_order_whatever_the_inputs_say(run, inputs, output):
    fields = {"id": "key", "stars": "key", "rank": "key"}
    inputs["wiki"]["sources.parquet"] |= {"extra": {"rank": "string", "stars": "string"}, "fields": fields}
    inputs["forum"]["sources.jsonl"] |= {"extra": {"stars": "string", "rank": "string"}, "fields": {"text": "content", "id": "post_id", "rank": "post_id"}}  # fmt: skip
    url = run([], inputs=inputs, output={"sinks.parquet": output})
    names = {tuple(pq.read_schema(path).names) for path in Path(url, "data").glob("*.parquet")}
    assert len(names) == 1 and len(rows_in(url)) == 12


def test_advice_for_a_stage_that_cannot_be_for_one_input_is_another(write_recipe, inputs):
    refused(
        write_recipe,
        inputs,
        [{"quality.top_per": {"column": "stars", "count": 1}}],
        r"of the input wiki do not have\.$",
    )
    refused(
        write_recipe,
        inputs,
        [{"quality.keep_top": {"share": 0.5, "by": ["words.count"]}}],
        "Put `text.measure: {signals:",
    )


@pytest.mark.parametrize("paths", ["", ["a.jsonl", ""]])
def test_an_empty_path_is_refused(write_recipe, paths):
    with pytest.raises(SpecError, match="an empty path"):
        prepare(write_recipe([], inputs={"sources.jsonl": {"paths": paths}}))
