"""Neighbours that are damaged, hostile or oddly named: nothing wrong is taken over."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from curate.runs import RunFolder
from tests.engine.sharing.runs import CHANGES, alone, from_neighbours, manifest, outcome, run


def flip(path: Path) -> None:
    """Flip a bit in place, as a disk may: every link sees it, and the time of the file stays."""
    times, content = path.stat(), bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


@pytest.mark.parametrize("what", ["docs/00001.arrow", "judged/00000.arrow", "rejects/01-00002.parquet"])
def test_damage_in_a_neighbour_is_noticed_and_the_task_runs(recipe, web, tmp_path, what):
    damaged = next(Path(web).rglob(f"01-*/{what}"), None) or Path(web, what)
    flip(damaged)
    url = run(recipe, tmp_path / "runs" / "again")
    assert from_neighbours(url)["01-text.normalise"] == {"../web": 2}
    assert outcome(url) == alone(recipe, tmp_path)
    assert any("missing or damaged there" in warning and "../web" in warning for warning in manifest(url)["warnings"])


def test_damage_to_bytes_that_two_runs_share_is_repaired_in_both(recipe, web, tmp_path):
    url = run(recipe, tmp_path / "runs" / "again")
    flip(next(Path(web).rglob("01-*/docs/00001.arrow")))
    for place in (Path(url), Path(web)):  # both read the documents again, as their rules have changed
        run(recipe, place, CHANGES[0])
        assert outcome(place) == alone(recipe, tmp_path, CHANGES[0])


def _every_record(folder: Path, change) -> None:
    for path in folder.rglob("done/*.json"):
        path.write_text(change(path.read_text()))


def _records_about(folder: Path, target: str) -> None:
    """Let each record name a file elsewhere, with a digest of its own that fits."""
    from curate.runs.records import _digest

    for path in folder.rglob("done/*.json"):
        content = {name: value for name, value in json.loads(path.read_text()).items() if name != "digest"}
        content["outputs"][0]["path"] = target
        path.write_text(json.dumps({**content, "digest": _digest(content)}))


def _become_pipes(folder: Path, pattern: str) -> None:
    for path in folder.rglob(pattern):
        path.unlink()
        os.mkfifo(path)


@dataclass(frozen=True)
class Hostile:
    """What is wrong with a neighbour.

    Args:
        is_noted: whether the run says that it could not take results over. may_be_done: whether a plan, which digests
            nothing, may call its tasks done.
    """

    damage: Callable[[Path], Any]
    is_noted: bool
    may_be_done: bool


HOSTILE = {
    "no run.json": Hostile(lambda folder: (folder / "run.json").unlink(), is_noted=True, may_be_done=False),
    "run.json of another program": Hostile(lambda folder: (folder / "run.json").write_text('{"name": "x"}'), is_noted=True, may_be_done=False),
    "run.json is a folder": Hostile(lambda folder: [(folder / "run.json").unlink(), (folder / "run.json").mkdir()], is_noted=True, may_be_done=False),
    "run.json is a pipe": Hostile(lambda folder: _become_pipes(folder, "run.json"), is_noted=True, may_be_done=False),
    "records cut off": Hostile(lambda folder: _every_record(folder, lambda text: text[: len(text) // 2]), is_noted=False, may_be_done=False),
    "records of a deep list": Hostile(lambda folder: _every_record(folder, lambda text: "[" * 100_000), is_noted=False, may_be_done=False),
    "records with another digest": Hostile(lambda folder: _every_record(folder, lambda text: text.replace('"key"', '"kex"')), is_noted=False, may_be_done=False),
    "records are pipes": Hostile(lambda folder: _become_pipes(folder, "done/*.json"), is_noted=False, may_be_done=False),
    "records of another version": Hostile(lambda folder: _every_record(folder, lambda text: text.replace('"key": "', '"key": "0')), is_noted=False, may_be_done=True),
    "records name the recipe": Hostile(lambda folder: _records_about(folder, "../../test.yaml"), is_noted=True, may_be_done=True),
    "records name a manifest": Hostile(lambda folder: _records_about(folder, "manifest.json"), is_noted=True, may_be_done=False),
    "records name a record": Hostile(lambda folder: _records_about(folder, "phases/p/done/00000.json"), is_noted=True, may_be_done=False),
    "documents are gone": Hostile(lambda folder: [path.unlink() for path in folder.rglob("docs/*")], is_noted=True, may_be_done=True),
    "documents are pipes": Hostile(lambda folder: _become_pipes(folder, "docs/*"), is_noted=True, may_be_done=True),
    "documents cut off": Hostile(lambda folder: [path.write_bytes(path.read_bytes()[:-9]) for path in folder.rglob("docs/*")], is_noted=True, may_be_done=True),
    "phases are files": Hostile(lambda folder: [
        [shutil.rmtree(path), path.write_text("")] for path in (folder / "phases").iterdir()
    ], is_noted=False, may_be_done=False),
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_neighbour_of_which_something_is_wrong_does_no_harm(recipe, web, tmp_path, what):
    HOSTILE[what].damage(Path(web))
    text = Path(recipe).read_text()
    events = []
    url = run(recipe, tmp_path / "runs" / "again", watch=events.append)
    assert outcome(url) == alone(recipe, tmp_path)
    assert Path(recipe).read_text() == text
    said = [*(event.message for event in events), *manifest(url)["warnings"]]
    is_noted = any("../web" in message for message in said)
    assert is_noted == HOSTILE[what].is_noted, said


@pytest.mark.parametrize("name", ["web::zip", "we*b?", "w\n\x1b[31m", "memory:", "réseau", b"w\xff"])
def test_a_neighbour_may_have_any_name(recipe, web, tmp_path, name):
    os.rename(web, os.path.join(os.fsencode(tmp_path / "runs"), os.fsencode(name)))
    url = run(recipe, tmp_path / "runs" / "again")
    assert outcome(url) == alone(recipe, tmp_path)
    assert from_neighbours(url).get("01-text.normalise") == ({f"../{name}": 3} if isinstance(name, str) else None)


def test_links_of_a_neighbour_are_followed_to_copies(recipe, web, tmp_path):
    for path in Path(web).rglob("docs/*"):
        path.rename(tmp_path / f"moved-{path.parent.parent.name}-{path.name}")
        path.symlink_to(tmp_path / f"moved-{path.parent.parent.name}-{path.name}")
    url = run(recipe, tmp_path / "runs" / "again")
    assert outcome(url) == outcome(web) and not any(path.is_symlink() for path in Path(url).rglob("*"))


def test_a_file_of_the_user_at_the_place_of_a_result_is_moved_aside(recipe, web, tmp_path):
    url = run(recipe, tmp_path / "runs" / "again")
    Path(url, "data", "00000.parquet").write_bytes(b"mine")
    run(recipe, Path(url))
    assert Path(url, "set-aside", "data", "00000.parquet").read_bytes() == b"mine"
    assert outcome(url) == outcome(web)
    assert any("set-aside" in warning for warning in manifest(url)["warnings"])
    third = run(recipe, tmp_path / "runs" / "third")  # which may take it over from either
    assert not any("set-aside" in warning for warning in manifest(third)["warnings"])


def test_a_folder_of_another_user_is_not_trusted(recipe, web, tmp_path):
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    os.chown(web, 12345, -1)
    events = []
    url = run(recipe, tmp_path / "runs" / "again", watch=events.append)
    assert not from_neighbours(url)
    assert any("../web belongs to another user" in event.message for event in events)


@pytest.mark.parametrize("what", HOSTILE)
def test_the_plan_survives_any_neighbour(recipe, web, tmp_path, what):
    from curate.engine import standing
    from curate.engine.planning import prepare

    HOSTILE[what].damage(Path(web))
    found, _ = standing.of_plan(prepare(recipe), RunFolder(str(tmp_path / "runs" / "again")))
    assert found[0].is_done is False or HOSTILE[what].may_be_done
