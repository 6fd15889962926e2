"""Reports on what others named: nothing of it runs, nothing of it is markup, and the page fits a phone."""

from __future__ import annotations

import re

import numpy as np
import pytest

from curate.ledger import Ledger, StageLedger
from curate.report import classifier_report, html_report, sections
from curate.report.finished_run import FinishedRun
from curate.sketches import HeavyHitters
from curate.statistics.run_statistics import GROUPED_BY, KEPT, NumberSketch, RunStatistics
from tests.report.browser import opened
from tests.report.seen import Seen
from tests.report.test_html_report import EVIL, LEDGER, MANIFEST, page_of

SAYS = "parent.ran.push('{}')"
ATTACKS = {
    "script": f"<script>{SAYS.format('script')}</script>",
    "image": f'<img src=x onerror="{SAYS.format("image")}">',
    "attribute": f"\" onload=\"{SAYS.format('attribute')}\" autofocus onfocus='{SAYS.format('focus')}' x='",
    "svg": f"</text></svg><svg onload={SAYS.format('svg')}>",
    "style": f"</style><script>{SAYS.format('style')}</script><style>body{{display:none}}",
    "title": f"</title><script>{SAYS.format('title')}</script>",
    "template": "{{ it.__class__.__mro__ }}{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "frame": f'<iframe srcdoc="<script>parent.{SAYS.format("frame")}</script>"></iframe>',
    "entity": f"&lt;script&gt;{SAYS.format('entity')}&lt;/script&gt;<base href=//evil.example>",
}
NAMES = {
    "line breaks": "first line\nsecond\r\nthird\tfourth\u2028fifth",
    "long": "x" * 10_000,
    "long words": "a.very_long/name " * 600,
    "right to left": "שלום עולם מסמך ארוך מאוד " * 20 + "\u202egnp.exe",
    "control": "\x00\x1b[31mred\x07 \x000\x00",
    "wide": "漢字" * 3000,
    "marks": "Z" + "\u0300" * 500,
}


def statistics_of(name: str, stage: str) -> RunStatistics:
    """Return statistics in which columns and groups have this name."""
    found = RunStatistics()
    found.tokens = name
    for column, values in {name: [1, 2, 3], f"constant {name}": [1, 1]}.items():
        found.columns[column] = {KEPT: NumberSketch(), stage: NumberSketch()}
        for sketch in found.columns[column].values():
            sketch.count(np.array(values, np.float64))
    for by in GROUPED_BY:
        found.groups[by] = HeavyHitters()
        found.groups[by].count(name, KEPT, [4, 40, 10])
        found.groups[by].count(f"other {name}", f"{stage} {name}", [5, 50, 12])
    return found


def report_on(name: str) -> str:
    """Return a report in which everything that others name has this name."""
    rules = {name: {"signal": name, "at_least": 2, "at_most": None, "is_needed": False}}
    filters = {"label": f"a.filter {name}", "name": f"a.filter {name}", "params": {name: name}, "columns": {name: name},
               "cases": [{"when": {name: [name]}, "params": {name: name}, "rules": rules}]}  # fmt: skip
    stages = ["sources.warc", "dedup.minhash", "mine.barrier"]
    near = {**MANIFEST["metrics"]["dedup.minhash"], "sources": {name: {"documents": 9, "dropped": 3}},
            "largest_clusters": [{"kept_id": name, "n_copies": 2}]}  # fmt: skip
    figure = {"column": name, "peak": [0, 1], "range": [0, 2]}
    manifest = {
        **MANIFEST,
        "name": name, "description": name, "curate": name, "python": name, "packages": {name: name}, "output_digest": name,
        "stages": [*({"label": label, "name": label, "params": {name: name}} for label in stages), filters],
        "inputs": [{"name": name}], "warnings": [name], "metrics": {"dedup.minhash": near, "mine.barrier": {name: {name: name}}},
        "judgements": [{"name": each, "type": "float", "about": name} for each in (name, f"constant {name}")],
        "published": {"source": name, "remarks": name, "left": [{"name": name, "after": "sources.warc", "share": 0.5}],
                      "distributions": [figure]},
    }  # fmt: skip
    label = filters["label"]
    ledger = Ledger(
        [
            StageLedger("sources.warc", n_born=9, n_out=9, counts={name: 1}),
            StageLedger(label, n_in=9, n_out=4, dropped={name: 5}, failed={name: 7}, listed={name: 2}),
            StageLedger("sinks.parquet", n_in=4, n_out=4),
        ]
    )
    example = {**EVIL, "id": name, "url": name, "stage": label, "reason": name, "evidence": name, "lists": [name],
               "kept_id": name, "text": name}  # fmt: skip
    return html_report.page(
        FinishedRun(manifest, ledger, [example], statistics_of(name, label)), sections.with_modules(())
    )


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """A report for each attack; names are cut after some characters, so that one cannot hold all."""
    return {attack: report_on(name) for attack, name in ATTACKS.items()}


