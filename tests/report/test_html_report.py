"""The report and the dataset card: complete, self-contained, and safe whatever a page contains."""

from __future__ import annotations

import html.parser
import re

import pytest

from curate.formats import FORMATS
from curate.ledger import Ledger, StageLedger
from curate.report import card, funnel, html_report, sections
from curate.report.finished_run import FinishedRun
from curate.report.sections.counts import COUNTS

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
    assert "<h2>quality.keep_top</h2>" in report and "<td>kept<td class=n>1,200" in report
    assert "<td>cut.&lt;low&gt;<td class=n>0.5" in report and "<low>" not in report
    assert "s_curve<td" not in report, "claimed by the section on near-duplicates"


def test_the_report_says_what_deduplication_found_and_how_sure_it_is(report):
    assert (
        "3 of 9 documents (2 more documents are reference data) are near-duplicates of one of 2 kept documents"
        in report
    )
    assert "of 4 similar pairs, in 75.0% a copy was dropped (95 % interval 30.0% to 95.0%)" in report
    assert "&lt;shop&gt;: too many" in report and "<shop>" not in report
    assert "<polyline" in report and "2 copies" in report


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.attributes = [], []

    def handle_starttag(self, tag, attrs):
        self.found.append(tag)
        self.attributes += attrs


@pytest.fixture
def report() -> str:
    return page_of(MANIFEST, LEDGER, [EVIL])


def test_the_report_opens_offline_and_runs_no_script_of_a_page(report):
    tags = Tags()
    tags.feed(report)
    assert not {"script", "i", "u"} & set(tags.found)
    assert not [value for name, value in tags.attributes if name in ("src", "href")]
    assert "&lt;script&gt;alert(1)" in report and "A &lt;b&gt;bold" in report


def test_the_report_names_every_stage_reason_and_count(report):
    for entry in LEDGER.stages:
        assert entry.stage in report and all(reason in report for reason in entry.dropped)
    assert "10 documents in = 6 kept + 4 dropped" in report
    assert "1, 3 broke it in all" in report and "records.request" in report


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
    assert "0 documents in" in page_of(MANIFEST, empty) and "0 documents in" in card.card(
        FinishedRun(MANIFEST, empty), FORMATS
    )
