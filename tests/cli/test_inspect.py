"""`curate explain | show | diff` as a user runs them."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import curate
from tests.report.test_stored_document import HOSTILE, LONG, record

PAGE = f"<html><body><p>{LONG} {HOSTILE}</p></body></html>"


def run_curate(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "curate.cli", *map(str, arguments)], capture_output=True, timeout=120)


def on_terminal(*arguments: object) -> bytes:
    """Return what a command prints on a terminal."""
    ours, its = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "curate.cli", *map(str, arguments)], stdout=its, stderr=its
    ) as process:
        os.close(its)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # Linux reports the end of a terminal so
            pass
        os.close(ours)
    assert process.returncode == 0, shown
    return shown


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two runs over lines, the second with another threshold and a further file, and one over a page."""
    folder = tmp_path_factory.mktemp("inspect")
    texts = [f"{LONG} {k} {'word ' * k}{'en' if k % 2 else 'zu'}" for k in range(20)]
    for name, some in (("a", texts[:12]), ("b", texts[12:])):
        lines = (
            json.dumps({"id": f"{name}-{k}", "url": f"https://{name}.example/{k}", "text": text}) + "\n"
            for k, text in enumerate(some)
        )
        (folder / f"{name}.jsonl").write_text("".join(lines))
    (folder / "a.warc").write_bytes(record("https://c.example/", PAGE))
    rules = "{filters.gopher.quality: {min_words: %d, min_stop_words: null, min_mean_word_length: null}}"
    for name, paths, least in (("one", "[a.jsonl]", 5), ("two", "[a.jsonl]", 22), ("three", "[a.jsonl, b.jsonl]", 22)):
        (folder / f"{name}.yaml").write_text(
            f"name: web\nrejects: text\ninputs: {{sources.jsonl: {{paths: {paths}, fields: {{id: id}}}}}}\nstages: [{rules % least}]\n"
        )
        curate.run(str(folder / f"{name}.yaml"), output=str(folder / name), workers=1)
    (folder / "page.yaml").write_text(
        "name: page\ninputs: {sources.warc: {paths: a.warc}}\nstages: [extract.html: {}]\n"
    )
    curate.run(str(folder / "page.yaml"), output=str(folder / "page"), workers=1)
    return folder


def test_into_a_pipe_the_bytes_are_those_of_the_input(folder):
    raw = run_curate("show", folder / "page", "https://c.example/", "--raw")
    assert raw.stdout == record("https://c.example/", PAGE)[:-4] and raw.returncode == 0
    assert run_curate("show", folder / "page", "https://c.example/", "--html").stdout == PAGE.encode()


@pytest.mark.parametrize("part", ["--raw", "--html", "--text"])
def test_on_a_terminal_nothing_of_a_document_is_obeyed(folder, part):
    shown = on_terminal("show", folder / "page", "https://c.example/", part)
    assert b"long enough" in shown and b"\x1b]" not in shown and b"\x07" not in shown and "\u202e".encode() not in shown


def test_one_part_at_a_time(folder):
    result = run_curate("show", folder / "page", "https://c.example/", "--raw", "--html")
    assert result.returncode == 2 and b"choose one" in result.stderr


def test_explain_says_how_far_off_and_which_command_prints_the_record(folder):
    shown = run_curate("explain", folder / "two", "a-0").stdout.decode()
    assert (
        "<- dropped for this" in shown
        and "at least 22" in shown
        and "off  filters.gopher.quality: too_few_words" in shown
    )
    assert f"curate show {folder}/two a-0 --raw" in shown


ODD = ["--raw", "-x", "\x1b[31mred", "a\nb", "it's", "\u202eevil", "a b", "$HOME", ""]


@pytest.fixture(scope="module")
def odd(tmp_path_factory) -> Path:
    """A run over documents with odd ids, three of them with the same one."""
    folder = tmp_path_factory.mktemp("odd")
    docs = [{"id": id, "text": f"{LONG} {k}"} for k, id in enumerate([*ODD, "twice", "twice", "twice"])]
    docs[-2]["text"] = "short"
    (folder / "a.jsonl").write_text("".join(json.dumps(doc) + "\n" for doc in docs))
    (folder / "r.yaml").write_text(
        "name: r\nrejects: text\ninputs: {sources.jsonl: {paths: a.jsonl, fields: {id: id}}}\n"
        "stages: [{filters.gopher.quality: {min_words: 5, min_stop_words: null, min_mean_word_length: null}}]\n"
    )
    curate.run(str(folder / "r.yaml"), output=str(folder / "run"), workers=1)
    return folder


@pytest.mark.parametrize("id", [id for id in ODD if id])
def test_the_command_that_explain_prints_works_as_printed(odd, id):
    shown = run_curate("explain", "--", odd / "run", id).stdout.decode()
    (line,) = (line for line in shown.splitlines() if line.startswith("  curate show "))
    program = f'curate() {{ {sys.executable} -m curate.cli "$@"; }}; {line}'
    result = subprocess.run(["bash", "-c", program], capture_output=True, timeout=120)
    assert json.loads(result.stdout)["id"] == id, result.stderr
    printed = shown.splitlines()[0].split("  ")[0]
    assert run_curate("show", "--", odd / "run", printed).stdout.decode().startswith(LONG)


