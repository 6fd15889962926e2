"""The record of judgements: what each column costs on disk, and what the record costs in processor time.

    python -m tests.bench.record

Two recipes run in one process: the heuristic filters of Gopher, C4 and FineWeb over the English Wikipedia, and extraction,
language and all heuristic filters over the real crawl files. For each column the table says how many bytes a document
takes, on average over all documents of the run, the dropped ones too. The time is that spent in recording, of all.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

import curate
from curate.engine.tasks import judgements, map_task
from curate.plan import MapPhase, phases
from curate.runs import RunFolder, layout
from tests.bench.real_data import need_real_data

HEURISTICS = ["filters.gopher.repetition", "filters.gopher.quality", "filters.c4.lines", "filters.c4.page", "filters.fineweb.quality"]  # fmt: skip
WANJUAN = ["filters.wanjuan.separators", "filters.wanjuan.characters", "filters.wanjuan.punctuation"]

CORPORA: dict[str, tuple[dict[str, Any], list[Any]]] = {
    "English Wikipedia, heuristic filters": ({"sources.parquet": {"paths": "text/enwiki.parquet"}}, HEURISTICS),
    "crawl files, extraction and heuristic filters": (
        {"sources.warc": {"paths": "warc/**/*.warc.gz", "shard_mib": 100000}},
        ["extract.html", {"language.detect": {"keep": ["en"]}}, *WANJUAN, *HEURISTICS],
    ),
}


class Timed:
    """Measures the processor time of some functions, in seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, function: Callable) -> Callable:
        def timed(*arguments: Any) -> Any:
            start = time.process_time()
            try:
                return function(*arguments)
            finally:
                self.seconds += time.process_time() - start

        return timed

    def in_map_phases(self, run: RunFolder) -> tuple[float, float]:
        """Do all tasks of the map phases of a run again; return their processor time, and what of it the functions took."""
        total = own = 0.0
        for phase in map(phases.from_json, run.read_json(layout.PLAN)["phases"]):
            for task in range(phase.n_tasks) if isinstance(phase, MapPhase) else ():
                for _ in range(2):  # the first loads kernels and models
                    run.remove(layout.PhaseFolder(run, phase.folder).task(task).record)
                    self.seconds, start = 0.0, time.process_time()
                    map_task.run(run, phase, task)
                    last = time.process_time() - start
                total, own = total + last, own + self.seconds
        return total, own


def main() -> None:
    """Print both tables."""
    for title, (inputs, stages) in CORPORA.items():
        with tempfile.TemporaryDirectory() as folder:
            run = _run(Path(folder), inputs, stages)
            _print_columns(title, run)
            _print_time(run)


def _run(folder: Path, inputs: dict[str, Any], stages: list[Any]) -> RunFolder:
    data = need_real_data()
    ((source, params),) = inputs.items()
    inputs = {source: {**params, "paths": str(data / params["paths"])}}
    recipe = {"name": "record", "inputs": inputs, "stages": stages, "allow_empty": True}
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe))
    return RunFolder(curate.run(str(folder / "recipe.yaml"), output=str(folder / "run"), workers=1))


def _print_columns(title: str, run: RunFolder) -> None:
    n_rows, n_bytes, of_columns = 0, 0, {}
    for name in run.files(layout.JUDGEMENTS):
        with run.open(f"{layout.JUDGEMENTS}/{name}") as file:
            n_bytes += file.seek(0, 2)
            found = pq.ParquetFile(file).metadata
        n_rows += found.num_rows
        for group in range(found.num_row_groups):
            for k in range(found.num_columns):
                column = found.row_group(group).column(k)
                name = column.path_in_schema
                of_columns[name] = of_columns.get(name, 0) + column.total_compressed_size
    print(f"\n{title}: {n_rows:,} documents\n")
    for name, size in of_columns.items():
        print(f"  {name:<52} {size / n_rows:6.2f}")
    print(f"  {'names, types and statistics of the columns':<52} {(n_bytes - sum(of_columns.values())) / n_rows:6.2f}")
    print(f"  {'all, bytes a document':<52} {n_bytes / n_rows:6.2f}")


def _print_time(run: RunFolder) -> None:
    timed = Timed()
    for name in ("drop", "keep", "add", "close"):
        setattr(judgements.Judgements, name, timed(getattr(judgements.Judgements, name)))
    total, recording = timed.in_map_phases(run)
    print(f"  recording took {recording / total:.1%} of {total:.1f} s of processor time")


if __name__ == "__main__":
    main()
