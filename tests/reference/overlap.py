"""Shared n-grams in plain Python: the definitions of `curate.kernels.overlap`, with words instead of hashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from curate.kernels.tokens import WORDS
from tests.reference.shingles import tokens


def words(text: str) -> list[str]:
    """Return the words of a text in the form in which they are compared."""
    return [token.key for token in tokens(text, WORDS)]


@dataclass
class Items:
    """The items; `grams[i]` are the n-grams of item i that count, with the index of their first occurrence."""

    items: list[list[str]]
    grams: list[dict[tuple, int]]
    n: int
    shortest: int

    def is_whole(self, item: int) -> bool:
        return self.shortest <= len(self.items[item]) < self.n


def ngrams(found: Sequence[str], n: int) -> list[tuple]:
    return [tuple(found[i : i + n]) for i in range(len(found) - n + 1)]


def build(
    texts: Sequence[str], sets: Sequence[int], n: int, shortest: int, max_items: int, allowed: Sequence[str] = ()
) -> Items:
    """Return the items with the n-grams that count."""
    items = [words(text) for text in texts]
    common = Counter((gram, set_) for item, set_ in zip(items, sets, strict=True) for gram in set(ngrams(item, n)))
    out = {gram for (gram, _), count in common.items() if count > max_items}
    out |= {gram for text in allowed for gram in ngrams(words(text), n)}
    grams: list[dict[tuple, int]] = []
    for item in items:
        if shortest <= len(item) < n:
            is_allowed = any(tuple(item) in ngrams(words(text), len(item)) for text in allowed)
            grams.append({} if is_allowed else {tuple(item): 0})
        else:
            first: dict[tuple, int] = {}
            for place, gram in enumerate(ngrams(item, n)):
                first.setdefault(gram, place)
            grams.append({gram: place for gram, place in first.items() if gram not in out})
    return Items(items, grams, n, shortest)


def shared(text: str, index: Items) -> dict[int, int]:
    """Return, for each item that shares n-grams with a text, how many different ones."""
    found = words(text)
    counts = {}
    for i, grams in enumerate(index.grams):
        length = len(index.items[i]) if index.is_whole(i) else index.n
        if n := len(grams.keys() & set(ngrams(found, length))):
            counts[i] = n
    return counts


def stretch(text: str, item: int, index: Items) -> tuple[int, int, int, int]:
    """Return the stretch of a text with the most n-grams of an item, in words of the text and of the item."""
    length = len(index.items[item]) if index.is_whole(item) else index.n
    hits = [(at, index.grams[item].get(gram, -1)) for at, gram in enumerate(ngrams(words(text), length))]
    groups: list[list[tuple[int, int]]] = []
    for at, place in hits:
        if place >= 0:
            if not groups or at > groups[-1][-1][0] + length + index.n:
                groups.append([])
            groups[-1].append((at, place))
    group = max(groups, key=len)
    return group[0][0], group[-1][0] + length, group[0][1], group[-1][1] + length
