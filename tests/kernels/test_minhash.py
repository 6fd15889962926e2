"""Signatures are those of datasketch, bit for bit; bands, agreement and exact similarity are those of the slow twin."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels import characters, minhash
from curate.kernels.shingles import CHARACTERS, CODE, WORDS, shingle_hashes
from tests.kernels.texts import buffers, texts
from tests.reference import minhash as slow

many = settings(max_examples=200, deadline=None)
small = st.one_of(st.integers(0, 40), st.integers(0, 2**64 - 1))
sets = st.lists(st.lists(small, max_size=150), max_size=5)


def ragged(values: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Lay lists of hashes out as `(bounds, hashes)`."""
    bounds = np.concatenate(([0], np.cumsum([len(value) for value in values]))).astype(np.int64)
    return bounds, np.array([h for value in values for h in value], np.uint64)


@many
@given(sets, st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_signatures_are_those_of_the_slow_twin(values, n, seed):
    a, b = minhash.permutations(n, seed)
    found = minhash.signatures(*ragged(values), a, b)
    assert found.dtype == np.uint32
    assert found.shape == (len(values), n)
    assert found.tolist() == [slow.signature(value, a.tolist(), b.tolist()) for value in values]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(small, max_size=60), min_size=1, max_size=3), st.integers(0, 1000))
def test_signatures_are_those_of_datasketch(values, seed):
    from datasketch import LeanMinHash, MinHash

    a, b = minhash.permutations(128, seed)
    for value, found in zip(values, minhash.signatures(*ragged(values), a, b), strict=True):
        theirs = MinHash(128, seed, hashfunc=lambda number: number & 0xFFFFFFFF)
        theirs.update_batch(value)
        assert found.tolist() == theirs.hashvalues.tolist()
        lean = LeanMinHash(seed=seed, hashvalues=found, scheme="affine32")
        packed = bytearray(lean.bytesize())
        lean.serialize(packed)
        assert LeanMinHash.deserialize(packed).jaccard(theirs) == 1


@many
@given(st.lists(texts, max_size=4), st.sampled_from([WORDS, CHARACTERS, CODE]), st.integers(1, 8))
def test_signatures_of_texts_are_those_of_their_shingles(values, tokenizer, n):
    arguments = (*buffers(values), characters.classes(), characters.lower(), tokenizer, n)
    a, b = minhash.permutations(30, 1)
    expected = minhash.signatures(*shingle_hashes(*arguments), a, b)
    assert minhash.signatures_of_texts(*arguments, a, b).tolist() == expected.tolist()


@pytest.mark.parametrize("n", [1, 5, 5000])
def test_signatures_of_long_texts_are_those_of_their_shingles(n):
    values = [" ".join(map(str, range(4000))), "", "one", "é" * 3000, " ".join(map(str, range(9000, 0, -1)))]
    arguments = (*buffers(values), characters.classes(), characters.lower(), WORDS, n)
    a, b = minhash.permutations(16, 1)
    expected = minhash.signatures(*shingle_hashes(*arguments), a, b)
    assert minhash.signatures_of_texts(*arguments, a, b).tolist() == expected.tolist()


def test_signatures_are_the_same_on_every_machine():
    arguments = (*buffers(["The quick brown fox"]), characters.classes(), characters.lower(), WORDS, 2)
    assert minhash.signatures_of_texts(*arguments, *minhash.permutations(4, 1)).tolist() == [
        [3182743984, 438998046, 180401670, 3095883804]
    ]


@many
@given(
    st.lists(st.tuples(st.integers(0, 2**64 - 1), st.lists(st.integers(0, 3), min_size=12, max_size=12)), max_size=8)
)
def test_band_keys_are_those_of_the_slow_twin(documents):
    signatures = np.array([signature for _, signature in documents], np.uint32).reshape(-1, 12)
    salts = np.array([salt for salt, _ in documents], np.uint64)
    for bands, rows in ((3, 4), (5, 2), (12, 1)):
        found = minhash.band_keys(signatures, bands, rows, salts)
        assert found.tolist() == [slow.band_keys(signature, bands, rows, salt) for salt, signature in documents]


