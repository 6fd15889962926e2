"""Hash the n-grams of texts to 64 bits, for comparing texts.

A text is cut into tokens (see `tokens` for the three tokenizers), each token is hashed, and n consecutive tokens are one
n-gram, also called a *shingle*. A text with fewer than n tokens is one shingle of all its tokens; one without tokens has
none.

The hash of an n-gram is a polynomial of the hashes of its tokens, mixed. It is the same in every process and on every
machine; only texts with characters of a newer Unicode may be cut differently by an older Python (see `characters`).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.hashing import mix
from curate.kernels.tokens import AT, BLOCK, CHARACTERS, CODE, WORDS, memory_of, new_state, scan, start_text

__all__ = ["CHARACTERS", "CODE", "WORDS", "mixed", "ngrams", "shingle_hashes", "token_spans"]

BASE = np.uint64(0x2545F4914F6CDD1D)
"""The base of the polynomial. Odd, so that no token is lost; 5 modulo 8, so that n equal tokens keep most bits of their hash."""


@njit(cache=True, nogil=True)
def shingle_hashes(offsets, data, classes, lower, tokenizer, n):
    """Hash the n-grams of texts.

    Args:
        offsets: int64[n_docs + 1], byte bounds of the texts in `data`; need not begin at 0.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        lower: uint32[len(CASED)], `characters.lower()`.
        tokenizer: WORDS, CHARACTERS or CODE.
        n: tokens in an n-gram, at least 1.
    Returns:
        `(bounds int64[n_docs + 1], hashes uint64[total])`; the n-grams of text i are
        `hashes[bounds[i] : bounds[i + 1]]`, in text order, repeats included. For n = 1 these are
        `mixed(token hashes)`, see `token_spans`.
    Raises:
        ValueError: n is less than 1.
    Cost: about 550 MB/s of English in words, 70 in characters, 200 as code; 170 and more of other scripts in words; one
        core (`python -m tests.bench.minhash`). Writing the hashes is a good part of it: `minhash.signatures_of_texts`
        does not write them.
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

    Args:
        offsets: int64[n_docs + 1], byte bounds of the texts in `data`; need not begin at 0.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        lower: uint32[len(CASED)], `characters.lower()`.
        tokenizer: WORDS, CHARACTERS or CODE.
    Returns:
        `(bounds int64[n_docs + 1], hashes uint64[total], starts int64[total], ends int64[total])`: the hash of
        each token, its first byte and the byte after its last, counted from the beginning of its text. Layout
        tokens of CODE are empty and come right before the first token of their line. `ngrams(bounds, hashes, n)` are
        the shingles of these tokens.
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
    """Hash the n-grams of tokens that are already hashed.

    Args:
        bounds: int64[n_docs + 1], bounds of the texts in `hashes`; need not begin at 0.
        hashes: uint64[m], token hashes from `token_spans`.
        n: tokens in an n-gram, at least 1.
    Returns:
        `(bounds int64[n_docs + 1], hashes uint64[total])`, as in `shingle_hashes`.
    Raises:
        ValueError: n is less than 1.
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
    """Return the hash of the n-gram of one token, for each of the token hashes: uint64[n]."""
    out = np.empty(len(hashes), np.uint64)
    for k in range(len(hashes)):
        out[k] = mix(hashes[k])
    return out


# ------------------------------------------------------------------ blocks of tokens


@njit(cache=True, nogil=True)
def new_tokens(n):
    """Return room for the n tokens before a block and for those of the block: uint64[n + max(BLOCK, n)].

    Raises:
        ValueError: n is less than 1.
    """
    if n < 1:
        raise ValueError("an n-gram must have at least one token")
    return np.zeros(n + max(BLOCK, n), np.uint64)


@njit(cache=True, nogil=True)
def power(n):
    """Return BASE to the power of n, modulo 2**64."""
    value = np.uint64(1)
    for _ in range(n):
        value *= BASE
    return value


@njit(cache=True, nogil=True)
def grown(array, n, needed):
    """Copy an array into a longer one.

    Args:
        array: any[m], for instance uint64[m].
        n: how many values are copied, from the first on.
        needed: the least length of the new array; it is at least 2 * m.
    Returns:
        any[max(2 * m, needed)].
    """
    larger = np.empty(max(2 * len(array), needed), array.dtype)
    larger[:n] = array[:n]
    return larger


@njit(cache=True, nogil=True)
def roll(tokens, n, top, scanned, k, value, out, total):
    """Append the n-grams that end in the next k tokens of a text.

    Args:
        tokens: uint64[>= n + k], the n tokens before (0 where there are none), then the k new ones; afterwards the last n
            tokens are at the front.
        n: tokens in an n-gram.
        top: `power(n)`.
        scanned: the number of tokens of the text before the k.
        k: the number of new tokens.
        value: the polynomial of the last n of the tokens before, 0 at the beginning of a text.
        out: uint64[>= total + k], appended to.
        total: the number of n-grams in `out`.
    Returns:
        `(value, total)` after the k tokens.
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
