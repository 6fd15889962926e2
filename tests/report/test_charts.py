"""Charts: the same bytes each time, nothing but shapes and numbers, and a sentence where one cannot be drawn."""

from __future__ import annotations

import sys

import pytest

from curate.report.charts import Drawing, curves, distribution
from tests.report.seen import Seen

BARS = {
    "edges": [0.0, 1 / 3, 2 / 3, 1.0], "scale": "linear", "ticks": [0.0, 0.025, 0.5, 1.0], "at_least": [1 / 3], "at_most": [],
    "stacks": [{"color": "kept", "counts": [1, 2, 3]}, {"color": "lost", "counts": [4, 0, 0]}], "bands": [],
}  # fmt: skip
LINES = {
    "size": [300, 200], "lines": [{"points": [[0, 0], [0.5, 0.9], [1, 1]], "color": "kept", "has_dots": True}],
    "has_diagonal": True, "threshold": 0.7,
}  # fmt: skip


def drawn(*specs) -> str:
    with Drawing() as drawing:
        return drawing.finished("".join(f"<p>{drawing.draw(spec, 'a label')}</p>" for spec in specs))


def test_equal_charts_have_equal_bytes():
    page = drawn(distribution(BARS), curves(LINES))
    assert drawn(distribution(BARS), curves(LINES)) == page and page.count("<svg ") == 2


def test_a_chart_is_shapes_with_the_colours_of_the_stylesheet():
    page = drawn(distribution(BARS), curves(LINES))
    seen = Seen(page)
    assert {*seen.tags} <= {"p", "svg", "g", "path", "line", "text"} and "://" not in page and "style=" not in page
    assert 'fill="var(--kept)"' in page and 'stroke="var(--lost)"' in page
    assert "0.025" in seen.text, "labels keep their digits"
    assert not [v for name, v in seen.attributes if name == "d" and "33333" in v], "coordinates are rounded"


def test_labels_are_text():
    with Drawing() as drawing:
        page = drawing.finished(str(drawing.draw(distribution(BARS), 'a "quoted" <b>\x00\nname')))
    (label,) = (value for name, value in Seen(page).attributes if name == "aria-label")
    assert label == 'a "quoted" <b>\\x00\\nname' and "<b>" not in page.replace(label, "")


def test_a_chart_that_cannot_be_drawn_leaves_a_sentence_and_the_others():
    page = drawn({"$schema": "https://vega.github.io/schema/vega/v6.json", "marks": 3}, distribution(BARS))
    assert page.startswith("<p><p>This chart could not be drawn: ") and page.count("<svg ") == 1


@pytest.mark.parametrize("program", ["/nowhere/python", "/bin/false"])
def test_a_process_that_does_not_draw_leaves_a_sentence(program, monkeypatch):
    monkeypatch.setattr(sys, "executable", program)
    page = drawn(distribution(BARS))
    assert "<p>This chart could not be drawn: " in page and "<svg" not in page


def test_a_page_without_charts_starts_no_process(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert drawn() == ""


def test_an_unknown_colour_is_an_error():
    with pytest.raises(KeyError, match="purple"):
        distribution({**BARS, "stacks": [{"color": "purple", "counts": [1, 2, 3]}]})
