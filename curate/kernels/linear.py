"""Linear models over hashed n-grams: features of texts, and the decision of a model about a text.

The features of a text are its n-grams of words (1 to `words` of them) and of characters (2 to `characters`), from the
tokens of `tokens` (lower case, white space as one space), each hashed into one of `2**bits` buckets. A bucket that is
hit k times has the value 1 + ln k; the values of a text are scaled to length 1 (L2). The decision is the sum of values
times weights, plus the intercept. A plain Python version is in `tests/reference/linear.py`.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from curate.kernels.hashing import mix
from curate.kernels.shingles import BASE, grown
from curate.kernels.tokens import AT, BLOCK, CHARACTERS, WORDS, memory_of, new_state, scan, start_text

LONGEST = 8
"""The largest number of tokens in an n-gram."""

WORD_SALT, CHARACTER_SALT = np.uint64(0x57), np.uint64(0x43)
"""Added to n-grams of words and of characters before mixing, so that the word `a` and the letter `a` differ."""


@njit(cache=True, nogil=True)
def features(texts, tables, shape):
    """Compute the features of texts as rows of a sparse matrix.

    Args:
        texts: `(data uint8[m], starts int64[n], ends int64[n])`, UTF-8 and the byte bounds of each text.
        tables: `(uint16[0x110000], uint32[len(CASED)])`, `characters.classes()` and `characters.lower()`.
        shape: `(words, characters, bits)`: n-grams of 1 to `words` words and of 2 to `characters` characters, 0 for none,
            LONGEST at most; and log2 of the number of buckets.
    Returns:
        `(bounds int64[n + 1], buckets int32[total], values float32[total])`: the features of text i are those from
        `bounds[i]` to `bounds[i + 1]`, each bucket once, in the order of the first hit.
    """
    data, starts, ends = texts
    words, characters, bits = shape
    memory, n = memory_of(data, tables[0], tables[1]), len(starts)
    counts, hit = np.zeros(1 << bits, np.int32), np.empty(BLOCK, np.int32)
    tokens, state, logs = np.zeros(LONGEST + BLOCK, np.uint64), new_state(), _logs()
    bounds = np.zeros(n + 1, np.int64)
    buckets, values, total = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.float32), 0
    for i in range(n):
        hit, n_hit = _count(memory, starts[i], ends[i], words, characters, counts, hit, tokens, state)
        if total + n_hit > len(buckets):
            buckets, values = grown(buckets, total, total + n_hit), grown(values, total, total + n_hit)
        squares = 0.0
        for k in range(n_hit):
            squares += _value(counts[hit[k]], logs) ** 2
        scale = 1 / math.sqrt(squares) if n_hit else 0.0
        for k in range(n_hit):
            buckets[total + k] = hit[k]
            values[total + k] = _value(counts[hit[k]], logs) * scale
            counts[hit[k]] = 0
        total += n_hit
        bounds[i + 1] = total
    return bounds, buckets[:total], values[:total]


@njit(cache=True, nogil=True)
def decide(texts, tables, shape, weights, intercept):
    """Compute the decision of a linear model about each text.

    Args:
        texts: `(data uint8[m], starts int64[n], ends int64[n])`, as in `features`.
        tables: `(uint16[0x110000], uint32[len(CASED)])`, as in `features`.
        shape: `(words, characters, bits)`, as in `features`.
        weights: float32[2**bits].
        intercept: float64.
    Returns:
        float32[n]; NaN for a text without features.
    Cost: `python -m tests.bench classifiers`.
    """
    data, starts, ends = texts
    words, characters, bits = shape
    memory, n = memory_of(data, tables[0], tables[1]), len(starts)
    counts, hit = np.zeros(1 << bits, np.int32), np.empty(BLOCK, np.int32)
    tokens, state, logs = np.zeros(LONGEST + BLOCK, np.uint64), new_state(), _logs()
    out = np.empty(n, np.float32)
    for i in range(n):
        hit, n_hit = _count(memory, starts[i], ends[i], words, characters, counts, hit, tokens, state)
        total, squares = 0.0, 0.0
        for k in range(n_hit):
            value = _value(counts[hit[k]], logs)
            squares += value * value
            total += value * weights[hit[k]]
            counts[hit[k]] = 0
        out[i] = total / math.sqrt(squares) + intercept if n_hit else np.nan
    return out


@njit(cache=True, nogil=True)
def _count(memory, start, end, words, characters, counts, hit, tokens, state):
    """Count the n-grams of one text in `counts`; return the buckets that were hit and their number."""
    n_hit = 0
    if words:
        hit, n_hit = _count_of(memory, start, end, WORDS, 1, words, WORD_SALT, counts, hit, n_hit, tokens, state)
    if characters:
        hit, n_hit = _count_of(
            memory, start, end, CHARACTERS, 2, characters, CHARACTER_SALT, counts, hit, n_hit, tokens, state
        )
    return hit, n_hit


@njit(cache=True, nogil=True)
def _count_of(memory, start, end, tokenizer, shortest, longest, salt, counts, hit, n_hit, tokens, state):
    """Count the n-grams of one tokenizer. `tokens` begins with the last LONGEST tokens of the block before."""
    mask = np.uint64(len(counts) - 1)
    start_text(state, start)
    scanned = 0
    while state[AT] < end:
        k = scan(memory, end, tokenizer, state, tokens[LONGEST:], None, None)
        if n_hit + k * longest > len(hit):
            hit = grown(hit, n_hit, n_hit + k * longest)
        for i in range(LONGEST, LONGEST + k):
            value = np.uint64(0)
            for length in range(1, min(longest, scanned + i - LONGEST + 1) + 1):
                value = value * BASE + tokens[i + 1 - length]
                if length >= shortest:
                    bucket = mix(value + salt) & mask
                    if counts[bucket] == 0:
                        hit[n_hit] = bucket
                        n_hit += 1
                    counts[bucket] += 1
        for i in range(LONGEST):
            tokens[i] = tokens[i + k]
        scanned += k
    return hit, n_hit


@njit(cache=True, nogil=True)
def _logs():
    """Return 1 + ln k for k below 256."""
    return 1 + np.log(np.maximum(np.arange(256), 1).astype(np.float64))


@njit(cache=True, nogil=True, forceinline=True)
def _value(count, logs):
    return logs[count] if count < len(logs) else 1 + math.log(count)
