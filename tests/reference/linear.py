"""Features of the linear classifiers in plain Python: dictionaries of n-grams, one character at a time."""

from __future__ import annotations

import math

from curate.kernels.tokens import CHARACTERS, WORDS
from tests.reference import shingles as slow

BASE = 0x2545F4914F6CDD1D
SALTS = {WORDS: 0x57, CHARACTERS: 0x43}


def buckets(text: str, words: int, characters: int, bits: int) -> list[int]:
    """Return the bucket of every n-gram, repeats included."""
    found = []
    for tokenizer, shortest, longest in ((WORDS, 1, words), (CHARACTERS, 2, characters)):
        tokens = [slow.hash_token(token.key) for token in slow.tokens(text, tokenizer)] if longest else []
        for end in range(1, len(tokens) + 1):
            for length in range(shortest, min(longest, end) + 1):
                value = 0
                for token in reversed(tokens[end - length : end]):
                    value = (value * BASE + token) & slow.MASK
                found.append(slow.mix((value + SALTS[tokenizer]) & slow.MASK) & ((1 << bits) - 1))
    return found


def features(text: str, words: int, characters: int, bits: int) -> dict[int, float]:
    """Return bucket -> value, scaled to length 1."""
    counts: dict[int, int] = {}
    for bucket in buckets(text, words, characters, bits):
        counts[bucket] = counts.get(bucket, 0) + 1
    values = {bucket: 1 + math.log(count) for bucket, count in counts.items()}
    length = math.sqrt(sum(value * value for value in values.values()))
    return {bucket: value / length for bucket, value in values.items()}
