"""datatrove both ways: its blocks in our recipes, our stages in its pipelines."""

from __future__ import annotations

from pathlib import Path

import pytest
from datatrove.data import Document

import curate
from curate.errors import SpecError
from tests.engine.test_stage_runners import ledger, rejects, result

GOOD = "This is a fine sentence about the sea and nothing much. " * 6


def test_a_formatter_edits_text_and_drops_nobody(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["secret 123 and more"])
    recipe = write_recipe(
        [{"datatrove.pipeline.filters.RegexFilter": {"regex_exp": "123"}}, "tests.engine.my_stages.has_text"],
        modules=["tests.engine.my_stages"],
    )
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    recorder = ledger(url)["datatrove.pipeline.filters.RegexFilter"]
    assert recorder["in"] == 1 and recorder["out"] + sum(recorder["dropped"].values()) == 1


def test_a_filters_own_reasons_land_in_the_rejects(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", [GOOD, "lorem ipsum dolor sit amet.", {"text": GOOD, "id": "mine"}])
    recipe = write_recipe(
        [{"datatrove.pipeline.filters.C4QualityFilter": {"filter_no_terminal_punct": False, "min_num_sentences": 3}}]
    )
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    assert len(result(url)) == 2
    (dropped,) = rejects(url)
    assert (dropped["stage"], dropped["reason"]) == ("datatrove.pipeline.filters.C4QualityFilter", "lorem_ipsum")
    assert dropped["text"].startswith("lorem")


def test_a_reader_of_theirs_is_a_source_with_a_task_a_file(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", [{"text": "one", "id": "1", "url": "http://a.example/", "topic": "x"}])
    write_jsonl("b.jsonl", [{"text": "two", "id": "2"}])
    recipe = write_recipe([], inputs={"datatrove.pipeline.readers.JsonlReader": {"data_folder": str(tmp_path / "in")}})
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    rows = result(url)
    assert [(row["id"], row["text"], row["url"]) for row in rows] == [
        ("1", "one", "http://a.example/"),
        ("2", "two", None),
    ]
    assert '"topic": "x"' in rows[0]["metadata"]
    assert len(list(Path(url, "data").iterdir())) == 2


def test_a_reader_whose_file_changed_reads_it_again(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", [{"text": "one", "id": "1"}])
    recipe = write_recipe([], inputs={"datatrove.pipeline.readers.JsonlReader": {"data_folder": str(tmp_path / "in")}})
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    write_jsonl("a.jsonl", [{"text": "another", "id": "1"}])
    assert [row["text"] for row in result(curate.run(recipe, output=url, workers=1))] == ["another"]


def test_a_reader_without_files_says_where_it_looked(write_recipe, tmp_path):
    (tmp_path / "in").mkdir()
    recipe = write_recipe([], inputs={"datatrove.pipeline.readers.JsonlReader": {"data_folder": str(tmp_path / "in")}})
    with pytest.raises(SpecError, match="finds no files in"):
        curate.run(recipe, output=str(tmp_path / "run"))


def test_an_unknown_block_gets_a_suggestion(write_recipe):
    from curate import spec

    with pytest.raises(SpecError, match="RegexFilter"):
        spec.read(write_recipe(["datatrove.pipeline.filters.RegexFiltr"]))


def test_our_filter_runs_in_a_plain_datatrove_pipeline(tmp_path):
    from datatrove.executor import LocalPipelineExecutor

    kept = []

    def collect(data, rank, world_size):
        for doc in data:
            kept.append(doc.id)
            yield doc

    documents = [Document(text=GOOD * 3, id="long"), Document(text="short", id="short")]
    pipeline = [documents, curate.step("filters.gopher.quality", min_words=30), collect]
    executor = LocalPipelineExecutor(pipeline=pipeline, logging_dir=str(tmp_path / "logs"))
    executor.run()
    assert kept == ["long"]
    assert [doc.id for doc in curate.step("filters.gopher.quality", min_words=30)(iter(documents))] == ["long"]


def test_signals_travel_in_the_metadata_of_a_datatrove_document():
    (doc,) = curate.step("filters.gopher.quality", min_words=1, min_stop_words=0)(
        iter([Document(text=GOOD * 3, id="a", metadata={"topic": "x"})])
    )
    assert doc.metadata["topic"] == "x" and doc.metadata["words.count"] > 100


def test_a_step_refuses_what_cannot_run_by_itself_and_wrong_parameters():
    with pytest.raises(SpecError, match=r"is a global stage and cannot be a step"):
        curate.step("dedup.exact")
    with pytest.raises(SpecError, match=r'no parameter "min_word"\.  Did you mean min_words'):
        curate.step("filters.gopher.quality", min_word=3)
    with pytest.raises(SpecError, match='expected int of 0 or more, or null, got "many"'):
        curate.step("filters.gopher.quality", min_words="many")
