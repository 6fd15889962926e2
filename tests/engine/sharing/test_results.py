"""Run folders beside each other share phase results: the same bytes as runs on their own, and each folder stands alone."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curate
from curate.runs import RunFolder, layout
from tests.engine.sharing.runs import CHANGES, STAGES, alone, everything, from_neighbours, manifest, outcome, run
from tests.engine.test_resume import texts


def test_only_what_a_changed_threshold_touches_runs_and_the_old_run_stays(recipe, web, tmp_path):
    before, events = everything(web), []
    url = run(recipe, tmp_path / "runs" / "web-b", CHANGES[0], watch=events.append)
    ended = [event for event in events if event.kind == "ended"]
    assert [event.n_done - event.n_kept for event in ended[:2]] == [0, 3] and ended[0].taken_over == {"../web": 3}
    assert from_neighbours(url) == {"01-text.normalise": {"../web": 3}}
    assert outcome(url) == alone(recipe, tmp_path, CHANGES[0]) != outcome(web)
    assert everything(web) == before


def test_the_same_recipe_beside_a_finished_run_runs_no_task(recipe, web, tmp_path):
    events = []
    url = run(recipe, tmp_path / "runs" / "again", watch=events.append)
    assert all(event.n_kept == event.n_done for event in events if event.kind == "ended")
    assert outcome(url) == outcome(web)
    assert {phase["tasks"] for phase in manifest(url)["phases"] if phase["from"] != {"../web": phase["tasks"]}} == set()
    assert manifest(url)["warnings"] == manifest(web)["warnings"]


def test_another_recipe_takes_over_what_it_has_in_common(recipe, web, write_recipe, tmp_path):
    other = write_recipe(
        [*STAGES[:3], "dedup.exact"],
        name="other",
        inputs={"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.004}},
    )
    url = run(other, tmp_path / "runs" / "other")
    assert "01-text.normalise" in from_neighbours(url) and outcome(url) == alone(other, tmp_path, "name=other")


def test_a_fresh_run_takes_nothing_over(recipe, web, tmp_path):
    url = run(recipe, tmp_path / "runs" / "fresh", fresh=True)
    assert not from_neighbours(url) and outcome(url) == outcome(web)


@pytest.mark.slow
@settings(max_examples=6)
@given(st.lists(st.lists(st.sampled_from(CHANGES), max_size=3, unique=True), min_size=2, max_size=3), st.randoms())
def test_runs_beside_each_other_give_the_bytes_of_runs_on_their_own(tmp_path_factory, runs, chosen):
    place = tmp_path_factory.mktemp("sharing")
    (place / "in").mkdir()
    for k in range(3):
        lines = [json.dumps({"text": text}) + "\n" for text in texts(25, seed=k % 2)]
        (place / "in" / f"{k}.jsonl").write_text("".join(lines))
    recipe = place / "test.yaml"
    source = {"sources.jsonl": {"paths": [str(place / "in" / "*.jsonl")], "shard_mib": 0.004}}
    recipe.write_text(json.dumps({"name": "test", "inputs": source, "stages": STAGES}))
    urls = {}
    for k, changes in enumerate(runs):
        urls[run(str(recipe), place / "runs" / f"r{k}", *changes)] = changes
        if k and chosen.random() < 0.5:  # one that others took from goes away
            shutil.rmtree(gone := chosen.choice(sorted(urls)))
            del urls[gone]
    for url, changes in urls.items():
        assert outcome(url) == alone(str(recipe), place, *changes)
        assert run(str(recipe), Path(url), *changes) and outcome(url) == alone(str(recipe), place, *changes)


# ---------------------------------------------------------------------- each folder stands alone


def test_removing_the_neighbour_leaves_a_run_that_goes_on(recipe, web, tmp_path):
    url = run(recipe, tmp_path / "runs" / "web-b", CHANGES[0])
    before = outcome(url)
    shutil.rmtree(web)
    events = []
    run(recipe, Path(url), CHANGES[0], watch=events.append)
    assert all(event.n_kept == event.n_done for event in events if event.kind == "ended")
    assert outcome(url) == before
    assert outcome(run(recipe, Path(url), CHANGES[1])) == alone(recipe, tmp_path, CHANGES[1])


def test_results_are_copies_and_intermediate_files_are_links(recipe, web, tmp_path):
    url = run(recipe, tmp_path / "runs" / "again")
    for path in everything(url):
        is_shared = os.path.samefile(Path(url, path), Path(web, path)) if Path(web, path).exists() else False
        part = path.split("/")[2] if path.startswith("phases/") and path.count("/") == 3 else ""
        assert is_shared == (part in layout.INTERMEDIATE), path


@pytest.mark.parametrize("changes", [(), (CHANGES[0],), (CHANGES[7],)], ids=["same", "a threshold", "the first phase"])
def test_a_run_in_the_neighbours_folder_changes_nothing_here(recipe, web, tmp_path, changes):
    url = run(recipe, tmp_path / "runs" / "again")
    before = everything(url)
    run(recipe, Path(web), *changes)
    for path in (*Path(web).rglob("done/*.json"), *Path(web).rglob("docs/*")):
        path.unlink()
    run(recipe, Path(web), *changes)
    assert everything(url) == before
    assert outcome(url) == alone(recipe, tmp_path)


def test_what_a_killed_process_left_is_not_written_into(tmp_path):
    ours, theirs = RunFolder(str(tmp_path / "ours")), RunFolder(str(tmp_path / "theirs"))
    theirs.write_bytes("phases/p/docs/00000.arrow", b"theirs")
    left = ours.taken(theirs, "phases/p/docs/00000.arrow", "phases/p/parts", is_linked=True)
    assert os.path.samefile(
        left.aside, theirs.path("phases/p/docs/00000.arrow")
    )  # killed here; the next has our number
    ours.write_bytes("phases/p/docs/00000.arrow", b"ours", "phases/p/parts")
    assert Path(theirs.path("phases/p/docs/00000.arrow")).read_bytes() == b"theirs"


def test_taking_over_a_file_twice_leaves_no_part(tmp_path):
    ours, theirs = RunFolder(str(tmp_path / "ours")), RunFolder(str(tmp_path / "theirs"))
    theirs.write_bytes("phases/p/docs/00000.arrow", b"theirs")
    for _ in range(2):
        ours.taken(theirs, "phases/p/docs/00000.arrow", "phases/p/parts", is_linked=True).commit()
    assert everything(ours.root) == {"phases/p/docs/00000.arrow": b"theirs"}


# ---------------------------------------------------------------------- object stores


def test_runs_on_an_object_store_share_results_as_copies(recipe, tmp_path):
    fs = fsspec.filesystem("memory")
    if fs.exists("/sharing"):
        fs.rm("/sharing", recursive=True)
    web = curate.run(recipe, output="memory://sharing/web", workers=1)
    before = {path: fs.cat(path) for path in fs.find("/sharing/web")}
    url = curate.run(recipe, output="memory://sharing/web-b", workers=1, settings=CHANGES[:1])
    assert from_neighbours(url) == {"01-text.normalise": {"../web": 3}}
    assert outcome(url) == alone(recipe, tmp_path, CHANGES[0])
    assert {path: fs.cat(path) for path in fs.find("/sharing/web")} == before
    fs.rm("/sharing/web", recursive=True)
    assert outcome(curate.run(recipe, output=url, workers=1, settings=CHANGES[:1])) == alone(
        recipe, tmp_path, CHANGES[0]
    )
    third = curate.run(recipe, output="memory://sharing/third", workers=1, settings=CHANGES[:1])
    assert outcome(third) == outcome(url) and from_neighbours(third)["01-text.normalise"] == {"../web-b": 3}
    for path in fs.glob("/sharing/third/phases/01*/docs/*"):
        fs.pipe(path, fs.cat(path)[:-1])
    fourth = curate.run(recipe, output="memory://sharing/zzz", workers=1)
    assert outcome(fourth) == alone(recipe, tmp_path), web
