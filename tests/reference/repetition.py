"""Repeated word n-grams in plain Python, with tuples of strings."""

from __future__ import annotations

from collections import Counter

from curate.kernels.repetition import DUPLICATE, TOP
from tests.reference.words import is_unspaced, tokens


def joined(gram: tuple[str, ...]) -> str:
    """Join words as in the text: with a space after words of scripts with spaces, and after marks."""
    return "".join(word if is_unspaced(word[0]) else word + " " for word in gram[:-1]) + gram[-1]


def most_frequent(words: list[str], n: int) -> int:
    """Return the characters in all copies of the most frequent n-gram, 0 if none occurs twice."""
    counts = Counter(tuple(words[i : i + n]) for i in range(len(words) - n + 1))
    if not counts:
        return 0
    gram, times = counts.most_common(1)[0]  # the first of equally frequent ones: Counter keeps the order of insertion
    return len(joined(gram)) * times if times > 1 else 0


def repeated_characters(words: list[str], n: int) -> int:
    """Return the characters of n-grams that occurred earlier, from left to right, no word counted twice."""
    seen, total, i = set(), 0, 0
    while i + n <= len(words):
        gram = tuple(words[i : i + n])
        if gram in seen:
            total += sum(map(len, gram))
            i += n
        else:
            seen.add(gram)
            i += 1
    return total


def count_repetition(text: str) -> list[int]:
    """Return a row of the second table of `curate.kernels.repetition.count_repetition`."""
    words = [text[token.start : token.end] for token in tokens(text)]
    return [
        len(set(words)),
        0,
        *(most_frequent(words, n) for n in TOP),
        *(repeated_characters(words, n) for n in DUPLICATE),
    ]
