"""`quality.perplexity`: measure the perplexity of texts under a language model."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Annotated

import fsspec
import numpy as np
import pyarrow as pa
from annotated_types import Interval

from curate.assets import File
from curate.batch import Batch
from curate.errors import InputError, SpecError
from curate.params import Positive
from curate.stages.quality import _kenlm

CAUSAL, KENLM, PIECES = ["torch", "transformers"], ["kenlm"], ["sentencepiece"]
"""The packages that each kind of model needs."""

BINARY, ARPA = b"mmap lm http://kheafield.com/code", b"\\data\\"
"""With which KenLM's binary files begin, and the first line of an ARPA file, before which comments may stand."""

BEGINNING = 1 << 16
"""How many bytes of a model are looked at."""


class perplexity:
    """Measure the perplexity of each text under a KenLM model or a causal language model.

    Perplexity is the inverse of the geometric mean of the token probabilities: 1 for a text that the model predicts
    with certainty, the size of the vocabulary for one that it predicts no better than chance. Values are comparable
    only under the same model. Null if a text has no token to score.

    Why:
        Under a model of good text, menus, shuffled words, broken encodings and other languages have a high perplexity;
        boilerplate has a very low one. No labels are needed.
    Args:
        model: a KenLM model (ARPA or binary), or `folder/*` with a causal model as saved by transformers
            (`config.json`, weights in safetensors, tokenizer), on a local disk; `config.json` marks the latter. Nothing
            is downloaded.
        tokenizer: the SentencePiece model with which the KenLM model was trained; by default texts are split into words
            and punctuation marks.
        ccnet_text: normalise texts for KenLM as CCNet does: lower case, no accents, every digit 0, typographic marks as
            ASCII, no control characters. Set it to false for a model trained on text that was not normalised.
        window: tokens per window of a causal model, 2 or more; at most what the model supports is used.
        stride: tokens by which the window moves in longer texts, 1 to `window` - 1. Each token is scored once; after
            the first window it has at least `window - stride` tokens of context.
    Needs: text
    Makes: perplexity: float32
    Raises:
        SpecError: `stride` is not between 1 and `window` - 1.
        InputError: a package is missing, or the files are not a complete model on a local disk.
    Cost:
        `python -m tests.bench.perplexity`, one core, 3 KB of English: 2,400 docs/s with KenLM (3,700 without
        `ccnet_text`; KenLM alone, on prepared lines, 15,000). A causal model needs one forward pass, about 2 x
        parameters floating-point operations per token. Windows of similar length are batched, and run on a GPU if there
        is one.

        How well a bigram model of 2,500 Wikipedia articles ranks texts below damaged copies of them (AUC, same run, on
        other articles and on film reviews): shuffled words 0.99 and 0.97, words drawn at random 1.00 and 0.97, shuffled
        letters 1.00 and 1.00, lists of names 1.00 and 1.00.
    Source:
        Wenzek et al. 2020 (CCNet, 1911.00359): a KenLM 5-gram model over SentencePiece tokens; each line is a sentence
        and its end counts as a token, so n tokens in m lines give 10 ** (-log10 p / (n + m)). Sliding windows of causal
        models follow Hugging Face's guide to perplexity of fixed-length models. Deliberate difference: blank lines do
        not count. The same batches on the same device give the same bytes; under a causal model, other batches can
        change the sixth digit, since sums are then computed in another order.
    """

    def __init__(
        self,
        *,
        model: File,
        tokenizer: File | None = None,
        ccnet_text: bool = True,
        window: Annotated[int, Interval(ge=2)] = 1024,
        stride: Positive = 512,
    ):
        if stride >= window:
            raise SpecError(f"stride: expected 1 to `window` - 1 = {window - 1}, got {stride}.")
        self.files = [_on_disk(name) for name in File(model).find()]
        self.tokenizer = _only(File(tokenizer).find(), "tokenizer") if tokenizer else None
        self.ccnet_text, self.window, self.stride = ccnet_text, window, stride
        self.is_causal = any(Path(name).name == "config.json" for name in self.files)
        self.path = str(Path(self.files[0]).parent) if self.is_causal else _only(self.files, "model")

    def check_setup(self) -> None:
        """Look whether the packages are installed, and the model is of a kind that they read."""
        needs = CAUSAL if self.is_causal else [*KENLM, *(PIECES if self.tokenizer else [])]
        if missing := [name for name in needs if importlib.util.find_spec(name) is None]:
            raise InputError(
                f"quality.perplexity needs {' and '.join(missing)} for this model, not installed here: "
                f"pip install 'curate[{'encoder' if self.is_causal else 'kenlm'}]'."
            )
        if self.is_causal:
            self._check_causal()
        else:
            with fsspec.open(self.path, "rb", compression="infer") as file:
                beginning = file.read(BEGINNING)
            if not any(mark in beginning for mark in (BINARY, ARPA)):
                raise InputError(f"{self.path}: not a KenLM model; expected an ARPA file, or a binary one of KenLM.")
            if self.tokenizer:
                _kenlm.pieces(self.tokenizer)

    def _check_causal(self) -> None:
        """Look whether the folder has what transformers saves of a model, without opening the weights."""
        expected = "expected a causal model as saved by transformers"
        try:
            config = json.loads((Path(self.path) / "config.json").read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(f"{self.path}/config.json: {expected}: {error}.") from error
        if not isinstance(config, dict) or "model_type" not in config:
            raise InputError(f"{self.path}/config.json: {expected}; it names no `model_type`.")
        if not any(name.endswith(".safetensors") for name in self.files):
            raise InputError(f"{self.path}: {expected}, with its weights in safetensors; there is no such file.")

    def setup(self) -> None:
        """Open the model."""
        if self.is_causal:
            from curate.stages.quality._causal import Causal

            self.judge = Causal(self.path, self.window, self.stride)
        else:
            self.judge = _kenlm.Lines(self.path, self.tokenizer, self.ccnet_text)

    def __call__(self, batch: Batch) -> Batch:
        values = self.judge.perplexities(batch.texts())
        return batch.with_columns({"perplexity": pa.array(values, pa.float32(), mask=np.isnan(values))})


def _on_disk(name: str) -> str:
    if "://" in name:
        raise InputError(f"{name}: expected a file on a local disk; copy the model there.")
    return name


def _only(names: list[str], parameter: str) -> str:
    if len(names) > 1:
        raise InputError(
            f"{parameter}: got {len(names)} files, and no config.json among them; expected one KenLM or SentencePiece file, "
            "or a folder with a model saved by transformers."
        )
    return _on_disk(names[0])
