"""Train the fastText backend, each candidate in a process of its own; the number of epochs is chosen on validation data.

Trained twice in one process, fastText takes part of its input matrix as the heap left it: with one thread only a tenth
is initialised, which in a fresh process is zero and in a used one is anything, NaN included. So each model is made in
a fresh process, by one thread, which makes it the same for the same seed; the result is looked through for NaN.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from curate.classifiers.buffers import spans_of
from curate.classifiers.examples import Examples
from curate.classifiers.fasttext import PREFIX, FastTextModel
from curate.classifiers.model import pair
from curate.errors import RunError

_CHILD = """
import json, sys, fasttext
a = json.load(sys.stdin)
model = fasttext.train_supervised(input=a["input"], **a["settings"], seed=a["seed"], thread=1, verbose=0)
if a["cutoff"]:
    model.quantize(input=a["input"], retrain=True, qnorm=True, cutoff=a["cutoff"], thread=1, verbose=0)
model.save_model(a["output"])
"""


@dataclass(frozen=True, slots=True)
class FastTextSettings:
    """How a fastText model is trained.

    Args:
        epochs: numbers of passes that are tried; the one with the least validation loss is taken.
        dim, lr, word_ngrams, min_count, bucket, minn, maxn: fastText's own; characters n-grams from `minn` to `maxn`.
        cutoff: words and n-grams that are kept when quantised.
        quantise: write a `.ftz`, a tenth of the size and a little less exact.
    """

    epochs: tuple[int, ...] = (5, 10, 25, 50)
    dim: int = 32
    lr: float = 0.1
    word_ngrams: int = 2
    min_count: int = 2
    bucket: int = 100_000
    minn: int = 0
    maxn: int = 0
    cutoff: int = 50_000
    quantise: bool = False

    def named(self, epoch: int) -> dict[str, Any]:
        """Return fastText's keyword arguments."""
        names = {"word_ngrams": "wordNgrams", "min_count": "minCount"}
        own = ("epochs", "cutoff", "quantise")
        return {names.get(k, k): v for k, v in asdict(self).items() if k not in own} | {"epoch": epoch}


def fit(
    train: Examples,
    validation: Examples,
    weights: tuple[float, float],
    settings: FastTextSettings,
    seed: int,
    out: Path,
) -> dict[str, Any]:
    """Write a model to `out`, and return what is worth knowing about how it came about.

    Args:
        weights: of a negative and a positive text; the more heavily weighted ones are repeated, whole times.
    Raises:
        RunError: fastText failed, or made numbers that are none.
    """
    losses: dict[int, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        lines = Path(folder, "train.txt")
        _write_lines(train, weights, lines, seed)
        for epoch in settings.epochs:
            made = Path(folder, f"{epoch}.bin")
            _train(lines, made, settings, epoch, seed)
            losses[epoch] = _loss(_scores(made, train.positive, validation), validation.is_positive, weights)
        best = min(losses, key=lambda epoch: losses[epoch])
        chosen = Path(folder, f"{best}.bin")
        if settings.quantise:
            _train(lines, chosen, settings, best, seed, quantise=True)
            _scores(chosen, train.positive, validation)
        out.write_bytes(chosen.read_bytes())
    return {"epochs": best, "validation losses": {str(k): round(v, 5) for k, v in losses.items()}}


def _write_lines(train: Examples, weights: tuple[float, float], path: Path, seed: int) -> None:
    lightest = min(weights)
    copies = [max(1, round(weight / lightest)) for weight in weights]
    labels = [f"{PREFIX}{label}" for label in pair(train.positive)]
    rows = np.repeat(np.arange(len(train)), np.where(train.is_positive, copies[1], copies[0]))
    rows = np.random.default_rng(seed).permutation(rows)
    with path.open("w", encoding="utf-8", errors="replace") as file:
        for row in rows:
            text = re.sub(rf"\n|{PREFIX}", " ", train.texts[row])
            file.write(f"{labels[int(train.is_positive[row])]} {text}\n")


def _train(
    lines: Path, out: Path, settings: FastTextSettings, epoch: int, seed: int, *, quantise: bool = False
) -> None:
    asked = {
        "input": str(lines),
        "output": str(out),
        "settings": settings.named(epoch),
        "seed": seed,
        "cutoff": settings.cutoff if quantise else 0,
    }
    done = subprocess.run([sys.executable, "-c", _CHILD], input=json.dumps(asked), capture_output=True, text=True)
    if done.returncode or not out.exists():
        last = done.stderr.strip().split("\n")[-1] or f"it ended with {done.returncode}"
        raise RunError(f"fastText could not be trained: {last}")


def _scores(path: Path, positive: str, examples: Examples) -> np.ndarray:
    model = FastTextModel.load(path).named(positive)
    p = model.score_spans(*spans_of(examples.texts))
    if np.isnan(p).any():
        raise RunError(f"fastText made a model that gives no number for {int(np.isnan(p).sum())} of {len(p)} texts")
    return p


def _loss(p: np.ndarray, is_positive: np.ndarray, weights: tuple[float, float]) -> float:
    right = np.clip(np.where(is_positive, p, 1 - p).astype(np.float64), 1e-7, 1)
    return float(np.average(-np.log(right), weights=np.where(is_positive, weights[1], weights[0])))