def test_each_of_several_documents_with_one_id_can_be_named(odd):
    found = [json.loads(run_curate("explain", odd / "run", "twice", "--number", k, "--json").stdout) for k in (1, 2, 3)]
    assert [each["fate"] for each in found] == ["kept", "kept", "dropped"]
    assert [each["text"] for each in found] == [f"{LONG} {len(ODD)}", f"{LONG} {len(ODD) + 2}", "short"]
    texts = [run_curate("show", odd / "run", "twice", "--number", k).stdout.decode() for k in (1, 2, 3)]
    assert texts == [f"{each['text']}\n" for each in found]
    shown = run_curate("explain", odd / "run", "twice").stdout.decode()
    assert "twice --number 2" in shown and "twice --number 3" in shown and "3 documents have the id twice" in shown
    result = run_curate("show", odd / "run", "twice", "--number", 4)
    assert result.returncode == 2 and b"3 documents, so none is number 4" in result.stderr


def test_what_differs_between_two_runs(folder):
    shown = run_curate("diff", folder / "one", folder / "two").stdout.decode()
    found = json.loads(run_curate("diff", folder / "one", folder / "two", "--json").stdout)
    counts = found["documents"]
    assert counts["lost"] > 0 and counts["gained"] == 0 and counts["kept"] + counts["lost"] == counts["compared"] == 12
    assert "min_words: 5 -> 22" in shown and "the inputs are the same: 1 file" in shown
    assert f"{counts['lost']} lost" in shown and "expected at least 22" in shown
    (group,) = found["groups"]
    assert group["after"]["reason"] == "too_few_words" and group["documents"] == counts["lost"]
    assert all(example["b"]["value"] < 22 for example in group["examples"])


def test_one_line_for_each_value_that_differs_for_some_documents(folder):
    text = (
        (folder / "one.yaml").read_text().replace("min_words: 5,", "min_words: 5, per: {source: {x: {min_words: 30}}},")
    )
    (folder / "cases.yaml").write_text(text)
    curate.run(str(folder / "cases.yaml"), output=str(folder / "cases"), workers=1)
    shown = run_curate("diff", folder / "one", folder / "cases").stdout.decode()
    start = shown.index("the recipes differ")
    assert shown[start : shown.index("the inputs")].splitlines()[1:] == [
        "  filters.gopher.quality        min_words (source: x): 5 -> 30",
        "",
    ]


def test_files_of_one_run_only_are_named_and_left_out(folder):
    found = json.loads(run_curate("diff", folder / "two", folder / "three", "--json").stdout)
    assert [Path(name).name for name in found["inputs"]["only_b"]] == ["b.jsonl"]
    assert found["documents"]["compared"] >= 12 and not found["documents"]["gained"] + found["documents"]["lost"]
    assert "only in B: b.jsonl" in run_curate("diff", folder / "two", folder / "three").stdout.decode()


def test_a_run_does_not_differ_from_itself(folder):
    assert b"same result" in run_curate("diff", folder / "one", folder / "one").stdout


@pytest.mark.parametrize("verb", ["explain", "show"])
def test_what_is_no_run_is_refused(tmp_path, verb):
    result = run_curate(verb, tmp_path, "x")
    assert result.returncode == 2 and b"there is no run here" in result.stderr and not result.stdout


@pytest.mark.parametrize("command", [["explain", "DATA", "x"], ["show", "DATA", "x"], ["diff", "DATA", "DATA"]])
def test_of_a_data_set_it_is_said_that_it_is_one(folder, tmp_path, command):
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "a.jsonl").write_bytes((folder / "a.jsonl").read_bytes())
    for place in (tmp_path, tmp_path / "part" / "a.jsonl"):
        result = run_curate(*(str(place) if word == "DATA" else word for word in command))
        assert result.returncode == 2 and f"curate stats {place}` measures it" in result.stderr.decode()


def test_a_run_of_another_version_is_named_and_shown(folder, tmp_path):
    shutil.copytree(folder / "two", tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    (tmp_path / "run" / "manifest.json").write_text(json.dumps(manifest | {"curate": "0.0.7"}))
    for words in (["explain", "RUN", "a-1"], ["show", "RUN", "a-1"], ["stats", "RUN"], ["diff", folder / "one", "RUN"]):
        result = run_curate(*(tmp_path / "run" if word == "RUN" else word for word in words))
        assert (
            result.returncode == 0 and b"was made by curate 0.0.7, and this is curate" in result.stdout + result.stderr
        )
        assert b"was made by" not in run_curate(*(folder / "two" if word == "RUN" else word for word in words)).stderr


def test_runs_without_a_common_input_are_not_measured_against_each_other(folder):
    text = (folder / "one.yaml").read_text().replace("a.jsonl", "b.jsonl")
    (folder / "other.yaml").write_text(text)
    curate.run(str(folder / "other.yaml"), output=str(folder / "other"), workers=1)
    shown = run_curate("diff", folder / "one", folder / "other").stdout.decode()
    assert "no input file in common" in shown and "words.count" not in shown and "tokens, estimated" in shown


def test_a_preview_of_a_text_is_one_line(tmp_path):
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": f"One\n\ntwo.\t{LONG}"}) + "\n")
    rules = "{filters.gopher.quality: {min_words: %d, min_stop_words: null, min_mean_word_length: null}}"
    for name, least in (("a", 2), ("b", 9999)):
        (tmp_path / f"{name}.yaml").write_text(
            f"name: r\nrejects: text\ninputs: {{sources.jsonl: {{paths: a.jsonl}}}}\nstages: [{rules % least}]\nallow_empty: true\n"
        )
        curate.run(str(tmp_path / f"{name}.yaml"), output=str(tmp_path / name), workers=1)
    shown = run_curate("diff", tmp_path / "a", tmp_path / "b").stdout.decode()
    assert "One two. " in shown and "\\n" not in shown


def test_a_run_that_has_not_finished_is_not_compared(folder, tmp_path):
    (tmp_path / "run.json").write_text("{}")
    result = run_curate("diff", folder / "one", tmp_path)
    assert result.returncode == 2 and b"did not finish" in result.stderr and not result.stdout
