"""Speed of `text.normalise` on Wikipedia articles cut to 3,500 characters, on one core.

    python -m tests.bench.normalise

`as found`: WikiExtractor output, where about half the articles have double spaces. `clean`: the same after one pass,
which is what the stage sees most of the time after extraction. `ftfy.fix_text`: the usual way, for comparison.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import ftfy
import pyarrow.parquet as pq

from curate.batch import Batch
from curate.stages.text.normalise import normalise
from tests.bench.real_data import need_real_data

CHARACTERS = 3500
RULES = ("mojibake", "line_breaks", "control_characters", "whitespace", "separators")


def main() -> None:
    """Print the table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    print("| texts | what | docs/s | MB/s |\n|---|---|---|---|")
    for name in ("enwiki", "zhwiki"):
        found = (
            pq.read_table(need_real_data() / "text" / f"{name}.parquet", columns=["text"]).column("text").to_pylist()
        )
        texts = [text[:CHARACTERS] for text in found if len(text) >= CHARACTERS]
        batch = Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": texts})
        clean = normalise(batch)
        _row(f"{name}, {len(texts)} as found", "all rules", batch, normalise)
        _row(f"{name}, clean", "all rules", clean, normalise)
        for rule in RULES:
            off = {other: other == rule for other in RULES}
            _row(f"{name}, clean", f"only {rule}", clean, lambda b, off=off: normalise(b, unicode=None, **off))
        few = clean.slice(0, 200)
        _row(f"{name}, clean", "ftfy.fix_text", few, lambda b: [ftfy.fix_text(text) for text in b.texts()])


def _row(texts: str, what: str, batch: Batch, work: Callable[[Batch], object]) -> None:
    seconds = min(_seconds(batch, work) for _ in range(3))
    print(f"| {texts} | {what} | {len(batch) / seconds:,.0f} | {batch.n_bytes / seconds / 1e6:,.0f} |", flush=True)


def _seconds(batch: Batch, work: Callable[[Batch], object]) -> float:
    start = time.perf_counter()
    work(batch)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
