"""MinHash: estimate how similar two texts are from a few numbers for each.

Under a random permutation of all hashes, the probability that two sets have the same smallest hash is their
Jaccard similarity: the size of their intersection divided by that of their union. A signature holds the minima under
many permutations. They are those of `datasketch` 2 with the scheme "affine32": the low 32 bits h of each hash are mixed
by the finalizer of MurmurHash3 and permuted as a * h + b modulo 2**32 with odd a.

Equal bands of signatures give the candidate pairs; `agreement` estimates their similarity, `jaccard_sorted` computes it.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.hashing import MIX_A, MIX_B, mix
from curate.kernels.shingles import new_tokens, power, roll
from curate.kernels.tokens import AT, memory_of, new_state, scan, start_text

NOTHING = np.uint32(0xFFFFFFFF)
"""The minimum of an empty set of hashes."""

UNROLLED = 8
"""Hashes permuted together, so that the minima are read and written once for all of them."""


def permutations(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw n permutations, the same as `datasketch.MinHash(n, seed)`.

    Returns:
        `(a uint32[n], b uint32[n])`, all a odd.
    """
    chance = np.random.RandomState(seed)
    a = chance.randint(0, 1 << 31, n, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return a, chance.randint(0, 1 << 32, n, dtype=np.uint32)


@njit(cache=True, nogil=True)
def signatures(bounds, hashes, a, b):
    """Compute the smallest permuted hash of each document under each permutation.

    Args:
        bounds: int64[n_docs + 1], bounds of the documents in `hashes`; need not begin at 0.
        hashes: uint64[m], of which the low 32 bits are used; order and repeats do not matter.
        a, b: uint32[n] each, what `permutations` returned.
    Returns:
        uint32[n_docs, n]; 0xFFFFFFFF everywhere for a document without hashes.
    Cost: about 3 µs for 480 hashes and 128 permutations, one core, AVX2.
    """
    n_docs = len(bounds) - 1
    minima = np.full((n_docs, len(a)), NOTHING, np.uint32)
    spread = np.empty(1024 + UNROLLED, np.uint32)
    for i in range(n_docs):
        for at in range(bounds[i], bounds[i + 1], 1024):
            lower_minima(minima[i], hashes, at, min(at + 1024, bounds[i + 1]), a, b, spread)
    return minima


@njit(cache=True, nogil=True)
def signatures_of_texts(offsets, data, classes, lower, tokenizer, n, a, b):
    """Compute `signatures(*shingle_hashes(offsets, data, classes, lower, tokenizer, n), a, b)` without storing the hashes.

    Args:
        offsets: int64[n_docs + 1], byte bounds of the texts in `data`; need not begin at 0.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        lower: uint32[len(CASED)], `characters.lower()`.
        tokenizer: WORDS, CHARACTERS or CODE of `tokens`.
        n: tokens in an n-gram, at least 1.
        a, b: uint32[k] each, what `permutations` returned.
    Returns:
        uint32[n_docs, k].
    Raises:
        ValueError: n is less than 1.
    Cost: about 9 µs for 3 KB of English, word 5-grams, 128 permutations: 110,000 documents a second on one core
        (`python -m tests.bench.minhash`). Memory is a few blocks of tokens, however long a text is.
    """
    memory, n_docs = memory_of(data, classes, lower), len(offsets) - 1
    minima = np.full((n_docs, len(a)), NOTHING, np.uint32)
    tokens, top, state = new_tokens(n), power(n), new_state()
    hashes, spread = np.empty(len(tokens) + 1, np.uint64), np.empty(len(tokens) + UNROLLED, np.uint32)
    for i in range(n_docs):
        start_text(state, offsets[i])
        tokens[:n] = 0
        value, scanned, end = np.uint64(0), 0, offsets[i + 1]
        while state[AT] < end:
            k = scan(memory, end, tokenizer, state, tokens[n:], None, None)
            value, total = roll(tokens, n, top, scanned, k, value, hashes, 0)
            lower_minima(minima[i], hashes, 0, total, a, b, spread)
            scanned += k
        if 0 < scanned < n:
            hashes[0] = mix(value)
            lower_minima(minima[i], hashes, 0, 1, a, b, spread)
    return minima


@njit(cache=True, nogil=True)
def lower_minima(minima, hashes, start, end, a, b, spread):
    """Update the minima of a document with more hashes.

    Args:
        minima: uint32[n], changed.
        hashes: uint64[m].
        start, end: the range of `hashes` that is used.
        a, b: uint32[n] each, what `permutations` returned.
        spread: uint32[>= end - start + UNROLLED], scratch.
    """
    n = end - start
    if n <= 0:
        return
    for i in range(n):
        spread[i] = _spread(np.uint32(hashes[start + i]))
    for i in range(n, n + UNROLLED):  # padding: a repeated hash does not change a minimum
        spread[i] = spread[n - 1]
    for i in range(0, n, UNROLLED):
        h0, h1, h2, h3 = spread[i], spread[i + 1], spread[i + 2], spread[i + 3]
        h4, h5, h6, h7 = spread[i + 4], spread[i + 5], spread[i + 6], spread[i + 7]
        for j in range(len(minima)):
            x, y = a[j], b[j]
            least = min(
                min(
                    min(np.uint32(x * h0 + y), np.uint32(x * h1 + y)), min(np.uint32(x * h2 + y), np.uint32(x * h3 + y))
                ),
                min(
                    min(np.uint32(x * h4 + y), np.uint32(x * h5 + y)), min(np.uint32(x * h6 + y), np.uint32(x * h7 + y))
                ),
            )
            minima[j] = min(minima[j], least)


@njit(cache=True, nogil=True, forceinline=True)
def _spread(value):
    """Return the finalizer of MurmurHash3 of a `uint32`."""
    value = np.uint32(value ^ (value >> np.uint32(16)))
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value = np.uint32(value ^ (value >> np.uint32(13)))
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


# ------------------------------------------------------------------ pairs


@njit(cache=True, nogil=True)
def band_keys(signatures, bands, rows, salts):
    """Hash each band of each signature; two documents with an equal key are a candidate pair.

    Args:
        signatures: uint32[n_docs, >= bands * rows].
        bands, rows: band k is the columns `k * rows` to `(k + 1) * rows`; both at least 1.
        salts: uint64[n_docs]; only documents with the same salt get equal keys.
    Returns:
        uint64[n_docs, bands], equal if band, salt and all rows are equal; else equal with a probability of 2**-64.
    Raises:
        ValueError: bands or rows are less than 1, or the signatures have too few columns.
    Cost: about 0.35 µs for 14 bands of 9 rows.
    """
    if bands < 1 or rows < 1 or bands * rows > signatures.shape[1]:
        raise ValueError("bands times rows must be at least 1 and at most the width of the signatures")
    n_docs = len(signatures)
    keys = np.empty((n_docs, bands), np.uint64)
    for i in range(n_docs):
        salt = mix(salts[i] ^ MIX_B)
        for band in range(bands):
            value = mix(salt + np.uint64(band) * MIX_A)
            for row in range(band * rows, (band + 1) * rows):
                value = mix(value ^ np.uint64(signatures[i, row]))
            keys[i, band] = value
    return keys


@njit(cache=True, nogil=True)
def agreement(signatures_a, signatures_b):
    """Compare signatures row by row: the share of equal values, which estimates the Jaccard similarity.

    Args:
        signatures_a, signatures_b: uint32[n, k] each.
    Returns:
        float32[n], 0 to 1; 1 for two documents without hashes.
    Raises:
        ValueError: the shapes differ.
    Cost: about 0.03 µs for 128 columns.
    """
    if signatures_a.shape != signatures_b.shape:
        raise ValueError("signatures to compare must have the same shape")
    n, k = signatures_a.shape
    shares = np.empty(n, np.float32)
    for i in range(n):
        equal = np.int32(0)
        for j in range(k):
            equal += np.int32(signatures_a[i, j] == signatures_b[i, j])
        shares[i] = equal / k
    return shares


@njit(cache=True, nogil=True)
def agreement_with(signature, signatures):
    """Compare one signature with each of others: the share of equal values.

    Args:
        signature: uint32[k].
        signatures: uint32[n, k].
    Returns:
        float32[n], 0 to 1.
    """
    n, k = signatures.shape
    shares = np.empty(n, np.float32)
    for i in range(n):
        equal = np.int32(0)
        for j in range(k):
            equal += np.int32(signature[j] == signatures[i, j])
        shares[i] = equal / k
    return shares


@njit(cache=True, nogil=True)
def shared_bands(keys_a, keys_b):
    """Count, row by row, the bands in which two documents have the same key.

    Args:
        keys_a, keys_b: uint64[n, bands] each.
    Returns:
        int16[n].
    Raises:
        ValueError: the shapes differ.
    """
    if keys_a.shape != keys_b.shape:
        raise ValueError("keys to compare must have the same shape")
    n, bands = keys_a.shape
    shared = np.zeros(n, np.int16)
    for i in range(n):
        for j in range(bands):
            shared[i] += keys_a[i, j] == keys_b[i, j]
    return shared


# ------------------------------------------------------------------ exact sets


@njit(cache=True, nogil=True)
def sorted_sets(bounds, hashes):
    """Return the low 32 bits of the hashes of each document as a sorted set.

    Args:
        bounds: int64[n_docs + 1], bounds of the documents in `hashes`; need not begin at 0.
        hashes: uint64[m].
    Returns:
        `(bounds int64[n_docs + 1], sets uint32[total])`; set i is `sets[bounds[i] : bounds[i + 1]]`, ascending,
        without repeats.
    Cost: about 6 µs for 480 hashes; linear.
    """
    n_docs = len(bounds) - 1
    new_bounds = np.zeros(n_docs + 1, np.int64)
    sets = np.empty(bounds[n_docs] - bounds[0], np.uint32)
    longest = 0
    for i in range(n_docs):
        longest = max(longest, bounds[i + 1] - bounds[i])
    values, other = np.empty(longest, np.uint32), np.empty(longest, np.uint32)
    places = np.empty((4, 256), np.int64)
    total = 0
    for i in range(n_docs):
        n = bounds[i + 1] - bounds[i]
        for k in range(n):
            values[k] = np.uint32(hashes[bounds[i] + k])
        _sort(values, other, n, places)
        for k in range(n):
            sets[total] = values[k]
            total += k + 1 == n or values[k] != values[k + 1]
        new_bounds[i + 1] = total
    return new_bounds, sets[:total]


@njit(cache=True, nogil=True)
def _sort(values, other, n, places):
    """Sort the first n values: radix sort, one byte at a time from the lowest; insertion sort for fewer than 64."""
    if n < 64:
        for i in range(1, n):
            value, k = values[i], i
            while k > 0 and values[k - 1] > value:
                values[k] = values[k - 1]
                k -= 1
            values[k] = value
        return
    places[:] = 0
    for i in range(n):
        for byte in range(4):
            places[byte, (values[i] >> np.uint32(8 * byte)) & np.uint32(0xFF)] += 1
    for byte in range(4):
        start = 0
        for k in range(256):
            places[byte, k], start = start, start + places[byte, k]
        source, target = (values, other) if byte % 2 == 0 else (other, values)
        for i in range(n):
            digit = (source[i] >> np.uint32(8 * byte)) & np.uint32(0xFF)
            target[places[byte, digit]] = source[i]
            places[byte, digit] += 1


@njit(cache=True, nogil=True)
def jaccard_sorted(bounds_a, sets_a, bounds_b, sets_b):
    """Compute the Jaccard similarity of two sets, row by row.

    Args:
        bounds_a, bounds_b: int64[n + 1] each, bounds of the sets; need not begin at 0.
        sets_a, sets_b: uint32[...] each, every set ascending without repeats, from `sorted_sets`.
    Returns:
        float32[n], 0 to 1; 1 for two empty sets, as in `agreement`.
    Raises:
        ValueError: the numbers of sets differ.
    Cost: about 3 µs for two sets of 480.
    """
    if len(bounds_a) != len(bounds_b):
        raise ValueError("both sides must have the same number of sets")
    n = len(bounds_a) - 1
    found = np.empty(n, np.float32)
    for i in range(n):
        x, y, end_x, end_y = bounds_a[i], bounds_b[i], bounds_a[i + 1], bounds_b[i + 1]
        n_values, both = end_x - x + end_y - y, 0
        while x < end_x and y < end_y:
            left, right = sets_a[x], sets_b[y]
            both += left == right
            x += left <= right
            y += right <= left
        found[i] = both / (n_values - both) if n_values else 1.0
    return found
