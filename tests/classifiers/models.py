"""Small models of every backend, made in a moment, and texts that they tell apart."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from curate.classifiers.examples import Examples
from curate.classifiers.linear import Features, LinearModel

GOOD = [
    "the",
    "harbour",
    "was",
    "quiet",
    "in",
    "the",
    "morning",
    "and",
    "the",
    "boats",
    "lay",
    "at",
    "their",
    "moorings",
    "while",
    "fishermen",
    "mended",
    "nets",
]
BAD = [
    "buy",
    "cheap",
    "pills",
    "now",
    "free",
    "offer",
    "click",
    "here",
    "casino",
    "bonus",
    "winner",
    "discount",
    "limited",
    "order",
    "today",
]


def tiny_linear(path: Path, *, seed: int = 0) -> Path:
    """Write a linear model with random weights, and return its path."""
    weights = np.random.default_rng(seed).normal(size=1 << 10).astype(np.float32)
    LinearModel("bad", Features(words=2, characters=3, bits=10), weights, -0.2, slope=1.5, offset=0.1).save(path)
    return path


def labelled(n: int = 400, *, seed: int = 0, share: float = 0.4) -> Examples:
    """Return texts of two kinds; one word in eight comes from the other kind."""
    chance = random.Random(seed)
    texts, is_bad = [], []
    for _ in range(n):
        bad = chance.random() < share
        own, other = (BAD, GOOD) if bad else (GOOD, BAD)
        words = [chance.choice(other if chance.random() < 0.125 else own) for _ in range(chance.randrange(8, 40))]
        texts.append(" ".join(words))
        is_bad.append(bad)
    sources = [chance.choice(["a", "b"]) for _ in range(n)]
    return Examples(texts, np.array(is_bad), "bad", slices={"source": sources})
