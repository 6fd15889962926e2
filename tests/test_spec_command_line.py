"""What the command line changes in a recipe: `--set` by address, `--input` by label, `--skip`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import curate
from curate import spec
from curate.errors import SpecError
from curate.spec import entries, marks, overrides

ONE = """
name: web
inputs: {sources.jsonl: {paths: [a.jsonl]}}
stages:
- filters.gopher.quality
- quality.threshold: {score: words.count, max: 9}
- checkpoint
- quality.threshold: {score: words.count, min: 1}
- quality.top_per: {column: source, count: 3, by: [words.count]}
- dedup.minhash: {keep: newest}
output: {sinks.parquet: {}}
published:
  source: paper
  left:
  - {step: first, after: quality.threshold, share: 0.9}
  - {step: second, after: "quality.threshold#2", share: 0.8}
  - {step: third, after: dedup.minhash, share: 0.7}
"""
SEVERAL = """
name: web
inputs:
  crawl: {sources.warc: {paths: "crawl/*.warc.gz"}}
  forum: {sources.jsonl: {paths: "dump/*.jsonl"}}
  wiki: {sources.jsonl: {paths: "wiki/*.jsonl", fields: {text: body}}}
  local: sources.parquet
stages: [dedup.exact]
"""


@pytest.fixture
def read(tmp_path):
    def read(text: str = ONE, **changes) -> spec.PipelineSpec:
        (tmp_path / "web.yaml").write_text(text)
        return spec.read(str(tmp_path / "web.yaml"), **changes)

    return read


def changed(text: str, *settings: str) -> dict:
    document = marks.parse(text, "web.yaml")
    for setting in settings:
        overrides.apply(document, setting)
    return marks.plain(document)


@pytest.mark.parametrize(
    ("setting", "where", "value"),
    [
        ("sources.jsonl.fields.text=content", ("inputs", "sources.jsonl", "fields"), {"text": "content"}),
        ("inputs.sources.jsonl.fields={id: a.b}", ("inputs", "sources.jsonl", "fields"), {"id": "a.b"}),
        ("sources.jsonl.extra.words.count=int", ("inputs", "sources.jsonl", "extra"), {"words.count": "int"}),
        ("quality.threshold#1.max=5", ("stages", 1, "quality.threshold", "max"), 5),
        ("quality.threshold#2.max=5", ("stages", 3, "quality.threshold", "max"), 5),
        ("stages.quality.threshold#2.max=5", ("stages", 3, "quality.threshold", "max"), 5),
        ("stages[2].max=5", ("stages", 3, "quality.threshold", "max"), 5),
        ("quality.top_per.by=date", ("stages", 4, "quality.top_per", "by"), "date"),
        ("dedup.minhash.keep.best=words.count", ("stages", 5, "dedup.minhash", "keep"), {"best": "words.count"}),
        ("output.sinks.parquet.row_group_docs=7", ("output", "sinks.parquet"), {"row_group_docs": 7}),
        ("vars.x={a: 1}", ("vars",), {"x": {"a": 1}}),
        ("executor.my_module.mine.queue=long", ("executor",), {"my_module.mine": {"queue": "long"}}),
    ],
)
def test_set_reaches_every_value(setting, where, value):
    found = changed(ONE + "vars: {x: {a: 0}}\n", setting)
    for key in where:
        found = found[key]
    assert found == value


def test_a_key_of_a_variable_can_be_set():
    assert changed(ONE + "vars: {x: {a: {b: 0}}}\n", "vars.x.a.b=1", "vars.x.c=2")["vars"] == {
        "x": {"a": {"b": 1}, "c": 2}
    }


@pytest.mark.parametrize(
    ("setting", "where", "value"),
    [
        ("inputs.crawl.paths=x", ("crawl", "sources.warc", "paths"), "x"),
        ("inputs.forum.sources.jsonl.paths=x", ("forum", "sources.jsonl", "paths"), "x"),
        ("inputs.wiki.fields.id=key", ("wiki", "sources.jsonl", "fields"), {"text": "body", "id": "key"}),
        ("sources.warc.paths=x", ("crawl", "sources.warc", "paths"), "x"),
        ("inputs.local.paths=x", ("local", "sources.parquet"), {"paths": "x"}),
    ],
)
def test_set_reaches_each_of_several_inputs(setting, where, value):
    found = changed(SEVERAL, setting)["inputs"]
    for key in where:
        found = found[key]
    assert found == value


@pytest.mark.parametrize(
    ("text", "setting", "said"),
    [
        (
            ONE,
            "quality.threshold.max=1",
            r"may be 2 stages\.  Write quality\.threshold#1\.max or quality\.threshold#2\.max\.",
        ),
        (SEVERAL, "sources.jsonl.paths=x", r"Write inputs\.forum\.paths or inputs\.wiki\.paths\."),
        (ONE, "quality.threshold#3.max=1", r'no stage "quality\.threshold#3"\.  Did you mean quality\.threshold#2'),
        (ONE, "stages[9].max=1", r"no stage"),
        (ONE, "filters.gopher.quality=1", r"name a parameter of filters\.gopher\.quality"),
        (SEVERAL, "inputs.crwl.paths=x", r'no stage "inputs\.crwl"'),
        (ONE, "vars.y.z=1", r'no variable "y"'),
        (ONE, "outputs=1", r"Did you mean output"),
    ],
)
def test_what_is_not_there_or_may_be_several_is_refused(text, setting, said):
    with pytest.raises(SpecError, match=said) as caught:
        changed(text, setting)
    assert f"--set {setting}" in str(caught.value)


def test_inputs_are_replaced_by_label():
    document = marks.parse(SEVERAL, "web.yaml")
    overrides.replace_inputs(document, ["forum=a=b.jsonl", "wiki=w", "forum=c.jsonl"])
    found = marks.plain(document)["inputs"]
    assert found["forum"]["sources.jsonl"]["paths"] == ["a=b.jsonl", "c.jsonl"]
    assert found["wiki"]["sources.jsonl"]["paths"] == ["w"]
    assert found["crawl"]["sources.warc"]["paths"] == "crawl/*.warc.gz"


@pytest.mark.parametrize("path", ["x.jsonl", "foum=x.jsonl"])
def test_an_input_without_a_label_is_refused_where_there_are_several(path):
    with pytest.raises(SpecError, match=r"(?s)--input .*inputs crawl, forum, wiki, local.*Write --input \w+=PATH"):
        overrides.replace_inputs(marks.parse(SEVERAL, "web.yaml"), [path])


def test_a_path_with_an_equals_sign_is_a_path_where_there_is_one_input(read):
    assert read(inputs=["dump=2024/x.jsonl"]).inputs[0].files.paths == ("dump=2024/x.jsonl",)


def test_a_skipped_stage_is_left_out_of_the_recipe_and_of_the_published_steps(read):
    recipe = read(skip=["quality.threshold#1", "quality.top_per"])
    labels = ["filters.gopher.quality", None, "quality.threshold", "dedup.minhash"]
    assert [stage and stage.label for stage in recipe.stages] == labels
    assert recipe.stages[2].params == {"score": "words.count", "min": 1}
    assert [(step.name, step.after) for step in recipe.published.left] == [
        ("second", "quality.threshold"),
        ("third", "dedup.minhash"),
    ]
    assert [list(entry) for entry in recipe.resolved["stages"] if isinstance(entry, dict)] == [
        ["filters.gopher.quality"], ["quality.threshold"], ["dedup.minhash"],
    ]  # fmt: skip


def test_settings_come_before_skipped_stages_so_that_numbers_mean_what_the_plan_shows(read):
    recipe = read(settings=["quality.threshold#2.min=7"], skip=["quality.threshold#1"])
    assert recipe.stages[2].params["min"] == 7


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("filters.gopher.qualty", r"Did you mean filters\.gopher\.quality"),
        ("quality.threshold", r"Write quality\.threshold#1 or quality\.threshold#2\."),
        ("sources.jsonl", r'no stage "sources\.jsonl"'),
        ("checkpoint", r'no stage "checkpoint"'),
        ("filters.gopher.quality.min_words", r"no stage"),
    ],
)
def test_what_cannot_be_skipped_is_refused(read, name, said):
    with pytest.raises(SpecError, match=said) as caught:
        read(skip=[name])
    assert f"--skip {name}" in str(caught.value)


def test_a_run_of_a_folder_without_a_stage_says_both(tmp_path, write_recipe, write_jsonl):
    write_jsonl("0.jsonl", ["one", "two words"])
    (tmp_path / "in" / "notes.txt").write_text("x")
    recipe = write_recipe(["text.normalise", {"filters.gopher.quality": {"min_words": 50}}])
    said = []
    url = curate.run(
        recipe,
        output=str(tmp_path / "run"),
        input_paths=[str(tmp_path / "in")],
        skip=["filters.gopher.quality"],
        workers=1,
        watch=lambda event: said.append(event.message),
    )
    manifest = json.loads(Path(url, "manifest.json").read_text())
    assert manifest["recipe"]["stages"] == [{"text.normalise": {}}]
    assert f"{tmp_path}/in: 1 file for sources.jsonl; 1 other left out, such as notes.txt" in said


def test_every_address_of_every_stage_finds_it():
    known = list(entries.entries(marks.parse(SEVERAL, "web.yaml")))
    assert [entry.input for entry in known] == ["crawl", "forum", "wiki", "local", ""]
    for entry in known:
        found, rest = entries.find(known, f"{entry.address}.x", "")
        assert (found, rest) == (entry, "x")


def test_set_reaches_into_mappings_that_are_there():
    recipe = "name: r\ninputs: {sources.jsonl: {paths: x}}\nstages:\n- filters.gopher.quality: {per: {lang: {zh: {min_words: 1}}}}\n"
    setting = "filters.gopher.quality.per.lang.zh.min_words=3"
    assert changed(recipe, setting)["stages"][0]["filters.gopher.quality"] == {
        "per": {"lang": {"zh": {"min_words": 3}}}
    }
