"""Compiling kernels before a run: only those that the plan needs, in processes, once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from curate.engine import planning, warm_up
from curate.kernels import identity

QUALITY = {"filters.gopher.quality": {"min_words": 1, "min_stop_words": 0}}


def write_recipe(folder: Path, *stages: str | dict) -> Path:
    """Write a recipe and its input; return its path."""
    (folder / "in.jsonl").write_text(
        json.dumps({"text": "The harbour was quiet that morning, and the boats were at home.", "html": "<p>A page"})
        + "\n"
    )
    recipe = {
        "name": "small",
        "inputs": {"sources.jsonl": {"paths": str(folder / "in.jsonl"), "extra": {"html": "string"}}},
        "stages": list(stages),
        "output": {"sinks.parquet": {}},
    }
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    return path


@pytest.mark.parametrize(
    ("stages", "expected"),
    [
        (["filters.gopher.quality"], {"words", "lines"}),
        (["filters.gopher.quality", "filters.gopher.repetition"], {"repetition", "lines"}),
        (
            ["filters.gopher.repetition", "filters.c4.lines", QUALITY],
            {"repetition", "lines", "words", "filters.c4.lines"},
        ),
        (["filters.gopher.repetition", "checkpoint", QUALITY], {"repetition", "lines", "words"}),
        (["text.normalise", "dedup.exact"], set()),
        (["text.mask_pii", "dedup.minhash"], {"text.mask_pii", "dedup.minhash"}),
        ([{"text.measure": {"signals": ["tokens.estimate"]}}], set()),
    ],
    ids=lambda value: None if isinstance(value, set) else " ".join(map(str, value)),
)
def test_a_plan_needs_the_kernels_of_its_stages(tmp_path, stages, expected):
    needed = warm_up.needed(planning.prepare(str(write_recipe(tmp_path, *stages))).phases)
    assert {each.name for each in needed} == expected


def test_a_user_s_filter_needs_the_kernels_of_its_signals(tmp_path, monkeypatch):
    (tmp_path / "short_words.py").write_text(
        "from curate import Rules, at_most\n\n\ndef short() -> Rules:\n"
        '    """Drop long words."""\n    return Rules(long_words=at_most("words.mean_length", 9))\n'
    )
    monkeypatch.chdir(tmp_path)
    recipe = write_recipe(tmp_path, "short_words.short")
    recipe.write_text("modules: [short_words]\n" + recipe.read_text())
    assert [each.name for each in warm_up.needed(planning.prepare(str(recipe)).phases)] == ["words"]


def test_another_engine_is_another_digest_and_a_threshold_is_not(tmp_path):
    def digest(stage: str, params: dict) -> str:
        return warm_up.needed(planning.prepare(str(write_recipe(tmp_path, {stage: params}))).phases)[0].digest

    minhash = [{"threshold": 0.7}, {"threshold": 0.8}, {"verify": "none"}]
    first, same, other = (digest("dedup.minhash", params) for params in minhash)
    assert first == same != other


def test_a_stage_s_kernels_are_those_that_it_imports(tmp_path):
    words, lines = warm_up.WarmUp("words"), warm_up.WarmUp("lines")
    assert "curate.kernels.words" in words.modules and "curate.kernels.hashing" in words.modules
    assert "curate.kernels.words" not in lines.modules
    assert identity.of_modules(words.modules) == identity.of_modules(["curate.kernels.words"])


def test_a_first_run_compiles_in_processes_and_a_second_one_nothing(tmp_path):
    recipe = write_recipe(tmp_path, QUALITY)
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_CACHE_DIR"} | {
        "XDG_CACHE_HOME": str(tmp_path / "cache")
    }

    def progress(output: str) -> list[str]:
        command = [sys.executable, "-m", "curate.cli", "run", str(recipe), "-o", str(tmp_path / output), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith("curate: planning ")
        return re.findall(r"kernels.*: (\d of \d parts)(?:, about \d+ s left)?\n", done.stderr)

    def compiled() -> set[Path]:
        return set((tmp_path / "cache").rglob("*.nbc"))

    assert progress("one") == ["0 of 2 parts", "1 of 2 parts", "2 of 2 parts"]
    known = compiled()
    assert known and progress("two") == [] and compiled() == known


def test_a_stage_that_cannot_load_its_list_says_so(tmp_path):
    (tmp_path / "list.txt").write_text("")
    recipe = write_recipe(tmp_path, {"safety.words": {"lists": [str(tmp_path / "list.txt")]}})
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "curate.cli", "run", str(recipe), "-o", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 2 and "list.txt" in done.stderr and "Traceback" not in done.stderr, done.stderr
