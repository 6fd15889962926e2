"""A recipe over three files, and a finished run of it that others are beside."""

from __future__ import annotations

import pytest

import curate
from tests.engine.sharing.runs import STAGES
from tests.engine.test_resume import texts


@pytest.fixture
def recipe(write_recipe, write_jsonl, tmp_path) -> str:
    for k in range(3):
        write_jsonl(f"{k}.jsonl", texts(25, seed=k % 2))
    files = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.004}}
    return write_recipe(STAGES, inputs=files)


@pytest.fixture
def web(recipe, tmp_path) -> str:
    return curate.run(recipe, output=str(tmp_path / "runs" / "web"), workers=1)
