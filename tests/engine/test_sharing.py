"""Run folders beside each other share phase results: the same bytes as runs on their own, and each folder stands alone."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import curate
from curate import inputs
from curate.runs import RunFolder, layout
from tests.engine.test_resume import texts

STAGES = [
    "text.normalise",
    "checkpoint",
    {"filters.gopher.quality": {"min_words": 5, "min_stop_words": 0}},
    "dedup.exact",
    "dedup.minhash",
    {"filters.fineweb.quality": {"max_short_line_share": None}},
]
CHANGES = [
    "filters.gopher.quality.min_words=9",
    "filters.gopher.quality.min_stop_words=2",
    "dedup.exact.keep=newest",
    "dedup.minhash.threshold=0.6",
    "filters.fineweb.quality.max_breaks_per_word=0.2",
    "sources.jsonl.shard_mib=0.002",
    "rejects=text",
    "text.normalise.unicode=NFC",
]
RUN = "import sys, curate; curate.run(sys.argv[1], output=sys.argv[2], workers=1, settings=sys.argv[3:])"


@pytest.fixture
def recipe(write_recipe, write_jsonl, tmp_path) -> str:
    for k in range(3):
        write_jsonl(f"{k}.jsonl", texts(25, seed=k % 2))
    files = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.004}}
    return write_recipe(STAGES, inputs=files)


@pytest.fixture
def web(recipe, tmp_path) -> str:
    return curate.run(recipe, output=str(tmp_path / "runs" / "web"), workers=1)


def manifest(url: str | Path) -> dict:
    with fsspec.open(f"{url}/manifest.json") as file:
        return json.load(file)


def outcome(url: str | Path) -> dict[str, str]:
    """Return the digest of every result file as it is now, which must be that of the manifest."""
    folder, outputs = RunFolder(str(url)), manifest(url)["outputs"]
    found = {output["path"]: folder.digest(output["path"]) for output in outputs}
    assert found == {output["path"]: output["digest"] for output in outputs}
    return found


def from_neighbours(url: str | Path) -> dict[str, dict[str, int]]:
    return {phase["folder"][:-11]: phase["from"] for phase in manifest(url)["phases"] if phase["from"]}


def everything(folder: str | Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def alone(recipe: str, tmp_path: Path, *changes: str) -> dict[str, str]:
    """Return what a run gives that has no neighbours."""
    place = tmp_path / "alone" / "-".join(map(str, changes)).replace("/", "_")
    if not (place / "run" / "manifest.json").exists():
        curate.run(recipe, output=str(place / "run"), workers=1, settings=changes)
    assert not from_neighbours(place / "run")
    return outcome(place / "run")


def run(recipe: str, output: Path, *changes: str, **more) -> str:
    return curate.run(recipe, output=str(output), workers=1, settings=changes, **more)


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


# ---------------------------------------------------------------------- at the same time, and killed

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


# ---------------------------------------------------------------------- neighbours that are not what they seem


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


HOSTILE = {
    "no run.json": lambda folder: (folder / "run.json").unlink(),
    "run.json of another program": lambda folder: (folder / "run.json").write_text('{"name": "x"}'),
    "run.json is a folder": lambda folder: [(folder / "run.json").unlink(), (folder / "run.json").mkdir()],
    "run.json is a pipe": lambda folder: _become_pipes(folder, "run.json"),
    "records cut off": lambda folder: _every_record(folder, lambda text: text[: len(text) // 2]),
    "records of a deep list": lambda folder: _every_record(folder, lambda text: "[" * 100_000),
    "records with another digest": lambda folder: _every_record(folder, lambda text: text.replace('"key"', '"kex"')),
    "records are pipes": lambda folder: _become_pipes(folder, "done/*.json"),
    "records of another version": lambda folder: _every_record(folder, lambda text: text.replace('"key": "', '"key": "0')),
    "records name the recipe": lambda folder: _records_about(folder, "../../test.yaml"),
    "records name a manifest": lambda folder: _records_about(folder, "manifest.json"),
    "records name a record": lambda folder: _records_about(folder, "phases/p/done/00000.json"),
    "documents are gone": lambda folder: [path.unlink() for path in folder.rglob("docs/*")],
    "documents are pipes": lambda folder: _become_pipes(folder, "docs/*"),
    "documents cut off": lambda folder: [path.write_bytes(path.read_bytes()[:-9]) for path in folder.rglob("docs/*")],
    "phases are files": lambda folder: [
        [shutil.rmtree(path), path.write_text("")] for path in (folder / "phases").iterdir()
    ],
}  # fmt: skip


@pytest.mark.parametrize("what", HOSTILE)
def test_a_neighbour_of_which_something_is_wrong_does_no_harm(recipe, web, tmp_path, what):
    HOSTILE[what](Path(web))
    text = Path(recipe).read_text()
    events = []
    url = run(recipe, tmp_path / "runs" / "again", watch=events.append)
    assert outcome(url) == alone(recipe, tmp_path)
    assert Path(recipe).read_text() == text
    said = [*(event.message for event in events), *manifest(url)["warnings"]]
    is_noted = any("../web" in message for message in said)
    assert is_noted == (what.startswith(("no run.json", "run.json", "documents", "records name"))), said


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


# ---------------------------------------------------------------------- inputs


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


# ---------------------------------------------------------------------- what the terminal says


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


def test_the_plan_of_a_folder_beside_nothing_says_so(recipe, tmp_path):
    result = command("plan", recipe, "-o", tmp_path / "runs" / "web")
    assert "3 tasks, not yet done\n" in result.stdout and "phases would run." in result.stdout
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("what", HOSTILE)
def test_the_plan_survives_any_neighbour(recipe, web, tmp_path, what):
    from curate.engine import standing
    from curate.engine.planning import prepare

    HOSTILE[what](Path(web))
    found, _ = standing.of_plan(prepare(recipe), RunFolder(str(tmp_path / "runs" / "again")))
    is_usable = what.startswith("documents") or what in ("records of another version", "records name the recipe")
    assert found[0].is_done is False or is_usable
