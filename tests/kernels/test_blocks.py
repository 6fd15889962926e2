"""The byte pass gives the results of its slow twin in time linear in the bytes, and its tables are consistent."""

from __future__ import annotations

import time
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.context_features import context_features
from curate.kernels.blocks.layout import with_page
from curate.kernels.blocks.measures import measure_blocks
from curate.kernels.blocks.model import features
from curate.kernels.blocks.read import read_blocks
from curate.kernels.blocks.smooth_groups import LEAST_BLOCKS, smooth_groups
from tests.kernels.pages import _tables, found_in, no_odds, pages, read
from tests.reference import blocks as slow

many = settings(max_examples=500, deadline=None)


@many
@given(pages)
def test_blocks_are_those_of_the_slow_twin(page):
    assert found_in(read(page.encode())) == [asdict(block) for block in slow.read_blocks(page)]


@many
@given(pages)
def test_elements_are_ranges_of_blocks_one_inside_the_other(page):
    t = read(page.encode())
    n = t.state[at_.BLOCKS]
    for own in t.elements[: t.state[at_.ELEMENTS]]:
        assert 0 <= own[at_.FIRST_BLOCK] <= own[at_.END_BLOCK] <= n
        if own[at_.PARENT] >= 0:
            around = t.elements[own[at_.PARENT]]
            assert around[at_.FIRST_BLOCK] <= own[at_.FIRST_BLOCK] <= own[at_.END_BLOCK] <= around[at_.END_BLOCK]
    for i, block in enumerate(t.blocks[:n]):
        if block[at_.ELEMENT] >= 0:
            own = t.elements[block[at_.ELEMENT]]
            assert own[at_.FIRST_BLOCK] <= i < own[at_.END_BLOCK]


@many
@given(pages)
def test_features_are_finite_numbers(page):
    t = read(page.encode())
    first, measures = features(t, *no_odds(t))
    second = context_features(t, measures, np.linspace(0, 1, len(first), dtype=np.float32))
    assert np.isfinite(first).all() and np.isfinite(second).all()


@many
@given(pages)
def test_lists_and_tables_are_smoothed_as_by_the_slow_twin(page):
    t = read(page.encode())
    chances = np.linspace(0.05, 0.95, t.state[at_.BLOCKS], dtype=np.float32)
    measures = measure_blocks(t)
    assert smooth_groups(t, measures, chances) == pytest.approx(slow.smooth_groups(t, measures, chances), abs=1e-6)


def test_a_long_list_has_one_probability_and_a_short_one_keeps_its_own():
    for n in (LEAST_BLOCKS, LEAST_BLOCKS - 1):
        t = read(b"<p>Before<ul>" + b"<li>entry" * n + b"</ul>")
        chances = np.linspace(0, 0.9, n + 1, dtype=np.float32)
        smoothed = smooth_groups(t, measure_blocks(t), chances)
        assert smoothed[0] == chances[0]
        assert (len(set(smoothed[1:].tolist())) == 1) == (n == LEAST_BLOCKS)


@settings(max_examples=300, deadline=None)
@given(pages)
def test_a_page_is_read_the_same_after_any_other(page):
    before = found_in(read(b"<ul><li><pre><b><a href=x>one<p>two"))
    read(page.encode())
    assert found_in(read(b"<ul><li><pre><b><a href=x>one<p>two")) == before


def test_bytes_that_are_not_utf_8_become_question_marks():
    assert [block["text"] for block in found_in(read(b"<p>a\xff\xfe b\xc3<p>\xed\xa0\x80"))] == ["a?? b?", "???"]


def test_what_a_row_a_cell_and_an_entry_are():
    t = read(b"<table><tr><td>1<td>2<tr><td>3</table><ol><li>a<ul><li>b</ul><li>c</ol>")
    rows = t.blocks[: t.state[at_.BLOCKS]]
    assert rows[0, at_.ROW] == rows[1, at_.ROW] != rows[2, at_.ROW] != -1
    assert len(set(rows[:3, at_.CELL])) == 3
    assert rows[3:, at_.ROW].tolist() == [-1, -1, -1]
    assert [int(t.elements[row[at_.ELEMENT], at_.ORDER]) for row in rows[3:]] == [1, 0, 2]


@pytest.mark.parametrize(
    "piece",
    [
        b"<iframe>", b"<noscript><p>x", b"<title>", b"<svg><b>", b"<!--", b"<a href='", b"<", b"</", b"&", b"&#", b"&aaaaaaaa",
        b"</p></div>", b"<p><b>", b"<li><dd>", b"<table><td>", b"</td>", b"<br>", b"<a b=c ", b"<p class='x y z' ", b"<!doctype ",
        b"<b class=advertisement>", b"<script>", b"</script", b"<p style='display:", b"&#x", b"<h1><h2>", b"<body>", b"<td><p></td>",
    ],
    ids=lambda piece: piece.decode(),
)  # fmt: skip
def test_time_is_linear_whatever_is_repeated(piece):
    def seconds(n_bytes: int) -> float:
        page = piece * (n_bytes // len(piece))
        t = with_page(_tables(), page)
        started = time.process_time()
        read_blocks(t)
        return time.process_time() - started

    seconds(1000)
    assert seconds(2 << 20) < 5  # a tenth of that is usual; a quadratic pass takes hours


@pytest.mark.parametrize(
    ("page", "full"),
    [
        (b"<p>a" * (at_.MAX_BLOCKS + 1), at_.TOO_MANY_BLOCKS),
        (b"<p></p>" * (at_.MAX_ELEMENTS + 1), at_.TOO_MANY_ELEMENTS),
        (b"<div>" * (at_.MAX_DEPTH + 1), at_.TOO_DEEP),
    ],
    ids=["blocks", "elements", "depth"],
)
def test_a_page_that_does_not_fit_is_refused_with_the_limit(page, full):
    t = with_page(_tables(), page)
    assert read_blocks(t) == -1
    assert t.state[at_.FULL] == full
    assert read_blocks(with_page(_tables(), page[: len(page) // 2])) >= 0
