"""Models of the encoder backend: sequence classifiers of transformers, from a folder that `save_pretrained` wrote.

Weights are read from safetensors only, and no code that comes with a model is run. A GPU is used if there is one. On a CPU
scores are the same in every run; those of a GPU agree with them to about four digits.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np

from curate.classifiers.model import Model, positive_of
from curate.errors import InputError

BATCH_TOKENS = 8192
"""Tokens per batch, padding included."""

TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json")
"""A tokenizer consists of one of these files or more, or of a `.model` file."""


NOT_INSTALLED = "an encoder needs torch and transformers, which are not installed: pip install 'curate[encoder]'."


class EncoderModel(Model):
    """A sequence classifier of transformers.

    A text with more tokens than the model's input is cut off there, and counted in `n_truncated`. The parameter `chunk` of
    the stages keeps texts shorter than that.

    Args:
        network: the classifier, a `PreTrainedModel` of transformers.
        tokenizer: its `PreTrainedTokenizer`.
        is_multi_label: each label has a probability of its own (logistic); otherwise they sum to 1 (softmax).
    """

    def __init__(self, network: Any, tokenizer: Any, *, is_multi_label: bool):
        import torch

        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        self._network = network.to(self._device).eval()
        self._tokenizer = tokenizer
        self._is_multi_label = is_multi_label
        config = network.config
        self.labels = tuple(str(config.id2label[k]) for k in range(config.num_labels))
        self.positive = positive_of(self.labels)
        self.max_tokens = min(tokenizer.model_max_length, getattr(config, "max_position_embeddings", 512))

    @classmethod
    def load(cls, folder: Path) -> EncoderModel:
        """Read a model from a folder.

        Raises:
            InputError: torch or transformers is not installed, the folder does not contain a sequence classifier and its
                tokenizer, or it is damaged.
        """
        transformers, config = need_transformers(), _config(folder)
        if not any((folder / name).is_file() for name in TOKENIZERS) and not any(folder.glob("*.model")):
            raise InputError(
                f"{folder}: there is no tokenizer, expected {', '.join(TOKENIZERS)} or a .model file.  Copy it there."
            )
        options = {"local_files_only": True, "trust_remote_code": False}
        transformers.utils.logging.disable_progress_bar()
        try:
            tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
            network = transformers.AutoModelForSequenceClassification.from_pretrained(
                folder, use_safetensors=True, **options
            )
            return cls(network, tokenizer, is_multi_label=config.get("problem_type") == "multi_label_classification")
        except Exception as error:  # transformers, tokenizers and safetensors each raise errors of their own
            first = str(error).strip().split("\n")[0]
            raise InputError(f"{folder} is not a valid encoder: {type(error).__name__}: {first}") from None

    def score_spans(self, data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """As of `Model`. Texts are sorted by length, so that batches need little padding."""
        raw = data.tobytes()
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        texts = [raw[start:end].decode("utf-8", "replace") for start, end in spans]
        out = np.full(len(texts), np.nan, np.float32)
        rows = [i for i, text in enumerate(texts) if text.strip()]
        if rows:
            tokens = self._tokenizer([texts[i] for i in rows])["input_ids"]
            self.n_truncated += sum(len(t) > self.max_tokens for t in tokens)
            order = sorted(range(len(rows)), key=lambda k: len(tokens[k]))
            for batch in _batches(order, [min(len(t), self.max_tokens) for t in tokens]):
                out[[rows[k] for k in batch]] = self._probabilities([texts[rows[k]] for k in batch])
        return out

    def _probabilities(self, texts: list[str]) -> np.ndarray:
        import torch

        entered = self._tokenizer(texts, truncation=True, max_length=self.max_tokens, padding=True, return_tensors="pt")
        with torch.inference_mode():
            logits = self._network(**entered.to(self._device)).logits.float()
        p = logits.sigmoid() if self._is_multi_label else logits.softmax(-1)
        return p[:, self.labels.index(self.positive)].cpu().numpy()


def labels(folder: Path) -> tuple[str, ...] | None:
    """Return the labels of a model, from its config.json; None if that does not name them.

    Raises:
        InputError: torch or transformers is not installed, or the folder does not contain a sequence classifier.
    """
    if not all(map(importlib.util.find_spec, ("torch", "transformers"))):
        raise InputError(NOT_INSTALLED)
    names = _config(folder).get("id2label")
    return tuple(map(str, names.values())) if isinstance(names, dict) else None


def _config(folder: Path) -> dict[str, Any]:
    """Return the config.json of a sequence classifier.

    Raises:
        InputError: it is missing or damaged, or the model is another.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{folder}: config.json cannot be read: {error}") from None
    if not isinstance(config, dict) or not isinstance(config.get("architectures") or [], list):
        raise InputError(f"{folder}: config.json is not what `save_pretrained` writes.  Copy it again.")
    if not any("ForSequenceClassification" in str(name) for name in config.get("architectures") or ()):
        raise InputError(f"{folder}: expected a model for sequence classification, got {config.get('architectures')}.")
    return config


def need_transformers() -> Any:
    """Return the package transformers.

    Raises:
        InputError: torch or transformers is not installed; the message says how to install them.
    """
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError:
        raise InputError(NOT_INSTALLED) from None
    return transformers


def _batches(order: list[int], lengths: list[int]) -> list[list[int]]:
    """Cut rows, which are sorted by length, into batches of at most `BATCH_TOKENS` tokens or one text."""
    batches: list[list[int]] = []
    for row in order:
        if not batches or (len(batches[-1]) + 1) * lengths[row] > BATCH_TOKENS:
            batches.append([])
        batches[-1].append(row)
    return batches
