"""Count the different words and the function words of texts.

Words are those of `tokens.WORDS`: in lower case, without marks; `don't` is `don` and `t`.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numba import njit

from curate.kernels.characters import classes, lower
from curate.kernels.hashing import number_equal, slots_for
from curate.kernels.tokens import AT, BLOCK, WORDS, memory_of, new_state, scan, start_text

FUNCTION_WORDS = (
    # articles, demonstratives, quantifiers
    "a", "an", "the", "this", "that", "these", "those", "all", "any", "both", "each", "every", "either", "neither",
    "few", "many", "more", "most", "much", "less", "no", "none", "other", "another", "some", "such", "several", "own", "same",
    # pronouns
    "i", "me", "my", "mine", "myself", "we", "us", "our", "ours", "ourselves", "you", "your", "yours", "yourself",
    "yourselves", "he", "him", "his", "himself", "she", "her", "hers", "herself", "it", "its", "itself", "they", "them",
    "their", "theirs", "themselves", "who", "whom", "whose", "which", "what", "one",
    # prepositions
    "of", "to", "in", "for", "on", "with", "at", "by", "from", "about", "against", "between", "into", "through",
    "during", "before", "after", "above", "below", "over", "under", "up", "down", "out", "off", "within", "without",
    "upon", "among", "across", "behind", "beyond", "toward", "towards", "per", "via", "around", "near",
    # conjunctions and words that join clauses
    "and", "or", "but", "nor", "so", "yet", "if", "because", "as", "until", "while", "although", "though", "since",
    "unless", "whether", "than", "then", "when", "where", "why", "how", "once", "there", "here",
    # auxiliary verbs
    "am", "is", "are", "was", "were", "be", "been", "being", "have", "has", "had", "having", "do", "does", "did", "doing",
    "will", "would", "shall", "should", "can", "could", "may", "might", "must", "ought", "cannot",
    # particles of negation and degree
    "not", "very", "too", "also", "only", "just", "even", "again", "further", "now", "ever", "never", "still",
    # parts of words with an apostrophe
    "s", "t", "d", "m", "re", "ve", "ll", "don", "didn", "doesn", "isn", "aren", "wasn", "weren", "hasn", "haven", "hadn",
    "won", "wouldn", "couldn", "shouldn",
)  # fmt: skip
"""English words of the closed classes: they build sentences and say little about the topic."""

N_WORDS, N_DIFFERENT, N_FUNCTION, N_COUNTS = range(4)
"""Columns of the counts; N_COUNTS is the number of columns."""


@lru_cache(maxsize=1)
def function_words() -> np.ndarray:
    """Return the hashes of FUNCTION_WORDS, sorted: uint64[n]."""
    data = np.frombuffer(" ".join(FUNCTION_WORDS).encode(), np.uint8)
    found = np.sort(_hash_words(data, classes(), lower()))
    found.flags.writeable = False
    return found


@njit(cache=True, nogil=True)
def _hash_words(data, classes, lower):
    hashes, state = np.empty(2 * len(data) + BLOCK, np.uint64), new_state()
    start_text(state, 0)
    return hashes[: _scan_all(memory_of(data, classes, lower), len(data), state, hashes)[1]]


@njit(cache=True, nogil=True)
def count_vocabulary(offsets, data, classes, lower, functional):
    """Count the words of texts, the different ones, and the function words.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        lower: uint32[len(CASED)], `characters.lower()`.
        functional: uint64[k], what `function_words` returned.
    Returns:
        int64[n, N_COUNTS], one row for each text: N_WORDS; N_DIFFERENT, how many of them differ, by 64-bit hashes;
        N_FUNCTION, how many of all words are in FUNCTION_WORDS.
    Cost: about 160 MB/s of English text, one core (`python -m tests.bench.kernels`).
    """
    memory, n_docs = memory_of(data, classes, lower), len(offsets) - 1
    counts = np.zeros((n_docs, N_COUNTS), np.int64)
    hashes, state = np.empty(2 * BLOCK, np.uint64), new_state()
    slots, first, is_functional = _scratch(len(hashes))
    for i in range(n_docs):
        start_text(state, offsets[i])
        hashes, n = _scan_all(memory, offsets[i + 1], state, hashes)
        if len(first) < len(hashes):
            slots, first, is_functional = _scratch(len(hashes))
        counts[i, N_WORDS], counts[i, N_DIFFERENT] = n, number_equal(hashes, n, slots, first)
        for k in range(n):
            if first[k] == k:
                at = np.searchsorted(functional, hashes[k])
                is_functional[k] = at < len(functional) and functional[at] == hashes[k]
            counts[i, N_FUNCTION] += is_functional[first[k]]
    return counts


@njit(cache=True, nogil=True)
def _scan_all(memory, end, state, hashes):
    """Hash all words of a text; return `(hashes, number of words)`, with a longer array if needed."""
    n = 0
    while state[AT] < end:
        if len(hashes) - n < BLOCK:
            longer = np.empty(2 * len(hashes), np.uint64)
            longer[:n] = hashes[:n]
            hashes = longer
        n += scan(memory, end, WORDS, state, hashes[n:], None, None)
    return hashes, n


@njit(cache=True, nogil=True)
def _scratch(n):
    return np.empty(slots_for(n), np.int32), np.empty(n, np.int32), np.empty(n, np.bool_)
