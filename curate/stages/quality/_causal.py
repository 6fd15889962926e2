"""Perplexity under a causal language model that transformers reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from curate.errors import InputError

TOKENS_AT_ONCE = {"cpu": 2048, "cuda": 16384}
"""About how many tokens go through the model together; their logits are what takes memory."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some tokens of a text, of which the last `n_scored` are scored with the others before them."""

    text: int
    tokens: Sequence[int]
    n_scored: int


def windows(text: int, tokens: Sequence[int], length: int, stride: int) -> Iterator[Window]:
    """Cut the tokens of one text into windows that score each token but the first once.

    Args:
        text: the number of the text.
        tokens: of the whole text, the one that begins a text first.
        length: most tokens of a window.
        stride: how far the window moves on; less than `length`.
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
        folder: where transformers saved a model and its tokenizer.
        window, stride: tokens seen at once, and how far the window moves on.
    Raises:
        InputError: a package is missing, or the folder holds no whole model.
    """

    def __init__(self, folder: str, window: int, stride: int):
        self.torch, self.model, self.tokenizer = _opened(folder)
        self.device = "cuda" if self.torch.cuda.is_available() else "cpu"
        self.model.to(self.device).eval()
        room = getattr(self.model.config, "max_position_embeddings", None) or window
        self.window = min(window, room)
        self.stride = min(stride, self.window - 1)
        first = self.tokenizer.bos_token_id
        self.first = self.tokenizer.eos_token_id if first is None else first

    def perplexities(self, texts: Sequence[str]) -> np.ndarray:
        """Return float64[n], NaN for texts in which nothing can be scored."""
        loss, n = np.zeros(len(texts)), np.zeros(len(texts))
        waiting = []
        for i, text in enumerate(texts):
            tokens = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"] if text.strip() else []
            begun = tokens if self.first is None or not tokens else [self.first, *tokens]
            waiting += windows(i, begun, self.window, self.stride)
        waiting.sort(key=lambda window: len(window.tokens))  # stable, so the order is that of the texts
        for some in _together(waiting, TOKENS_AT_ONCE[self.device]):
            for window, value in zip(some, self._losses(some), strict=True):
                loss[window.text] += value
                n[window.text] += window.n_scored
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.exp(np.minimum(loss / n, 87.0))

    def _losses(self, some: Sequence[Window]) -> list[float]:
        """Return the negative log-likelihood of what each window scores, in nats."""
        torch, longest = self.torch, len(some[-1].tokens)
        ids = torch.zeros((len(some), longest), dtype=torch.long)
        seen, counts = torch.zeros_like(ids), torch.zeros((len(some), longest - 1))
        for row, window in enumerate(some):
            size = len(window.tokens)
            ids[row, :size] = torch.tensor(window.tokens)
            seen[row, :size] = 1
            counts[row, size - 1 - window.n_scored : size - 1] = 1
        ids, seen, counts = (each.to(self.device) for each in (ids, seen, counts))
        with torch.inference_mode():
            logits = self.model(input_ids=ids, attention_mask=seen).logits[:, :-1].float()
            each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
        return (each * counts).double().sum(dim=1).tolist()


def _together(waiting: Sequence[Window], most: int) -> Iterator[list[Window]]:
    """Yield groups of windows, ordered by length, that fill about `most` tokens when padded to the longest."""
    group: list[Window] = []
    for window in waiting:
        if group and (len(group) + 1) * len(window.tokens) > most:
            yield group
            group = []
        group.append(window)
    if group:
        yield group


def _opened(folder: str):
    """Return (torch, model, tokenizer). Only safetensors are read: other weights are pickles, which can run code."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise InputError(
            "quality.perplexity needs the packages torch and transformers for this model: pip install 'curate[encoder]'."
        ) from error
    torch.set_num_threads(1)  # a run has a worker for each core
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model, told = transformers.AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, use_safetensors=True, output_loading_info=True
        )
    except Exception as error:  # transformers, tokenizers and safetensors each raise their own
        raise InputError(
            f"{folder} holds no whole causal model as transformers saves it (config, tokenizer, safetensors): {error}"
        ) from error
    if told["missing_keys"]:
        missing = sorted(told["missing_keys"])
        raise InputError(f"{folder}: the weights lack {len(missing)} of the model's tensors, such as {missing[0]}.")
    return torch, model, tokenizer
