"""What users' code, files and habits do to a run, and that nothing is lost or wrong for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import curate
from curate.errors import RunError, SpecError
from tests.engine.test_stage_runners import ledger, rejects, result

MINE = "tests.engine.my_stages"


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("exits", "SystemExit"),
        ("answers_nothing", "answers_nothing returned NoneType, not Verdicts"),
        ("unknown_code", r"unknown_code gave a code outside -1 \.\. 0"),
        ("forgets_the_doc", r"forgets_the_doc, document a\.jsonl/0: returned None"),
        ("empty_reason", r"empty_reason, document a\.jsonl/0: answered ''"),
        ("loses_a_column", "took away the column `text` without declaring it; add `Removes: text`"),
    ],
)
def test_a_stage_that_answers_nonsense_fails_the_run_with_its_name(write_recipe, write_jsonl, tmp_path, stage, message):
    write_jsonl("a.jsonl", ["a"])
    recipe = write_recipe([f"{MINE}.{stage}"], modules=[MINE])
    with pytest.raises(RunError, match=message):
        curate.run(recipe, output=str(tmp_path / "run"), workers=1)
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_what_a_stage_prints_does_not_end_up_in_json_output(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["a"])
    recipe = write_recipe([f"{MINE}.talks"], modules=[MINE])
    command = [sys.executable, "-m", "curate.cli", "run", recipe, "-o", tmp_path / "run", "--json", "--workers", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["documents"]["out"] == 1 and "here I am" in done.stderr


@pytest.mark.parametrize("code", ["def broken(:\n", "raise ValueError('no licence')\n", "import no_such_package\n"])
def test_a_module_that_cannot_be_imported_is_the_users_to_mend(write_recipe, tmp_path, monkeypatch, code):
    monkeypatch.chdir(tmp_path)
    name = f"module_{abs(hash(code))}"
    (tmp_path / f"{name}.py").write_text(code)
    with pytest.raises(SpecError, match=rf"test\.yaml:.*\n.*({name}\.py:1|cannot be imported|needs the package)"):
        curate.run(write_recipe([f"{name}.broken"], modules=[name]))


def test_a_run_does_not_read_what_it_writes(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["a", "b"])
    url = curate.run(write_recipe([]), output=str(tmp_path / "run"), workers=1)
    before = Path(url, "data", "00000.parquet").read_bytes()
    itself = write_recipe([], inputs={"sources.parquet": {"paths": [f"{url}/data/*.parquet"]}})
    with pytest.raises(SpecError, match="lies in the run folder"):
        curate.run(itself, output=url, workers=1)
    assert Path(url, "data", "00000.parquet").read_bytes() == before


def test_a_trial_run_leaves_the_whole_one_alone_and_says_that_it_is_one(
    write_recipe, write_jsonl, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write_jsonl("a.jsonl", ["a", "b", "c"])
    recipe = write_recipe([])
    whole, trial = curate.run(recipe, workers=1), curate.run(recipe, workers=1, limit=2)
    assert (len(result(whole)), len(result(trial))) == (3, 2)
    assert "trial run: at most 2" in Path(trial, "README.md").read_text()
    assert "trial run" not in Path(whole, "README.md").read_text()


def test_moving_the_input_reruns_nothing(write_recipe, write_jsonl, tmp_path):
    write_jsonl("CC-MAIN-2024-10.jsonl", ["a"])
    url = curate.run(write_recipe([]), output=str(tmp_path / "run"), workers=1)
    (tmp_path / "in").rename(tmp_path / "elsewhere")
    curate.run(write_recipe([]), output=url, workers=1, input_paths=[str(tmp_path / "elsewhere" / "*.jsonl")])
    assert len(result(url)) == 1


def test_a_damaged_record_is_made_anew(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["a"])
    url = curate.run(write_recipe([]), output=str(tmp_path / "run"), workers=1)
    for path in Path(url).glob("phases/*/done/*.json"):
        path.write_text(json.dumps({**json.loads(path.read_text()), "ledger": {}}))
    curate.run(write_recipe([]), output=url, workers=1)
    assert ledger(url)["sources.jsonl"]["born"] == 1


def test_documents_of_the_same_id_are_counted_one_by_one(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", [{"id": "x", "text": "one 1"}, {"id": "x", "text": "two 2"}])
    inputs = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "fields": {"id": "id"}}}
    block = {"datatrove.pipeline.filters.C4QualityFilter": {"min_num_sentences": 9}}
    url = curate.run(write_recipe([block], inputs=inputs), output=str(tmp_path / "run"), workers=1)
    assert len(rejects(url)) == 2


def test_rejects_of_all_phases_have_the_same_columns_and_load(write_recipe, write_jsonl, tmp_path):
    from datasets import load_dataset

    write_jsonl("a.jsonl", ["too short", "", "x"])
    stages = [f"{MINE}.has_text", "checkpoint", {"filters.gopher.quality": {"min_words": 2}}]
    url = curate.run(write_recipe(stages, modules=[MINE]), output=str(tmp_path / "run"), workers=1)
    data = load_dataset(
        "parquet", data_files=f"{url}/rejects/*.parquet", split="train", cache_dir=str(tmp_path / "cache")
    )
    assert data.num_rows == len(rejects(url))


def test_explain_finds_kept_documents_in_json_lines_too(write_recipe, write_jsonl, tmp_path):
    from curate.report import fate

    write_jsonl("a.jsonl", [{"text": "a", "url": "https://a.example/"}])
    url = curate.run(write_recipe([], output={"sinks.jsonl": {}}), output=str(tmp_path / "run"), workers=1)
    assert fate.find(url, "a.jsonl/0")["fate"] == fate.find(url, "https://a.example/")["fate"] == "kept"


def test_variables_may_be_made_of_variables_but_not_of_themselves(write_recipe, write_jsonl):
    from curate import spec

    stages = [{"filters.gopher.quality": {"min_words": "${a}"}}]
    assert spec.read(write_recipe(stages, vars={"a": "${b}", "b": 7})).stages[0].params == {"min_words": 7}
    with pytest.raises(SpecError, match="refers to itself"):
        spec.read(write_recipe(stages, vars={"a": "${b}", "b": "${a}"}))


@pytest.mark.parametrize("value", [".inf", ".nan", "0", "-1"])
def test_a_shard_size_that_is_none_is_refused(write_recipe, write_jsonl, value):
    write_jsonl("a.jsonl", ["a"])
    with pytest.raises(SpecError, match="shard_mib"):
        curate.run(write_recipe([]), settings=[f"sources.jsonl.shard_mib={value}"])


def test_workers_end_with_the_run_that_started_them(write_recipe, write_jsonl, tmp_path):
    for k in range(4):
        write_jsonl(f"{k}.jsonl", [f"{k} {i}" for i in range(1000)])
    inputs = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.01}}
    recipe = write_recipe([f"{MINE}.slow"], modules=[MINE], inputs=inputs)
    command = [sys.executable, "-m", "curate.cli", "run", recipe, "-o", str(tmp_path / "run"), "--workers", "2"]
    token = f"CURATE_TEST_TOKEN={tmp_path}"
    environment = {**os.environ, "CURATE_TEST_TOKEN": str(tmp_path)}
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _wait_until(lambda: len(_processes_with(token)) >= 4)  # the run, the server that forks, two workers
    os.kill(run.pid, signal.SIGKILL)
    run.wait()
    _wait_until(lambda: not _processes_with(token))


def _processes_with(variable: str) -> list[str]:
    """Return the processes that were started with this variable in their environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            found += [process.name] if variable.encode() in (process / "environ").read_bytes().split(b"\0") else []
        except OSError:
            continue
    return found


def _wait_until(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)
