"""The report and the dataset card: complete, self-contained, and safe whatever a page contains."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from curate.formats import FORMATS
from curate.ledger import Ledger, StageLedger
from curate.report import card, funnel, html_report, sections
from curate.report.finished_run import FinishedRun
from curate.report.sections.counts import COUNTS
from curate.report.sections.funnel_table import FUNNEL
from tests.report.seen import Seen

LEDGER = Ledger(
    [
        StageLedger("sources.warc", n_born=10, n_out=9, dropped={"not_html": 1}, counts={"records.request": 10}),
        StageLedger(
            "filters.gopher.quality",
            n_in=9,
            n_out=6,
            dropped={"too_few_words": 2, "too_loud": 1},
            failed={"too_few_words": 2, "too_loud": 3},
        ),
        StageLedger("sinks.parquet", n_in=6, n_out=6, bytes_out=1234),
    ]
)
MANIFEST = {
    "name": "web", "limit": 0, "description": "A <b>bold</b> claim", "curate": "0.1.0", "python": "3.11", "packages": {"numpy": "2.0"}, "output_digest": "abc",
    "published": None,
    "stages": [{"label": label, "name": label, "params": {}} for label in ("sources.warc", "dedup.minhash", "quality.keep_top")],
    "inputs": [{"name": "a.warc.gz"}, {"name": "a.warc.gz"}],
    "outputs": [{"path": "data/00000.parquet", "role": "data", "bytes": 1, "digest": "d"}],
    "judgements": [{"name": "text.field|share", "type": "float", "about": "marks (| •) <b>of</b> all"}],
    "warnings": ["dedup.minhash: <shop>: too many"],
    "metrics": {"quality.keep_top": {"kept": 1200, "cut": {"<low>": 0.5}}, "dedup.minhash": {
        "documents": 9, "reference_documents": 2, "dropped": 3, "clusters": 2, "edges": 4, "threshold": 0.7,
        "s_curve": [[0, 0], [0.5, 0.3], [1, 1]], "sources": {"<shop>": {"documents": 9, "dropped": 3}},
        "largest_clusters": [{"kept_id": "<a/1>", "n_copies": 2}],
        "precision": {"sampled": 3, "share": 1.0, "similarity_at_least": 0.6, "interval": [0.4, 1.0],
                      "exact_similarity": {"p0": 0.7, "p5": 0.7, "p25": 0.8, "p50": 0.9, "p100": 1.0}},
        "recall": {"probes": 9, "pairs": 4, "share": 0.75, "interval": [0.3, 0.95]},
    }},
}  # fmt: skip
EVIL = {
    "id": "a/1",
    "url": "javascript:alert(1)",
    "stage": "filters.gopher.quality",
    "reason": "too_few_words",
    "value": 3.0,
    "evidence": "<i>",
    "lists": ["<u>"],
    "kept_id": None,
    "text": "<script>alert(1)</script>",
}


def page_of(manifest, ledger, examples=()) -> str:
    """Return the report with every section that ships."""
    return html_report.page(FinishedRun(manifest, ledger, examples), sections.with_modules(()))


def test_metrics_that_no_section_claims_are_shown_by_name(report):
    text = Seen(report).text
    assert "quality.keep_top kept 1,200 cut.<low> 0.5" in text and "<low>" not in report
    assert "s_curve" not in text, "claimed by the section on near-duplicates"


def test_the_report_says_what_deduplication_found_and_how_sure_it_is(report):
    seen = Seen(report)
    dropped = "3 of 9 documents (2 more documents are reference data) are near-duplicates of one of 2 kept documents"
    assert dropped in seen.text
    assert "of 4 similar pairs, in 75.0% a copy was dropped (95 % interval 30.0% to 95.0%)" in seen.text
    assert "<shop>: too many" in seen.text and "<shop>" not in report
    assert ("aria-label", "share of pairs that banding finds, by similarity") in seen.attributes
    assert "<a/1> 2 copies" in seen.text


@pytest.fixture
def report() -> str:
    return page_of(MANIFEST, LEDGER, [EVIL])


def test_the_report_opens_offline_and_runs_no_script_of_a_page(report):
    seen = Seen(report)
    assert not {"script", "i", "u"} & set(seen.tags)
    assert not [name for name, _ in seen.attributes if name in ("src", "href", "style") or name.startswith("on")]
    assert "<script>alert(1)" in seen.text and "A <b>bold" in seen.text and "://" not in report


def test_the_report_names_every_stage_reason_and_count(report):
    text = Seen(report).text
    for entry in LEDGER.stages:
        assert entry.stage in text and all(reason in text for reason in entry.dropped)
    assert "10 documents in = 6 kept + 4 dropped" in text
    assert "1, 3 broke it in all" in text and "records.request" in text


def test_the_card_has_front_matter_that_the_hub_reads():
    import yaml

    text = card.card(FinishedRun(MANIFEST, LEDGER), FORMATS)
    front = yaml.safe_load(re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)[1])
    assert front["size_categories"] == ["n<1K"] and front["configs"][0]["data_files"][0]["path"] == "data/*.parquet"
    assert "| filters.gopher.quality | 9 | 3 | 6 | 60.0% | too_few_words 2, too_loud 1 |" in text
    assert front["configs"][1]["config_name"] == "judgements"
    assert r"| `text.field\|share` | float | marks (\| •) &lt;b>of&lt;/b> all |" in text


def test_the_funnel_counts_what_is_left_of_all():
    assert [row.share_left for row in funnel.rows(LEDGER)] == [0.9, 0.6, 0.6]


def test_the_terminal_says_what_else_was_counted():
    ledger = Ledger(
        [StageLedger("text.mask_pii", n_in=3, n_out=3, counts={"pii.phone": 1200, "pii.email": 7, "pii.card": 0})]
    )
    assert list(COUNTS.lines(FinishedRun(MANIFEST, ledger)))[1:] == [
        "  text.mask_pii",
        "    pii.email 7, pii.phone 1,200",
    ]


def test_an_empty_run_has_a_report_too():
    empty = Ledger([StageLedger("sources.warc"), StageLedger("sinks.parquet")])
    text = Seen(page_of(MANIFEST, empty)).text
    assert "0 documents in = 0 kept + 0 dropped" in text and "Why documents were dropped" not in text
    assert "0 documents in" in card.card(FinishedRun(MANIFEST, empty), FORMATS)


def test_a_run_without_stages_has_a_report_too():
    assert "0 documents in" in Seen(page_of(MANIFEST, Ledger())).text


def test_equal_runs_have_equal_reports(report):
    assert page_of(MANIFEST, LEDGER, [EVIL]) == report


def test_the_report_says_when_the_run_finished_and_how_long_it_took():
    times = {"began": "2026-11-30T23:58:30.000+00:00", "ended": "2026-12-01T00:00:35+00:00", "seconds": 125.25}
    text = Seen(page_of({**MANIFEST, **times}, Ledger([StageLedger("sources.warc", seconds=3700)]))).text
    assert "Finished 2026-12-01 00:00 UTC, 2 min 5 s after its last start." in text
    assert "All its tasks together took 1 h 1 min." in text


def test_the_funnel_counts_bytes_and_tokens():
    (row,) = FUNNEL.numbers(FinishedRun(MANIFEST, Ledger([StageLedger("a", n_born=2, n_out=2, bytes_out=4400)])))[
        "rows"
    ]
    assert (row["bytes"], row["tokens"]) == (4400, 1000)


def test_the_page_allows_its_own_stylesheet_and_nothing_else(report):
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', report)[1].replace("&#39;", "'")
    style = re.search(r"<style>(.*?)</style>", report, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize("section", sections.SECTIONS, ids=lambda section: section.name)
def test_what_a_section_shows_is_plain_data(section):
    numbers = section.numbers(FinishedRun(MANIFEST, LEDGER, [EVIL]))
    assert json.loads(json.dumps(numbers)) == jsonable(numbers)


def jsonable(value):
    """Return data with lists in place of tuples."""
    if isinstance(value, dict):
        return {key: jsonable(each) for key, each in value.items()}
    return [jsonable(each) for each in value] if isinstance(value, (list, tuple)) else value
