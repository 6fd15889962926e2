"""A result is made anew when anything that a stage of the user's runs or reads has changed, and only then."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.classifiers.models import labelled
from tests.extensions.test_outside import OUTSIDE
from tests.test_cli import curate

RULES = '''
from curate import Doc
from my_helper import LIMIT


def brief(doc: Doc, *, words: str = "") -> bool | str:
    """Drop what is long, or has a listed word."""
    listed = open(words).read().split() if words else []
    if set(doc.text.split()) & set(listed):
        return "listed"
    return len(doc.text) <= LIMIT or "long"
'''


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with an input of two documents, a module of filters, and the module that it imports."""
    (tmp_path / "in.jsonl").write_text('{"id": "short", "text": "The keeper slept."}\n'
                                       '{"id": "long", "text": "The keeper wrote down every ship that passed."}\n')  # fmt: skip
    (tmp_path / "my_rules.py").write_text(RULES)
    (tmp_path / "my_helper.py").write_text("LIMIT = 20\n")
    return tmp_path


def recipe(folder: Path, *stages: str, modules: str = "my_rules") -> str:
    lines = [
        "name: x",
        f"modules: [{modules}]",
        "allow_empty: true",
        'inputs: {sources.jsonl: {paths: "in*.jsonl", shard_mib: 0.00001, fields: {id: id}}}',
        "stages:",
    ]
    (folder / "x.yaml").write_text("\n".join([*lines, *(f"  - {stage}" for stage in stages)]) + "\n")
    return "x.yaml"


def kept(folder: Path, made: str, *options: str) -> tuple[list[str], bool]:
    """Run, and return the ids of the kept documents and whether there was something to do."""
    done = curate("run", made, "--workers", "1", *options, cwd=folder)
    assert done.returncode == 0, done.stderr
    ids = [i for path in (folder / "runs" / "x" / "data").iterdir() for i in pq.read_table(path)["id"].to_pylist()]
    n_phases = sum(" task" in line for line in done.stderr.splitlines())
    return ids, done.stderr.count("nothing to do") < n_phases


def test_a_changed_helper_reruns_the_stages_that_use_it(folder):
    made = recipe(folder, "text.normalise", "checkpoint", "my_rules.brief")
    assert kept(folder, made) == (["short"], True)
    assert kept(folder, made) == (["short"], False)
    (folder / "my_helper.py").write_text("LIMIT = 99  # as before, but more\n")
    assert kept(folder, made) == (["short", "long"], True)
    (folder / "my_helper.py").write_text('"""Limits."""\nLIMIT = 99\n')
    assert kept(folder, made) == (["short", "long"], False)


def test_a_stage_that_another_module_hands_on_depends_on_both(folder):
    (folder / "front.py").write_text("import my_rules\n\nbrief = my_rules.brief\n")
    made = recipe(folder, "front.brief", modules="front")
    assert kept(folder, made) == (["short"], True)
    (folder / "front.py").write_text("import my_rules\n\nmy_rules.LIMIT = 99\nbrief = my_rules.brief\n")
    assert kept(folder, made) == (["short", "long"], True)


def test_a_file_that_a_string_names_counts_by_its_content(folder):
    (folder / "words.txt").write_text("whale")
    made = recipe(folder, "my_rules.brief: {words: words.txt}")
    assert kept(folder, made) == (["short"], True)
    (folder / "words.txt").write_text("slept.")
    assert kept(folder, made) == ([], True)
    assert kept(folder, made) == ([], False)


def test_a_file_of_a_datatrove_block_counts_by_its_content(folder):
    (folder / "in.jsonl").write_text(
        '{"id": "a", "text": "One.", "url": "http://a.example/1"}\n{"id": "b", "text": "Two.", "url": "http://b.example/2"}\n'
    )
    (folder / "domains.txt").write_text("a.example")
    made = recipe(
        folder,
        "datatrove.pipeline.filters.URLFilter: {extra_domains: domains.txt, use_integrated_lists: false}",
        modules="",
    )
    first = kept(folder, made)
    (folder / "domains.txt").write_text("b.example")
    assert first[1] and kept(folder, made)[1]


def test_a_changed_backend_reruns_the_classifiers_that_use_it(folder):
    backend = (OUTSIDE / "toy_backend.py").read_text()
    (folder / "toy_backend.py").write_text(backend)
    examples = labelled(300)
    rows = [
        {"text": t, "label": "bad" if bad else "good"}
        for t, bad in zip(examples.texts, examples.is_positive, strict=True)
    ]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)))
    options = ["--positive", "bad", "--module", "toy_backend", "--backend", "toy", "--model", "m.toy"]
    trained = curate("classifier", "train", "labels.jsonl", *options, cwd=folder)
    assert trained.returncode == 0, trained.stderr
    made = recipe(folder, "quality.classifier: {model: m.toy, score: bad_score}", modules="toy_backend")
    assert kept(folder, made)[1] and not kept(folder, made)[1]
    (folder / "toy_backend.py").write_text(backend + "\nVERSION = 2\n")
    assert kept(folder, made)[1]


def test_code_that_changes_between_the_plan_and_a_task_fails_the_task(folder):
    (folder / "meddler.py").write_text(
        "from pathlib import Path\n\nfrom curate import Doc\n\n\ndef meddle(doc: Doc) -> Doc:\n"
        "    Path(__file__).with_name('my_helper.py').write_text('LIMIT = 99\\n')\n    return doc\n"
    )
    (folder / "in2.jsonl").write_text('{"id": "other", "text": "Short."}\n')  # two tasks, so that there are workers
    made = recipe(folder, "meddler.meddle", "checkpoint", "my_rules.brief", modules="meddler, my_rules")
    failed = curate("run", made, "--workers", "2", cwd=folder)
    assert failed.returncode == 1, failed.stderr
    assert "my_helper changed after the run was planned" in failed.stderr and "Run again" in failed.stderr
    ids, _ = kept(folder, made)
    assert sorted(ids) == ["long", "other", "short"]
