"""One member of every table from a folder outside the package, one file each, used by every command."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.classifiers.models import labelled
from tests.test_cli import curate

OUTSIDE = Path(__file__).parent / "outside"
MODULES = ["marks", "loudest", "arrow_files", "loudness_section", "background", "toy_backend"]

RECIPE = f"""
name: loud
modules: [{", ".join(MODULES)}]
inputs: {{sources.jsonl: {{paths: "in/*.jsonl", shard_mib: 0.0001}}}}
stages:
  - marks.count
  - quality.classifier: {{model: m.toy, score: bad_score}}
  - loudest.keep_loudest
output: arrow_files.write
executor: {{background.start: {{poll_seconds: 0.05}}, local: {{workers: 1}}}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a recipe, its input, the modules beside it, and a model of the user's backend."""
    folder = tmp_path_factory.mktemp("outside")
    for module in MODULES:
        shutil.copy(OUTSIDE / f"{module}.py", folder)
    shutil.copy(OUTSIDE / "loudness_section.html", folder)
    (folder / "in").mkdir()
    texts = ["Hello!", "Hello.", "Hello!!! Hello <b>all</b>!", "Hello!!"]
    for i, text in enumerate(texts):
        (folder / "in" / f"{i}.jsonl").write_text(json.dumps({"text": text, "url": f"http://a.example/{i}"}) + "\n")
    (folder / "loud.yaml").write_text(RECIPE)
    examples = labelled(300)
    rows = zip(examples.texts, examples.is_positive, strict=True)
    lines = [json.dumps({"text": text, "label": "bad" if bad else "good"}) for text, bad in rows]
    (folder / "labels.jsonl").write_text("\n".join(lines))
    options = ["--positive", "bad", "--module", "toy_backend", "--backend", "toy", "--model", "m.toy"]
    trained = curate("classifier", "train", "labels.jsonl", *options, cwd=folder)
    assert trained.returncode == 0, trained.stderr
    return folder


@pytest.fixture(scope="module")
def run(folder) -> Path:
    """The finished run, by the local executor."""
    done = curate("run", "loud.yaml", "--executor", "local", "-o", "here", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert "loudness: 4 marks at most" in done.stdout and "evidence here/loudest/" in done.stdout
    return folder / "here"


def test_the_plan_knows_all_of_them(folder):
    planned = curate("plan", "loud.yaml", cwd=folder)
    assert planned.returncode == 0, planned.stderr
    assert "marks.count" in planned.stdout and "loudest.keep_loudest             global stage, emits" in planned.stdout
    assert "n_marks, bad_score" in planned.stdout


def test_the_sink_and_its_format_are_known_to_the_card_and_to_explain(folder, run):
    files = sorted((run / "data").iterdir())
    assert [file.suffix for file in files] == [".arrow"] * len(files)
    kept = [row for file in files for row in pa.ipc.open_file(file).read_all().to_pylist()]
    assert [(row["id"], row["n_marks"]) for row in kept] == [("2.jsonl/0", 4)]
    assert 'load_dataset("arrow", data_files="data/*.arrow", split="train")' in (run / "README.md").read_text()
    found = curate("explain", "here", "2.jsonl/0", "--module", "arrow_files", "--json", cwd=folder)
    assert json.loads(found.stdout)["fate"] == "kept", found.stderr
    unknown = curate("explain", "here", "2.jsonl/0", cwd=folder)
    assert unknown.returncode == 2 and "--module arrow_files" in unknown.stderr


def test_the_barrier_leaves_evidence_metrics_and_the_kept_copy(folder, run):
    manifest = json.loads((run / "manifest.json").read_text())
    assert manifest["metrics"] == {"loudest.keep_loudest": {"documents": 4, "most_marks": 4}}
    assert [o["path"] for o in manifest["outputs"] if o["role"] == "evidence"] == ["loudest/loudest.parquet"]
    assert pq.read_table(run / "loudest" / "loudest.parquet").to_pylist() == [{"source": "all", "id": "2.jsonl/0"}]
    columns = ["id", "reason", "evidence", "kept_id", "kept_row"]
    rejects = pq.read_table(run / "rejects", columns=columns).sort_by("id").to_pylist()
    assert rejects[0] == {
        "id": "0.jsonl/0", "reason": "less_loud", "evidence": None, "kept_id": "2.jsonl/0", "kept_row": 0,
    }  # fmt: skip
    shown = curate("explain", "here", "0.jsonl/0", "--module", "arrow_files", cwd=folder).stdout
    assert "the copy that was kept: 2.jsonl/0" in shown and "Hello <b>all</b>!" in shown


def test_the_section_is_in_the_report_and_in_the_statistics(folder, run):
    report = (run / "report.html").read_text()
    assert "<h2>How loud</h2>\n<p>4 marks at most</p>" in report and "<h2>loudest.keep_loudest</h2>" not in report
    assert "loudness: 4 marks at most" in curate("stats", "here", "--module", "loudness_section", cwd=folder).stdout
    generic = curate("stats", "here", cwd=folder).stdout
    assert "loudest.keep_loudest\n    documents 4, most_marks 4" in generic, "no section claims it here"


def test_the_executor_returns_before_its_tasks_ran_and_finishes_the_run(folder, run):
    done = curate("run", "loud.yaml", "-o", "later", cwd=folder)
    assert done.returncode == 0 and "submitted as" in done.stderr and "curate status later" in done.stderr, done.stderr
    deadline = time.monotonic() + 120
    while not (folder / "later" / "manifest.json").exists() and time.monotonic() < deadline:
        assert not list((folder / "later" / "jobs").glob("*.failed")), "a job failed"
        time.sleep(0.2)
    assert "later: done" in curate("status", "later", cwd=folder).stdout
    digests = [json.loads((folder / name / "manifest.json").read_text())["output_digest"] for name in ("later", "here")]
    assert digests[0] == digests[1]


def test_a_wrong_parameter_of_an_executor_has_its_place(folder):
    text = (folder / "loud.yaml").read_text().replace("poll_seconds: 0.05", "poll_second: 0.05")
    (folder / "wrong.yaml").write_text(text)
    refused = curate("plan", "wrong.yaml", cwd=folder)
    assert refused.returncode == 2 and "Did you mean poll_seconds?  It has: poll_seconds." in refused.stderr
    assert "wrong.yaml:10:31" in refused.stderr


def test_two_members_of_one_name_are_refused(folder):
    (folder / "again.py").write_text("from curate.formats.parquet import Parquet\n\nMINE = Parquet()\n")
    (folder / "twice.yaml").write_text((folder / "loud.yaml").read_text().replace("[marks,", "[again, marks,"))
    refused = curate("plan", "twice.yaml", cwd=folder)
    assert refused.returncode == 2 and 'brings a format "parquet", and there is one of that name' in refused.stderr
