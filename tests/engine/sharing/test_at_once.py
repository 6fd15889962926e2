"""Runs beside each other at the same time, killed, removed and replaced."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import textwrap

import pytest

from tests.engine.sharing.runs import CHANGES, RUN, STAGES, alone, everything, from_neighbours, outcome, run

KILLED = textwrap.dedent("""
    import os, signal, sys, curate
    from curate.runs import folder
    left, commit = [int(sys.argv.pop())], folder.Part.commit
    def counted(part):
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        commit(part)
    folder.Part.commit = counted
    curate.run(sys.argv[1], output=sys.argv[2], workers=1)
""")


@pytest.mark.slow
def test_kill_9_between_taking_over_and_use_costs_nothing(recipe, web, tmp_path):
    before, url = everything(web), tmp_path / "runs" / "killed"
    chosen = random.Random(5)
    n_killed = 0
    for _ in range(8):
        command = [sys.executable, "-c", KILLED, recipe, str(url), str(chosen.randint(4, 40))]
        n_killed += subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    assert n_killed
    if chosen.random() < 0.5:
        shutil.rmtree(web)
    else:
        assert everything(web) == before
    run(recipe, url)
    assert outcome(url) == alone(recipe, tmp_path)
    assert not list(url.rglob("*.part"))


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_neighbour_that_is_removed_during_the_run_is_missed_by_nobody(recipe, web, tmp_path, number):
    """Phases before the removal are links by then; what was not taken over yet is made."""

    def watch(event) -> None:
        if event.kind == "began" and event.phase.number == number:
            shutil.rmtree(web)

    url = run(recipe, tmp_path / "runs" / "again", watch=watch)
    assert outcome(url) == alone(recipe, tmp_path)


def test_a_neighbour_that_is_replaced_at_the_same_time(recipe, web, write_recipe, tmp_path):
    other = write_recipe(
        [*STAGES[:3], "dedup.exact"],
        name="other",
        inputs={"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.004}},
    )
    command = [sys.executable, "-m", "curate.cli", "run", other, "-o", web, "--replace", "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    k = 0
    while process.poll() is None or k < 2:
        url = run(recipe, tmp_path / "runs" / f"r{k}")
        assert outcome(url) == alone(recipe, tmp_path)
        shutil.rmtree(url)
        k += 1
    assert process.returncode == 0
    assert outcome(web) == alone(other, tmp_path, "name=other")


def test_two_runs_at_once_take_over_from_one(recipe, web, tmp_path):
    urls = {tmp_path / "runs" / f"r{k}": CHANGES[k] for k in range(2)}
    running = [subprocess.Popen([sys.executable, "-c", RUN, recipe, str(url), change]) for url, change in urls.items()]
    assert [process.wait() for process in running] == [0, 0]
    for url, change in urls.items():
        assert outcome(url) == alone(recipe, tmp_path, change)
        taken = from_neighbours(url)["01-text.normalise"]  # the second may find what the first has taken over
        assert sum(taken.values()) == 3
    assert outcome(web) == alone(recipe, tmp_path)
