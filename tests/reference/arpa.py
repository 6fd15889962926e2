"""A bigram language model in plain Python: counted, smoothed by absolute discounting, and written as ARPA for KenLM."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

DISCOUNT = 0.75


class Bigrams:
    """Probabilities of words after words, estimated from lines of words.

    p(w | v) = max(count(v w) - d, 0) / count(v) + d * different(v) / count(v) * p(w), and p(w) is smoothed in the same way
    with a uniform share for words that never occur.
    """

    def __init__(self, lines: Iterable[Sequence[str]], min_count: int = 1):
        pairs: dict[str, Counter] = defaultdict(Counter)
        self.words: Counter = Counter()
        for line in lines:
            self.words.update([*line, "</s>"])
            for before, after in pairwise(["<s>", *line, "</s>"]):
                pairs[before][after] += 1
        self.pairs = {v: {w: n for w, n in after.items() if n >= min_count} for v, after in pairs.items()}
        self.n = sum(self.words.values())
        self.n_of = {before: sum(after.values()) for before, after in pairs.items()}

    def single(self, word: str) -> float:
        """Return p(w)."""
        rest = DISCOUNT * len(self.words) / self.n / (len(self.words) + 1)
        return max(self.words[word] - DISCOUNT, 0) / self.n + rest

    def backoff(self, word: str) -> float:
        """Return the weight of p(w) after this word."""
        listed = self.pairs.get(word)
        if not listed:
            return 1.0
        left = 1 - sum(n - DISCOUNT for n in listed.values()) / self.n_of[word]
        return left / (1 - sum(self.single(after) for after in listed))

    def pair(self, before: str, after: str) -> float:
        """Return p(after | before)."""
        n = self.pairs.get(before, {}).get(after, 0)
        if n:
            return (n - DISCOUNT) / self.n_of[before]
        return self.backoff(before) * self.single(after)

    def score(self, words: Sequence[str]) -> float:
        """Return log10 of the probability of a line."""
        return sum(math.log10(self.pair(*two)) for two in pairwise(["<s>", *words, "</s>"]))

    def write(self, path: Path) -> Path:
        """Write the model as ARPA."""
        listed = [(v, w) for v in sorted(self.pairs) for w in sorted(self.pairs[v])]
        with open(path, "w", encoding="utf-8") as out:
            print(
                "\\data\\",
                f"ngram 1={len(self.words) + 2}",
                f"ngram 2={len(listed)}",
                "\n\\1-grams:",
                sep="\n",
                file=out,
            )
            print(f"{math.log10(self.single('<unk>'))}\t<unk>\t0", file=out)
            print(f"-99\t<s>\t{math.log10(self.backoff('<s>'))}", file=out)
            for word in sorted(self.words):
                print(f"{math.log10(self.single(word))}\t{word}\t{math.log10(self.backoff(word))}", file=out)
            print("\n\\2-grams:", file=out)
            for before, after in listed:
                print(f"{math.log10(self.pair(before, after))}\t{before} {after}", file=out)
            print("\n\\end\\", file=out)
        return path
