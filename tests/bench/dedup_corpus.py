"""A corpus with known near-duplicates, as large as wanted and the same every time.

Of five documents in a row three are fresh and two are copies of some fresh one, wherever in the corpus it stands;
every tenth copy is of one of few that are copied often, about forty times. A fifth of the copies is exact; in the
others 1, 3, 6 or 12 % of the words are replaced, which leaves about 0.91, 0.75, 0.58 and 0.36 of Jaccard similarity of
word 5-grams. Families do not grow with the corpus. A fresh document is put together from runs of four words out of
English Wikipedia, so that no two share more than by chance; lengths are even between half and one and a half times
`n_words`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.bench.real_data import need_real_data

REPLACED = np.array([0, 0.01, 0.03, 0.06, 0.12])
RUN = 4
FAMOUS = 1000
AT_ONCE = 1000


def write(folder: Path, n: int, n_words: int, per_file: int) -> int:
    """Write `n` documents of about `n_words` words into parquet files; return how many bytes of text they are."""
    folder.mkdir()
    words = _words()
    n_bytes = 0
    for k, start in enumerate(range(0, n, per_file)):
        texts: list[str] = []
        end = min(n, start + per_file)
        for first in range(start, end, AT_ONCE):
            texts += documents(np.arange(first, min(end, first + AT_ONCE)), n, n_words, words)
        column = pa.array(texts)
        n_bytes += column.nbytes
        pq.write_table(pa.table({"text": column}), folder / f"{k:05d}.parquet", compression="zstd", row_group_size=5000)
    return n_bytes


def documents(number: np.ndarray, n: int, n_words: int, words: np.ndarray) -> list[str]:
    """Return the texts of these documents of a corpus of `n`, its words taken from `words`."""
    is_copy = number % 5 > 2
    original = np.where(is_copy, _original(number, n), number)
    length = n_words // 2 + _chance(original, 0) % (n_words + 1)
    runs = np.arange(-(-length.max() // RUN))
    start = _chance(original[:, None], 1 + runs) % (len(words) - RUN)
    which = (start[:, :, None] + np.arange(RUN)).reshape(len(number), -1)
    copies, at = number[is_copy, None], np.arange(which.shape[1])
    share = REPLACED[_chance(copies, -1) % 5]
    is_replaced = _chance(copies, 1_000_000 + at) < share * (1 << 32)
    which[is_copy] = np.where(is_replaced, _chance(copies, 2_000_000 + at) % len(words), which[is_copy])
    return [" ".join(words[row[:k]]) for row, k in zip(which, length, strict=True)]


def _original(number: np.ndarray, n: int) -> np.ndarray:
    """Return which fresh document each copy is made of."""
    fresh = _chance(number, -2) % (n // 5 * 3)
    is_of_famous = _chance(number, -3) % 10 == 0
    fresh = np.where(is_of_famous, fresh // FAMOUS * FAMOUS, fresh)
    return fresh // 3 * 5 + fresh % 3


def _chance(number: np.ndarray, salt: np.ndarray | int) -> np.ndarray:
    """Return 32 random bits of each number as int64: Steele, Lea, Flood 2014, SplitMix64."""
    x = number.astype(np.uint64) + np.asarray(salt, np.int64).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return ((x ^ (x >> np.uint64(31))) & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _words() -> np.ndarray:
    articles = pq.read_table(need_real_data() / "text" / "enwiki.parquet", columns=["text"])["text"].to_pylist()
    return np.array(" ".join(article[:1500] for article in articles).split(), object)
