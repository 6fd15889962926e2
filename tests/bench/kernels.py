"""Speed of the kernels that measure text, on Wikipedia articles in English and Chinese, on one core.

python -m tests.bench.kernels
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pyarrow.parquet as pq

from curate.batch import Batch
from curate.kernels import c4_lines, composition, hard_wraps, lines, repetition, template_markers, vocabulary, words
from curate.kernels.characters import classes, lower
from tests.bench.heuristics import cut
from tests.bench.real_data import need_real_data

ALL_RULES = c4_lines.CITATION | c4_lines.END_MARK | c4_lines.SCRIPT | c4_lines.NOTICE

KERNELS: dict[str, Callable] = {
    "words.count_words": words.count_words,
    "repetition.count_repetition": repetition.count_repetition,
    "vocabulary.count_vocabulary": lambda *text: vocabulary.count_vocabulary(
        *text, lower(), vocabulary.function_words()
    ),
    "lines.count_lines": lines.count_lines,
    "composition.count_composition": composition.count_composition,
    "template_markers.count_template_markers": lambda offsets, data, classes: template_markers.count_template_markers(
        offsets, data
    ),
    "hard_wraps.join_wraps": hard_wraps.join_wraps,
    "c4_lines.drop_lines": lambda *text: c4_lines.drop_lines(*text, ALL_RULES, 3, 1000),
}


def main() -> None:
    """Print the table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    buffers = {}
    for name in ("enwiki", "zhwiki"):
        table = pq.read_table(need_real_data() / "text" / f"{name}.parquet", columns=["text"])
        texts = [cut(text) for text in table.column("text").to_pylist()]
        buffers[name] = Batch.from_columns({"id": [""] * len(texts), "text": texts}).text_buffers()
    print("| kernel | English MB/s | Chinese MB/s |\n|---|---|---|")
    for name, kernel in KERNELS.items():
        rates = [len(data) / _seconds(kernel, offsets, data) / 1e6 for offsets, data in buffers.values()]
        print(f"| {name} |", *(f"{rate:,.0f} |" for rate in rates), flush=True)


def _seconds(kernel: Callable, offsets, data) -> float:
    kernel(offsets[:2], data, classes())
    best = float("inf")
    for _ in range(7):
        start = time.process_time()
        kernel(offsets, data, classes())
        best = min(best, time.process_time() - start)
    return best


if __name__ == "__main__":
    main()
