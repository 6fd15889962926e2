"""The record of judgements and the rules in force, as statistics read them, against the verdicts that a run recorded."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate.errors import SpecError
from curate.report import finished_run
from curate.runs import RunFolder
from curate.statistics.record import JudgementRecord
from curate.statistics.rulebook import Rulebook

RECIPE = """
name: r
inputs: {{sources.parquet: {{paths: ["{folder}/*.parquet"], extra: all}}}}
stages:
  - filters.gopher.quality:
      min_words: 20
      per: {{language: {{zh: {{min_words: 5, min_stop_words: null}}}}}}
  - filters.c4.page: {{min_sentences: 2}}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rulebook")
    words = [["the", "be", "to", "and"], ["of", "that", "sentence."]]
    texts = [" ".join(words[k % 2] * (k % 17)) + " End. " * (k % 5) for k in range(200)]
    languages = [["en", "zh", "zh-Hant", "de"][k % 4] for k in range(200)]
    pq.write_table(pa.table({"text": texts, "language": languages}), folder / "t.parquet")
    (folder / "r.yaml").write_text(RECIPE.format(folder=folder))
    url = str(folder / "run")
    curate.run(str(folder / "r.yaml"), output=url)
    return RunFolder(url), finished_run.read(url).manifest


def test_the_rules_explain_every_recorded_verdict(run):
    folder, manifest = run
    rulebook, record = Rulebook(manifest["stages"]), JudgementRecord(folder, manifest)
    rows = record.read(record.names).to_pylist()
    assert len(rows) == 200
    for row in rows:
        broken = []
        for stage, reason in dict.fromkeys((rule.stage, rule.reason) for rule in rulebook):
            rule = rulebook.for_document(stage, reason, row)
            value = np.array([np.nan if row[rule.column] is None else row[rule.column]])
            broken += [f"{stage} {reason}"] if rule.bound.broken_by(value)[0] else []
        assert row["broken"] == broken
        assert row["stage"] == (broken[0].split()[0] if broken else None)


def test_the_rules_on_a_column(run):
    _, manifest = run
    found = Rulebook(manifest["stages"]).on_column("words.count")
    assert [(rule.bound.at_least, dict(rule.when)) for rule in found if rule.reason == "too_few_words"] == [
        (5, {"language": ["zh"]}),
        (20, {}),
    ]


def test_a_column_that_was_not_measured_is_named_with_those_that_were(run):
    with pytest.raises(SpecError, match=r"no column `perplexity`.*words\.count"):
        JudgementRecord(*run).read(["id", "perplexity"])
