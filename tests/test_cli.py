"""The command line as a user types it: output, errors, exit codes."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from curate import registry
from curate.cli import show_stages


def curate(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "curate.cli", *map(str, arguments)], capture_output=True, text=True, cwd=cwd, timeout=120
    )


@pytest.fixture
def finished(write_recipe, write_jsonl, tmp_path):
    good = "The harbour was quiet that morning, and the boats that should have been out were all at home. " * 6
    write_jsonl(
        "a.jsonl",
        [
            {"text": good, "url": "https://a.example/1"},
            {"text": good, "url": "https://a.example/2"},
            {"text": "Short."},
            "not json",
        ],
    )
    with (tmp_path / "in" / "a.jsonl").open("ab") as file:
        file.write(b"{broken\n")
    recipe = write_recipe([{"filters.gopher.quality": {"min_words": 20}}, "dedup.exact"])
    run = curate("run", recipe, "-o", tmp_path / "run", "--workers", 1)
    assert run.returncode == 0, run.stderr
    return recipe, tmp_path / "run", run


def test_a_run_prints_the_funnel_to_stdout_and_talk_to_stderr(finished):
    _, url, run = finished
    assert "5 documents in = 1 kept + 4 dropped" in run.stdout
    assert "too_few_words 2" in run.stdout and f"report   {url}/report.html" in run.stdout
    assert "01-filters.gopher.quality" in run.stderr and "documents" in run.stderr


def test_json_output_is_json_and_the_books_balance(finished):
    _, url, _ = finished
    data = json.loads(curate("stats", url, "--json").stdout)
    assert data["documents"] == {"in": 5, "out": 1, "dropped": 4}
    assert len(data["stages"]) >= 2
    for stage in data["stages"]:
        assert stage["in"] + stage["born"] == stage["out"] + sum(stage["dropped"].values())


def test_explain_a_kept_a_dropped_and_a_duplicate_document(finished):
    _, url, _ = finished
    assert "kept, in data/00000.parquet row 0" in curate("explain", url, "https://a.example/1").stdout
    dropped = curate("explain", url, "https://a.example/2").stdout
    assert (
        "dropped by dedup.exact: exact_duplicate (2 is the number of copies" in dropped
        and "the copy that was kept: a.jsonl/0" in dropped
    )
    short = json.loads(curate("explain", url, "a.jsonl/" + str(_offset_of(url, "Short.")), "--json").stdout)
    assert (short["fate"], short["reason"], short["value"]) == ("dropped", "too_few_words", 1.0)


def _offset_of(url: Path, text: str) -> int:
    raw = (url.parent / "in" / "a.jsonl").read_bytes()
    return raw.rfind(b"\n", 0, raw.find(text.encode())) + 1


def test_explaining_nobody_is_exit_2_with_an_example_of_an_id(finished):
    _, url, _ = finished
    result = curate("explain", url, "nobody")
    assert result.returncode == 2 and 'they look like "a.jsonl/' in result.stderr


def _closed_pipe() -> BinaryIO:
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "wb")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_stops_early_is_exit_141_without_a_message(finished, options):
    _, url, _ = finished
    command = [sys.executable, "-m", "curate.cli", "explain", str(url), "https://a.example/1", *options]
    with _closed_pipe() as closed:
        ended = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_a_run_goes_on_when_nobody_reads_its_progress(finished, tmp_path):
    recipe, _, _ = finished
    command = [sys.executable, "-m", "curate.cli", "run", str(recipe), "-o", str(tmp_path / "again"), "--workers", "1"]
    with _closed_pipe() as closed:
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=closed, text=True, timeout=120)
    assert ended.returncode == 0 and "5 documents in = 1 kept + 4 dropped" in ended.stdout


def test_the_result_loads_with_datasets(finished):
    from datasets import load_dataset

    _, url, _ = finished
    data = load_dataset(
        "parquet", data_files=str(url / "data" / "*.parquet"), split="train", cache_dir=str(url.parent / "cache")
    )
    assert data.num_rows == 1 and data[0]["url"] == "https://a.example/1"


def test_plan_shows_phases_and_runs_nothing(finished, tmp_path):
    recipe, _, _ = finished
    result = curate("plan", recipe)
    assert result.returncode == 0 and "02-dedup.exact-copies" in result.stdout and "Nothing was run" in result.stdout
    data = json.loads(curate("plan", recipe, "--json").stdout)
    assert [phase["tasks"] for phase in data["phases"]] == [1, 1, 1] and "words.count" in data["left_out"]


def test_plan_schema_is_a_json_schema():
    assert "filters.gopher.quality" in json.dumps(json.loads(curate("plan", "--schema").stdout))


def test_stages_lists_the_catalogue_by_family_and_shows_one():
    listing = curate("stages").stdout
    assert "\nfilters\n" in listing and re.search(r"\n  gopher\.quality +filter +Drop pages", listing)
    one = curate("stages", "filters.gopher.quality").stdout
    assert re.search(r"\n  min_words +\= 50 +int of 0 or more, or null\n", one)
    assert "Drops:" in one


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("GOPHER", ["filters.fineweb.quality", "filters.gopher.quality", "filters.gopher.repetition"]),
        ("too_few_stop_words", ["filters.gopher.quality"]),
        ("filters.gopher", ["filters.gopher.quality", "filters.gopher.repetition"]),
        ("registered domain", ["text.domain"]),
    ],
)
def test_stages_are_found_by_a_word(word, names):
    assert [stage["name"] for stage in json.loads(curate("stages", word, "--json").stdout)] == names
    shown = curate("stages", word).stdout
    assert re.findall(r"^  (\w+\.\S+) ", shown, re.MULTILINE) == names


def test_the_line_of_a_found_stage_says_where_the_word_is():
    assert "\n      too_few_stop_words: not English prose.\n" in curate("stages", "few_stop").stdout


def test_a_word_that_no_stage_has_is_exit_2():
    result = curate("stages", "dedupe")
    assert result.returncode == 2 and 'no stage has "dedupe"' in result.stderr and "Did you mean dedup" in result.stderr


def test_the_version_is_that_of_the_package():
    assert curate("--version").stdout == f"curate {importlib.metadata.version('curate')}\n"
    module = subprocess.run([sys.executable, "-m", "curate", "--version"], capture_output=True, text=True, check=True)
    assert module.stdout == curate("--version").stdout


@pytest.mark.parametrize(
    ("words", "offered"), [("curate st", ["stats", "stages", "status"]), ("curate plan --sk", ["--skip"])]
)
def test_a_shell_completes_commands_and_options(words, offered):
    code = "import sys; sys.argv = ['curate']; from curate.cli import main; main()"
    asked = {"_CURATE_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **asked})
    assert result.stdout.split() == offered


@pytest.mark.parametrize("width", [80, 120])
def test_each_stage_takes_one_line_of_a_terminal(width):
    catalogue = registry.catalogue()
    lines = list(show_stages.catalogue_lines(catalogue, width))
    assert all(len(line) <= width for line in lines)
    assert sum(line.startswith("  ") for line in lines) == len(catalogue)
    assert [line for line in lines if not line.startswith(" ")] == sorted({name.split(".")[0] for name in catalogue})
    assert any(line.endswith("…") for line in lines) and any(line.endswith(".") for line in lines)


def test_parameters_of_a_stage_stand_in_columns():
    lines = list(show_stages.param_lines(list(registry.find("dedup.minhash").params.values()), 80))
    assert all(len(line) <= 80 for line in lines)
    assert "  threshold     = 0.7          float from 0.01 to 1" in lines
    assert "  reference     = []           list of path" in lines


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "none.yaml"], 2, 'there is no recipe "none.yaml"'),
        (
            ["run", "wrong.yaml"],
            2,
            "wrong.yaml:3:47  stages[0] > filters.gopher.quality > min_words\n  expected int of 0 or more, or null",
        ),
        (["run", "right.yaml", "-i", "nothing/*.warc.gz"], 2, "nothing/*.warc.gz: no file matches"),
        (["plan", "right.yaml", "--set", "filters.gopher.quality.min_wrds=3"], 2, "Did you mean min_words"),
        (["stats", "nowhere"], 2, "is neither a run folder nor a data set"),
        (["stages", "filters.gopher.qualty"], 2, "Did you mean filters.gopher.quality"),
        (["run", "right.yaml", "--executor", "sge"], 2, 'no executor "sge".  There is: local'),
        (["run", "right.yaml", "--workers", "-1"], 2, "workers"),
        (["plan"], 2, "name a recipe"),
    ],
)
def test_what_a_user_can_correct_is_exit_2_without_a_traceback(tmp_path, arguments, code, message):
    (tmp_path / "wrong.yaml").write_text(
        "name: x\ninputs: {sources.warc: {paths: x}}\nstages: [{filters.gopher.quality: {min_words: fifty}}]\n"
    )
    (tmp_path / "right.yaml").write_text(
        "name: x\ninputs: {sources.warc: {paths: x}}\nstages: [filters.gopher.quality]\n"
    )
    result = curate(*arguments, cwd=tmp_path)
    assert result.returncode == code and message in result.stderr and "Traceback" not in result.stderr, result.stderr


def test_a_failed_run_is_exit_1_and_names_phase_task_and_log(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["x"])
    recipe = write_recipe(["tests.engine.my_stages.fails_on_x"], modules=["tests.engine.my_stages"])
    result = curate("run", recipe, "-o", tmp_path / "run")
    assert result.returncode == 1 and "task 0" in result.stderr and "task_00000.log" in result.stderr
    assert "Traceback" not in result.stderr
    shown = curate("stats", tmp_path / "run")
    assert shown.returncode == 0 and "The run stopped before its end" in shown.stdout, shown.stderr


def _with_small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))


def test_a_full_disk_is_a_message_with_the_path(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["x"])
    command = [sys.executable, "-m", "curate.cli", "run", write_recipe(["text.normalise"]), "-o", "full"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, preexec_fn=_with_small_files)
    assert result.returncode == 1 and "Traceback" not in result.stderr, result.stderr
    assert "full: File too large.  Make room" in result.stderr


def test_an_error_of_the_file_system_that_nobody_expected_is_a_message(tmp_path):
    rows = "".join(json.dumps({"text": f"word{i % 2} {i}", "label": i % 2}) + "\n" for i in range(400))
    (tmp_path / "labels.jsonl").write_text(rows)
    command = [sys.executable, "-m", "curate.cli", "classifier", "train", "labels.jsonl", "--model", "m.npz"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, preexec_fn=_with_small_files)
    assert result.returncode == 1 and "Traceback" not in result.stderr, result.stderr
    assert "curate: " in result.stderr and "File too large" in result.stderr


def test_every_command_has_help():
    for command in ("run", "plan", "stats", "explain", "stages"):
        result = curate(command, "--help")
        assert result.returncode == 0 and "Usage" in result.stdout
