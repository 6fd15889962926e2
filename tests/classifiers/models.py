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


def tiny_fasttext(path: Path) -> Path:
    """Write a fastText model trained for a moment (quantised if it is a `.ftz`), and return its path."""
    from curate.classifiers.fit_fasttext import FastTextSettings
    from curate.classifiers.training import train

    settings = FastTextSettings(
        epochs=(5,), dim=8, bucket=1000, min_count=1, cutoff=400, quantise=path.suffix == ".ftz"
    )
    train(labelled(), path, backend="fasttext", settings=settings)
    return path


def tiny_encoder(folder: Path, labels: tuple[str, ...] = ("not_bad", "bad")) -> Path:
    """Write a BERT of random weights with a vocabulary of letters, and return its folder."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *dict.fromkeys([*GOOD, *BAD])]
    plain = Tokenizer(models.WordLevel({word: k for k, word in enumerate(words)}, unk_token="[UNK]"))
    plain.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="[PAD]", unk_token="[UNK]", model_max_length=32
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=32,
        num_labels=len(labels),
        id2label=dict(enumerate(labels)),
        label2id={label: k for k, label in enumerate(labels)},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder
