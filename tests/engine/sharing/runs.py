"""Runs beside each other, and what they leave."""

from __future__ import annotations

import json
from pathlib import Path

import fsspec

import curate
from curate.runs import RunFolder

STAGES = [
    "text.normalise",
    "checkpoint",
    {"filters.gopher.quality": {"min_words": 5, "min_stop_words": 0}},
    "dedup.exact",
    "dedup.minhash",
    {"filters.fineweb.quality": {"max_short_line_share": None}},
]
CHANGES = [
    "filters.gopher.quality.min_words=9",
    "filters.gopher.quality.min_stop_words=2",
    "dedup.exact.keep=newest",
    "dedup.minhash.threshold=0.6",
    "filters.fineweb.quality.max_breaks_per_word=0.2",
    "sources.jsonl.shard_mib=0.002",
    "rejects=text",
    "text.normalise.unicode=NFC",
]
RUN = "import sys, curate; curate.run(sys.argv[1], output=sys.argv[2], workers=1, settings=sys.argv[3:])"


def manifest(url: str | Path) -> dict:
    with fsspec.open(f"{url}/manifest.json") as file:
        return json.load(file)


def outcome(url: str | Path) -> dict[str, str]:
    """Return the digest of every result file as it is now, which must be that of the manifest."""
    folder, outputs = RunFolder(str(url)), manifest(url)["outputs"]
    found = {output["path"]: folder.digest(output["path"]) for output in outputs}
    assert found == {output["path"]: output["digest"] for output in outputs}
    return found


def from_neighbours(url: str | Path) -> dict[str, dict[str, int]]:
    return {phase["folder"][:-11]: phase["from"] for phase in manifest(url)["phases"] if phase["from"]}


def everything(folder: str | Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def alone(recipe: str, tmp_path: Path, *changes: str) -> dict[str, str]:
    """Return what a run gives that has no neighbours."""
    place = tmp_path / "alone" / "-".join(map(str, changes)).replace("/", "_")
    if not (place / "run" / "manifest.json").exists():
        curate.run(recipe, output=str(place / "run"), workers=1, settings=changes)
    assert not from_neighbours(place / "run")
    return outcome(place / "run")


def run(recipe: str, output: Path, *changes: str, **more) -> str:
    return curate.run(recipe, output=str(output), workers=1, settings=changes, **more)
