"""Charts of measured columns, and tables by source and language: which numbers they show, and that the page says the same."""

from __future__ import annotations

import numpy as np
import pytest

import curate
from curate.ledger import Ledger, StageLedger
from curate.report.finished_run import FinishedRun
from curate.report.sections.distributions import DISTRIBUTIONS
from curate.report.sections.funnel_table import FUNNEL
from curate.report.sections.groups import GROUPS, N_SHOWN
from curate.report.sections.summary import SUMMARY
from curate.sketches import HeavyHitters
from curate.statistics.run_statistics import NumberSketch, RunStatistics
from tests.report.seen import Seen
from tests.report.test_html_report import MANIFEST


def bound(signal: str, at_least: float | None = None, at_most: float | None = None, *, is_needed: bool = False):
    return {"signal": signal, "at_least": at_least, "at_most": at_most, "is_needed": is_needed}


RULES = {
    "too_short": bound("words.count", 5), "too_long": bound("words.count", None, 90), "too_loud": bound("shouts", None, 0.5),
    "unknown": bound("words.count", is_needed=True),
}  # fmt: skip
LEDGER = Ledger(
    [
        StageLedger("sources.jsonl", n_born=10, n_out=10),
        StageLedger("a.filter", n_in=10, n_out=7, dropped={"too_short": 3}),
        StageLedger("b.barrier", n_in=7, n_out=5, dropped={"copy": 2}),
        StageLedger("sinks.jsonl", n_in=5, n_out=5),
    ]
)
KNOWN = {
    **MANIFEST,
    "stages": [*MANIFEST["stages"], {"label": "a.filter", "name": "a.filter", "params": {}, "rules": RULES}],
    "judgements": [{"name": name, "type": "float", "about": f"about {name}"} for name in ("words.count", "shouts", "depth", "zero")]
    + [{"name": "is_good", "type": "bool", "about": "a truth value"}],
}  # fmt: skip


def statistics() -> RunStatistics:
    """Return statistics of ten documents, as a run adds them up."""
    columns = {
        "words.count": {"": [6, 7, 8, 8, 9], "a.filter": [1, 2, 2], "b.barrier": [8, 9]},
        "shouts": {"": [0.1, 0.2, 0.3, 0.1, 0.2]}, "depth": {"": [1, 2, 3, 4, 5]},
        "zero": {"": [0, 0, 0, 0, 0], "a.filter": [0, 0, 0]}, "is_good": {"": [0, 1]}, "never": {},
    }  # fmt: skip
    found = RunStatistics()
    for column, of_stage in columns.items():
        found.columns[column] = {stage: NumberSketch() for stage in of_stage}
        for stage, values in of_stage.items():
            found.columns[column][stage].count(np.array(values, np.float64))
    source, language = HeavyHitters(), HeavyHitters()
    source.count("web", "", [5, 500, 120])
    source.count("web", "a.filter too_short", [3, 30, 7])
    source.count(None, "b.barrier copy", [2, 0, 0])
    language.count("en", "", [10, 0, 0])
    found.groups = {"source": source, "language": language}
    return found


RUN = FinishedRun(KNOWN, LEDGER, statistics=statistics())


def test_columns_whose_rules_dropped_documents_come_first():
    found = DISTRIBUTIONS.numbers(RUN)
    titles = [[each["column"] for each in (*group["shown"], *group["folded"])] for group in found["groups"]]
    assert titles == [["words.count"], ["depth"], ["shouts"]]
    assert found["constant"] == [{"column": "zero", "value": 0.0}]
    (words,) = found["groups"][0]["shown"]
    assert [(rule["reason"], rule["bounds"], rule["n_dropped"]) for rule in words["rules"]] == [
        ("too_short", [{"words": "at least 5", "when": []}], 3), ("too_long", [{"words": "at most 90", "when": []}], 0),
    ]  # fmt: skip
    assert (
        words["kept"] == {"n": 5, "median": 8.0, "is_about": False, "middle": [6.0, 9.0]} and words["dropped"]["n"] == 5
    )


def test_bars_are_kept_documents_and_those_dropped_here_and_elsewhere():
    chart = DISTRIBUTIONS.numbers(RUN)["groups"][0]["shown"][0]["chart"]
    assert [(stack["color"], sum(stack["counts"])) for stack in chart["stacks"]] == [
        ("kept", pytest.approx(5)), ("lost", pytest.approx(3)), ("other", pytest.approx(2)),
    ]  # fmt: skip
    assert (chart["at_least"], chart["at_most"]) == ([5], [90]) and chart["edges"][0] <= 1 and chart["edges"][-1] > 9


