"""How distributions are divided into bars: ascending edges, all documents but the farthest few, thresholds inside."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.report.binning import N_BINS, N_TICKS, Bins, Scale, bins
from curate.sketches import Histogram

NUMBERS = st.lists(
    st.one_of(
        st.integers(0, 100_000).map(float),
        st.floats(-1e6, 1e6, allow_subnormal=False),
        st.floats(0, 1, width=32, allow_subnormal=False),
        st.sampled_from([0.0, 1.0]),
    ),
    max_size=40,
)


def histogram(values) -> Histogram:
    found = Histogram()
    found.count(np.array(values, np.float64))
    return found


def assert_can_be_drawn(drawn: Bins) -> None:
    edges = drawn.edges
    assert np.isfinite(edges).all() and (np.diff(edges) > 0).all() and 2 <= len(edges) <= N_BINS + 5
    assert 1 <= len(drawn.ticks) <= N_TICKS and all(drawn.shows(tick) for tick in drawn.ticks)


@given(st.lists(st.integers(1, 5000).map(float), min_size=3, max_size=40))
def test_a_logarithmic_axis_does_not_begin_at_zero(values):
    drawn = bins(histogram([1.0, *values, 4999.0]))
    assert drawn.scale is not Scale.LOG or drawn.low > 0


@given(NUMBERS, st.lists(st.one_of(st.floats(-1e5, 1e5), st.integers(0, 1000).map(float)), max_size=3))
def test_anything_can_be_drawn(values, marks):
    drawn = bins(histogram(values), marks)
    assert_can_be_drawn(drawn)
    counts = drawn.counts(histogram(values))
    assert (counts >= 0).all() and (counts == counts.round()).all(), "documents are not divided"
    counted = counts.sum()
    assert len(values) * 0.99 - 1e-6 <= counted <= len(values) + 1e-6, "hardly any document is beyond the last bars"


@given(st.lists(st.integers(0, 100), min_size=1, max_size=200))
def test_whole_numbers_are_counted_exactly(values):
    found = histogram(values)
    drawn = bins(found)
    if drawn.scale is Scale.LINEAR and found.highest > 1:
        exact, _ = np.histogram(values, drawn.edges)
        np.testing.assert_allclose(drawn.counts(found), exact, atol=1e-9)


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (np.linspace(0, 1, 500), Scale.LINEAR),
        (np.arange(400), Scale.LINEAR),
        (np.geomspace(1, 1e6, 500).round(), Scale.LOG),
        (np.r_[np.zeros(300), np.geomspace(1, 1e5, 200).round()], Scale.SYMLOG),
    ],
)
def test_the_scale_follows_the_numbers(values, scale):
    assert bins(histogram(values)).scale is scale


def test_a_threshold_just_beyond_the_numbers_is_shown_with_room_behind_it():
    drawn = bins(histogram(np.linspace(0, 0.02, 100)), [0.03])
    assert drawn.high > 0.03 and drawn.shows(0.03)


def test_a_threshold_far_away_does_not_squeeze_the_rest():
    assert not bins(histogram(np.linspace(0, 1, 100)), [100_000]).shows(100_000)
