"""What the terminal and the plan say about results of neighbours."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.engine.sharing.runs import CHANGES, run


def command(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "curate.cli", *map(str, arguments)], capture_output=True, text=True)


def test_the_terminal_says_what_was_taken_over_from_where(recipe, web, tmp_path):
    ran = command("run", recipe, "-o", tmp_path / "runs" / "web-b", "--set", CHANGES[0], "--workers", 1)
    (first,) = (line for line in ran.stderr.splitlines() if line.startswith("01-"))
    assert "3 tasks taken over from ../web" in first
    (Path(web) / "phases").rename(tmp_path / "gone")
    shutil.rmtree(next((tmp_path / "runs" / "web-b" / "phases").glob("01-*")) / "done")
    shutil.copytree(tmp_path / "gone", Path(web) / "phases")
    next(Path(web).glob("phases/01-*/done/00001.json")).unlink()
    ran = command("run", recipe, "-o", tmp_path / "runs" / "web-b", "--set", CHANGES[0], "--workers", 1)
    assert "3 tasks (2 taken over from ../web)" in ran.stderr, ran.stderr


def test_the_plan_says_what_is_done_where_and_what_the_rest_costs(recipe, web, tmp_path):
    planned = ["plan", recipe, "-o", tmp_path / "runs" / "web-b"]
    assert "Nothing is left to do" in command(*planned).stdout
    result = command(*planned, "--set", CHANGES[0])
    lines = [line for line in result.stdout.splitlines() if line[:2].isdigit() and line[2] == "-"]
    assert "3 tasks, done in ../web" in lines[0] and "of task time" in lines[0]
    assert all("not yet done; it took" in line and "in ../web with other parameters" in line for line in lines[1:])
    n = len(lines) - 1
    assert f"Nothing was run. {n} of {n + 1} phases would run, about" in result.stdout
    assert not (tmp_path / "runs" / "web-b").exists()
    run(recipe, tmp_path / "runs" / "web-b", CHANGES[0])
    path = tmp_path / "in" / "1.jsonl"
    path.write_bytes(path.read_bytes() + b"\n")
    data = json.loads(command(*planned, "--set", CHANGES[0], "--json").stdout)["phases"]
    assert data[0]["standing"]["done"] == {"here": 2} and not data[0]["standing"]["is_done"]
    assert data[1]["standing"]["done"] == {} and data[1]["standing"]["task_seconds"] is not None


def test_costs_of_a_run_whose_first_phase_was_another_are_those_of_the_same_recipe(recipe, web, tmp_path):
    result = command("plan", recipe, "-o", tmp_path / "runs" / "web-b", "--set", "sources.jsonl.max_doc_mib=63")
    lines = [line for line in result.stdout.splitlines() if line[:2].isdigit() and line[2] == "-"]
    assert all("not yet done; it took" in line and "in ../web with other parameters" in line for line in lines)


def test_the_plan_of_a_folder_beside_nothing_says_so(recipe, tmp_path):
    result = command("plan", recipe, "-o", tmp_path / "runs" / "web")
    assert "3 tasks, not yet done\n" in result.stdout and "phases would run." in result.stdout
    assert not (tmp_path / "runs").exists()
