"""Speed of MinHash signatures against the libraries that make them, in one run on one core.

    python -m tests.bench.minhash

English Wikipedia articles cut to about 3.5 KB at the end of a line; word 5-grams, 128 permutations (datatrove: 14
bands of 9, its pipeline step as it is run, files included). Libraries that take n-grams get them from the obvious
Python code, and are timed with it and without. Peers see some of the articles, spread over all; ours all. By
processor time, the best of several runs.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"), "1"))

import re
import tempfile
import time
from collections.abc import Callable

import numpy as np
import pyarrow.parquet as pq

from curate.kernels import minhash, shingles
from curate.kernels.characters import classes, lower
from tests.bench.heuristics import cut
from tests.bench.real_data import need_real_data
from tests.kernels.texts import buffers

N, N_PERMUTATIONS, BANDS, ROWS = 5, 128, 14, 9
N_SLOW, N_MEDIUM = 200, 1000


def main() -> None:
    """Print the tables."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    table = pq.read_table(need_real_data() / "text" / "enwiki.parquet", columns=["text"])
    articles = [cut(article) for article in table.column("text").to_pylist()]
    slow, medium = (articles[:: len(articles) // n] for n in (N_SLOW, N_MEDIUM))
    print(f"{len(articles)} articles, {_size(articles) / len(articles):,.0f} bytes each; one core\n")
    rows = [*ours(articles), ("datatrove, its pipeline step", slow, _best(lambda: datatrove(slow), 2))]
    rows += with_python_ngrams(medium)
    fastest = len(articles) / rows[0][2]
    print("| | docs/s | MB/s | ours is faster by |\n|---|---|---|---|")
    for name, texts, seconds in rows:
        rate = len(texts) / seconds
        print(f"| {name} | {rate:,.0f} | {_size(texts) / seconds / 1e6:,.1f} | {fastest / rate:,.1f} |")
    print_parts(articles)


# ------------------------------------------------------------------ ours


def ours(articles: list[str]) -> list[tuple[str, list[str], float]]:
    """Time texts to signatures, and n-gram hashes to signatures."""
    texts = (*buffers(articles), classes(), lower(), shingles.WORDS, N)
    a, b = minhash.permutations(N_PERMUTATIONS, 1)
    bounds, hashes = shingles.shingle_hashes(*texts)
    return [
        ("ours, text to signature", articles, _best(lambda: minhash.signatures_of_texts(*texts, a, b))),
        ("ours, hashes to signature", articles, _best(lambda: minhash.signatures(bounds, hashes, a, b))),
    ]


def print_parts(articles: list[str]) -> None:
    """Print what each kernel takes for a document or a pair of them."""
    offsets, data = buffers(articles)
    signatures = minhash.signatures_of_texts(
        offsets, data, classes(), lower(), shingles.WORDS, N, *minhash.permutations(N_PERMUTATIONS, 1)
    )
    bounds, hashes = shingles.shingle_hashes(offsets, data, classes(), lower(), shingles.WORDS, N)
    ends, sets = minhash.sorted_sets(bounds, hashes)
    salts = np.zeros(len(articles), np.uint64)
    keys = minhash.band_keys(signatures, BANDS, ROWS, salts)
    works: dict[str, Callable[[], object]] = {
        f"shingle_hashes, {name}": (
            lambda t=t, n=n: shingles.shingle_hashes(offsets, data, classes(), lower(), t, n)
        )
        for name, t, n in (("words", shingles.WORDS, N), ("characters", shingles.CHARACTERS, 20), ("code", shingles.CODE, N))
    }  # fmt: skip
    works |= {
        "token_spans, words": lambda: shingles.token_spans(offsets, data, classes(), lower(), shingles.WORDS),
        "band_keys": lambda: minhash.band_keys(signatures, BANDS, ROWS, salts),
        "agreement": lambda: minhash.agreement(signatures[1:], signatures[:-1]),
        "shared_bands": lambda: minhash.shared_bands(keys[1:], keys[:-1]),
        "sorted_sets": lambda: minhash.sorted_sets(bounds, hashes),
        "jaccard_sorted": lambda: minhash.jaccard_sorted(ends[1:], sets, ends[:-1], sets),
    }
    print("\n| kernel | µs a document or pair | MB/s of text |\n|---|---|---|")
    for name, work in works.items():
        seconds = _best(work)
        print(f"| {name} | {seconds / len(articles) * 1e6:,.2f} | {len(data) / seconds / 1e6:,.0f} |")


# ------------------------------------------------------------------ theirs


def datatrove(articles: list[str]) -> None:
    """Run datatrove's first MinHash step over documents."""
    from datatrove.data import Document
    from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature

    with tempfile.TemporaryDirectory() as folder:
        config = MinhashConfig(n_grams=N, num_buckets=BANDS, hashes_per_bucket=ROWS)
        MinhashDedupSignature(folder, config).run(Document(text=text, id="") for text in articles)


def with_python_ngrams(articles: list[str]) -> list[tuple[str, list[str], float]]:
    """Time datasketch and rensa, with and without making n-grams in Python."""
    from datasketch import MinHash
    from rensa import RMinHash

    def of_datasketch(sets: list[list[bytes]]) -> object:
        return MinHash.bulk(sets, num_perm=N_PERMUTATIONS)

    def of_rensa(sets: list[list[str]]) -> object:
        for grams in sets:
            found = RMinHash(N_PERMUTATIONS, 1)
            found.update(grams)
            found.digest()

    def of_rensa_bulk(sets: list[list[str]]) -> object:
        return RMinHash.digest_matrix_from_token_sets(sets, N_PERMUTATIONS, 1)

    strings = [ngrams(text) for text in articles]
    raw = [[gram.encode() for gram in grams] for grams in strings]
    cutting = _best(lambda: [ngrams(text) for text in articles], 3)
    bounds, hashes = shingles.shingle_hashes(*buffers(articles), classes(), lower(), shingles.WORDS, N)
    bounds = bounds.astype(np.uint64)
    rows = [("Python n-grams alone", cutting)]
    for name, work in (
        ("datasketch bulk", lambda: of_datasketch(raw)),
        ("rensa", lambda: of_rensa(strings)),
        ("rensa, all documents in one call", lambda: of_rensa_bulk(strings)),
    ):
        seconds = _best(work, 3)
        rows += [(f"{name}, Python n-grams included", cutting + seconds), (f"{name}, given n-grams", seconds)]
    seconds = _best(lambda: RMinHash.digest_matrix_from_flat_token_hashes(hashes, bounds, N_PERMUTATIONS, 1), 3)
    rows.append(("rensa, given our hashes of n-grams", seconds))
    return [(name, articles, seconds) for name, seconds in rows]


def ngrams(text: str) -> list[str]:
    """Return word n-grams as most Python code makes them."""
    words = re.findall(r"\w+", text.lower())
    return [" ".join(words[i : i + N]) for i in range(max(len(words) - N + 1, 1))]


def _size(texts: list[str]) -> int:
    return sum(len(text.encode()) for text in texts)


def _best(work: Callable[[], object], n: int = 5) -> float:
    """Return the shortest processor time of several runs, after one that compiles or fills caches."""
    work()
    seconds = []
    for _ in range(n):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
