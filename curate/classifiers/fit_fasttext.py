"""Train the fastText backend, each candidate in a process of its own; the number of epochs is chosen on validation data.

With one thread, fastText initialises only a tenth of its input matrix. The rest is zero in a new process, but in one that
has trained before it is whatever the heap contains, NaN included. So each model is trained in a new process, by one
thread, which gives the same model for the same seed; the result is checked for NaN.
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
        epochs: numbers of passes over the training data to try, each 1 or more; the one with the lowest validation loss
            is taken.
        dim: size of the vectors, 1 to 65536.
        lr: learning rate, above 0.
        word_ngrams: longest word n-gram, 1 to 64.
        min_count: words that occur less often than this are left out, 1 or more.
        bucket: number of buckets that n-grams are hashed into, 1 or more.
        minn, maxn: shortest and longest character n-gram, 0 to 64; 0 and 0 use none.
        cutoff: how many words and n-grams are kept when quantised, 1 or more.
        quantise: write a `.ftz` file, a tenth of the size and a little less accurate.
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
        """Return the keyword arguments of `fasttext.train_supervised`."""
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
    """Train a model and write it to `out`; return the epochs that were chosen, and the validation losses.

    Args:
        weights: of a negative and of a positive text, above 0; texts with the larger weight are repeated, a whole number
            of times.
        seed: of fastText and of the order of texts.
        out: a file.
    Raises:
        RunError: fastText failed, or the model contains NaN.
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
    request = {
        "input": str(lines),
        "output": str(out),
        "settings": settings.named(epoch),
        "seed": seed,
        "cutoff": settings.cutoff if quantise else 0,
    }
    done = subprocess.run([sys.executable, "-c", _CHILD], input=json.dumps(request), capture_output=True, text=True)
    if done.returncode or not out.exists():
        last = done.stderr.strip().split("\n")[-1] or f"it ended with {done.returncode}"
        raise RunError(f"fastText failed to train: {last}")


def _scores(path: Path, positive: str, examples: Examples) -> np.ndarray:
    model = FastTextModel.load(path).named(positive)
    p = model.score_spans(*spans_of(examples.texts))
    if np.isnan(p).any():
        raise RunError(
            f"fastText trained a model that gives NaN for {int(np.isnan(p).sum())} of {len(p)} texts; try another --seed."
        )
    return p


def _loss(p: np.ndarray, is_positive: np.ndarray, weights: tuple[float, float]) -> float:
    right = np.clip(np.where(is_positive, p, 1 - p).astype(np.float64), 1e-7, 1)
    return float(np.average(-np.log(right), weights=np.where(is_positive, weights[1], weights[0])))
