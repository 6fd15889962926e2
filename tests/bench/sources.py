"""Speed of the sources and sinks, on one core, datatrove's WarcReader beside ours in the same run.

    python -m tests.bench.sources [--mib N]

The crawl is the real one repeated, as one gzip member a record: pages of Common Crawl, of Heritrix, of Webrecorder.
"Documents" of ours are all rows, dropped ones (redirects, errors, other types) too; datatrove gives the responses of
a type it takes for text. The ratio is of CPU seconds for the same file (of one process pinned to one core), which a
neighbour's load disturbs less than the clock does.
"""

from __future__ import annotations

import argparse
import gzip
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from curate import Batch
from curate.inputs import cut, resolve
from curate.stage import read_stage
from curate.stages.sinks.jsonl import jsonl as to_jsonl
from curate.stages.sinks.parquet import parquet as to_parquet
from curate.stages.sources.jsonl import jsonl
from curate.stages.sources.parquet import parquet
from curate.stages.sources.warc import warc
from curate.stages.sources.wet import wet
from tests.bench.real_data import need_real_data

CRAWLS = (
    "dolma/sample-0000.warc.gz",
    "dolma/sample-0001.warc.gz",
    "chatnoir-resiliparse/warcfile.warc.gz",
    "aut/example.warc.gz",
    "whirlwind-python/whirlwind.warc.gz",
)


class OneFile:
    """A writer of the one file that a sink writes here."""

    def __init__(self, folder: Path):
        self.folder = folder

    @contextmanager
    def open(self, extension: str) -> Iterator[BinaryIO]:
        """Open the file."""
        with open(self.folder / f"out.{extension}", "wb") as file:
            yield file


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mib", type=int, default=40, help="size of the crawl file")
    wanted = parser.parse_args().mib << 20
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    data = need_real_data()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        crawl = _crawl(data / "warc", wanted, folder)
        print(
            f"{crawl.stat().st_size / 1e6:.0f} MB of WARC.gz\n\n| reader | CPU seconds | files' MB/s | rows | rows/s | pages kept |"
        )
        print("|---|---|---|---|---|---|", flush=True)
        ours = _ours(crawl)
        theirs = _theirs(crawl)
        print(f"\nratio, same file: {theirs / ours:.1f}x datatrove's WarcReader\n", flush=True)
        _others(data, folder)


def _crawl(folder: Path, wanted: int, out: Path) -> Path:
    """Write a crawl file of about this size; parts are already one member a record."""
    parts = b"".join((folder / name).read_bytes() for name in CRAWLS)
    path = out / "crawl.warc.gz"
    path.write_bytes(parts * max(1, round(wanted / len(parts))))
    return path


def _row(name: str, path: Path, seconds: float, n_rows: int, n_kept: int) -> None:
    speed = path.stat().st_size / 1e6 / seconds
    print(f"| {name} | {seconds:.2f} | {speed:.1f} | {n_rows} | {n_rows / seconds:.0f} | {n_kept} |", flush=True)


def _ours(crawl: Path) -> float:
    start = time.process_time()
    n_rows = n_kept = n_bytes = 0
    for batch in _read(warc, crawl):
        n_rows += len(batch)
        n_kept += len(batch) if batch.verdicts is None else int(batch.verdicts.is_kept.sum())
        n_bytes += batch["html"].nbytes
    seconds = time.process_time() - start
    _row(f"curate sources.warc ({n_bytes / 1e6 / seconds:.0f} MB/s of html)", crawl, seconds, n_rows, n_kept)
    return seconds


def _theirs(crawl: Path) -> float:
    from datatrove.pipeline.readers import WarcReader
    from loguru import logger

    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    reader = WarcReader(str(crawl.parent), glob_pattern=crawl.name)
    start = time.process_time()
    n_rows = sum(1 for _ in reader.run(rank=0, world_size=1))
    seconds = time.process_time() - start
    _row("datatrove WarcReader", crawl, seconds, n_rows, n_rows)
    return seconds


def _read(source: Callable, path: Path) -> Iterator[Batch]:
    for shard in cut(resolve([str(path)]), 1 << 40):
        yield from read_stage("source", source).open({})(shard)


def _others(data: Path, folder: Path) -> None:
    """Time the other sources and the sinks on Wikipedia text."""
    print("| stage | MB/s of text |\n|---|---|", flush=True)
    stored = data / "text" / "enwiki.parquet"
    batches = list(_read(parquet, stored))
    n_bytes = sum(batch.n_bytes for batch in batches)
    for compression in ("none", "zst", "gz"):
        _timed(
            f"sinks.jsonl, {compression}",
            n_bytes,
            lambda c=compression: to_jsonl(iter(batches), OneFile(folder), compression=c),
        )
    _timed("sinks.parquet, zstd", n_bytes, lambda: to_parquet(iter(batches), OneFile(folder)))
    _timed("sources.parquet", n_bytes, lambda: sum(map(len, _read(parquet, folder / "out.parquet"))))
    for ending in ("jsonl", "jsonl.zst", "jsonl.gz"):
        _timed(f"sources.jsonl, {ending}", n_bytes, lambda e=ending: sum(map(len, _read(jsonl, folder / f"out.{e}"))))
    texts = [text for batch in batches for text in batch.texts()]
    (folder / "x.warc.wet.gz").write_bytes(b"".join(gzip.compress(_conversion(text), 6) for text in texts))
    _timed("sources.wet, gzip", n_bytes, lambda: sum(map(len, _read(wet, folder / "x.warc.wet.gz"))))


def _conversion(text: str) -> bytes:
    block = text.encode()
    return b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n" % (
        len(block),
        block,
    )


def _timed(name: str, n_bytes: int, work: Callable[[], object]) -> None:
    start = time.process_time()
    work()
    print(f"| {name} | {n_bytes / 1e6 / (time.process_time() - start):.0f} |", flush=True)


if __name__ == "__main__":
    main()
