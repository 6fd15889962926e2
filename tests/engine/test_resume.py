"""What is done again and what is not; what a killed run leaves; the same bytes whatever the workers."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import curate
from curate.errors import RunError, SpecError

STAGES = [
    "text.normalise",
    "checkpoint",
    {"filters.gopher.quality": {"min_words": 5, "min_stop_words": 0}},
    "dedup.exact",
    {"filters.fineweb.quality": {"max_short_line_share": None}},
]


def texts(n: int, seed: int = 7) -> list[str]:
    chosen = random.Random(seed)
    words = [
        "the",
        "of",
        "and",
        "to",
        "a",
        "in",
        "is",
        "it",
        "you",
        "that",
        "he",
        "was",
        "for",
        "on",
        "are",
        "with",
        "as",
        "I",
        "his",
        "they",
        "be",
        "at",
        "one",
        "have",
        "this",
    ]
    return [" ".join(chosen.choices(words, k=chosen.randint(3, 60))).capitalize() + "." for _ in range(n)]


@pytest.fixture
def corpus(write_jsonl):
    for k in range(6):
        write_jsonl(f"{k}.jsonl", texts(40, seed=k % 4))


@pytest.fixture
def recipe(write_recipe, tmp_path, corpus):
    inputs = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.004}}
    return write_recipe(STAGES, inputs=inputs)


def digests(url: str | Path) -> tuple[str, ...]:
    manifest = json.loads(Path(url, "manifest.json").read_text())
    return manifest["output_digest"], manifest["rejects_digest"], manifest["judgements_digest"]


def phases_that_ran(**arguments) -> dict[str, int]:
    """Run, and return how many tasks of each phase were not kept."""
    seen = {}
    curate.run(
        watch=lambda e: seen.update({e.phase.folder[3:-11]: e.n_done - e.n_kept}) if e.kind == "ended" else None,
        **arguments,
    )
    return {name: n for name, n in seen.items() if n}


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_gives_the_same_bytes(recipe, tmp_path, workers):
    reference = curate.run(recipe, output=str(tmp_path / "one"), workers=1)
    assert digests(curate.run(recipe, output=str(tmp_path / "other"), workers=workers, fresh=True)) == digests(
        reference
    )


def test_the_hash_seed_of_python_does_not_matter(recipe, tmp_path):
    found = set()
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-m", "curate.cli", "run", recipe, "-o", tmp_path / seed, "--workers", "1", "--fresh"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        )
        found.add(digests(tmp_path / seed))
    assert len(found) == 1


def test_running_again_does_nothing(recipe, tmp_path):
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    before = digests(url)
    assert phases_that_ran(recipe=recipe, output=url, workers=1) == {}
    assert digests(url) == before


def test_changing_a_threshold_reruns_what_depends_on_it_and_nothing_before(recipe, tmp_path):
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    last = phases_that_ran(
        recipe=recipe, output=url, workers=1, settings=["filters.fineweb.quality.max_breaks_per_word=0.2"]
    )
    assert set(last) == {"dedup.exact"}
    middle = phases_that_ran(recipe=recipe, output=url, workers=1, settings=["filters.gopher.quality.min_words=9"])
    assert "text.normalise" not in middle and "filters.gopher.quality" in middle


def test_going_back_to_an_earlier_threshold_gives_the_earlier_bytes(recipe, tmp_path):
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    before = digests(url)
    curate.run(recipe, output=url, workers=1, settings=["filters.gopher.quality.min_words=20"])
    assert digests(url) != before
    curate.run(recipe, output=url, workers=1)
    assert digests(url) == before


def test_touching_one_byte_of_one_input_reruns_its_shard_only(recipe, tmp_path):
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    path = tmp_path / "in" / "3.jsonl"
    path.write_bytes(path.read_bytes().replace(b"T", b"t", 1))
    assert phases_that_ran(recipe=recipe, output=url, workers=1)["text.normalise"] == 1


def test_a_new_timestamp_without_a_new_byte_reruns_nothing(recipe, tmp_path):
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    os.utime(tmp_path / "in" / "3.jsonl", (1, 1))
    assert phases_that_ran(recipe=recipe, output=url, workers=1) == {}


def test_an_output_that_was_tampered_with_is_made_anew(recipe, tmp_path):
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    before = digests(url)
    victim = sorted(Path(url, "data").glob("*.parquet"))[0]
    victim.write_bytes(victim.read_bytes()[:-1])
    assert sum(phases_that_ran(recipe=recipe, output=url, workers=1).values()) == 1
    assert digests(url) == before


def test_files_of_shards_that_no_longer_exist_are_removed_and_strangers_are_left_alone(recipe, tmp_path):
    url = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    n_before = len(list(Path(url, "data").iterdir()))
    Path(url, "data", "notes.txt").write_text("mine")
    for k in range(2, 6):
        (tmp_path / "in" / f"{k}.jsonl").unlink()
    curate.run(recipe, output=url, workers=1)
    left = sorted(path.name for path in Path(url, "data").iterdir())
    assert "notes.txt" in left and 1 < len(left) - 1 < n_before


@pytest.mark.slow
def test_kill_9_at_ten_random_moments_changes_no_byte_of_the_result(recipe, tmp_path):
    reference = digests(curate.run(recipe, output=str(tmp_path / "whole"), workers=2))
    command = [
        sys.executable,
        "-m",
        "curate.cli",
        "run",
        recipe,
        "--fresh",
        "-o",
        str(tmp_path / "killed"),
        "--workers",
        "2",
    ]
    started = time.perf_counter()
    subprocess.run([*command[:-3], str(tmp_path / "timed"), *command[-2:]], check=True, capture_output=True)
    duration = time.perf_counter() - started
    chosen = random.Random(11)
    n_killed = 0
    for _ in range(10):
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        time.sleep(chosen.uniform(0.2, 1.0) * duration)
        n_killed += process.poll() is None
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.wait()
    assert n_killed
    subprocess.run(command, check=True, capture_output=True)
    assert digests(tmp_path / "killed") == reference
    assert not list((tmp_path / "killed" / "data").glob("*.part"))


def test_a_worker_that_is_killed_fails_the_run_and_does_not_hang_it(write_recipe, write_jsonl, tmp_path):
    for k in range(3):
        write_jsonl(f"{k}.jsonl", ["a"])
    inputs = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.000001}}
    recipe = write_recipe(["tests.engine.my_stages.dies"], modules=["tests.engine.my_stages"], inputs=inputs)
    with pytest.raises(RunError, match="worker process was killed"):
        curate.run(recipe, output=str(tmp_path / "run"), workers=2)


def test_two_runs_at_once_in_one_folder_are_refused(recipe, tmp_path):
    from curate.runs import RunFolder

    with RunFolder(str(tmp_path / "run")).lock(), pytest.raises(RunError, match="in use by another run"):
        curate.run(recipe, output=str(tmp_path / "run"), workers=1)


def test_a_folder_with_other_things_in_it_is_not_written_to(recipe, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("precious")
    with pytest.raises(SpecError, match="not empty and not a run folder"):
        curate.run(recipe, output=str(tmp_path / "home"), workers=1)
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["thesis.tex"]


def test_the_run_folder_may_be_on_another_file_system(recipe, tmp_path):
    here = curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    there = curate.run(recipe, output="memory://runs/test", workers=1)
    import fsspec

    with fsspec.open(f"{there}/manifest.json") as file:
        manifest = json.load(file)
    assert (manifest["output_digest"], manifest["rejects_digest"], manifest["judgements_digest"]) == digests(here)
