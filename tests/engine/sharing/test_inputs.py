"""What a neighbour knows about the input files."""

from __future__ import annotations

import os
import shutil

import pytest

from curate import inputs
from tests.engine.sharing.runs import CHANGES, alone, from_neighbours, outcome, run


@pytest.fixture
def digested(monkeypatch) -> list[str]:
    """The names of the splits that were read to be digested."""
    seen, digest = [], inputs.digest
    monkeypatch.setattr(inputs, "digest", lambda split, *kinds: [seen.append(split.name), digest(split, *kinds)][1])
    return seen


def test_inputs_that_a_neighbour_knows_are_not_read(recipe, web, tmp_path, digested):
    run(recipe, tmp_path / "runs" / "again", CHANGES[0])
    assert digested == []


def test_files_of_the_same_name_size_and_time_elsewhere_are_other_files(recipe, web, tmp_path):
    """Two deliveries may have the same names, and a copy keeps the times."""
    shutil.copytree(tmp_path / "in", tmp_path / "next" / "in")
    for path in (tmp_path / "next" / "in").iterdir():
        before = (tmp_path / "in" / path.name).stat()
        path.write_bytes(path.read_bytes().replace(b"the", b"eht"))
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    paths = [str(tmp_path / "next" / "in" / "*.jsonl")]
    url = run(recipe, tmp_path / "runs" / "next", input_paths=paths)
    assert not from_neighbours(url)
    assert outcome(url) != outcome(web)
    trials = [run(recipe, tmp_path / "runs" / f"trial{k}", limit=20, input_paths=paths[:k]) for k in range(2)]
    assert not from_neighbours(trials[1]) and outcome(trials[0]) != outcome(trials[1])


def test_the_same_files_elsewhere_are_the_same_input(recipe, web, tmp_path):
    shutil.copytree(tmp_path / "in", tmp_path / "moved" / "in")
    url = run(recipe, tmp_path / "runs" / "moved", input_paths=[str(tmp_path / "moved" / "in" / "*.jsonl")])
    assert from_neighbours(url)["01-text.normalise"] == {"../web": 3}


def test_a_changed_input_is_read_and_the_others_are_taken_over(recipe, web, tmp_path):
    path = tmp_path / "in" / "1.jsonl"
    path.write_bytes(path.read_bytes().replace(b"the", b"eht", 1))
    url = run(recipe, tmp_path / "runs" / "again")
    assert from_neighbours(url)["01-text.normalise"] == {"../web": 2}
    assert outcome(url) == alone(recipe, tmp_path)
