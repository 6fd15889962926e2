"""`curate stats` on a run of ten million documents: seconds and memory of each view.

    python -m tests.bench.stats_run [DOCUMENTS]

A run of the heuristic filters over generated texts is made once; its record of judgements is repeated, a file for each shard,
until there are as many documents, with the ledger multiplied. To reach: the first table in under 3 s and 2 GB on two cores.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

import curate

DOCUMENTS = 10_000_000
SHARD = 100_000

VIEWS = (
    [],
    ["--json"],
    ["--signal", "words.count"],
    ["--by", "source"],
    ["--by", "domain"],
    ["--near", "filters.gopher.quality.min_words"],
    ["--examples", "too_few_words"],
)
WORDS = [
    "the",
    "of",
    "and",
    "a",
    "harbour",
    "quiet",
    "morning",
    "boats",
    "that",
    "should",
    "have",
    "been",
    "to",
    "with",
    "at",
    "home",
    "be",
    "lane\n-",
    "Menu",
    "#tag",
    "...",
]


def main() -> None:
    """Print the table."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else DOCUMENTS
    with tempfile.TemporaryDirectory() as folder:
        run = _run(Path(folder))
        n = _repeat(run, n)
        subprocess.run(
            [sys.executable, "-m", "curate", "stats", run], check=True, capture_output=True
        )  # load the files
        print(f"{n:,} documents\n\n| view | seconds | MB |\n|---|---:|---:|")
        for view in VIEWS:
            start = time.perf_counter()
            child = subprocess.Popen([sys.executable, "-m", "curate", "stats", run, *view], stdout=subprocess.DEVNULL)
            _, status, used = _wait(child)
            if status:
                sys.exit(f"curate stats {' '.join(view)} failed with {status}")
            print(f"| {' '.join(view) or 'overview'} | {time.perf_counter() - start:.1f} | {used.ru_maxrss / 1000:,.0f} |", flush=True)  # fmt: skip


def _wait(child: subprocess.Popen) -> tuple[int, int, resource.struct_rusage]:

    return os.wait4(child.pid, 0)


def _run(folder: Path) -> str:
    """Return a run of `SHARD` documents of various length."""
    rng = random.Random(1)
    with (folder / "texts.jsonl").open("w") as file:
        for k in range(SHARD):
            words = rng.choices(WORDS, k=int(rng.lognormvariate(4.5, 1)))
            text = "".join(f"{word}{rng.choice(['.', ' ', ' ', ' ', chr(10)])}" for word in words) or "x"
            file.write(json.dumps({"text": text, "url": f"https://www.site{k % 5000}.example/{k}"}) + "\n")
    stages = [
        "filters.gopher.repetition",
        "filters.gopher.quality",
        "filters.fineweb.quality",
        "filters.wanjuan.characters",
    ]
    recipe = {"name": "texts", "inputs": {"sources.jsonl": {"paths": str(folder / "texts.jsonl"), "shard_mib": 1000}}, "stages": stages}  # fmt: skip
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return curate.run(str(folder / "recipe.yaml"), output=str(folder / "run"))


def _repeat(run: str, n: int) -> int:
    """Repeat the record of a run of one shard, and what its files say of it; return how many documents it has then."""
    folder = Path(run)
    times = max(1, n // SHARD)
    (first,) = (folder / "judgements").iterdir()
    for k in range(1, times):
        shutil.copy(first, folder / "judgements" / f"{k:05}.parquet")
    ledger = json.loads((folder / "ledger.json").read_text())
    (folder / "ledger.json").write_text(json.dumps(_times(ledger, times)))
    manifest = json.loads((folder / "manifest.json").read_text())
    (output,) = (each for each in manifest["outputs"] if each["role"] == "judgements")
    manifest["outputs"] += [{**output, "path": f"judgements/{k:05}.parquet"} for k in range(1, times)]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return times * SHARD


def _times(value: Any, n: int, key: str = "") -> Any:
    """Return a ledger in which all numbers of documents are n times as large."""
    if isinstance(value, dict):
        return {name: _times(each, n, name) for name, each in value.items()}
    if isinstance(value, list) and key != "buckets":
        return [_times(each, n) for each in value]
    return n * value if isinstance(value, int) and key not in ("lowest", "highest") else value


if __name__ == "__main__":
    main()