def test_keys_of_different_bands_and_salts_differ():
    signatures = np.ones((2, 8), np.uint32)
    keys = minhash.band_keys(signatures, 4, 2, np.array([0, 1], np.uint64))
    assert len(np.unique(keys)) == 8


@pytest.mark.parametrize(("bands", "rows"), [(0, 1), (1, 0), (3, 3)])
def test_bands_must_fit_the_signature(bands, rows):
    with pytest.raises(ValueError, match="bands times rows"):
        minhash.band_keys(np.ones((1, 8), np.uint32), bands, rows, np.zeros(1, np.uint64))


@many
@given(st.integers(0, 5), st.integers(1, 70), st.integers(0, 2**32))
def test_agreement_and_shared_bands_count_equal_columns(n, width, seed):
    chance = np.random.default_rng(seed)
    one, other = (chance.integers(0, 3, (n, width), dtype=np.uint32) for _ in range(2))
    assert minhash.agreement(one, other).tolist() == (one == other).mean(axis=1).astype(np.float32).tolist()
    shared = minhash.shared_bands(one.astype(np.uint64), other.astype(np.uint64))
    assert shared.dtype == np.int16
    assert shared.tolist() == (one == other).sum(axis=1).tolist()


@many
@given(sets)
def test_sets_are_sorted_and_have_no_repeats(values):
    bounds, found = minhash.sorted_sets(*ragged(values))
    assert found.dtype == np.uint32
    low = [sorted({h & 0xFFFFFFFF for h in value}) for value in values]
    assert [found[a:b].tolist() for a, b in pairwise(bounds)] == low


@many
@given(st.lists(st.tuples(st.lists(small, max_size=150), st.lists(small, max_size=150)), max_size=4))
def test_exact_similarity_is_that_of_the_slow_twin(pairs):
    one, other = (minhash.sorted_sets(*ragged([pair[k] for pair in pairs])) for k in range(2))
    assert minhash.jaccard_sorted(*one, *other).tolist() == [np.float32(slow.jaccard(*pair)) for pair in pairs]


@pytest.mark.parametrize("similarity", [0.1, 0.5, 0.7, 0.9])
def test_agreement_estimates_similarity(similarity):
    chance = np.random.default_rng(1)
    n_pairs, size = 400, 1000
    n_shared = round(2 * size * similarity / (1 + similarity))
    drawn = chance.integers(0, 2**64, (n_pairs, 2 * size - n_shared), dtype=np.uint64)
    bounds = np.arange(n_pairs + 1) * size
    one, other = drawn[:, :size].copy().ravel(), drawn[:, -size:].copy().ravel()
    a, b = minhash.permutations(128, 3)
    found = minhash.agreement(minhash.signatures(bounds, one, a, b), minhash.signatures(bounds, other, a, b))
    exact = minhash.jaccard_sorted(*minhash.sorted_sets(bounds, one), *minhash.sorted_sets(bounds, other))
    deviation = np.sqrt(exact * (1 - exact) / 128)
    assert abs((found - exact).mean()) < 4 * deviation.mean() / np.sqrt(n_pairs)
    assert 0.85 < (found - exact).std() / deviation.mean() < 1.15


def test_documents_without_shingles_agree_with_each_other_only():
    a, b = minhash.permutations(64, 1)
    empty, one = minhash.signatures(np.array([0, 0, 1]), np.array([7], np.uint64), a, b)
    assert set(empty.tolist()) == {0xFFFFFFFF}
    assert minhash.agreement(empty[None], empty[None]).tolist() == [1]
    assert minhash.agreement(empty[None], one[None]).tolist() == [0]
