"""Speed and agreement of the heuristic filters with datatrove's, in one run on one core.

    python -m tests.bench.heuristics

Speed, by processor time: English Wikipedia articles cut to about 3.5 KB at the end of a line. datatrove's filters
see `N_TIMED` of them, spread over all (they are slow), ours all. "four in a row" is datatrove's pipeline in FineWeb's
order, where a dropped document leaves and the tokens of a text are cached from one filter to the next; "sum of four"
lets every filter see every document, as ours do. Ours measure all signals of the four and judge by all their rules.

Agreement: the share of documents on which keep or drop is the same, for each filter on the text as it is, and
for the four in a row with C4's edit in between.
"""

from __future__ import annotations

import gzip
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from curate import signals
from curate.batch import Batch
from curate.rules import Rules
from curate.stages.filters import c4, fineweb, gopher
from tests.bench.real_data import need_real_data

N_BYTES = 3500
N_TIMED = 300
N_COMPARED = 1000
QUALITY = gopher.quality(count_marks=True)
"""Gopher's rules as datatrove reads them."""

NAMES = ("Gopher repetition", "Gopher quality", "C4", "FineWeb")


def main() -> None:
    """Print the tables."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    data = need_real_data()
    articles = pq.read_table(data / "text" / "enwiki.parquet", columns=["text"]).column("text").to_pylist()
    articles = [cut(article) for article in articles]
    some = articles[:: len(articles) // N_COMPARED]
    theirs, seconds = judge_theirs(some)
    print_speed(articles, theirs, seconds)
    print("\n| texts | documents |", *(f"{name} |" for name in (*NAMES, "four in a row")))
    print("|---|---|---|---|---|---|---|")
    print_agreement("English Wikipedia, 3.5 KB", some, theirs)
    for name, texts in (
        ("web, English, judged by people", judged_pages(data)),
        ("web, 990 pages, mostly German", extracted_pages(data)),
    ):
        print_agreement(name, texts, judge_theirs(texts)[0])


def cut(text: str) -> str:
    """Return the text up to the last line end before `N_BYTES`, or the first after, if that one comes too early."""
    raw = text.encode()
    if len(raw) <= N_BYTES:
        return text
    at = raw.rfind(b"\n", 0, N_BYTES)
    at = raw.find(b"\n", N_BYTES) if at < N_BYTES // 2 else at
    return raw[:at].decode() if at > 0 else text


def judged_pages(data: Path) -> list[str]:
    """Return web texts in English that people judged, good and bad."""
    with gzip.open(data / "labels" / "quality-dclm-human.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def extracted_pages(data: Path) -> list[str]:
    """Return the main text of real pages as trafilatura extracts it."""
    import trafilatura

    pages = sorted((data / "html" / "trafilatura-eval" / "pages").rglob("*.gz"))
    return [text for page in pages if (text := trafilatura.extract(gzip.open(page).read()))]


# ------------------------------------------------------------------ theirs


def judge_theirs(texts: list[str]) -> tuple[np.ndarray, list[float]]:
    """Return `(kept bool[n, 5], seconds)`: each filter alone and the four in a row; seconds of each for `N_TIMED`."""
    from datatrove.data import Document
    from datatrove.pipeline.filters import (
        C4QualityFilter,
        FineWebQualityFilter,
        GopherQualityFilter,
        GopherRepetitionFilter,
    )  # fmt: skip

    filters = [GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter(), FineWebQualityFilter()]

    def keeps(some: Iterable, text: str) -> bool:
        doc = Document(text=text, id="")
        try:
            return all(each.filter(doc) is True for each in some)
        except ZeroDivisionError:  # what they do with an empty text
            return False

    kept = np.zeros((len(texts), 5), bool)
    seconds = []
    keeps(filters, texts[0])
    for k in range(5):
        some = filters if k == 4 else filters[k : k + 1]
        start = time.process_time()
        for i, text in enumerate(texts):
            if i == N_TIMED:
                seconds.append(time.process_time() - start)
            kept[i, k] = keeps(some, text)
    return kept, seconds


# ------------------------------------------------------------------ ours


def judge_ours(batch: Batch) -> np.ndarray:
    """Return `kept bool[n, 5]`: each filter alone and the four in a row."""
    edited = c4.lines(batch)
    before = [judge(rules, batch) for rules in (gopher.repetition(), QUALITY, fineweb.quality())]
    after = [judge(rules, edited) for rules in (c4.page(), fineweb.quality())]
    in_a_row = before[0] & before[1] & after[0] & after[1]
    return np.stack([before[0], before[1], after[0], before[2], in_a_row], axis=1)


def judge(rules: Rules, batch: Batch) -> np.ndarray:
    """Return which documents the rules keep."""
    return rules.judge(signals.measure(rules.signals, batch), len(batch)).is_kept


def measure_all(batch: Batch) -> None:
    """Measure and judge what the four filters need, as the engine does: two groups with C4's edit in between."""
    for group in ((gopher.repetition(), QUALITY), (c4.page(), fineweb.quality())):
        if group[0] == c4.page():
            batch = c4.lines(batch)
        found = signals.measure([name for rules in group for name in rules.signals], batch)
        for rules in group:
            rules.judge(found, len(batch))


# ------------------------------------------------------------------ tables


def print_speed(articles: list[str], theirs: np.ndarray, seconds: list[float]) -> None:
    """Print documents a second, theirs and ours."""
    batch = as_batch(articles)
    signals.warm_up()
    works: list[Callable[[], object]] = [
        lambda: judge(gopher.repetition(), batch),
        lambda: judge(QUALITY, batch),
        lambda: judge(c4.page(), c4.lines(batch)),
        lambda: judge(fineweb.quality(), batch),
        lambda: measure_all(batch),
    ]
    ours = [min(_seconds(work) for _ in range(5)) for work in works]
    print(
        f"{len(batch)} articles, {batch.n_bytes / len(batch):,.0f} bytes each; datatrove on {N_TIMED} of them, one core"
    )
    print("\n| filter | datatrove docs/s | ours docs/s | ours MB/s | ratio |\n|---|---|---|---|---|")
    rows = [*zip(NAMES, seconds[:4], ours[:4], strict=True)]
    rows += [("four in a row", seconds[4], ours[4]), ("sum of four", sum(seconds[:4]), ours[4])]
    for name, slow, fast in rows:
        rate = len(batch) / fast
        print(
            f"| {name} | {N_TIMED / slow:,.0f} | {rate:,.0f} | {batch.n_bytes / fast / 1e6:,.0f} "
            f"| {rate * slow / N_TIMED:,.0f} |"
        )


def print_agreement(name: str, texts: list[str], theirs: np.ndarray) -> None:
    """Print the share of equal decisions for one kind of text."""
    equal = (judge_ours(as_batch(texts)) == theirs).mean(axis=0)
    print(f"| {name} | {len(texts)} |", *(f"{share:.1%} |" for share in equal), flush=True)


def as_batch(texts: list[str]) -> Batch:
    """Put texts into a batch."""
    return Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": texts})


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    main()