def test_a_run_without_statistics_has_no_charts_and_no_tables():
    run = FinishedRun(KNOWN, LEDGER)
    assert DISTRIBUTIONS.numbers(run) is None and GROUPS.numbers(run) is None


def test_groups_are_counted_with_their_reasons():
    (found,) = GROUPS.numbers(RUN)["groupings"]
    assert found["by"] == "source", "all documents have one language"
    web, unknown = found["rows"]
    assert (web["value"], web["documents"], web["kept"], web["share_kept"]) == ("web", 8, 5, 0.625)
    assert (web["bytes_kept"], web["tokens_kept"]) == (500, 120)
    assert web["reasons"] == [{"stage": "a.filter", "reason": "too_short", "n": 3}]
    assert (unknown["value"], unknown["kept"]) == (None, 0) and found["others"] is None


def test_tokens_are_those_that_were_counted_else_an_estimate():
    ledger = Ledger([StageLedger("a", n_out=5, bytes_out=4400)])
    shown = SUMMARY.numbers(FinishedRun(KNOWN, ledger))["tokens"]
    assert (shown["out"], shown["counted"]) == (1000, False)
    found = statistics()
    found.documents = {"": 5}
    for column, value in {"tokens": 300.0, "text.bytes": 900.0}.items():
        found.columns[column] = {"": NumberSketch()}
        found.columns[column][""].count(np.full(5, value))
    run = FinishedRun(KNOWN, ledger, statistics=found)
    shown = SUMMARY.numbers(run)["tokens"]
    assert (shown["out"], shown["counted"]) == (1500, True)
    assert FUNNEL.numbers(run)["bytes_per_token"] == 3.0


def test_rare_values_share_a_row():
    found, many = RunStatistics(), HeavyHitters()
    for k in range(N_SHOWN + 2):
        many.count(f"s{k:02}", "", [100 - k, 0, 0])
    many.rest = {"": [7, 0, 0]}
    found.groups["source"] = many
    (table,) = GROUPS.numbers(FinishedRun(KNOWN, LEDGER, statistics=found))["groupings"]
    assert len(table["rows"]) == N_SHOWN and table["n_others"] == 2 and table["are_more"]
    assert table["others"]["documents"] == 100 - N_SHOWN + 100 - N_SHOWN - 1 + 7


PROSE = "The harbour was quiet on the morning of the vote, and nobody had slept. "


def test_a_run_without_published_figures_draws_kept_and_dropped_documents(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", [PROSE * 8, "short", PROSE * 9])
    write_jsonl("b.jsonl", [PROSE * 10, "too short"])
    url = curate.run(write_recipe(["filters.gopher.quality"]), output=str(tmp_path / "out"), workers=1)
    page = (tmp_path / "out" / "report.html").read_text()
    seen = Seen(page)
    assert url and "words.count words; marks do not count" in seen.text
    assert "at least 50: 2 dropped filters.gopher.quality · too_few_words" in seen.text
    assert "Kept: 3, median" in seen.text and "Dropped: 2, median 1, middle 80 % 1 to 2" in seen.text
    assert 'fill="var(--lost)"' in page and 'fill="var(--kept)"' in page
    assert "Finished 20" in seen.text and "UTC" in seen.text and "Kept if words.count at least 50." in seen.text


def test_the_cases_of_a_rule_share_the_number_that_it_dropped():
    cases = [
        {"when": {"language": ["zh"]}, "rules": {"too_short": bound("words.count", 3)}},
        {"when": {}, "rules": RULES},
    ]
    stage = {"label": "a.filter", "name": "a.filter", "params": {}, "cases": cases}
    run = FinishedRun({**KNOWN, "stages": [*MANIFEST["stages"], stage]}, LEDGER, statistics=statistics())
    (words,) = DISTRIBUTIONS.numbers(run)["groups"][0]["shown"]
    assert words["rules"][0]["n_dropped"] == 3 and words["rules"][0]["bounds"] == [
        {"words": "at least 3", "when": ["language zh"]}, {"words": "at least 5", "when": []},
    ]  # fmt: skip
