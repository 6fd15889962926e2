"""How time and memory of near-deduplication grow with the corpus: from 100 thousand to 2 million short documents.

    python -m tests.bench.dedup_growth

Documents of about 280 characters with the near-duplicates that `dedup_corpus` describes, as many in each file and so in
each task however many there are. "From start-up" takes off what a run of a thousand documents takes: without that, what
start-up costs a document would hide growth.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from tests.bench.dedup import ours, print_phases
from tests.bench.dedup_corpus import write
from tests.bench.dedup_watch import Watched

SIZES = (100_000, 500_000, 2_000_000)
N_WORDS, PER_FILE = 45, 25_000


def main() -> None:
    """Print times per document, and what each phase took at the first size and at the last."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root / "warm-up", 1000, N_WORDS, 500)
        ours(root / "warm-up", root / "first")
        start = ours(root / "warm-up", root / "second").whole
        runs = {n: (write(root / str(n), n, N_WORDS, PER_FILE), ours(root / str(n), root / f"run-{n}")) for n in SIZES}
        metrics = json.loads((root / f"run-{SIZES[-1]}" / "manifest.json").read_text())["metrics"]["dedup.minhash"]
    print(f"start-up: {start.seconds:.1f} s, of processors {start.cpu:.1f} s\n")
    print("| documents | bytes each | documents/s | µs each | from start-up | processor µs each | from start-up |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for n, (n_bytes, run) in runs.items():
        wall, cpu = run.whole.seconds, run.whole.cpu
        each = [1e6 * seconds / n for seconds in (wall, wall - start.seconds, cpu, cpu - start.cpu)]
        print(f"| {n:,} | {n_bytes / n:,.0f} | {n / wall:,.0f} |", *(f"{one:,.1f} |" for one in each))
    (_, small), (_, large) = runs[SIZES[0]], runs[SIZES[-1]]
    print(f"\ngrowth {_growth(small, large, 'seconds'):.2f}, of processor time {_growth(small, large, 'cpu'):.2f}")
    for n in (SIZES[0], SIZES[-1]):
        print(f"\n{n:,} documents:")
        print_phases(runs[n][1])
    print(f"\nthe run reports: {json.dumps(metrics['cluster_memory'])}, {metrics['edges']:,} edges")


def _growth(small: Watched, large: Watched, what: str) -> float:
    """Return how many times what a document takes in the small run it takes in the large one."""
    return getattr(large.whole, what) / SIZES[-1] / (getattr(small.whole, what) / SIZES[0])


if __name__ == "__main__":
    main()
