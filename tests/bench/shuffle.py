"""What barriers cost with many shards: processor time for each shard, and the memory of the largest task.

    python -m tests.bench.shuffle [SHARDS ...]        # by default 100 1000 10000

Every shard is a file of eight short documents, a quarter of which have copies elsewhere. All tasks run in this process, one
after the other; a phase's time is its tasks' processor time. With `divided`, rows are divided into as many parts as a real
corpus of so many shards would have.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

import curate
from curate.engine import worker
from curate.executor import Job, JobStatus, Launcher
from curate.plan import partitions

STAGES = [{"text.measure": {"signals": ["words.count"]}}, "dedup.exact", "dedup.minhash", {"quality.keep_top": {"by": ["words.count"], "share": 0.9}}]  # fmt: skip
N_DOCS = 8
SECONDS: dict[str, float] = {}


class InThisProcess(Launcher):
    """Runs tasks one after the other and notes the processor time of each phase."""

    def submit(self, job: Job, after: str | None = None) -> str:
        start = time.process_time()
        for task in job.tasks:
            worker.run_task(job.run_url, job.phase, task)
        SECONDS[job.phase or "finish"] = time.process_time() - start
        return ""

    def status(self, job_id: str) -> JobStatus:
        return JobStatus()

    def cancel(self, job_id: str) -> None:
        """Nothing runs."""

    def log(self, job: Job, task: int) -> str:
        return ""


def here() -> Launcher:
    """Run tasks in this process."""
    return InThisProcess()


def main() -> None:
    """Print one line for each number of shards; each is measured in a process of its own."""
    print(
        "| shards | parts | phases | map phases, ms a shard | between them, ms a shard | in all, s | files a shard | peak MiB |"
    )
    print("|---|---|---|---|---|---|---|---|")
    is_divided = "divided" in sys.argv
    for n in [int(argument) for argument in sys.argv[1:] if argument.isdecimal()] or [100, 1000, 10_000]:
        call = f"from tests.bench import shuffle; shuffle.measure({n}, is_divided={is_divided})"
        subprocess.run([sys.executable, "-c", call], check=True)


def measure(n_shards: int, *, is_divided: bool) -> None:
    """Print the line of one number of shards."""
    if is_divided:
        partitions.PART_BYTES = max(1, partitions.PART_BYTES * N_DOCS * 300 // partitions.UNKNOWN_BYTES)
    with tempfile.TemporaryDirectory() as folder:
        recipe = _corpus(Path(folder), n_shards)
        before = time.process_time()
        run = curate.run(str(recipe), output=f"{folder}/run", executor="tests.bench.shuffle.here", fresh=True)
        total = time.process_time() - before
        plan = json.loads(Path(run, "plan.json").read_text())["phases"]
        kinds = {phase["folder"]: phase["kind"] for phase in plan}
        maps = sum(seconds for phase, seconds in SECONDS.items() if kinds.get(phase) == "map")
        between = sum(seconds for phase, seconds in SECONDS.items() if kinds.get(phase) in ("merge", "reduce"))
        n_files = sum(1 for path in Path(run).rglob("*") if path.is_file())
        parts = max(phase.get("n_parts", 1) for phase in plan)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        print(f"| {n_shards:,} | {parts} | {len(plan)} | {maps / n_shards * 1e3:.1f} | {between / n_shards * 1e3:.2f} | {total:.1f} | {n_files / n_shards:.1f} | {peak:,} |", flush=True)  # fmt: skip


def _corpus(folder: Path, n_shards: int) -> Path:
    chosen = random.Random(1)
    words = [f"word{k}" for k in range(5000)]
    texts = [" ".join(chosen.choices(words, k=40)) for _ in range(max(50, n_shards * N_DOCS // 8))]
    (folder / "in").mkdir()
    for shard in range(n_shards):
        lines = [json.dumps({"text": _text(chosen, texts, words)}) for _ in range(N_DOCS)]
        (folder / "in" / f"{shard:06d}.jsonl").write_text("\n".join(lines) + "\n")
    size = max(path.stat().st_size for path in (folder / "in").iterdir())
    paths = {"paths": str(folder / "in" / "*.jsonl"), "shard_mib": size / 2**20}
    recipe = {"name": "many", "modules": ["tests.bench.shuffle"], "inputs": {"sources.jsonl": paths}, "stages": STAGES}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return folder / "recipe.yaml"


def _text(chosen: random.Random, texts: list[str], words: list[str]) -> str:
    if chosen.random() < 0.25:
        return chosen.choice(texts)
    return " ".join(chosen.choices(words, k=40))


if __name__ == "__main__":
    main()
