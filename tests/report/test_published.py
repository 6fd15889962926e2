"""A run beside published figures: the numbers are those of its own records, in the terminal, in JSON and in the report."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate.cli import show_run
from curate.ledger import Ledger, StageLedger
from curate.report import html_report, sections
from curate.report.finished_run import FinishedRun
from curate.report.sections import published
from curate.sketches import Histogram
from curate.statistics.run_statistics import KEPT, RunStatistics
from tests.report.seen import Seen
from tests.report.test_binning import assert_can_be_drawn
from tests.report.test_html_report import MANIFEST, page_of


def histogram(*values: float) -> Histogram:
    found = Histogram()
    found.count(np.array(values, np.float64))
    return found


LEDGER = Ledger(
    [
        StageLedger("sources.warc", n_born=200, n_out=100, dropped={"not_html": 100}),
        StageLedger("dedup.exact", n_in=100, n_out=5, dropped={"exact_duplicate": 95}),
        StageLedger("sinks.parquet", n_in=5, n_out=5),
    ]
)  # fmt: skip
PUBLISHED = {
    "source": "A <paper>",
    "remarks": "We are <small>. Ranges are read off figures by eye.",
    "left": [
        {"name": "extraction", "after": "sources.warc", "share": 0.526},
        {"name": "<dedup>", "after": "dedup.exact", "share": 0.0322},
    ],
    "distributions": [
        {"column": "lines.count", "peak": [1, 1], "range": [0, 17]},
        {"column": "toxic_score", "peak": [0, 0.1], "range": [0, 1]},
    ],
}
BESIDE = {
    **MANIFEST,
    "published": PUBLISHED,
    "stages": [
        *MANIFEST["stages"],
        {"label": "filters.c4.page", "columns": {"lines.count": "lines.count"}, "params": {}},
        {"label": "text.measure", "columns": {"lines.count": "lines.count@text.measure"}, "params": {}},
    ],
}


STATISTICS = RunStatistics(documents={KEPT: 5})
STATISTICS.count_kept("lines.count", np.array([100.0]))
STATISTICS.count_kept("lines.count@text.measure", np.array([1.0, 1, 2, 8, 30]))

RUN = FinishedRun(BESIDE, LEDGER, statistics=STATISTICS)


def test_shares_are_of_all_documents_and_distributions_of_the_last_measurement():
    found = published.comparison(RUN)
    assert [(step["ours"], step["published"]) for step in found["left"]] == [(0.5, 0.526), (0.025, 0.0322)]
    lines, score = found["distributions"]
    assert (lines["documents"], lines["median"], lines["middle"], lines["share_in_range"]) == (5, 2, [1, 30], 0.8)
    assert (score["documents"], score["median"], score["share_in_range"]) == (0, None, None)
    assert json.loads(json.dumps(found)) == found


def test_the_terminal_shows_both():
    text = "\n".join(published.lines(published.comparison(RUN)))
    assert "extraction            sources.warc   50.00%     52.60%" in text
    assert "2.50%      3.22%" in text and "80%" in text


def test_the_report_draws_both_and_says_how_they_were_read():
    report = html_report.page(RUN, sections.with_modules(()))
    section = report.partition("<h2>Compared with the published figures</h2>")[2].partition("<h2>")[0]
    seen = Seen(section)
    assert "50.00% 52.60%" in seen.text and "read off figures by eye" in seen.text
    assert "A <paper>" in seen.text and "We are <small>." in seen.text and "<dedup>" not in report
    assert section.count('fill="var(--shade)"') == 2 and section.count('fill="var(--peak)"') == 2
    assert seen.tags.count("figure") == 2
    assert "Ours: median 2, 1 to 30 for the middle 80 %, 80% in the range. 20.0% are outside the drawing." in seen.text
    assert "no document has this column" in seen.text


def test_a_recipe_without_published_figures_has_no_such_section():
    assert "Compared with the published figures" not in page_of(MANIFEST, LEDGER)
    assert published.comparison(FinishedRun(MANIFEST, LEDGER)) is None


@given(
    st.lists(st.one_of(st.integers(0, 10_000).map(float), st.floats(-1, 1e4, width=32)), max_size=30),
    st.tuples(st.floats(0, 1e3), st.floats(0.01, 1e4)),
)
def test_any_distribution_has_bars_over_the_published_range(values, ends):
    ours, shown = histogram(*values), (ends[0], ends[0] + ends[1])
    drawn = published.over(shown, ours)
    assert drawn.low <= shown[0] and drawn.high >= shown[1]
    assert_can_be_drawn(drawn)


PROSE = "The harbour was quiet on the morning of the vote, and nobody had slept. "
SECTION = {
    "source": "a paper",
    "left": [{"step": "rules", "after": "filters.gopher.quality", "share": 0.328}],
    "distributions": {"lines.count": {"peak": 1, "range": [0, 17]}},
}


@pytest.fixture
def recipe(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", [PROSE * 8, "short", PROSE * 9, PROSE * 10 + "\nA line."])
    return lambda **more: write_recipe(["filters.gopher.quality", "text.measure"], **more)


def test_a_run_stands_beside_its_paper_everywhere(recipe, tmp_path, capsys):
    url = curate.run(recipe(published=SECTION), output=str(tmp_path / "out"), workers=1)
    found = show_run.summary(url)["published"]
    assert found["left"] == [{"step": "rules", "after": "filters.gopher.quality", "published": 0.328, "ours": 0.75}]
    assert found["distributions"][0]["documents"] == 3 and found["distributions"][0]["share_in_range"] == 1.0
    show_run.print_run(url)
    printed = capsys.readouterr().out
    assert "published: a paper" in printed and "75.00%     32.80%" in printed
    assert "Compared with the published figures" in (tmp_path / "out" / "report.html").read_text()


def test_published_figures_change_nothing_of_what_runs(recipe, tmp_path):
    from curate.engine.planning import prepare

    plain = [phase.fingerprint for phase in prepare(recipe()).phases]
    assert [phase.fingerprint for phase in prepare(recipe(published=SECTION)).phases] == plain
