"""Parquet -> heuristics -> parquet as whole processes with two workers: `curate run` against datatrove.

    python -m tests.bench.pipeline

Both read the same English Wikipedia articles cut to about 3.5 KB, run Gopher repetition, Gopher quality, C4 and FineWeb
in that order, and write what is left. datatrove is a script of its own with its own filters. Because it is slow it gets
`N_THEIRS` documents and `curate` all of `N_OURS` (the same articles again and again), so that neither figure is mostly
start-up; start-up is included in both. Each process is timed from outside.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.bench.heuristics import cut
from tests.bench.real_data import need_real_data

N_THEIRS, N_OURS, N_FILES = 2_000, 200_000, 4

RECIPE = """\
name: bench
inputs: {{sources.parquet: {{paths: "{folder}/*.parquet", shard_mib: {shard_mib}}}}}
stages:
  - filters.gopher.repetition
  - filters.gopher.quality
  - filters.c4.lines
  - filters.c4.page
  - filters.fineweb.quality
rejects: none
executor: {{local: {{workers: 2}}}}
"""

SCRIPT = """\
import sys
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.filters import C4QualityFilter, FineWebQualityFilter, GopherQualityFilter, GopherRepetitionFilter
from datatrove.pipeline.readers import ParquetReader
from datatrove.pipeline.writers import ParquetWriter

if __name__ == "__main__":
    source, target = sys.argv[1:]
    LocalPipelineExecutor(
        pipeline=[
            ParquetReader(source), GopherRepetitionFilter(), GopherQualityFilter(), C4QualityFilter(), FineWebQualityFilter(),
            ParquetWriter(target),
        ],
        tasks=2, workers=2, logging_dir=target + "/logs",
    ).run()
"""


def main() -> None:
    """Print both speeds and their ratio."""
    articles = [
        cut(text)
        for text in pq.read_table(need_real_data() / "text" / "enwiki.parquet", columns=["text"])["text"].to_pylist()
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write(root / "few", articles, N_THEIRS, 2)
        write(root / "many", articles, N_OURS, N_FILES)
        (root / "theirs.py").write_text(SCRIPT)
        shard_mib = max(path.stat().st_size for path in (root / "many").iterdir()) / (1 << 20)
        (root / "ours.yaml").write_text(RECIPE.format(folder=root / "many", shard_mib=shard_mib))
        run = [sys.executable, "-m", "curate.cli", "run", str(root / "ours.yaml")]
        timed([*run, "-o", str(root / "warm"), "--limit", "100"])  # compile the kernels once, as an installation does
        theirs = N_THEIRS / timed([sys.executable, str(root / "theirs.py"), str(root / "few"), str(root / "their-run")])
        ours = N_OURS / timed([*run, "-o", str(root / "our-run")])
    print("| parquet -> four heuristics -> parquet, two workers | documents | documents/s |\n|---|---:|---:|")
    print(
        f"| datatrove | {N_THEIRS:,} | {theirs:,.0f} |\n| curate | {N_OURS:,} | {ours:,.0f} |\n\nratio {ours / theirs:,.0f}"
    )


def write(folder: Path, articles: list[str], n: int, n_files: int) -> None:
    """Write `n` documents into `n_files` parquet files."""
    folder.mkdir()
    for k in range(n_files):
        rows = range(k * n // n_files, (k + 1) * n // n_files)
        table = pa.table({"id": [str(i) for i in rows], "text": [articles[i % len(articles)] for i in rows]})
        pq.write_table(table, folder / f"{k}.parquet", compression="zstd", row_group_size=5000)


def timed(command: list[str]) -> float:
    """Run a command and return its wall seconds."""
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
