"""What a changed threshold costs beside a finished run, and what a `checkpoint` after the extraction costs for that.

    python -m tests.bench.sharing

The recipe wanjuan_cc runs from the command line over the example crawl, and over the real crawl files three times (as three
crawls): fresh; with another `min_words` in a folder beside it; the same with `--fresh`; the unchanged recipe beside it. Then
the same without the `checkpoint` after the language, where the rules are in one phase with the extraction.

Times are wall and processor seconds of the command with one worker, which runs all tasks itself, the better of two. Bytes are
those of the intermediate files that are not links to another run's.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from tests.bench.real_data import need_real_data
from tests.conftest import ROOT

CHANGE = ["--set", "filters.gopher.quality.min_words=30"]
COPIES, TRIES = 3, 2


def main() -> None:
    """Print a table for each corpus and each recipe."""
    with tempfile.TemporaryDirectory() as place:
        crawls = Path(place, "crawls")
        for k in range(COPIES):
            shutil.copytree(need_real_data() / "warc", crawls / f"{k}")
        corpora = {
            "example crawl": str(ROOT / "examples" / "crawl" / "**" / "*.warc.gz"),
            f"real crawl files, {COPIES} times": str(crawls / "**" / "*.warc.gz"),
        }
        for title, paths in corpora.items():
            for kind in ("as it is", "without the checkpoint after the language"):
                print(f"\n{title}, wanjuan_cc {kind}\n\n{'':<44} {'wall s':>8} {'core s':>8} {'new MiB':>9}")
                _table(Path(tempfile.mkdtemp(dir=place)), _recipe(Path(place), paths, kind == "as it is"))


def _recipe(place: Path, paths: str, has_checkpoint: bool) -> Path:
    recipe = yaml.safe_load((ROOT / "pipelines" / "wanjuan_cc.yaml").read_text())
    recipe["inputs"] = {"sources.warc": {"paths": paths, "shard_mib": 4}}
    if not has_checkpoint:
        recipe["stages"].remove("checkpoint")  # the first one
    path = place / f"recipe-{has_checkpoint}.yaml"
    path.write_text(yaml.safe_dump(recipe))
    return path


def _table(folder: Path, recipe: Path) -> None:
    runs = {
        "fresh": (["--fresh"], "web"),
        "another min_words beside it": (CHANGE, "web-b"),
        "another min_words, fresh": ([*CHANGE, "--fresh"], "web-c"),
        "the same recipe beside it": ([], "web-d"),
    }
    subprocess.run(_command(recipe, folder / "warm" / "run", []), check=True, capture_output=True)
    for title, (arguments, name) in runs.items():
        wall, core, added = min(_timed(folder, recipe, name, arguments) for _ in range(TRIES))
        print(f"{title:<44} {wall:>8.2f} {core:>8.2f} {added / (1 << 20):>9.2f}", flush=True)


def _timed(folder: Path, recipe: Path, name: str, arguments: list[str]) -> tuple[float, float, int]:
    """Return wall and processor seconds of a run in a new folder, and the bytes of its phases that are no links."""
    url = folder / "runs" / name
    shutil.rmtree(url, ignore_errors=True)
    hidden = [path for path in (folder / "runs").glob("*") if path.name != "web"]  # only the first run is a neighbour
    for path in hidden:
        path.rename(folder / path.name)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(_command(recipe, url, arguments), check=True, capture_output=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    for path in hidden:
        (folder / path.name).rename(path)
    core = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    added = sum(s.st_size for p in (url / "phases").rglob("*.arrow") if (s := os.stat(p)).st_nlink == 1)
    return wall, core, added


def _command(recipe: Path, url: Path, arguments: list[str]) -> list[str]:
    return [sys.executable, "-m", "curate", "run", str(recipe), "-o", str(url), "--workers", "1", *arguments]


if __name__ == "__main__":
    main()
