"""Speed of `safety.domains` and `safety.words` against datatrove, `regex` and pyahocorasick, in one run on one core.

    python -m tests.bench.lists

Domains: ten million made-up ones (seeded) against datatrove's `URLFilter` with its own lists (4.6 million domains). URLs are made
up too; one in a hundred is listed. Words: 36,000 of the rarer words of English Wikipedia (seeded), in articles cut to about
3.5 KB, against one alternation of `regex` in lower-cased text between word boundaries, and against pyahocorasick, which
knows no boundaries and returns all it finds. By processor time, the best of several runs; peers see a part of the texts.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))

import logging
import random
import re
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from curate.assets import File
from curate.batch import Batch
from curate.stages.safety.domains import domains
from curate.stages.safety.words import words
from tests.bench.heuristics import cut
from tests.bench.minhash import _best
from tests.bench.real_data import need_real_data

N_DOMAINS, N_URLS, N_WORDS = 10_000_000, 100_000, 36_000
N_FILTERED, N_REGEX = 20_000, 4


def main() -> None:
    """Print both tables."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    data = need_real_data()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        of_domains(Path(folder))
        of_words(Path(folder), data)


def of_domains(folder: Path) -> None:
    """Compare lookups of URLs."""
    chance = random.Random(5)
    endings = ("com", "net", "org", "co.uk", "de", "ru", "xyz", "com.br")
    with open(folder / "domains.txt", "w") as out:
        for i in range(N_DOMAINS):
            out.write(f"{chance.getrandbits(40):x}-{i % 997}.{endings[i % 8]}\n")
    with open(folder / "domains.txt") as lines:
        some = [next(lines).strip() for _ in range(N_URLS)]
    urls = [
        f"https://www.{some[i] if i % 100 == 0 else f'site{chance.getrandbits(30)}.{endings[i % 8]}'}/{i}/page-{i % 77}.html?id={i}"
        for i in range(N_URLS)
    ]
    small = domains(lists={"a": File("tests/stages/safety/listed.txt")})
    small.warm_up()
    stage, memory = domains(lists={"made up": File(folder / "domains.txt")}), _memory()
    made, opened = _time(stage.setup), _time(stage.setup)
    (table,) = (n for _, t in stage._tables for n in [t.domains.nbytes + t.urls.nbytes])
    batch = Batch.from_columns({"id": [str(i) for i in range(N_URLS)], "url": urls})
    ours = N_URLS / _best(lambda: stage(batch))
    print(f"{N_DOMAINS:,} domains: table made in {made:.1f} s, opened in {opened:.2f} s; {table / 1e6:,.0f} MB, mapped")
    print(f"peak memory while making it: {_memory() - memory:,.0f} MB more\n")
    judge, loaded = _time_of(lambda: url_filter(urls[:N_FILTERED]))
    theirs = N_FILTERED / _best(judge, 3)
    print("| | URLs/s | ours is faster by |\n|---|---|---|")
    print(f"| ours, {N_DOMAINS:,} domains | {ours:,.0f} | 1 |")
    print(
        f"| datatrove `URLFilter`, its own lists (loaded in {loaded:.1f} s) | {theirs:,.0f} | {ours / theirs:,.1f} |\n"
    )


def url_filter(urls: list[str]) -> Callable[[], object]:
    """Return datatrove's filter over documents, its lists loaded."""
    from datatrove.data import Document
    from datatrove.pipeline.filters.url_filter import URLFilter

    logging.disable()  # it asks the network for public suffixes, and tells at length that there is none
    judge = URLFilter()
    documents = [Document(text="", id="", metadata={"url": url}) for url in urls]
    judge.filter(documents[0])
    return lambda: [judge.filter(document) for document in documents]


def of_words(folder: Path, data: Path) -> None:
    """Compare the search for words."""
    import ahocorasick
    import regex

    table = pq.read_table(data / "text" / "enwiki.parquet", columns=["text"])
    articles = [cut(text) for text in table["text"].to_pylist()]
    known = Counter(word for text in articles for word in re.findall(r"[^\W\d_]+", text.lower()))
    listed = random.Random(7).sample(sorted(word for word in known if known[word] <= 3), N_WORDS)
    (folder / "words.txt").write_text("\n".join(listed), encoding="utf-8")
    stage = words(lists={"any": File(folder / "words.txt")}, max_share=None)
    stage.warm_up()
    built = _time(stage.setup)
    batch = Batch.from_columns({"id": [str(i) for i in range(len(articles))], "text": articles})
    ours = len(articles) / _best(lambda: stage(batch))
    n_bytes = sum(array.nbytes for array in stage._lexicon)
    size = sum(len(text.encode()) for text in articles) / len(articles)
    print(
        f"{N_WORDS:,} words, {len(articles):,} articles of {size:,.0f} bytes; ours: {n_bytes / 1e6:,.0f} MB, read and built in {built:.2f} s\n"
    )
    longest_first = sorted(listed, key=len, reverse=True)
    pattern, compiled = _time_of(lambda: regex.compile(rf"\b(?:{'|'.join(map(regex.escape, longest_first))})\b"))
    automaton = ahocorasick.Automaton()
    for word in listed:
        automaton.add_word(word, word)
    automaton.make_automaton()
    few = articles[:: len(articles) // N_REGEX][:N_REGEX]
    rows = [
        (
            f"`regex`, one alternation (compiled in {compiled:.1f} s)",
            N_REGEX / _best(lambda: [pattern.findall(text.lower()) for text in few], 1),
        ),
        (
            "pyahocorasick, no boundaries",
            len(articles) / _best(lambda: [list(automaton.iter(text.lower())) for text in articles], 2),
        ),
    ]
    print("| | docs/s | ours is faster by |\n|---|---|---|")
    print(f"| ours | {ours:,.0f} ({ours * size / 1e6:,.0f} MB/s) | 1 |")
    for name, rate in rows:
        print(f"| {name} | {rate:,.1f} | {ours / rate:,.1f} |")


def _time_of(work: Callable[[], object]) -> tuple:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def _time(work: Callable[[], object]) -> float:
    return _time_of(work)[1]


def _memory() -> float:
    """Return the most memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


if __name__ == "__main__":
    main()
