"""Speed of `text.mask_pii` beside datatrove's `PIIFormatter`, and which planted data each of them masks; one core.

    python -m tests.bench.pii

Texts of up to 3,500 characters: Wikipedia, main text of web pages, PowerShell's documentation. `planted` has one
made-up piece of personal data (see `tests.stages.text.pii_values`) in every second text, at the end of a line. Timed
by processor time, the two taking turns, so that other work on the machine matters less; both from batch to batch.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import cache
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from curate.batch import Batch
from curate.stages.extract.html import html
from curate.stages.text.mask_pii import TYPES, mask_pii
from tests.bench.crawl import pages
from tests.bench.real_data import need_real_data
from tests.stages.text import pii_values as values

CHARACTERS, N_TEXTS = 3500, 3000
MAKERS = {
    "email": values.email, "phone": values.phone, "ip_address": values.ip4, "card": values.card, "iban": values.iban,
    "national_id": lambda chance: chance.choice(values.PEOPLE)(chance), "key": values.key,
}  # fmt: skip


def main() -> None:
    """Print the tables."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sets = {
        "enwiki": _parquet("text/enwiki.parquet"),
        "web pages": _main_texts(),
        "PowerShell's documentation": _parquet("neardup/powershell-docs.parquet"),
    }
    mask_pii()(_batch(["compile"]))
    print(
        "| texts | docs | KB a doc | curate docs/s | MB/s | datatrove docs/s | times |\n|---|---:|---:|---:|---:|---:|---:|"
    )
    for name, texts in sets.items():
        for what, used in ((name, texts), (f"{name}, planted", _plant(texts)[0])):
            batch = _batch(used)
            ours, theirs = _race(batch)
            size = batch.n_bytes / len(batch)
            print(
                f"| {what} | {len(batch):,} | {size / 1e3:.1f} | {ours:,.0f} | {ours * size / 1e6:.0f} | {theirs:,.0f} "
                f"| {ours / theirs:.1f} |",
                flush=True,
            )
    _found(sets["web pages"])


def _race(batch: Batch) -> tuple[float, float]:
    """Return documents per second of ours and of theirs, the best of three."""
    ours = theirs = float("inf")
    for _ in range(3):
        ours = min(ours, _seconds(lambda: mask_pii()(batch)))
        theirs = min(theirs, _seconds(lambda: _datatrove(batch)))
    return len(batch) / ours, len(batch) / theirs


def _found(texts: list[str]) -> None:
    """Print how much of what was planted each masks."""
    texts, planted = _plant(texts * 3)
    ours, theirs = mask_pii()(_batch(texts)).texts(), _datatrove(_batch(texts)).texts()
    print("\n| planted | pieces | curate masks | datatrove masks |\n|---|---:|---:|---:|")
    for type in TYPES:
        pieces = [(i, value) for i, (kind, value) in planted.items() if kind == type]
        gone = [sum(value not in after[i] for i, value in pieces) / len(pieces) for after in (ours, theirs)]
        print(f"| {type} | {len(pieces)} | {gone[0]:.3f} | {gone[1]:.3f} |")


def _plant(texts: list[str]) -> tuple[list[str], dict[int, tuple[str, str]]]:
    chance, planted, out = Random(1), {}, list(texts)
    for i in range(0, len(out), 2):
        type = chance.choice(TYPES)
        lines = out[i].split("\n")
        value = MAKERS[type](chance)
        lines[chance.randrange(len(lines))] += f" {value}"
        out[i], planted[i] = "\n".join(lines), (type, value)
    return out, planted


@cache
def _formatter():
    from datatrove.pipeline.formatters.pii import PIIFormatter

    return PIIFormatter()


def _datatrove(batch: Batch) -> Batch:
    return batch.with_text([_formatter().format(text) for text in batch.texts()])


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _batch(texts: list[str]) -> Batch:
    return Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": texts})


def _parquet(name: str) -> list[str]:
    texts = pq.read_table(need_real_data() / name, columns=["text"]).column("text").to_pylist()
    return [text[:CHARACTERS] for text in texts if len(text) >= CHARACTERS][:N_TEXTS]


def _main_texts() -> list[str]:
    raw = pages()
    none = pa.nulls(len(raw), pa.string())
    batch = Batch.from_columns(
        {"id": [str(i) for i in range(len(raw))], "html": pa.array(raw, pa.large_binary()), "content_type": none,
         "http_charset": none, "url": none, "date": none}
    )  # fmt: skip
    extract = html()
    extract.setup()
    return [text[:CHARACTERS] for text in extract(batch).texts() if text]


if __name__ == "__main__":
    main()
