"""Compute perplexity under a causal language model of the transformers library."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from curate.errors import InputError

TOKENS_AT_ONCE = {"cpu": 2048, "cuda": 16384}
"""About how many tokens one forward pass processes; their logits dominate the memory use."""


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens of a text; the last `n_scored` are scored, the others are their context."""

    text: int
    tokens: Sequence[int]
    n_scored: int


def windows(text: int, tokens: Sequence[int], length: int, stride: int) -> Iterator[Window]:
    """Cut the tokens of one text into windows that score each token but the first once.

    Args:
        text: the index of the text.
        tokens: the tokens of the whole text, beginning with the start token.
        length: maximum number of tokens per window.
        stride: number of tokens by which the window moves, 1 to `length` - 1.
    """
    scored = 1
    while scored < len(tokens):
        end = min(len(tokens), length if scored == 1 else scored + stride)
        start = max(0, end - length)
        yield Window(text, tokens[start:end], end - scored)
        scored = end


class Causal:
    """Scores texts token by token.

    Args:
        folder: a model and its tokenizer, as saved by transformers.
        window, stride: tokens per window, and number of tokens by which it moves.
    Raises:
        InputError: a package is missing, or the folder does not contain a complete model.
    """

    def __init__(self, folder: str, window: int, stride: int):
        self.torch, self.model, self.tokenizer = _opened(folder)
        self.device = "cuda" if self.torch.cuda.is_available() else "cpu"
        self.model.to(self.device).eval()
        longest = getattr(self.model.config, "max_position_embeddings", None) or window
        self.window = min(window, longest)
        self.stride = min(stride, self.window - 1)
        first = self.tokenizer.bos_token_id
        self.first = self.tokenizer.eos_token_id if first is None else first

    def perplexities(self, texts: Sequence[str]) -> np.ndarray:
        """Return float64[n], one per text; NaN for texts without a token to score."""
        loss, n = np.zeros(len(texts)), np.zeros(len(texts))
        waiting = []
        for i, text in enumerate(texts):
            tokens = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"] if text.strip() else []
            with_start = tokens if self.first is None or not tokens else [self.first, *tokens]
            waiting += windows(i, with_start, self.window, self.stride)
        waiting.sort(key=lambda window: len(window.tokens))  # a stable sort: equal lengths keep the order of the texts
        for group in _group(waiting, TOKENS_AT_ONCE[self.device]):
            for window, value in zip(group, self._losses(group), strict=True):
                loss[window.text] += value
                n[window.text] += window.n_scored
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.exp(np.minimum(loss / n, 87.0))

    def _losses(self, group: Sequence[Window]) -> list[float]:
        """Return the negative log-likelihood of the scored tokens of each window, in nats."""
        torch, longest = self.torch, len(group[-1].tokens)
        ids = torch.zeros((len(group), longest), dtype=torch.long)
        seen, counts = torch.zeros_like(ids), torch.zeros((len(group), longest - 1))
        for row, window in enumerate(group):
            size = len(window.tokens)
            ids[row, :size] = torch.tensor(window.tokens)
            seen[row, :size] = 1
            counts[row, size - 1 - window.n_scored : size - 1] = 1
        ids, seen, counts = (each.to(self.device) for each in (ids, seen, counts))
        with torch.inference_mode():
            logits = self.model(input_ids=ids, attention_mask=seen).logits[:, :-1].float()
            each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
        return (each * counts).double().sum(dim=1).tolist()


def _group(waiting: Sequence[Window], most: int) -> Iterator[list[Window]]:
    """Yield groups of windows, ordered by length, that hold at most `most` tokens when padded to the longest."""
    group: list[Window] = []
    for window in waiting:
        if group and (len(group) + 1) * len(window.tokens) > most:
            yield group
            group = []
        group.append(window)
    if group:
        yield group


def _opened(folder: str):
    """Return (torch, model, tokenizer). Only safetensors are read: other weight files are pickles, which can run code."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise InputError(
            "quality.perplexity needs the packages torch and transformers for this model: pip install 'curate[encoder]'."
        ) from error
    torch.set_num_threads(1)  # a run has one worker per core
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model, info = transformers.AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, output_loading_info=True
        )
    except Exception as error:  # transformers, tokenizers and safetensors raise their own errors
        raise InputError(
            f"{folder}: not a complete causal model as saved by transformers (config, tokenizer, safetensors): {error}"
        ) from error
    if info["missing_keys"]:
        missing = sorted(info["missing_keys"])
        raise InputError(
            f"{folder}: the weights lack {len(missing)} of the model's tensors, such as {missing[0]}.  Save it again."
        )
    return torch, model, tokenizer
