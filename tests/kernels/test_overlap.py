"""Shared n-grams are those of the slow twin, which compares words instead of hashes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels import overlap
from curate.kernels.characters import classes, lower
from curate.kernels.shingles import WORDS, ngrams, token_spans
from curate.kernels.tokens import BLOCK
from tests.kernels.texts import buffers, texts
from tests.reference import overlap as slow

few = st.lists(st.sampled_from(["a", "B", "b.", "c", "中", "é", "\n"]), max_size=25).map(" ".join)
mixed = st.one_of(few, few, texts)


def words_of(values: list[str]) -> tuple[np.ndarray, np.ndarray]:
    bounds, hashes, _, _ = token_spans(*buffers(values), classes(), lower(), WORDS)
    return bounds, hashes


def index_of(items, sets, n, shortest, max_items, allowed=()):
    sets = np.array(sets, np.int64)
    index = overlap.build(*words_of(items), sets, n, shortest, max_items)
    if not allowed:
        return index
    bounds, words = words_of(list(allowed))
    is_short = np.zeros(len(items), bool)
    found = overlap.shared(bounds, words, index)[1]
    is_short[found] = index.is_whole[found]
    return overlap.build(*words_of(items), sets, n, shortest, max_items, (ngrams(bounds, words, n)[1], is_short))


@settings(max_examples=300)
@given(
    st.lists(mixed, max_size=6), st.lists(mixed, max_size=5), st.lists(few, max_size=2),
    st.integers(1, 5), st.integers(1, 5), st.integers(1, 3), st.data(),
)  # fmt: skip
def test_what_texts_share_with_items_is_that_of_the_slow_twin(items, values, allowed, n, shortest, max_items, draw):
    shortest = min(n, shortest)
    sets = sorted(draw.draw(st.lists(st.integers(0, 1), min_size=len(items), max_size=len(items))))
    index = index_of(items, sets, n, shortest, max_items, allowed)
    twin = slow.build(items, sets, n, shortest, max_items, allowed)
    assert index.n_grams.tolist() == [len(grams) for grams in twin.grams]

    bounds, words = words_of(values)
    docs, found, n_found = overlap.shared(bounds, words, index)
    expected = [(i, item, k) for i, value in enumerate(values) for item, k in sorted(slow.shared(value, twin).items())]
    assert list(zip(docs.tolist(), found.tolist(), n_found.tolist(), strict=True)) == expected

    places = overlap.stretches(bounds, words, docs, found, index)
    assert [tuple(place) for place in places.tolist()] == [
        slow.stretch(values[i], item, twin) for i, item, _ in expected
    ]

    is_hit = overlap.sharing(*buffers(values), classes(), lower(), index)
    assert {i for i, _, _ in expected} <= set(np.flatnonzero(is_hit).tolist())
    looked_for = {gram for grams in twin.grams for gram in grams if len(gram) == n}
    heads = {tuple(twin.items[i][:shortest]) for i in range(len(items)) if twin.is_whole(i) and twin.grams[i]}
    for value, hit in zip(values, is_hit, strict=True):
        said = slow.words(value)
        assert hit == bool(looked_for & {*slow.ngrams(said, n)} or heads & {*slow.ngrams(said, shortest)})


@pytest.mark.parametrize(("n", "shortest"), [(13, 8), (BLOCK + 100, 3), (BLOCK + 100, BLOCK + 50), (2 * BLOCK, 1)])
@pytest.mark.parametrize("at", [0, 1, BLOCK - 8, BLOCK - 1, BLOCK, 3 * BLOCK])
def test_an_item_is_found_anywhere_in_a_long_text(n, shortest, at):
    item = " ".join(f"item{k}" for k in range(n + 3))
    short = " ".join(f"short{k}" for k in range(shortest))
    filler = [f"word{k}" for k in range(4 * BLOCK)]
    for wanted, length in ((item, n + 3), (short, shortest)):
        index = index_of([wanted], [0], n, shortest, 10)
        text = " ".join([*filler[:at], wanted, *filler[at:]])
        assert overlap.sharing(*buffers(["", text, "nothing"]), classes(), lower(), index).tolist() == [
            False,
            True,
            False,
        ]
        bounds, words = words_of([text])
        assert overlap.stretches(bounds, words, np.array([0]), np.array([0]), index)[0].tolist() == [
            at,
            at + length,
            0,
            length,
        ]


def test_no_items_and_no_texts_give_empty_results():
    empty = index_of([], [], 13, 8, 10)
    assert overlap.sharing(*buffers(["some words"]), classes(), lower(), empty).tolist() == [False]
    assert [len(part) for part in overlap.shared(*words_of(["some words"]), empty)] == [0, 0, 0]
    index = index_of(["a b c", ""], [0, 0], 3, 2, 10)
    assert overlap.sharing(*buffers([]), classes(), lower(), index).tolist() == []
    assert [len(part) for part in overlap.shared(*words_of([]), index)] == [0, 0, 0]


@given(few, few)
def test_words_in_a_row_are_found(text, wanted):
    said, row = slow.words(text), slow.words(wanted)
    bounds, words = words_of([text, wanted])
    found = overlap.find_words(words, bounds[0], bounds[1], words[bounds[1] : bounds[2]])
    expected = [i for i in range(len(said) - len(row) + 1) if said[i : i + len(row)] == row] if row else []
    assert found == (expected[0] if expected else -1)


def test_the_bytes_around_a_text_do_not_matter():
    index = index_of(["one two three four"], [0], 3, 2, 10)
    offsets, data = buffers(["one two", "three four five", "one two three", "four"])
    whole = overlap.sharing(offsets, data, classes(), lower(), index)
    parts = [overlap.sharing(offsets[i : j + 1], data, classes(), lower(), index)[0] for i, j in pairwise(range(5))]
    assert whole.tolist() == parts == [False, False, True, False]
