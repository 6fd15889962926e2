"""The views of a run against what plain Python counts in its record."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import curate
from curate.errors import SpecError
from curate.ledger import Ledger, StageLedger
from curate.report import finished_run, funnel
from curate.runs import RunFolder
from curate.statistics import axis, corpus, examples, groups, overview, signal
from curate.statistics.distribution import Values

RECIPE = """
name: r
inputs: {{sources.parquet: {{paths: ["{folder}/*.parquet"], extra: all, shard_mib: 0.001}}}}
rejects: text
stages:
  - filters.gopher.quality: {{min_words: 20, max_ellipses_per_word: 0.2}}
  - filters.c4.page: {{min_sentences: 2}}
  - dedup.exact
"""


def _text(k: int) -> str:
    words = [["the", "be", "to", "and"], ["of", "that", "sentence."]]
    return " ".join(words[k % 2] * (k % 17)) + " End. " * (k % 5) + "... " * (k % 3 * 4) + " x"


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("views")
    for part in range(8):
        ks = range(25 * part, 25 * part + 25)
        texts = [_text(k % 120) for k in ks]  # the last 80 are copies of the first
        table = {
            "text": texts,
            "language": [["en", "zh", None, "de"][k % 4] for k in ks],
            "url": [f"https://w{k}.site{k % 6}.org/{k}" for k in ks],
            "date": [f"20{10 + k % 3}-05-01" for k in ks],
        }
        pq.write_table(pa.table(table), folder / f"{part}.parquet")
    (folder / "r.yaml").write_text(RECIPE.format(folder=folder))
    url = curate.run(str(folder / "r.yaml"), output=str(folder / "run"))
    run = finished_run.read(url)
    return corpus.of_finished(RunFolder(url), run.manifest, run.ledger)


@pytest.fixture(scope="module")
def rows(found):
    rows = found.record.read(found.record.names).to_pylist()
    assert len(rows) == 200 and 10 < sum(row["stage"] is None for row in rows) < 190
    return rows


def quantile(values, share):
    ordered = sorted(value for value in values if value is not None)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def test_reasons_are_those_of_the_record(found, rows):
    first = Counter((row["stage"], row["reason"]) for row in rows if row["stage"])
    broke = Counter(rule for row in rows for rule in row["broken"])
    reasons = overview.reasons(found)
    assert {(each["stage"], each["reason"]): each["documents"] for each in reasons} == first
    assert [each["documents"] for each in reasons] == sorted(first.values(), reverse=True)
    for each in reasons:
        assert each["share"] == each["documents"] / 200
        if rule := broke.get(f"{each['stage']} {each['reason']}"):
            assert each["broke"] == rule


def test_distributions_are_those_of_the_record(found, rows):
    names = overview.columns(found)
    assert {"words.count", "sentences.count"} < set(names)
    shown = overview.glance(found, names)
    assert shown["sample"] is None
    for each in shown["distributions"]:
        for side, is_kept in (("kept", True), ("dropped", False)):
            values = [row[each["column"]] for row in rows if (row["stage"] is None) == is_kept]
            there = [value for value in values if value is not None]
            assert (each[side]["documents"], each[side]["missing"]) == (len(there), len(values) - len(there))
            for percent in (5, 25, 50, 75, 95):
                assert each[side][f"p{percent}"] == quantile(values, percent / 100)
            edges = [-math.inf, *each["edges"], math.inf]
            counted = [sum(a <= value < b for value in there) / max(1, len(there)) for a, b in itertools.pairwise(edges)]  # fmt: skip
            assert each[side]["shares"] == pytest.approx(counted)


def test_bounds_are_edges_of_the_bins_so_no_bin_mixes_both_sides(found):
    (each,) = overview.glance(found, ["words.count"])["distributions"]
    assert 20.0 in each["bounds"] and 20.0 in each["edges"]


def test_a_large_run_is_shown_from_some_files_and_says_so(found, rows, monkeypatch):
    for name, value in (("EXACT", 100), ("SAMPLED", 50), ("LEAST_FILES", 3)):
        monkeypatch.setattr(overview, name, value)
    shown = overview.glance(found, ["words.count"])
    assert shown["sample"]["documents"] == 75 and shown["sample"]["of"] == 200 and 0 < shown["sample"]["margin"] < 1
    (each,) = shown["distributions"]
    values = [row["words.count"] for row in rows]
    at = quantile(values[25:50] + values[100:125] + values[175:], 0.5)
    assert abs(sum(value <= at for value in values) / 200 - 0.5) <= each["margin"]


def test_one_signal_by_fate_and_what_its_rules_cost(found, rows):
    study = signal.study(found, "words.count")
    assert study["documents"] == 200
    for fate in study["fates"]:
        if fate["stage"]:
            values = [row["words.count"] for row in rows if row["stage"] == fate["stage"]]
        else:
            values = [row["words.count"] for row in rows if (row["stage"] is None) == (fate["fate"] == "kept")]
        assert fate["documents"] == len(values) and fate["p50"] == quantile(values, 0.5)
        assert fate["mean"] == (pytest.approx(sum(values) / len(values)) if values else None)
    rule = next(each for each in study["rules"] if each["reason"] == "too_few_words")
    name = "filters.gopher.quality too_few_words"
    assert rule["broke"] == sum(name in row["broken"] for row in rows) > 0
    assert rule["alone"] == sum(row["broken"] == [name] for row in rows)
    assert rule["first"] == sum(row["reason"] == "too_few_words" for row in rows)


VALUES = {
    "language": lambda row: row["language"],
    "source": lambda row: row["source"],
    "domain": lambda row: ".".join(urlsplit(row["url"]).hostname.split(".")[-2:]),
    "year": lambda row: str(row["date.year"]),
    "sentences.count": lambda row: row["sentences.count"],
}


@pytest.mark.parametrize("by", list(VALUES))
def test_groups_are_those_of_the_record(found, rows, by):
    counted = groups.count(found, by)
    n = Counter(VALUES[by](row) for row in rows)
    kept = Counter(VALUES[by](row) for row in rows if row["stage"] is None)
    assert counted["documents"] == 200 and counted["values"] == len(n)
    for group in counted["groups"]:
        assert (group["documents"], group["kept"]) == (n[group["value"]], kept[group["value"]])
        why = Counter(row["reason"] for row in rows if row["stage"] and VALUES[by](row) == group["value"])
        assert sum(each["documents"] for each in group["reasons"]) <= sum(why.values())
        assert [each["documents"] for each in group["reasons"]] == [k for _, k in why.most_common(3)]
    rest = sum(n.values()) - sum(group["documents"] for group in counted["groups"])
    assert counted["rest"]["documents"] == rest


def test_the_documents_nearest_to_a_bound(found, rows):
    (entry,) = examples.near(found, "filters.gopher.quality.min_words")
    name = "filters.gopher.quality too_few_words"
    breaking = sorted(abs(row["words.count"] - 20) for row in rows if name in row["broken"])[:10]
    passing = [row for row in rows if row["words.count"] >= 20 and row["stage"] != "filters.gopher.quality"]
    assert [each["distance"] for each in entry["breaking"]] == breaking
    assert [each["distance"] for each in entry["passing"]] == sorted(abs(row["words.count"] - 20) for row in passing)[:10]  # fmt: skip
    for each in (*entry["passing"], *entry["breaking"]):
        assert each["text"] and each["value"] == next(row["words.count"] for row in rows if row["id"] == each["id"])


def test_what_matched_is_marked(found):
    (entry,) = examples.of_reason(found, "too_many_ellipses")
    assert entry["breaking"] and all(each["reason"] == "too_many_ellipses" for each in entry["breaking"])
    for each in entry["breaking"]:
        assert {each["text"][start:end] for start, end in each["spans"]} == {"..."}


def test_a_copy_is_shown_beside_the_one_that_was_kept(found):
    (entry,) = examples.of_reason(found, "exact_duplicate")
    assert entry["breaking"] and len(entry["passing"]) == len(entry["breaking"])
    for kept, dropped in zip(entry["passing"], entry["breaking"], strict=True):
        assert kept["text"] == dropped["text"] and kept["id"] != dropped["id"] and not dropped["spans"]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda found: signal.study(found, "perplexity"), r"no column `perplexity`.*words\.count.*text\.measure"),
        (lambda found: signal.study(found, "words.cuont"), r"It has: words\.count"),
        (lambda found: signal.study(found, "language"), r"--by language"),
        (lambda found: groups.count(found, "country"), r"no column `country`.*domain, year"),
        (lambda found: groups.count(found, "broken"), r"lists"),
        (lambda found: examples.near(found, "filters.gopher.quality.min_word"), r"min_words"),
        (lambda found: examples.near(found, "filters.gofer.quality.min_words"), r"Did you mean"),
        (lambda found: examples.near(found, "nope"), r'"nope" names no parameter of a stage.  Write STAGE.PARAM'),
        (
            lambda found: examples.near(found, "filters.gopher.quality"),
            r"quality is a stage\.  Add the parameter.*min_words",
        ),
        (lambda found: examples.near(found, "dedup.exact.keep"), r"no filter that only compares"),
        (lambda found: examples.of_reason(found, "too_few_word"), r"too_few_words"),
        (lambda found: examples.of_reason(found, "too_many_words"), r"dropped no document.*--near"),
    ],
)
def test_what_is_not_there_is_named_with_what_is(found, ask, said):
    with pytest.raises(SpecError, match=said):
        ask(found)


def test_the_documents_nearest_to_the_cut_of_a_ranking(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", [{"text": f"document {k} " + "word " * k} for k in range(40)])
    stages = [
        {"text.measure": {"signals": ["words.count"]}},
        {"quality.keep_top": {"by": ["words.count"], "share": 0.5}},
    ]
    recipe = write_recipe(stages, rejects="text")
    url = curate.run(recipe, output=str(tmp_path / "run"))
    run = finished_run.read(url)
    (entry,) = examples.of_reason(corpus.of_finished(RunFolder(url), run.manifest, run.ledger), "not_in_top")
    assert entry["column"] == "rank"
    assert [each["text"].count("word") for each in entry["passing"]] == [20, 21, 22, 23, 24]
    assert [each["text"].count("word") for each in entry["breaking"]] == [19, 18, 17, 16, 15]
    assert all(each["value"] < 20 / 39 for each in entry["breaking"]) and entry["passing"][0]["value"] == 20 / 39
    assert {each["evidence"] for each in entry["breaking"]} == {"kept from 0.512821"}


def test_shares_are_of_the_documents_in_the_sample_of_the_recipe():
    source = StageLedger("sources.jsonl", n_born=1000, n_out=100, dropped={"not_in_sample": 890, "no_text": 10})
    ledger = Ledger([source, StageLedger("f", n_in=100, n_out=55, dropped={"short": 45})])
    found = overview.reasons(corpus.Corpus("run", (), ledger, None))
    assert [(each["reason"], each["share"]) for each in found] == [("short", 45 / 110), ("no_text", 10 / 110)]
    assert [row.share_left for row in funnel.rows(ledger)] == [100 / 110, 55 / 110]
    assert "890 of these are not in the recipe's sample" in funnel.balance(ledger)


@pytest.mark.parametrize(
    ("values", "is_log"), [(range(100_000), False), ([10 ** (k / 1000) for k in range(5000)], True), ([5] * 100, False)]
)
def test_bins_are_logarithmic_only_if_most_numbers_are_small(values, is_log):
    drawn = axis.make([Values(np.array(values, np.float32))], (), 24)
    assert drawn.is_log == is_log
