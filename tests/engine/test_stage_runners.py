"""Documents through stages of every kind, in real runs."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import curate
from curate.errors import RunError, SpecError

MINE = "tests.engine.my_stages"


def result(url: str) -> list[dict]:
    return [row for path in sorted(Path(url, "data").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


ALL = {"sinks.parquet": {"columns": {"keep": ["*"]}}}
"""The output with all columns."""


def rejects(url: str) -> list[dict]:
    return [row for path in sorted(Path(url, "rejects").glob("*.parquet")) for row in pq.read_table(path).to_pylist()]


def judgements(url: str) -> list[dict]:
    return [
        row for path in sorted(Path(url, "judgements").glob("*.parquet")) for row in pq.read_table(path).to_pylist()
    ]


def ledger(url: str) -> dict[str, dict]:
    return {entry["name"]: entry for entry in json.loads(Path(url, "ledger.json").read_text())["stages"]}


@pytest.fixture
def run(write_recipe, tmp_path):
    def run(stages, **more) -> str:
        recipe = write_recipe(stages, modules=[MINE], **more)
        return curate.run(recipe, output=str(tmp_path / "run"), workers=1)

    return run


def test_a_string_drops_for_that_reason_and_true_keeps(run, write_jsonl):
    write_jsonl("a.jsonl", ["quiet words", "LOUD WORDS", "Mixed Words"])
    url = run([f"{MINE}.not_shouty"])
    assert [row["text"] for row in result(url)] == ["quiet words", "Mixed Words"]
    (dropped,) = rejects(url)
    assert (dropped["stage"], dropped["reason"], dropped["text"]) == (
        f"{MINE}.not_shouty",
        "mostly_capitals",
        "LOUD WORDS",
    )


def test_false_drops_with_the_function_name(run, write_jsonl):
    write_jsonl("a.jsonl", ["something", ""])
    assert [row["reason"] for row in rejects(run([f"{MINE}.has_text"]))] == ["has_text"]


def test_a_batch_filter_records_the_value_that_decided(run, write_jsonl):
    write_jsonl("a.jsonl", ["long enough", "no"])
    (dropped,) = rejects(run([{f"{MINE}.long_enough": {"min_characters": 4}}]))
    assert (dropped["reason"], dropped["value"]) == ("too_short", 2.0)


def test_an_edit_changes_text_makes_a_typed_column_and_may_drop(run, write_jsonl):
    write_jsonl("a.jsonl", ["wow", "really?"])
    url = run([f"{MINE}.exclaim"])
    assert [(row["text"], row["n_marks"]) for row in result(url)] == [("wow!", 1)]
    assert [row["reason"] for row in rejects(url)] == ["is_a_question"]


def test_rules_read_a_column_that_an_earlier_stage_made(run, write_jsonl):
    write_jsonl("a.jsonl", ["wow", "wow!!"])
    url = run([f"{MINE}.exclaim", {f"{MINE}.marked": {"min_marks": 2}}])
    assert [row["text"] for row in result(url)] == ["wow!!!"]
    assert [(row["n_marks"], row["reason"]) for row in judgements(url)] == [(1, "too_few_marks"), (3, None)]


def test_a_stream_may_make_documents_and_use_others_up(run, write_jsonl):
    write_jsonl("a.jsonl", ["abcd", "efgh"])
    url = run([f"{MINE}.halves"])
    assert [row["text"] for row in result(url)] == ["ab", "cd", "ef", "gh"]
    recorder = ledger(url)[f"{MINE}.halves"]
    assert (recorder["in"], recorder["born"], recorder["out"], recorder["dropped"]) == (2, 4, 4, {"consumed": 2})


def test_a_class_is_set_up_on_the_worker_and_its_counts_reach_the_ledger(run, write_jsonl):
    write_jsonl("a.jsonl", ["a", "b", "c"])
    assert ledger(run([f"{MINE}.remembers"]))[f"{MINE}.remembers"]["counts"] == {"seen": 3}


def test_a_stage_that_loses_rows_fails_the_run_and_says_what_to_do(run, write_jsonl):
    write_jsonl("a.jsonl", ["a", "b"])
    with pytest.raises(RunError, match=r"loses_rows took 2 documents and returned 1.*judged"):
        run([f"{MINE}.loses_rows"])


def test_an_exception_in_a_users_function_names_the_document(run, write_jsonl):
    write_jsonl("a.jsonl", ["y", "x"])
    with pytest.raises(RunError, match=r"fails_on_x failed on document a\.jsonl/13: ZeroDivisionError: a bug"):
        run([f"{MINE}.fails_on_x"])


def test_a_column_made_without_saying_so_fails_with_the_line_to_add(run, write_jsonl):
    write_jsonl("a.jsonl", ["a"])
    with pytest.raises(RunError, match="Makes: secret: float"):
        run([f"{MINE}.undeclared"])


def test_adjacent_signal_filters_judge_every_document_and_record_all_broken_rules(run, write_jsonl):
    write_jsonl("a.jsonl", ["# # # #"])
    url = run(["filters.gopher.quality", "filters.fineweb.quality"])
    (dropped,) = rejects(url)
    assert dropped["stage"] == "filters.gopher.quality"
    stages_that_failed_it = {rule.split()[0] for rule in dropped["failed"]}
    assert len(dropped["failed"]) > 2 and "filters.gopher.quality" in stages_that_failed_it
    (judged,) = judgements(url)
    assert judged["words.count"] == 0 and judged["broken"] == dropped["failed"]


def test_a_signal_measured_again_after_an_edit_gets_its_own_column(run, write_jsonl):
    text = "The quick brown fox jumps over the lazy dog and runs away from it. " * 12
    write_jsonl("a.jsonl", [text])
    off = {"min_words": 1}
    url = run([{"filters.gopher.quality": off}, f"{MINE}.exclaim", {"filters.gopher.quality": off}], output=ALL)
    (row,) = result(url)
    assert "words.count" in row and "words.count@filters.gopher.quality#2" in row


def test_a_signal_that_nothing_makes_is_refused_before_anything_runs(write_recipe, write_jsonl, tmp_path):
    path = write_jsonl("a.jsonl", ["a"])
    recipe = write_recipe([f"{MINE}.marked"], modules=[MINE], inputs={"sources.warc": {"paths": [str(path)]}})
    with pytest.raises(SpecError, match='reads "n_marks", which is neither a signal nor a column'):
        curate.run(recipe, output=str(tmp_path / "run"))
    assert not (tmp_path / "run").exists()
