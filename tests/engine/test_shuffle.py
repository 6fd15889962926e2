"""However rows are divided into parts and merged on their way, barriers decide the same; and a shuffle opens few files."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate import plan
from curate.engine.barriers import shuffle
from curate.plan import MergePhase, Shuffled, partitions
from curate.plan.partitions import Partitions
from curate.runs import RunFolder, TaskFiles, layout
from curate.runs.layout import PhaseFolder
from curate.stage import Shard, Split

N_SHARDS = 7
STAGES = [
    {"dedup.exact": {"by": "url"}},
    {"dedup.lines": {"max_documents": 2, "min_characters": 1, "max_removed_share": 1.0}},
    {"dedup.minhash": {"permutations": 64, "ngram": 2, "threshold": 0.6}},
    {"quality.top_per": {"column": "site", "by": ["words.count"], "share": 0.8}},
    {"quality.keep_top": {"by": ["words.count"], "share": 0.9}},
]


def recipe(folder: Path) -> Path:
    """Write a corpus with copies, near-copies and shared lines, and a recipe with every kind of barrier."""
    chosen = random.Random(7)
    words = [f"word{k}" for k in range(400)]
    texts = [[" ".join(chosen.choices(words, k=12)) for _ in range(6)] for _ in range(60)]
    for shard in range(N_SHARDS):
        with (folder / f"{shard}.jsonl").open("w") as file:
            for _ in range(0 if shard == 3 else 40):
                lines = list(chosen.choice(texts))
                if chosen.random() < 0.5:
                    lines[chosen.randrange(6)] = " ".join(chosen.choices(words, k=12))
                lines.append(f"shared line {chosen.randrange(30)}")
                number = chosen.randrange(200)
                row = {
                    "text": "\n".join(lines),
                    "url": f"https://s{number % 9}.example/{number}",
                    "site": f"s{number % 9}",
                }
                file.write(json.dumps(row) + "\n")
    (folder / "recipe.yaml").write_text(
        yaml.safe_dump(
            {
                "name": "parts", "rejects": "text", "allow_empty": True,
                "inputs": {"sources.jsonl": {"paths": str(folder / "*.jsonl"), "shard_mib": 0.005, "extra": {"site": "string"}}},
                "stages": [{"text.measure": {"signals": ["words.count"]}}, *STAGES],
            }
        )
    )  # fmt: skip
    return folder / "recipe.yaml"


def results(url: str) -> dict:
    """Return what a run has made: digests of the output, of evidence and of rejects in order, the funnel and all metrics."""
    run = RunFolder(url)
    manifest, ledger = run.read_json(layout.MANIFEST), run.read_json(layout.LEDGER)
    return {
        **{name: manifest[name] for name in ("output_digest", "judgements_digest", "metrics", "documents")},
        "rejects": [run.digest(f"rejects/{path.name}") for path in sorted(Path(url, "rejects").iterdir())],
        "evidence": {path.name: run.digest(f"dedup/{path.name}") for path in sorted(Path(url, "dedup").iterdir())},
        "funnel": [(stage["name"], stage["in"], stage["out"], stage["dropped"]) for stage in ledger["stages"]],
    }


@pytest.mark.slow
def test_the_result_does_not_depend_on_parts_and_merges(tmp_path, monkeypatch):
    path = recipe(tmp_path)
    few = curate.run(str(path), output=str(tmp_path / "few"), workers=1, fresh=True)
    monkeypatch.setattr(partitions, "PART_BYTES", 300)
    monkeypatch.setattr(partitions, "SHARDS_PER_GROUP", 3)
    monkeypatch.setattr(shuffle, "READ_BYTES", 2000)
    many = curate.run(str(path), output=str(tmp_path / "many"), workers=1, fresh=True)
    titles = [layout.phase_title(phase["folder"]) for phase in RunFolder(many).read_json(layout.PLAN)["phases"]]
    assert sum(title.endswith(("-gather", "-scatter")) for title in titles) == 2 * len(STAGES)
    assert sum(title.endswith("-gather") for title in titles) == len(STAGES)
    assert results(few) == results(many)


def shards(*n_bytes: int) -> list[Shard]:
    made = [(Split(f"{k}", f"{k}", 0, n, n, ""),) if n else () for k, n in enumerate(n_bytes)]
    return [Shard(k, len(made), splits) for k, splits in enumerate(made)]


def test_parts_follow_the_size_of_the_input_and_not_the_number_of_shards():
    mib = 1 << 20
    assert Partitions.of(shards(100)).n_parts == 1
    assert Partitions.of(shards(*[100] * 10_000)).n_parts == 1
    assert Partitions.of(shards(17 * mib)).n_parts == 2
    assert Partitions.of(shards(100 * mib)).n_parts == Partitions.of(shards(100 * mib, mib)).n_parts == 8
    assert Partitions.of(shards(*[128 * mib] * 10_000)).n_parts == partitions.MOST_PARTS
    assert Partitions.of(shards(0)).n_parts == 8  # only a reader of datatrove knows its size
    assert Partitions.n_tasks(1) == Partitions.n_tasks(32) == 1 and Partitions.n_tasks(33) == 2


@pytest.mark.parametrize(("n_shards", "n_groups"), [(1, 0), (256, 0), (257, 2), (512, 2), (100_000, 391)])
def test_rows_are_merged_if_there_are_many_shards(n_shards, n_groups):
    assert Partitions.of(shards(*[1] * n_shards)).n_groups == n_groups


def test_every_shard_finds_its_results():
    assert Shuffled("p", 3).holding(7) == (range(3), 7)
    assert [Shuffled("p", 3, 4).holding(shard) for shard in (0, 3, 4, 11)] == [
        (range(1), 0), (range(1), 3), (range(1, 2), 0), (range(2, 3), 3),
    ]  # fmt: skip


ROWS = st.lists(st.lists(st.integers(0, 19), max_size=30), min_size=1, max_size=6)


@given(ROWS, st.integers(20, 40), st.integers(1, 400), st.integers(0, 19), st.integers(0, 19))
def test_a_reader_gets_the_rows_of_its_parts_in_order(tmp_path_factory, files, n_parts, round_bytes, one, other):
    run = RunFolder(str(tmp_path_factory.mktemp("run")))
    for task, values in enumerate(files):
        made = TaskFiles(PhaseFolder(run, "01-x").task(task))
        writer = shuffle.Writer(
            made.open(made.place.shuffle), lambda rows: rows["v"].to_numpy(), n_parts, "x", round_bytes
        )
        for start in range(0, len(values) + 1, 7):
            writer.write(batch(values[start : start + 7], start))
        writer.close()
        made.commit()
    parts = range(min(one, other), max(one, other) + 1)
    wanted = [(v, n) for values in files for n, v in enumerate(values) if v in parts]
    reader = shuffle.Reader(run, "01-x", range(len(files)), parts)
    found = [row for rows in reader for row in zip(rows["v"].to_pylist(), rows["n"].to_pylist(), strict=True)]
    assert Counter(found) == Counter(wanted)
    for part in parts:
        of_part = [n for v, n in found if v == part]
        if len(files) == 1:
            assert of_part == sorted(of_part)
    pieces = [piece.parts for piece in reader.pieces()]
    assert [part for piece in pieces for part in piece] == list(parts)


def batch(values: list[int], start: int) -> pa.RecordBatch:
    numbers = np.arange(start, start + len(values))
    return pa.RecordBatch.from_arrays([pa.array(values, pa.int64()), pa.array(numbers)], names=["v", "n"])


def test_a_large_partition_is_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(shuffle, "READ_BYTES", 3000)
    run = RunFolder(str(tmp_path))
    made = TaskFiles(PhaseFolder(run, "01-x").task(0))
    writer = shuffle.Writer(made.open(made.place.shuffle), lambda rows: rows["v"].to_numpy(), 8, "x")
    writer.write(batch([0] * 10 + [1] * 10 + [5] * 3000 + [7] * 10, 0))
    writer.close()
    made.commit()
    pieces = [piece.parts for piece in shuffle.Reader(run, "01-x", range(1), range(8)).pieces()]
    assert pieces == [range(5), range(5, 6), range(6, 8)]


def test_plans_with_merges_travel_to_workers(tmp_path, monkeypatch):
    monkeypatch.setattr(partitions, "SHARDS_PER_GROUP", 3)
    from curate.engine import planning
    from curate.plan import phases

    made = planning.planned(str(recipe(tmp_path)), (), (), (), "", 0)
    merges = [phase for phase in made.phases if isinstance(phase, MergePhase)]
    n_shards = merges[0].n_shards
    assert n_shards > 6 and merges[0].n_tasks == -(-n_shards // 3)
    covered = [shard for task in range(merges[0].n_tasks) for shard in merges[0].shards_of(task)]
    assert covered == list(range(n_shards)) and merges[0].shards_of(1) == range(3, 6)
    for phase in made.phases:
        assert phases.from_json(json.loads(json.dumps(phases.to_json(phase)))) == phase
    assert plan.MergePhase is MergePhase


def test_the_plan_says_what_is_merged(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(partitions, "SHARDS_PER_GROUP", 3)
    from curate.cli import show_plan
    from curate.engine import planning

    show_plan.print_plan(planning.planned(str(recipe(tmp_path)), (), (), (), "", 0))
    printed = capsys.readouterr().out
    assert printed.count("global stage, merges") == 2 * len(STAGES) and "dedup.exact-gather" in printed
