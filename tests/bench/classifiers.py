"""Speed of classifiers against the libraries they replace, in one run on one core.

    python -m tests.bench.classifiers

English Wikipedia articles cut to about 3.5 KB at the end of a line. fastText: the whole stage, from a batch to a column
of scores, against the bare library on the same text (whole pages; and in chunks, where the library gets the chunks).
Linear: the whole stage against scikit-learn's HashingVectorizer and SGDClassifier, with n-grams of the same lengths.
By processor time, the best of several runs.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import fasttext
import numpy as np
import pyarrow.parquet as pq

from curate.batch import Batch
from curate.classifiers.examples import Examples
from curate.classifiers.fit_fasttext import FastTextSettings
from curate.classifiers.fit_linear import LinearSettings
from curate.classifiers.loading import ModelName
from curate.classifiers.training import train
from curate.kernels.characters import classes
from curate.kernels.chunks import cut_chunks
from curate.stages.quality.classifier import classifier
from tests.bench.heuristics import cut
from tests.bench.real_data import need_real_data

N, N_TRAIN, N_SLOW, CHUNK = 1000, 300, 100, 2000


def main() -> None:
    """Print the table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    table = pq.read_table(need_real_data() / "text" / "enwiki.parquet", columns=["text"])
    articles = [cut(article) for article in table.column("text").to_pylist()][:N]
    size = sum(len(article.encode()) for article in articles) / len(articles)
    print(f"{len(articles)} articles, {size:,.0f} bytes each; one core\n")
    print("| model | stage, docs/s | library, docs/s | stage / library |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        examples = Examples(
            articles[:N_TRAIN], np.arange(N_TRAIN) % 2 == 0, "even"
        )  # what it learns does not matter here
        for name in ("model.bin", "model.ftz"):
            quick = FastTextSettings(epochs=(1,), quantise=name.endswith("z"), bucket=50_000, cutoff=20_000)
            path = train(examples, Path(folder, name), backend="fasttext", settings=quick).path
            bench_fasttext(path, articles)
        path = train(examples, Path(folder, "model.npz"), settings=LinearSettings(alphas=(1e-4,), max_epochs=1)).path
        bench_linear(path, articles)


def bench_fasttext(path: Path, articles: list[str]) -> None:
    """Whole texts and chunks, through the stage and by the bare library."""
    bare = fasttext.load_model(str(path))
    batch = batch_of(articles)
    for chunk in (0, CHUNK):
        stage = opened(path, chunk)
        offsets, data = batch.text_buffers()
        _, starts, ends, _ = cut_chunks(offsets, data, classes(), chunk)
        raw = data.tobytes()
        lines = [raw[a:b].decode().replace("\n", " ") for a, b in zip(starts, ends, strict=True)]
        times = best_of(lambda stage=stage: stage(batch), lambda lines=lines: bare.predict(lines, k=2))
        row(f"fastText {path.suffix}, {f'chunks of {chunk}' if chunk else 'whole'}", articles, times)


def bench_linear(path: Path, articles: list[str]) -> None:
    """The stage, and the same kind of model in scikit-learn."""
    from sklearn.feature_extraction.text import HashingVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline, make_union

    words = HashingVectorizer(ngram_range=(1, 2), n_features=1 << 18, alternate_sign=False)
    letters = HashingVectorizer(analyzer="char", ngram_range=(2, 5), n_features=1 << 18, alternate_sign=False)
    peer = make_pipeline(make_union(words, letters), SGDClassifier(loss="log_loss", max_iter=1, tol=None))
    some = articles[:: len(articles) // N_SLOW][:N_SLOW]
    peer.fit(some, np.arange(len(some)) % 2)
    batch, stage = batch_of(articles), opened(path, 0)
    ours, theirs = best_of(lambda: stage(batch), lambda: peer.predict_proba(some))
    row("linear, words 1-2, characters 2-5", articles, (ours, theirs * len(articles) / len(some)))


def opened(path: Path, chunk: int) -> classifier:
    """Return the stage, ready."""
    stage = classifier(model=ModelName(path), score="score", label="even", chunk=chunk)
    stage.setup()
    return stage


def batch_of(articles: list[str]) -> Batch:
    """Return articles as a batch."""
    return Batch.from_columns({"id": [str(i) for i in range(len(articles))], "text": articles})


def best_of(*works: Callable[[], object], times: int = 5) -> list[float]:
    """Return the processor seconds of each, the best of several, taken in turns."""
    found = [np.inf] * len(works)
    for _ in range(times):
        for k, work in enumerate(works):
            start = time.process_time()
            work()
            found[k] = min(found[k], time.process_time() - start)
    return found


def row(name: str, articles: list[str], times) -> None:
    """Print a line of the table."""
    ours, theirs = (len(articles) / seconds for seconds in times)
    print(f"| {name} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:.2f} |", flush=True)


if __name__ == "__main__":
    main()
