"""N-grams of texts as 64-bit hashes: what two texts are compared by.

A text is cut into tokens (see `tokens` for the three ways), each token is hashed, and n neighbouring tokens make one
n-gram, a *shingle*. A text with fewer than n tokens is one shingle of all it has; one without tokens has none.

The hash of an n-gram is a polynomial of its tokens' hashes, mixed. It depends neither on machine nor process, but
texts of characters that a newer Unicode added may be cut differently under an older Python (see `characters`).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.hashing import mix
from curate.kernels.tokens import AT, BLOCK, CHARACTERS, CODE, WORDS, memory_of, new_state, scan, start_text

__all__ = ["CHARACTERS", "CODE", "WORDS", "mixed", "ngrams", "shingle_hashes", "token_spans"]

BASE = np.uint64(0x2545F4914F6CDD1D)
"""Of the polynomial. Odd, so that no token is lost; 5 modulo 8, so that n equal tokens keep most bits of their hash."""


@njit(cache=True, nogil=True)
def shingle_hashes(offsets, data, classes, lower, tokenizer, n):
    """Hash the n-grams of texts.

    Args:
        offsets: int64[n_docs + 1], bounds of the texts; need not begin at 0.
        data: uint8[m], UTF-8.
        classes, lower: `characters.classes()` and `characters.lower()`.
        tokenizer: WORDS, CHARACTERS or CODE.
        n: tokens in an n-gram, at least 1.
    Returns:
        `(bounds int64[n_docs + 1], hashes uint64[total])`; the n-grams of text i are
        `hashes[bounds[i] : bounds[i + 1]]`, in text order, repeated ones included. For n = 1 these are
        `mixed(token hashes)`, see `token_spans`.
    Cost: about 550 MB/s of English in words, 70 in characters, 200 as code; 170 and more of other scripts in words; one
        core (`python -m tests.bench.minhash`). Writing the hashes is a good part of it: `minhash.signatures_of_texts`
        goes without.
    """
    memory, n_docs = memory_of(data, classes, lower), len(offsets) - 1
    bounds = np.zeros(n_docs + 1, np.int64)
    n_bytes = offsets[n_docs] - offsets[0]
    out = np.empty((n_bytes if tokenizer == CHARACTERS else n_bytes // 4) + BLOCK, np.uint64)
    tokens, top, state, total = new_tokens(n), power(n), new_state(), 0
    for i in range(n_docs):
        start_text(state, offsets[i])
        tokens[:n] = 0
        value, scanned, end = np.uint64(0), 0, offsets[i + 1]
        while state[AT] < end:
            k = scan(memory, end, tokenizer, state, tokens[n:], None, None)
            if total + k + 1 > len(out):
                out = grown(out, total, total + k + 1)
            value, total = roll(tokens, n, top, scanned, k, value, out, total)
            scanned += k
        if 0 < scanned < n:
            out[total] = mix(value)
            total += 1
        bounds[i + 1] = total
    return bounds, out[:total]


@njit(cache=True, nogil=True)
def token_spans(offsets, data, classes, lower, tokenizer):
    """Find the tokens of texts.

    Args: as of `shingle_hashes`.
    Returns:
        `(bounds int64[n_docs + 1], hashes uint64[total], starts int64[total], ends int64[total])`: the hash of
        each token, its first byte and the one after its last, counted from the beginning of its text. Layout
        tokens of CODE are empty and stand before the line they open. `ngrams(bounds, hashes, n)` are the
        shingles of these tokens.
    Cost: that of `shingle_hashes`, and 24 bytes a token.
    """
    memory, n_docs = memory_of(data, classes, lower), len(offsets) - 1
    bounds = np.zeros(n_docs + 1, np.int64)
    room = (offsets[n_docs] - offsets[0]) // 4 + BLOCK
    hashes, starts, ends = np.empty(room, np.uint64), np.empty(room, np.int64), np.empty(room, np.int64)
    state, total = new_state(), 0
    for i in range(n_docs):
        start_text(state, offsets[i])
        while state[AT] < offsets[i + 1]:
            if total + BLOCK > len(hashes):
                hashes = grown(hashes, total, total + BLOCK)
                starts, ends = grown(starts, total, total + BLOCK), grown(ends, total, total + BLOCK)
            total += scan(memory, offsets[i + 1], tokenizer, state, hashes[total:], starts[total:], ends[total:])
        for k in range(bounds[i], total):
            starts[k] -= offsets[i]
            ends[k] -= offsets[i]
        bounds[i + 1] = total
    return bounds, hashes[:total], starts[:total], ends[:total]


@njit(cache=True, nogil=True)
def ngrams(bounds, hashes, n):
    """Hash the n-grams of tokens that are hashed already.

    Args:
        bounds: int64[n_docs + 1], bounds of the texts among the tokens; need not begin at 0.
        hashes: uint64[m], of the tokens as `token_spans` gives them.
        n: tokens in an n-gram, at least 1.
    Returns:
        `(bounds int64[n_docs + 1], hashes uint64[total])` as of `shingle_hashes`.
    Cost: about 3 ns a token, one core.
    """
    n_docs = len(bounds) - 1
    new_bounds = np.zeros(n_docs + 1, np.int64)
    out = np.empty(bounds[n_docs] - bounds[0], np.uint64)
    tokens, top, total = new_tokens(n), power(n), 0
    room = len(tokens) - n
    for i in range(n_docs):
        tokens[:n] = 0
        value, scanned = np.uint64(0), bounds[i + 1] - bounds[i]
        for at in range(0, scanned, room):
            k = min(room, scanned - at)
            tokens[n : n + k] = hashes[bounds[i] + at : bounds[i] + at + k]
            value, total = roll(tokens, n, top, at, k, value, out, total)
        if 0 < scanned < n:
            out[total] = mix(value)
            total += 1
        new_bounds[i + 1] = total
    return new_bounds, out[:total]


@njit(cache=True, nogil=True)
def mixed(hashes):
    """Return the hash of an n-gram of one token, for each of some token hashes: uint64[n]."""
    out = np.empty(len(hashes), np.uint64)
    for k in range(len(hashes)):
        out[k] = mix(hashes[k])
    return out


# ------------------------------------------------------------------ blocks of tokens


@njit(cache=True, nogil=True)
def new_tokens(n):
    """Return room for the n tokens before a block and those of the block."""
    if n < 1:
        raise ValueError("an n-gram has at least one token")
    return np.zeros(n + max(BLOCK, n), np.uint64)


@njit(cache=True, nogil=True)
def power(n):
    """Return BASE to the power of n."""
    value = np.uint64(1)
    for _ in range(n):
        value *= BASE
    return value


@njit(cache=True, nogil=True)
def grown(array, n, needed):
    """Return an array with the same first n values and room for those needed, at least twice as many as it had."""
    larger = np.empty(max(2 * len(array), needed), array.dtype)
    larger[:n] = array[:n]
    return larger


@njit(cache=True, nogil=True)
def roll(tokens, n, top, scanned, k, value, out, total):
    """Append the n-grams that end in the next k tokens of a text.

    Args:
        tokens: uint64[>= n + k], the n tokens before (0 where there are none), then the k; the last n of them
            stand first afterwards.
        top: `power(n)`.
        scanned: how many tokens of the text came before.
        value: the polynomial of the last n of those, 0 at the beginning of a text.
        out, total: uint64[>= total + k] and how many n-grams stand in it.
    Returns:
        `(value, total)` after the k.
    """
    early = min(max(n - 1 - scanned, 0), k)
    for i in range(early):
        value = value * BASE + tokens[n + i]
    left, entered, made = tokens[early:k], tokens[n + early : n + k], out[total : total + k - early]
    for i in range(len(made)):
        value = value * BASE + (entered[i] - left[i] * top)
        made[i] = mix(value)
    for i in range(n):
        tokens[i] = tokens[k + i]
    return value, total + len(made)
