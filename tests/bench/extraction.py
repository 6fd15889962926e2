"""Quality and speed of the extraction engines, in one run on one core.

    python -m tests.bench.extraction [--pages N] [--folds K]

Pages and gold: 990 pages of trafilatura's own evaluation, each with segments to keep and segments to drop (F over
segments: precision = gold kept / all kept, recall = gold kept / gold), and 81 pages of readability with the whole
expected text (F1 over bags of words, mean over pages; Chinese and Japanese by character). White space is not
compared. The first set is the one trafilatura is developed on, the second the one readability is. `blocks` was trained
on both: its quality is measured by `python -m examples.bundled_models.extraction`, which holds whole sites out and is run last.

Speed is pages per second of processor time, the child's included, so that other work on the machine matters less. The
first table is from bytes to text and nothing else, every fourth page, the engines taking turns page by page: the peers'
own functions, and ours with all it does (charset, title, date and the rest). Then the stage as a pipeline uses it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from curate.batch import Batch
from curate.stages.extract.blocks import BlockExtractor, Parts
from curate.stages.extract.engines import FAR_FUTURE, FAVORS
from curate.stages.extract.html import html
from curate.stages.extract.utf8 import as_utf8
from tests.bench.real_data import need_real_data


class Gold(NamedTuple):
    """A page with what should be found on it: segments, or the whole text."""

    url: str
    page: bytes
    keep: list[str]
    drop: list[str]
    text: str | None


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pages", type=int, default=None, help="only the first N pages of each set")
    parser.add_argument("--folds", type=int, default=5, help="parts of the cross-validation; 0 leaves it out")
    options = parser.parse_args()
    n = options.pages
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    folder = need_real_data() / "html"
    gold = [*_segments(folder / "trafilatura-eval")[:n], *_whole_texts(folder / "readability")[:n]]
    print(f"{len(gold)} pages, {sum(len(g.page) for g in gold) / 1e6:.0f} MB\n")
    _print_speeds(gold)
    print("| engine | favor | segments P | R | F | words F1 | pages/s through the stage | no text |")
    print("|---|---|---|---|---|---|---|---|")
    for engine, favors in FAVORS.items():
        for favor in favors:
            texts, through_stage = _through_stage(engine, favor, gold)
            quality = "trained on these | | |" if engine == "blocks" else _quality(gold, texts)
            empty = sum(not text for text in texts)
            print(f"| {engine} | {favor} | {quality} | {through_stage:.0f} | {empty} |", flush=True)
    if options.folds:
        print(flush=True)
        command = [
            sys.executable,
            "-m",
            "examples.bundled_models.extraction",
            "--pages",
            folder,
            "--crawls",
            folder.parent / "warc",
        ]
        subprocess.run([*command, "--folds", str(options.folds)], check=True)


def _quality(gold: list[Gold], texts: list[str]) -> str:
    p, r, f = _segment_score(gold, texts)
    return f"{p:.3f} | {r:.3f} | {f:.3f} | {_word_f1(gold, texts):.3f}"


def _segments(folder: Path) -> list[Gold]:
    about = json.loads(gzip.decompress((folder / "evaldata.json.gz").read_bytes()))
    return [
        Gold(url, gzip.decompress((folder / entry["page"]).read_bytes()), entry["with"], entry["without"], None)
        for url, entry in about.items()
    ]


def _whole_texts(folder: Path) -> list[Gold]:
    from resiliparse.extract.html2text import extract_plain_text

    found = []
    for case in sorted(folder.iterdir()):
        expected = gzip.decompress((case / "expected.html.gz").read_bytes()).decode()
        page = gzip.decompress((case / "source.html.gz").read_bytes())
        text = extract_plain_text(expected, preserve_formatting=True, alt_texts=False, list_bullets=False)
        found.append(Gold(f"https://example.org/{case.name}", page, [], [], text))
    return found


def _print_speeds(gold: list[Gold]) -> None:
    """Print how fast bytes become text: each function on each page in turn, so that noise meets all alike."""
    functions, seconds = _functions(), Counter()
    pages = [g.page for g in gold[::4]]
    for function in functions.values():
        function(pages[0])
    for page in pages:
        for name, function in functions.items():
            started = time.process_time()
            function(page)
            seconds[name] += time.process_time() - started
    print("| bytes to text | pages/s | MB/s | times trafilatura | times resiliparse |\n|---|---|---|---|---|")
    for name in functions:
        ratios = (f"{seconds[peer] / seconds[name]:.1f}" for peer in ("trafilatura", "resiliparse"))
        rate = len(pages) / seconds[name]
        print(f"| {name} | {rate:.0f} | {sum(map(len, pages)) / 1e6 / seconds[name]:.1f} | {' | '.join(ratios)} |")
    print(flush=True)


def _functions() -> dict[str, Callable[[bytes], object]]:
    import trafilatura
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    ours = BlockExtractor("balance", "text", Parts())

    def blocks(page: bytes) -> object:
        return ours.extract(as_utf8(page)[0], None, FAR_FUTURE)

    def resiliparse(page: bytes) -> str:
        return extract_plain_text(bytes_to_str(page, detect_encoding(page)), main_content=True)

    return {
        "blocks": blocks,
        "resiliparse": resiliparse,
        "trafilatura": trafilatura.extract,
        "trafilatura, fast": lambda page: trafilatura.extract(page, fast=True),
    }


def _through_stage(engine: str, favor: str, gold: list[Gold]) -> tuple[list[str], float]:
    batch = Batch.from_columns(
        {
            "id": [str(i) for i in range(len(gold))],
            "url": [g.url for g in gold],
            "html": pa.array([g.page for g in gold], pa.large_binary()),
        }
    )
    stage = html(engine=engine, favor=favor)
    stage.setup()
    start = _processor_seconds()
    result = stage(batch)
    stage.close()  # a child's time is known when it has ended
    return result.texts(), len(gold) / (_processor_seconds() - start)


def _processor_seconds() -> float:
    uses = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(use.ru_utime + use.ru_stime for use in uses)


def _segment_score(gold: list[Gold], texts: list[str]) -> tuple[float, float, float]:
    kept = wrongly_kept = missed = 0
    for g, text in zip(gold, texts, strict=True):
        flat = _flat(text)
        found = sum(_flat(segment) in flat for segment in g.keep)
        kept, missed = kept + found, missed + len(g.keep) - found
        wrongly_kept += sum(_flat(segment) in flat for segment in g.drop)
    p, r = kept / (kept + wrongly_kept), kept / (kept + missed)
    return p, r, 2 * p * r / (p + r)


def _word_f1(gold: list[Gold], texts: list[str]) -> float:
    scores = [_f1(_words(g.text), _words(text)) for g, text in zip(gold, texts, strict=True) if g.text is not None]
    return sum(scores) / len(scores)


def _f1(expected: Counter, found: Counter) -> float:
    common = (expected & found).total()
    return 2 * common / (expected.total() + found.total()) if common else 0.0


def _words(text: str) -> Counter:
    return Counter(re.findall(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+", text))


def _flat(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    main()
