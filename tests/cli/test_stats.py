"""`curate stats` as a user types it: what it prints of a small run, JSON, narrow terminals, wrong and half-done things."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RECIPE = """
name: small
inputs: {{sources.jsonl: {{paths: "{folder}/in/*.jsonl", shard_mib: 0.001}}}}
rejects: text
modules: [broken]
stages:
  - filters.gopher.quality: {{min_words: 20}}
  - checkpoint
  - broken.{stage}
"""
MODULE = '''
from curate.batch import Batch

def fine(batch: Batch) -> Batch:
    """Do nothing.

    Why: for tests.
    """
    return batch

def breaks(batch: Batch) -> Batch:
    """Break.

    Why: for tests.
    """
    raise OSError("no more")
'''
GOOD = "The harbour was quiet that morning, and the boats that should have been out were all at home.\n"


def curate(*arguments: object, cwd: Path, columns: int = 120) -> subprocess.CompletedProcess:
    environment = {**os.environ, "COLUMNS": str(columns)}
    return subprocess.run(
        [sys.executable, "-m", "curate", *map(str, arguments)], capture_output=True, text=True, cwd=cwd, env=environment, timeout=120
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with a finished run `done` and one that stopped, `stopped`, of the same documents."""
    folder = tmp_path_factory.mktemp("stats")
    (folder / "in").mkdir()
    for part in range(4):
        lines = [
            {"text": GOOD * (k % 4) + "\x1b[31m\u202ered #" * (k % 3), "url": f"https://a{part}.org/{k}"}
            for k in range(12)
        ]
        (folder / "in" / f"{part}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "broken.py").write_text(MODULE)
    for name, stage, code in (("done", "fine", 0), ("stopped", "breaks", 1)):
        (folder / f"{name}.yaml").write_text(RECIPE.format(folder=folder, stage=stage))
        ran = curate("run", f"{name}.yaml", "-o", name, "--workers", 1, cwd=folder)
        assert ran.returncode == code, ran.stderr
    return folder


SIGNAL = """\
words.count: words; marks do not count
48 documents; 48 have a value, 0 have none
logarithmic bins: they widen to the right

                           documents       p5   median      p95
kept                              28       20       38       56                    │▃  █ █
dropped                           20        0        2       19  ▄   ▄ ▄          █│
by filters.gopher.quality         20        0        2       19  ▄   ▄ ▄          █│

bound       broke it  of all      first      alone  rule
≥ 20              20   41.7%         20          8  filters.gopher.quality too_few_words
≤ 100,000          0    0.0%          0          0  filters.gopher.quality too_many_words
first: dropped for this rule, as the first that was broken.
alone: broke no other rule of those that judged it; later
stages never saw it, and would drop some of these.
"""


def test_the_overview_of_a_small_run(folder):
    shown = curate("stats", "done", cwd=folder)
    assert shown.returncode == 0 and not shown.stderr and "\x1b" not in shown.stdout
    lines = shown.stdout.splitlines()
    assert "48 documents in = " in shown.stdout
    at = lines.index("reasons, of all documents read")
    assert lines[at + 1].split() == ["documents", "share", "broke", "it", "in", "all", "reason", "stage"]
    assert lines[at + 2].split()[:2] == ["20", "41.7%"]
    (row,) = (line for line in lines if line.startswith("words.count "))
    assert "│" in row and "≥ 20" in row and "█" in row


def test_the_table_of_a_signal_is_stable(folder):
    shown = curate("stats", "done", "--signal", "words.count", cwd=folder)
    assert "".join(f"{line.rstrip()}\n" for line in shown.stdout.splitlines()) == SIGNAL


def test_json_is_stable_and_balances(folder):
    data = json.loads(curate("stats", "done", "--json", cwd=folder).stdout)
    assert {"kind", "run", "documents", "stages", "missing", "reasons", "sample", "distributions"} <= set(data)
    assert data["kind"] == "finished run" and data["sample"] is None and data["missing"] == []
    assert sum(each["documents"] for each in data["reasons"]) == data["documents"]["dropped"]
    for each in data["distributions"]:
        assert set(each) == {"column", "about", "edges", "bounds", "kept", "dropped", "margin", "rules"}
        assert each["kept"]["documents"] + each["kept"]["missing"] == data["documents"]["out"]
    for option, value in (("--signal", "words.count"), ("--by", "source"), ("--near", "filters.gopher.quality.min_words"), ("--examples", "too_few_words")):  # fmt: skip
        data = json.loads(curate("stats", "done", option, value, "--json", cwd=folder).stdout)
        assert {"missing", "sample"} < set(data)


def test_documents_beside_a_bound_are_shown_harmlessly(folder):
    shown = curate("stats", "done", "--examples", "too_few_words", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert "words.count ≥ 20" in shown.stdout and "passes: 5 documents" in shown.stdout
    assert "\\x1b[31m" in shown.stdout and "\x1b" not in shown.stdout and "\u202e" not in shown.stdout


@pytest.mark.parametrize("view", [[], ["--signal", "words.count"], ["--by", "domain"], ["--examples", "too_few_words"]])
def test_sixty_columns_are_enough(folder, view):
    shown = curate("stats", "stopped", *view, cwd=folder, columns=60)
    assert shown.returncode == 0, shown.stderr
    table = [line for line in shown.stdout.splitlines() if not line.startswith(("note", "  ", "https"))]
    assert max(map(len, table)) <= 72


def test_a_run_that_stopped_is_shown_as_far_as_it_came(folder):
    shown = curate("stats", "stopped", cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert "nothing is at it now" in shown.stdout and "1 of 2 phases are done" in shown.stdout
    assert "48 documents in so far = " in shown.stdout and "on their way" in shown.stdout
    data = json.loads(curate("stats", "stopped", "--json", cwd=folder).stdout)
    done = json.loads(curate("stats", "done", "--json", cwd=folder).stdout)
    assert data["kind"] == "unfinished run" and data["missing"]
    assert data["reasons"] == done["reasons"]
    (ours,), (theirs,) = ([each for each in found["distributions"] if each["column"] == "words.count"] for found in (data, done))  # fmt: skip
    assert ours["kept"] == theirs["kept"] and ours["dropped"] == theirs["dropped"]


def _copy(folder, name):
    shutil.rmtree(folder / name, ignore_errors=True)
    shutil.copytree(folder / "done", folder / name)
    return folder / name


def test_a_run_without_some_files_of_its_record_says_what_is_missing(folder):
    run = _copy(folder, "part")
    first, *others = sorted((run / "judgements").iterdir())
    first.unlink()
    shown = curate("stats", run, cwd=folder)
    assert shown.returncode == 0 and f"1 of {len(others) + 1} files of the record are gone" in shown.stdout
    for other in others:
        other.unlink()
    shown = curate("stats", run, cwd=folder)
    assert shown.returncode == 0 and "judgements/ is gone" in shown.stdout and "48 documents in" in shown.stdout
    asked = curate("stats", run, "--signal", "words.count", cwd=folder)
    assert asked.returncode == 2 and "judgements/ is gone" in asked.stderr


def _without(*names):
    def damage(run):
        for name in names:
            (run / name).unlink()

    return damage


def _of_another_version(run):
    manifest = json.loads((run / "manifest.json").read_text())
    (run / "manifest.json").write_text(json.dumps({"version": 99, "name": manifest["name"]}))


def _damaged_record(run):
    next((run / "judgements").iterdir()).write_bytes(b"PAR1 no more")


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_without("manifest.json", "run.json"), "looks like a run folder"),
        (_without("ledger.json"), "ledger.json is missing"),
        (_of_another_version, "manifest.json is damaged"),
        (_damaged_record, "judgements/"),
    ],
)
def test_half_deleted_and_foreign_runs_are_refused(folder, damage, said):
    run = _copy(folder, "bad")
    damage(run)
    shown = curate("stats", run, cwd=folder)
    assert shown.returncode == 2 and said in shown.stderr and "Traceback" not in shown.stderr, shown.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "is neither a run folder nor a data set"),
        (["in", "--sample", "some"], "expected a number of documents"),
        (["in", "--near", "a.b"], "is a data set"),
        (["."], "holds run folders, such as"),
        (["in", "--signal", "wrods.count"], "words.count"),
        (["done", "--signal", "a", "--by", "b"], "one at a time"),
    ],
)
def test_wrong_questions(folder, arguments, said):
    shown = curate("stats", *arguments, cwd=folder)
    assert shown.returncode == 2 and said in shown.stderr and not shown.stdout, shown.stderr


def test_a_data_set_is_measured_and_a_sample_says_so(folder):
    shown = curate("stats", "in", cwd=folder)
    assert shown.returncode == 0 and "in: 48 documents measured" in shown.stdout and "sample" not in shown.stdout
    shown = curate("stats", "in", "--sample", "30", cwd=folder)
    assert "sample: " in shown.stdout and "With 95 % confidence, a median lies between" in shown.stdout
    shown = curate("stats", "in", "--sample", "30", "--signal", "words.count", cwd=folder)
    assert "With 95 % confidence, the median lies between" in shown.stdout
    assert "kept" not in shown.stdout and "rule" not in shown.stdout
    data = json.loads(curate("stats", "in", "--sample", "all", "--json", cwd=folder).stdout)
    assert data["kind"] == "data set" and data["documents"]["in"] == 48 and data["sample"] is None
