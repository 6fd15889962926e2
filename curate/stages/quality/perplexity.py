"""`quality.perplexity`: how surprising a text is to a language model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.assets import File
from curate.batch import Batch
from curate.errors import InputError, SpecError


class perplexity:
    """Measure the perplexity of each text under a KenLM model, or under a causal language model.

    Perplexity is the inverse of the geometric mean of the probabilities that the model gave to the tokens: 1 for a text
    that it knew word for word, the size of its vocabulary for one that told it nothing. It is comparable between texts
    under one model only. Null where there is nothing to score.

    Why:
        A model of good text is surprised by menus, word salad, broken encodings and other languages. Text that surprises
        it too little is boilerplate. No labels are needed.
    Args:
        model: a KenLM model, ARPA or binary; or `folder/*` with a causal model as transformers saves it (`config.json`,
            weights as safetensors, tokenizer). What is in the files decides. Nothing is downloaded.
        tokenizer: the SentencePiece model that a KenLM model was trained with; without one it reads words and marks.
        ccnet_text: normalise text for KenLM as CCNet does: lower case, no accents, every digit 0, typographic marks as
            ASCII, no control characters. Switch it off for a model that was trained on plain text.
        window: tokens that a causal model sees at once; fewer where the model cannot take so many.
        stride: tokens by which the window moves on in longer texts. Each token is scored once, with at least
            `window - stride` before it.
    Needs: text
    Makes: perplexity: float
    Cost:
        `python -m tests.bench.perplexity`, one core, 3 KB of English: 2,400 docs/s with KenLM (3,700 without `ccnet_text`;
        KenLM itself, on lines ready to score, 15,000). A causal model costs a forward pass, about 2 x parameters floating point
        operations a token; windows of like length go together, on the GPU where there is one.

        A bigram model of 2,500 Wikipedia articles, perplexity of text below that of its ruins (AUC, same run): words in
        disorder 0.99 on other articles and 0.97 on film reviews, words drawn at random 1.00 and 0.97, letters in disorder
        1.00 and 1.00, bare names 1.00 and 1.00.
    Source:
        Wenzek et al. 2020 (CCNet, 1911.00359): a KenLM 5-gram over SentencePiece tokens; a line is a sentence, and its end
        is a token, so that n tokens in m lines give 10 ** (-log10 p / (n + m)). The windows of the causal model are those
        that Hugging Face describes for models of fixed length. Deliberate differences: blank lines do not count.
        The same batches on the same device give the same bytes. How documents are batched can change the sixth digit
        under a causal model, as sums are then taken in another order.
    """

    def __init__(
        self,
        *,
        model: File,
        tokenizer: File | None = None,
        ccnet_text: bool = True,
        window: int = 1024,
        stride: int = 512,
    ):
        if not 0 < stride < window:
            raise SpecError(f"stride must be from 1 to window - 1, got stride {stride} and window {window}.")
        self.files = [_on_disk(name) for name in File(model).find()]
        self.tokenizer = _only(File(tokenizer).find(), "tokenizer") if tokenizer else None
        self.ccnet_text, self.window, self.stride = ccnet_text, window, stride
        self.is_causal = any(Path(name).name == "config.json" for name in self.files)
        self.path = str(Path(self.files[0]).parent) if self.is_causal else _only(self.files, "model")

    def setup(self) -> None:
        """Open the model."""
        if self.is_causal:
            from curate.stages.quality._causal import Causal

            self.judge = Causal(self.path, self.window, self.stride)
        else:
            from curate.stages.quality._kenlm import Lines

            self.judge = Lines(self.path, self.tokenizer, self.ccnet_text)

    def __call__(self, batch: Batch) -> Batch:
        found = self.judge.perplexities(batch.texts())
        return batch.with_columns({"perplexity": pa.array(found, pa.float32(), mask=np.isnan(found))})


def _on_disk(name: str) -> str:
    if "://" in name:
        raise InputError(f"{name}: a language model is opened from a local disk; copy it there.")
    return name


def _only(names: list[str], parameter: str) -> str:
    if len(names) > 1:
        raise InputError(
            f"{parameter}: {len(names)} files, and no config.json among them; expected one KenLM or SentencePiece file, "
            "or a folder in which transformers saved a model."
        )
    return _on_disk(names[0])
