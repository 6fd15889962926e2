"""Speed of `decontaminate.ngrams` against datatrove's n-gram filter and plain Python, in one run on one core.

    python -m tests.bench.decontaminate

English Wikipedia articles cut to about 3.5 KB at the end of a line; gsm8k, HumanEval and multihop (questions and
passages) as evaluation sets; 13-grams of words. By processor time, the best of several runs, sets loaded before.
datatrove's index is made by its own `compute_hashes` (its indexer wants lighteval, which is not here). Plain Python is a
set of the items' 13-grams as strings. Both only say that there is an n-gram, not which items, where, nor how much;
they see some of the articles, spread over all. "half of them contaminated" puts a question into every other article.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from curate.assets import File
from curate.batch import Batch
from curate.stages.decontaminate import _items
from curate.stages.decontaminate.ngrams import ANSWERS, QUESTIONS, ngrams
from tests.bench.heuristics import cut
from tests.bench.minhash import _best, _size
from tests.bench.real_data import need_real_data

N = 13
N_SLOW, N_MEDIUM = 300, 1000


def main() -> None:
    """Print the table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    data = need_real_data()
    articles = [
        cut(text) for text in pq.read_table(data / "text" / "enwiki.parquet", columns=["text"])["text"].to_pylist()
    ]
    sets = [File(data / "contamination" / "*"), File(data / "multihop" / "*")]
    questions = [item.text for item in _items.read(_items.find(sets), QUESTIONS, ANSWERS)]
    print(
        f"{len(articles)} articles, {_size(articles) / len(articles):,.0f} bytes each; {len(questions)} items; one core\n"
    )
    stage = ngrams(sets=sets)
    stage.setup()  # compiles
    start = time.process_time()
    stage.setup()
    print(f"loading the sets: {time.process_time() - start:.1f} s, {len(stage._sets.index.keys):,} n-grams\n")
    mixed = [text if i % 2 else f"{questions[i % 1400]}\n{text}" for i, text in enumerate(articles)]
    slow, medium = (articles[:: len(articles) // n] for n in (N_SLOW, N_MEDIUM))
    rows = [
        ("ours", articles, _best(works(stage, articles))),
        ("ours, half of them contaminated", mixed, _best(works(stage, mixed))),
        ("plain Python, a set of n-grams", medium, _best(plain(questions, medium), 3)),
        ("datatrove `NGramsDecontFilter`", slow, _best(datatrove(questions, slow), 2)),
    ]
    fastest = len(articles) / rows[0][2]
    print("| | docs/s | MB/s | ours is faster by |\n|---|---|---|---|")
    for name, texts, seconds in rows:
        rate = len(texts) / seconds
        print(f"| {name} | {rate:,.0f} | {_size(texts) / seconds / 1e6:,.1f} | {fastest / rate:,.1f} |")


def works(stage: ngrams, texts: list[str]) -> Callable[[], object]:
    """Return what is timed of ours: texts as they come, in batches, to columns and verdicts."""
    batch = Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": texts})
    return lambda: stage(batch)


def plain(questions: list[str], texts: list[str]) -> Callable[[], object]:
    """Return the obvious Python."""

    def grams(text: str) -> list[str]:
        words = re.findall(r"\w+", text.lower())
        return [" ".join(words[i : i + N]) for i in range(len(words) - N + 1)]

    wanted = {gram for question in questions for gram in grams(question)}
    return lambda: [any(gram in wanted for gram in grams(text)) for text in texts]


def datatrove(questions: list[str], texts: list[str]) -> Callable[[], object]:
    """Return datatrove's filter over documents, its index loaded."""
    from datatrove.data import Document
    from datatrove.pipeline.decont.n_grams import NGramsDecontConfig, NGramsDecontFilter, NGramsDecontIndexer

    config = NGramsDecontConfig(n_grams=N)
    indexer = object.__new__(NGramsDecontIndexer)  # its own `__new__` is what wants lighteval
    judge = NGramsDecontFilter(tempfile.mkdtemp(), config)
    indexer.config, indexer.tokenizer, indexer.hash_func = config, judge.tokenizer, judge.hash_func
    hashes = {value for question in questions for value in indexer.compute_hashes(question)}
    file = Path(judge.index_folder.path) / "all.index.hashes"
    np.array(sorted(hashes), dtype=config.hash_config.np_descr).tofile(file)
    documents = [Document(text=text, id="") for text in texts]
    judge.filter(documents[0])
    file.unlink()
    file.parent.rmdir()
    return lambda: [judge.filter(document) for document in documents]


if __name__ == "__main__":
    main()
