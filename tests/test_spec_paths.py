"""Relative paths in a recipe begin in its folder, those of the command line in the current folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import curate
from curate import spec
from curate.engine.planning import prepare
from curate.errors import SpecError

RECIPE = """
name: web
vars: {where: data}
inputs: {sources.jsonl: {paths: ["${where}/*.jsonl"]}}
stages:
- safety.words: {lists: {own: lists/words.txt}, max_share: 0.5}
- dedup.minhash: {reference: [known], index: new/index}
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A recipe in `recipes/`, with its files beside it; the current folder is `work/`."""
    here = tmp_path / "recipes"
    for name, text in (
        ("data/a.jsonl", '{"text": "Some words."}\n'),
        ("lists/words.txt", "never\n"),
        ("known/b.jsonl", '{"text": "x"}\n'),
    ):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_text(text)
    (here / "web.yaml").write_text(RECIPE)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return here


def test_every_path_begins_in_the_folder_of_the_recipe(project):
    read = spec.read("../recipes/web.yaml")
    words, minhash = read.stages
    assert read.inputs[0].files.paths == (str(project / "data" / "*.jsonl"),)
    assert words.params["lists"] == {"own": str(project / "lists" / "words.txt")}
    assert minhash.params == {"reference": [str(project / "known")], "index": str(project / "new" / "index")}
    assert read.warnings == ()
    assert read.resolved["inputs"]["sources.jsonl"]["paths"] == ["data/*.jsonl"]


def test_what_is_in_the_current_folder_only_is_taken_with_a_warning(project):
    for name in ("data", "lists"):
        (project / name).rename(project.parent / "work" / name)
    read = spec.read("../recipes/web.yaml")
    assert read.inputs[0].files.paths == (str(project.parent / "work" / "data" / "*.jsonl"),)
    assert read.stages[0].params["lists"] == {"own": str(project.parent / "work" / "lists" / "words.txt")}
    one, other = read.warnings
    assert "web.yaml:4" in one and one.endswith("Write ../work/data/*.jsonl")
    assert "web.yaml:6" in other and other.endswith("Write ../work/lists/words.txt")


def test_the_folder_of_the_recipe_comes_first(project):
    (project.parent / "work" / "data").mkdir()
    (project.parent / "work" / "data" / "a.jsonl").write_text("{}")
    read = spec.read("../recipes/web.yaml")
    assert read.inputs[0].files.paths == (str(project / "data" / "*.jsonl"),) and not read.warnings


def test_what_is_nowhere_is_missed_in_the_folder_of_the_recipe(project):
    (project / "lists" / "words.txt").unlink()
    with pytest.raises(SpecError, match=rf"web\.yaml:6.*\n.*{project}/lists/words\.txt: no such file"):
        spec.read("../recipes/web.yaml")


def test_the_command_line_begins_in_the_current_folder(project):
    (project.parent / "work" / "mine.txt").write_text("word\n")
    settings = ["safety.words.lists={own: mine.txt}", "vars.where=other", "dedup.minhash.index=../idx"]
    read = spec.read("../recipes/web.yaml", settings=settings)
    assert read.inputs[0].files.paths == ("other/*.jsonl",)
    assert read.stages[0].params["lists"] == {"own": "mine.txt"}
    assert read.stages[1].params == {"reference": [str(project / "known")], "index": "../idx"}
    assert spec.read("../recipes/web.yaml", inputs=["*.jsonl"]).inputs[0].files.paths == ("*.jsonl",)


@pytest.mark.parametrize("path", ["/data/x.jsonl", "s3://bucket/x.jsonl", "~/x.jsonl", "memory://x.jsonl"])
def test_absolute_paths_and_urls_stay(project, path):
    (project / "web.yaml").write_text(RECIPE.replace("${where}/*.jsonl", path))
    assert spec.read("../recipes/web.yaml").inputs[0].files.paths == (path,)


def test_names_of_assets_and_bundled_models_stay(project):
    stages = "stages: [{safety.words: {lists: {own: 'asset:explicit-words'}}}, {safety.classifier: {model: toxicity, score: s}}]"
    (project / "web.yaml").write_text(RECIPE.split("stages:")[0] + stages)
    words, toxicity = spec.read("../recipes/web.yaml").stages
    assert words.params["lists"] == {"own": "asset:explicit-words"} and toxicity.params["model"] == "toxicity"


def test_neither_the_current_folder_nor_that_of_the_project_is_part_of_a_fingerprint(project, monkeypatch):
    def fingerprints(recipe: str) -> list[str]:
        return [phase.fingerprint for phase in prepare(recipe).phases]

    here = fingerprints("../recipes/web.yaml")
    monkeypatch.chdir(project)
    assert fingerprints("web.yaml") == here
    moved = project.rename(project.parent / "moved")
    monkeypatch.chdir(moved.parent)
    assert fingerprints("moved/web.yaml") == here
    (moved / "lists" / "words.txt").write_text("other\n")
    assert fingerprints("moved/web.yaml") != here


@pytest.mark.parametrize("name", ["web.yml", "web", "wep.yaml"])
def test_a_recipe_that_is_not_there_is_guessed(project, name):
    with pytest.raises(SpecError, match=r"Did you mean \.\./recipes/web\.yaml\?"):
        spec.read(f"../recipes/{name}")


@pytest.mark.parametrize("name", ["../recipes/other.yaml", "nowhere/web.yaml", "x"])
def test_a_recipe_that_is_like_no_other_is_not_guessed(project, name):
    with pytest.raises(SpecError, match="curate init"):
        spec.read(name)


def test_a_run_from_anywhere_writes_the_recipe_as_it_is_and_an_index_beside_it(project):
    url = curate.run("../recipes/web.yaml", workers=1)
    manifest = json.loads((project.parent / "work" / url / "manifest.json").read_text())
    assert manifest["recipe"]["inputs"] == {"sources.jsonl": {"paths": ["data/*.jsonl"]}}
    assert manifest["recipe"]["stages"][1] == {"dedup.minhash": {"reference": ["known"], "index": "new/index"}}
    assert (project / "new" / "index" / "index.json").exists()
