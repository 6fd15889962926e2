"""A run that keeps nothing does not look like a success."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def run(recipe: str, output: Path, *more: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "curate.cli", "run", recipe, "-o", str(output), "--workers", "1", *more]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_a_filter_that_drops_everything(write_recipe, write_jsonl, tmp_path, more):
    write_jsonl("a.jsonl", ["Few words.", "Also few words."])
    ran = run(write_recipe(["filters.gopher.quality"]), tmp_path / "run", *more)
    said = "nothing was kept: filters.gopher.quality dropped the last 2 documents, all for `too_few_words`."
    assert ran.returncode == 1 and said in ran.stderr and "allow_empty: true" in ran.stderr
    assert said in json.loads((tmp_path / "run" / "manifest.json").read_text())["warnings"]


def test_an_input_without_documents(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", [])
    ran = run(write_recipe([]), tmp_path / "run")
    assert ran.returncode == 1 and "nothing was kept: sources.jsonl found no documents." in ran.stderr


def test_it_may_be_allowed(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["Few words."])
    ran = run(write_recipe(["filters.gopher.quality"], allow_empty=True), tmp_path / "run")
    assert (ran.returncode, ran.stderr.count("nothing was kept")) == (0, 0)
    assert json.loads((tmp_path / "run" / "manifest.json").read_text())["warnings"] == []
