"""Features and chunks are those of their slow twins, and decisions are those of scikit-learn."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.linear_model import SGDClassifier

from curate.kernels import chunks, linear
from curate.kernels.characters import classes, lower
from tests.kernels.texts import buffers, texts
from tests.reference import chunks as slow_chunks
from tests.reference import linear as slow

batches = st.lists(texts, min_size=1, max_size=4)
shapes = st.tuples(st.integers(0, 4), st.sampled_from([0, 2, 3, 5, 8]), st.sampled_from([4, 10, 18]))


def spans(values: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    offsets, data = buffers(values)
    return data, offsets[:-1], offsets[1:]


@settings(max_examples=150)
@given(batches, shapes)
def test_features_are_those_of_the_slow_twin(values, shape):
    bounds, buckets, found = linear.features(spans(values), (classes(), lower()), shape)
    for text, (a, b) in zip(values, pairwise(bounds), strict=True):
        expected = slow.features(text, *shape)
        assert list(expected) == buckets[a:b].tolist()
        np.testing.assert_allclose(found[a:b], list(expected.values()), rtol=1e-5)


@settings(max_examples=100)
@given(batches, shapes, st.integers(0, 3))
def test_decisions_are_those_of_scikit_learn(values, shape, seed):
    size = 1 << shape[2]
    model = SGDClassifier(loss="log_loss").fit([[0.0], [1.0]], [False, True])
    model.coef_ = np.random.default_rng(seed).normal(size=(1, size)).astype(np.float32)
    model.intercept_, model.n_features_in_ = np.array([0.25]), size
    rows = [slow.features(text, *shape) for text in values]
    bounds = np.cumsum([0, *map(len, rows)])
    x = csr_matrix(
        ([v for row in rows for v in row.values()], [b for row in rows for b in row], bounds), (len(rows), size)
    )
    found = linear.decide(spans(values), (classes(), lower()), shape, model.coef_[0], 0.25)
    is_empty = np.array([not row for row in rows])
    np.testing.assert_array_equal(np.isnan(found), is_empty)
    np.testing.assert_allclose(found[~is_empty], model.decision_function(x)[~is_empty], rtol=1e-4, atol=1e-4)


def test_a_text_longer_than_a_block_is_read_as_one():
    text = " ".join(f"word{i % 700}" for i in range(5000))
    _, buckets, found = linear.features(spans([text]), (classes(), lower()), (3, 5, 12))
    expected = slow.features(text, 3, 5, 12)
    assert list(expected) == buckets.tolist()
    np.testing.assert_allclose(found, list(expected.values()), rtol=1e-5)


@settings(max_examples=300)
@given(batches, st.sampled_from([0, 1, 2, 3, 5, 8, 20, 1000]))
def test_chunks_are_those_of_the_slow_twin(values, size):
    offsets, data = buffers(values)
    bounds, starts, ends, lengths = chunks.cut_chunks(offsets, data, classes(), size)
    raw = data.tobytes()
    for text, (a, b) in zip(values, pairwise(bounds), strict=True):
        found = [raw[s:e].decode() for s, e in zip(starts[a:b], ends[a:b], strict=True)]
        assert found == slow_chunks.cut(text, size)
        assert [len(chunk) for chunk in found] == lengths[a:b].tolist()
        assert "".join(found) in ("", text)


@pytest.mark.parametrize(
    ("text", "chunks_of_it"),
    [
        ("One two. Three four five", ["One two. ", "Three four five"]),
        ("One two\nthree. Four five", ["One two\n", "three. Four five"]),
        ("abcdefghijklmnopqrstuvwx", ["abcdefghijkl", "mnopqrstuvwx"]),
        ("港口很静真的很静。没有人睡觉大家都在等着", ["港口很静真的很静。", "没有人睡觉大家都在等着"]),
        ("  \n ", []),
    ],
)
def test_chunks_end_where_a_reader_would_end_them(text, chunks_of_it):
    offsets, data = buffers([text])
    _, starts, ends, _ = chunks.cut_chunks(offsets, data, classes(), 16)
    assert [data[s:e].tobytes().decode() for s, e in zip(starts, ends, strict=True)] == chunks_of_it