@pytest.fixture(scope="module")
def attacked(pages) -> str:
    """One page with the head of the attack on titles, and the bodies of all."""
    bodies = [page.partition("<body>")[2].partition("</body>")[0] for page in pages.values()]
    return pages["title"].partition("<body>")[0] + "<body>" + "".join(bodies) + "</body></html>"


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_attack_becomes_markup(attack, pages):
    own, seen = Seen(report_on("harmless")), Seen(pages[attack])
    assert seen.tags.count("p") == own.tags.count("p") and {*seen.tags} == {*own.tags}
    assert not [name for name, _ in seen.attributes if name.startswith("on") or name in ("src", "srcdoc", "href")]
    assert seen.text.count(ATTACKS[attack]) > 30, "it is shown as it is"
    assert "could not be drawn" not in seen.text and " failed: " not in seen.text


def test_no_attack_runs_in_a_browser(attacked, tmp_path):
    found = opened(attacked, tmp_path)
    assert found.ran == [] and not {"script", "img", "iframe", "base"} & {*found.tags}
    assert found.width <= 360, found.wide


def test_no_attack_runs_where_a_browser_ignores_the_policy(attacked, tmp_path):
    assert opened(_without_policy(attacked), tmp_path).ran == []


@pytest.mark.parametrize("attack", ["script", "image"])
def test_an_attack_would_be_noticed_and_the_policy_alone_stops_it(attack, tmp_path, report):
    broken = report.replace("<header>", f"<header>{ATTACKS[attack]}", 1)
    for folder in ("with", "without"):
        (tmp_path / folder).mkdir()
    assert opened(_without_policy(broken), tmp_path / "without").ran == [attack]
    assert opened(broken, tmp_path / "with").ran == []


@pytest.fixture(scope="module")
def report() -> str:
    return page_of(MANIFEST, LEDGER, [EVIL])


def _without_policy(page: str) -> str:
    found = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    assert found != page
    return found


@pytest.mark.parametrize("kind", NAMES)
def test_any_name_fits_a_phone(kind, tmp_path):
    page = report_on(NAMES[kind])
    found = opened(page, tmp_path)
    assert found.width <= 360, found.wide
    assert "could not be drawn" not in page and " failed: " not in Seen(page).text


def test_marks_of_direction_and_control_characters_are_shown():
    text = Seen(report_on(NAMES["right to left"])).text + Seen(report_on(NAMES["control"])).text
    assert "\\u202egnp.exe" in text and "\\x1b[31mred\\x07 \\x000\\x00" in text and "\u202e" not in text


@pytest.mark.parametrize("is_dark", [False, True])
def test_text_is_readable_in_both_modes(is_dark, report, tmp_path):
    found = opened(report, tmp_path, width=1200, is_dark=is_dark)
    ink, back = (_luminance(color) for color in (found.ink, found.back))
    assert (ink > back) == is_dark and (max(ink, back) + 0.05) / (min(ink, back) + 0.05) > 7, "WCAG 2.2, 1.4.6"
    assert found.width <= 1200


def _luminance(color: str) -> float:
    """Return the relative luminance of `rgb(...)`, as WCAG 2.2 defines it."""
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_page_of_a_classifier_escapes_names_and_fits_a_phone(tmp_path):
    for name in [" ".join(ATTACKS.values()), NAMES["long"]]:
        page = classifier_report.page(name, {name: figures(name)}, None)
        folder = tmp_path / str(len(name))
        folder.mkdir()
        found = opened(page, folder)
        assert found.ran == [] and "script" not in found.tags and found.width <= 360, found.wide


def figures(name: str) -> dict:
    """Return the figures of an evaluation of a label with this name."""
    from curate.classifiers import evaluation
    from curate.classifiers.examples import Examples

    examples = Examples(["t"] * 60, np.arange(60) % 2 == 0, name, slices={name: [name] * 60})
    return evaluation.evaluate(np.linspace(0, 1, 60), examples, bootstraps=5)
