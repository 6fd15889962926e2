"""Every bench, each in a process of its own: `make bench`, or `python -m tests.bench NAME ...`."""

from __future__ import annotations

import subprocess
import sys

NAMES = (
    "heuristics",
    "collateral",
    "pipeline",
    "sketches",
    "sources",
    "extraction",
    "crawl",
    "language",
    "normalise",
    "pii",
    "minhash",
    "dedup",
    "dedup_growth",
    "dedup_quality",
    "decontaminate",
    "perplexity",
    "lists",
    "classifiers",
)

for name in sys.argv[1:] or NAMES:
    print(f"\n## {name}\n", flush=True)
    subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=True)
