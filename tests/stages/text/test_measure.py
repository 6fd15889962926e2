"""`text.measure` adds columns for the current text, and the statistics of the run hold their histograms."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

import curate
from curate import plan, spec
from curate.engine.run import prepare
from curate.errors import SpecError
from curate.report import finished_run

SIGNALS = ["words.count", "text.characters"]


def run(write_recipe, write_jsonl, tmp_path, stages, texts):
    write_jsonl("a.jsonl", texts[::2])
    write_jsonl("b.jsonl", texts[1::2])
    everything = {"sinks.parquet": {"columns": {"keep": ["*"]}}}
    curate.run(write_recipe(stages, output=everything), output=str(tmp_path / "out"), workers=1)
    return finished_run.read(str(tmp_path / "out"))


def test_the_statistics_hold_histograms_of_what_was_kept(write_recipe, write_jsonl, tmp_path):
    texts = ["one two three", "one", "one two", "four words are here"]
    stages = [{"filters.gopher.quality": {"min_words": 2, "min_stop_words": None, "min_alpha_word_share": None,
                                          "min_mean_word_length": None}},
              {"text.measure": {"signals": SIGNALS}}]  # fmt: skip
    made = run(write_recipe, write_jsonl, tmp_path, stages, texts)
    words = made.statistics.kept("words.count").histogram
    characters = made.statistics.kept("text.characters").histogram
    assert {n: words.shares([n, n + 1])[0] * 3 for n in (1, 2, 3, 4)} == {1: 0, 2: 1, 3: 1, 4: 1}
    assert (characters.lowest, characters.highest) == (7, 19)
    measured = made.ledger.stages[-2]
    assert (measured.stage, measured.n_in, measured.n_dropped) == ("text.measure", 3, 0)
    table = pq.read_table(tmp_path / "out" / "data")
    assert sorted(table["text.characters"].to_pylist()) == [7, 13, 19]


def test_a_text_that_changed_since_is_measured_again(write_recipe, write_jsonl, tmp_path):
    measure = {"text.measure": {"signals": ["text.characters"]}}
    stages = [measure, "text.normalise", measure]
    made = run(write_recipe, write_jsonl, tmp_path, stages, ["a\u00a0 b", "c  "])
    highest = [
        made.statistics.kept(name).histogram.highest for name in ("text.characters", "text.characters@text.measure#2")
    ]
    assert highest == [4, 3]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    described = next(stage for stage in manifest["stages"] if stage["label"] == "text.measure#2")
    assert described["columns"] == {"text.characters": "text.characters@text.measure#2"}


def test_an_unknown_signal_is_an_error_with_its_position(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", ["a"])
    with pytest.raises(SpecError, match=r"test.yaml:.*stages\[0\][\s\S]*words.cuont.*Did you mean words.count"):
        prepare(write_recipe([{"text.measure": {"signals": ["words.cuont"]}}]))


def test_signals_that_a_filter_measured_are_not_measured_again(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", ["a"])
    recipe = spec.read(write_recipe(["filters.gopher.quality", {"text.measure": {"signals": ["words.count"]}}]))
    columns = plan.make(recipe, []).left_out
    assert [column for column in columns if column.startswith("words.count")] == ["words.count"]
