"""Whole near-deduplication, parquet in to parquet out with two workers: `curate run` against datatrove's four stages.

    python -m tests.bench.dedup

Documents of about 3.5 KB with the near-duplicates that `dedup_corpus` describes. Ours is `dedup.minhash` as it is
without parameters (128 permutations, verified by signature, evidence included); theirs 14 bands of 8 without
verification. Because datatrove is slow it gets `N_THEIRS` documents of the same mix and `curate` `N_OURS`. Processes
are timed and watched from outside, start-up included.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.dedup_corpus import write
from tests.bench.dedup_watch import Cost, Watched, watch

N_THEIRS, N_OURS = 5_000, 100_000
N_WORDS, PER_FILE = 560, 12_500

RECIPE = """\
name: bench
inputs: {{sources.parquet: {{paths: "{paths}", shard_mib: {shard_mib}, fields: {fields}}}}}
stages:
  - dedup.minhash: {params}
rejects: none
executor: {{local: {{workers: 2}}}}
"""

SCRIPT = """\
import sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupBuckets, MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter

if __name__ == "__main__":
    source, target, tasks, workers = sys.argv[1], sys.argv[2], int(sys.argv[3]), 2
    config = MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8)
    reader, at = ParquetReader(source), [f"{target}/{name}" for name in ("signatures", "buckets", "remove", "data")]
    for name, pipeline, n in (
        ("1", [reader, MinhashDedupSignature(at[0], config)], tasks),
        ("2", [MinhashDedupBuckets(at[0], at[1], config=config)], 14),
        ("3", [MinhashDedupCluster(at[1], at[2], config=config, save_cluster_id=True)], 1),
        ("4", [reader, MinhashDedupFilter(at[2]), ParquetWriter(at[3])], tasks),
    ):
        logs = f"{target}/logs/{name}"
        LocalPipelineExecutor(pipeline=pipeline, tasks=n, workers=workers, logging_dir=logs).run()
"""


def main() -> None:
    """Print speeds, their ratio, and memory."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root / "few", N_THEIRS, N_WORDS, N_THEIRS // 2)
        n_bytes = write(root / "many", N_OURS, N_WORDS, PER_FILE)
        ours(root / "few", root / "warm-up")
        found = {
            "datatrove, 14 x 8": (N_THEIRS, theirs(root / "few", root / "theirs", n_tasks=2).whole),
            "curate": (N_OURS, (run := ours(root / "many", root / "ours")).whole),
        }
    print(f"{N_OURS:,} documents of {n_bytes / N_OURS:,.0f} bytes\n")
    print(
        "| near-deduplication, two workers | documents | seconds | processor seconds | documents/s | largest process | all processes |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, (n, cost) in found.items():
        print(f"| {name} | {n:,} | {cost.seconds:,.1f} | {cost.cpu:,.1f} | {n / cost.seconds:,.0f} | {sizes(cost)} |")
    slow, fast = found.values()
    for what in ("seconds", "cpu"):
        ratio = getattr(slow[1], what) / slow[0] / getattr(fast[1], what) * fast[0]
        print(f"\nratio by {'processor ' * (what == 'cpu')}seconds {ratio:,.1f}")
    print_phases(run)


def print_phases(run: Watched) -> None:
    """Print what each phase of a run took."""
    print(
        "\n| phase | seconds | processor seconds | largest process | without mapped files | all processes |\n|---|---:|---:|---:|---:|---:|"
    )
    for name, cost in run.phases.items():
        largest, total = sizes(cost).split(" | ")
        print(f"| {name} | {cost.seconds:,.1f} | {cost.cpu:,.1f} | {largest} | {cost.own / 1e6:,.0f} MB | {total} |")


def sizes(cost: Cost) -> str:
    """Return the costs of the largest process and of all as cells of a table."""
    return f"{cost.largest / 1e6:,.0f} MB | {cost.total / 1e6:,.0f} MB"


def ours(source: Path, target: Path, params: str = "{}", fields: str = "{}") -> Watched:
    """Deduplicate the parquet files of a folder into a run folder, a task for each file."""
    recipe = target.with_suffix(".yaml")
    shard_mib = max(path.stat().st_size for path in source.iterdir()) / (1 << 20)
    recipe.write_text(RECIPE.format(paths=source / "*.parquet", shard_mib=shard_mib, params=params, fields=fields))
    return watch([sys.executable, "-m", "curate.cli", "run", str(recipe), "-o", str(target)], target)


def theirs(source: Path, target: Path, n_tasks: int) -> Watched:
    """Do the same with datatrove; what it removes is in `remove/`, by task and row."""
    script = target.with_suffix(".py")
    script.write_text(SCRIPT)
    return watch([sys.executable, str(script), str(source), str(target), str(n_tasks)])


if __name__ == "__main__":
    main()
