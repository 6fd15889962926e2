"""What went wrong because of shape: columns are part of the fingerprint, planning loads nothing, evidence has types."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curate import fingerprint
from curate.plan import fingerprints
from tests.test_cli import curate

MARKS = '''
from curate import Doc


def count(doc: Doc) -> Doc:
    """Count exclamation marks.

    Makes: n_marks: {kind}
    """
    doc.columns["n_marks"] = doc.text.count("!")
    return doc
'''

LOADED = '''
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate import Barrier, Batch, Emitted, Reduction, Verdicts

LOG = Path(__file__).with_name("calls.txt")


class embeds(Barrier):
    """A barrier that loads a model."""

    def __init__(self, *, model: str = "large"):
        self.model = model

    def _note(self, call: str) -> None:
        with LOG.open("a") as file:
            file.write(call + "\\n")

    def setup(self) -> None:
        self._note("setup")

    def close(self) -> None:
        self._note("close")

    def emit(self, batch: Batch) -> Emitted:
        return Emitted(pa.RecordBatch.from_pydict({"n": pa.array(np.zeros(len(batch), np.int64))}))

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        return (Reduction("all", 1, lambda rows: np.zeros(rows.num_rows, np.int64), self.none),)

    def none(self, rows, context):
        yield pa.RecordBatch.from_pydict({name: pa.array([], pa.uint32()) for name in ("shard", "row")})

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        return Verdicts.keep_all(len(batch))
'''

RATIO = '''
from curate import Batch, Verdicts


def ratio(batch: Batch) -> Verdicts:
    """Drop every document, on evidence that looks like a place."""
    return Verdicts.of(["bad_ratio"] * len(batch), None, ["3/14"] * len(batch))
'''


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    for i in range(2):
        (tmp_path / "in" / f"{i}.jsonl").write_text(json.dumps({"text": "Hello!", "url": f"http://a.example/{i}"}))
    return tmp_path


def recipe(
    folder: Path,
    *stages: str,
    source: str = "sources.jsonl",
    paths: str = "in/*.jsonl",
    modules: str = "",
    shard_mib: float = 0.00006,
) -> str:
    lines = [
        f"name: x\nmodules: [{modules}]\nallow_empty: true\ninputs: {{{source}: {{paths: '{paths}', shard_mib: {shard_mib}}}}}",
        "stages:",
    ]
    (folder / "x.yaml").write_text("\n".join([*lines, *(f"  - {stage}" for stage in stages)]) + "\n")
    return "x.yaml"


def ran(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    done = curate("run", *arguments, "--workers", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    return done


def test_another_type_in_a_docstring_makes_the_column_again(folder):
    made = recipe(folder, "marks.count", modules="marks")
    for kind, wanted in (("int", "int64"), ("float32", "float")):
        (folder / "marks.py").write_text(MARKS.format(kind=kind))
        assert "nothing to do" not in ran(folder, made).stderr
        table = pq.read_table(folder / "runs" / "x" / "data")
        assert str(table.schema.field("n_marks").type) == wanted
    assert "nothing to do" in ran(folder, made).stderr


@pytest.mark.parametrize("how", [["-OO"], ["-O"]])
def test_a_python_without_docstrings_is_refused(folder, how):
    made = recipe(folder, "text.normalise")
    command = [sys.executable, *how, "-m", "curate.cli", "plan", made]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    if how == ["-O"]:
        assert done.returncode == 0, done.stderr
    else:
        assert done.returncode == 2 and "removes docstrings" in done.stderr and "Traceback" not in done.stderr


def test_duplicates_by_url_are_found_before_extraction(folder):
    crawl = Path(__file__).resolve().parents[2] / "examples" / "crawl"
    before = {"source": "sources.warc", "paths": f"{crawl}/**/*.warc.gz", "shard_mib": 64}
    by_url = curate("plan", recipe(folder, "dedup.exact: {by: url}", "extract.html", **before), cwd=folder)
    assert by_url.returncode == 0, by_url.stderr
    by_text = curate("plan", recipe(folder, "dedup.exact: {by: text}", "extract.html", **before), cwd=folder)
    assert by_text.returncode == 2 and "needs the column `text`" in by_text.stderr
    ran(folder, recipe(folder, "dedup.exact: {by: url}", "extract.html", **before))


def test_planning_loads_nothing_and_a_worker_loads_once_a_task(folder):
    (folder / "loaded.py").write_text(LOADED)
    made = recipe(folder, "loaded.embeds", modules="loaded")
    assert curate("plan", made, cwd=folder).returncode == 0
    assert not (folder / "calls.txt").exists()
    ran(folder, made)
    assert (folder / "calls.txt").read_text().split() == ["setup", "close"] * 2, "two shards, two tasks that emit"
    ran(folder, made)
    assert len((folder / "calls.txt").read_text().split()) == 4, "nothing to do"


def test_evidence_that_looks_like_a_place_is_shown_as_it_is(folder):
    (folder / "mine.py").write_text(RATIO)
    ran(folder, recipe(folder, "mine.ratio", modules="mine"))
    shown = curate("explain", "runs/x", "0.jsonl/0", cwd=folder)
    assert shown.returncode == 0 and "dropped by mine.ratio: bad_ratio  3/14" in shown.stdout, shown.stderr


def test_a_recipes_executor_and_the_command_line_read_one_table(folder):
    made = recipe(folder, "text.normalise")
    schema = json.loads(curate("plan", "--schema", cwd=folder).stdout)
    names = schema["properties"]["executor"]["anyOf"][1]["enum"]
    assert "local" in names
    for name in names:
        assert curate("plan", made, "--executor", name, cwd=folder).returncode == 0
    refused = curate("run", made, "--executor", "locl", cwd=folder)
    assert refused.returncode == 2 and 'no executor "locl".  Did you mean local?' in refused.stderr
    wrong = curate("run", made, "--set", "executor.local.workers=0", cwd=folder)
    assert wrong.returncode == 2 and "1 or more, or null, got 0" in wrong.stderr


def test_former_names_are_taken_and_reported(folder):
    stages = [
        "filters.wanjuan.characters: {max_odd_share: 0.5}",
        "text.measure: {signals: [text.field_share]}",
        "filters.wanjuan.characters: {max_odd_share: 0.4}",
    ]
    planned = curate("plan", "--json", recipe(folder, *stages), cwd=folder)
    assert planned.returncode == 0, planned.stderr
    assert "`max_odd_share` of filters.wanjuan.characters is now called `max_control_share`." in planned.stderr
    assert "the signal `text.field_share` is now called `text.separator_token_share`." in planned.stderr
    assert planned.stderr.count("is now called") == 2, "each name once"
    assert "Also at x.yaml:8:34" in planned.stderr
    assert "x.yaml:6:34" in planned.stderr and "text.separator_token_share" in planned.stdout
    ran(folder, "x.yaml")


def test_only_files_that_our_records_list_are_removed(folder):
    made = recipe(folder, "text.normalise")
    ran(folder, made)
    data = folder / "runs" / "x" / "data"
    assert sorted(os.listdir(data)) == ["00000.parquet", "00001.parquet"]
    for name in ("12345.csv", "00000.parquet.bak", "00007.parquet"):
        (data / name).write_text("mine")
    (folder / "in" / "1.jsonl").unlink()
    ran(folder, made)
    assert sorted(os.listdir(data)) == ["00000.parquet", "00000.parquet.bak", "00007.parquet", "12345.csv"]


def test_a_task_that_writes_fewer_files_than_before_leaves_none_behind(folder):
    made = recipe(folder, "text.normalise", shard_mib=64)
    with (folder / made).open("a") as file:
        file.write("output: {sinks.jsonl: {file_docs: 1, compression: none}}\n")
    ran(folder, made)
    data = folder / "runs" / "x" / "data"
    assert sorted(os.listdir(data)) == ["00000.jsonl", "00001.jsonl"]
    (folder / "in" / "1.jsonl").unlink()
    ran(folder, made)
    assert sorted(os.listdir(data)) == ["00000.jsonl"]


def test_metrics_of_several_tasks_add_up(folder):
    for i in range(2, 9):
        row = {"text": "Hello!", "url": f"http://a.example/{i}", "source": f"s{i}"}
        (folder / "in" / f"{i}.jsonl").write_text(json.dumps(row))
    stages = ["text.measure: {signals: [words.count]}", "quality.top_per: {column: url, by: [words.count], count: 1}"]
    ran(folder, recipe(folder, *stages))
    manifest = json.loads((folder / "runs" / "x" / "manifest.json").read_text())
    assert manifest["metrics"]["quality.top_per"] == {"documents": 9, "kept": 9, "no_score": 0}


def test_a_report_and_a_command_are_not_part_of_what_a_stage_computes():
    for module in (*fingerprints.ENGINE, "curate.stages.extract.html", "curate.stages.dedup.minhash"):
        reached, _ = fingerprint._reached(module)
        assert not {name.split(".")[1] for name in reached if "." in name} & {"report", "cli", "llm"}, module


def test_a_parameter_under_both_names_is_refused(folder):
    stage = "filters.wanjuan.characters: {max_odd_share: 0.5, max_control_share: 0.1}"
    refused = curate("plan", recipe(folder, stage), cwd=folder)
    assert refused.returncode == 2 and "given twice" in refused.stderr


def test_a_step_takes_former_names(folder):
    import curate

    step = curate.step("filters.wanjuan.separators", max_field_share=0.1)
    assert step.params == {"max_separator_token_share": 0.1}


FAULTY = """
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate import Barrier, Batch, Emitted, Reduction, Verdicts


class faulty(Barrier):
    def __init__(self, *, how: str):
        self.how = how

    def emit(self, batch: Batch) -> Emitted:
        row = np.arange(len(batch), dtype=np.uint32) + (1000 if self.how == "row" else 0)
        return Emitted(pa.RecordBatch.from_pydict({"row": pa.array(row)}))

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        if self.how == "none":
            return None
        name = "../x" if self.how == "name" else "all"
        return (Reduction(name, 1, lambda rows: np.zeros(rows.num_rows - (self.how == "partition"), np.int64), self.one),)

    def one(self, rows, context):
        if self.how == "metrics":
            context.report({"n": np.int64(1)})
        if self.how == "evidence":
            with context.evidence("../../evil", pa.schema({"a": pa.string()})):
                pass
        at = [1000] if self.how == "result" else []
        yield pa.RecordBatch.from_pydict({name: pa.array(values, pa.uint32()) for name, values in (("shard", [0] * len(at)), ("row", at))})

    def apply(self, batch: Batch, results: pa.RecordBatch):
        return batch.with_columns({"new": [1] * len(batch)}) if self.how == "column" else Verdicts.keep_all(len(batch))
"""


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("row", "emitted about row 1000 of a batch of 1 documents"), ("none", "must return a tuple of at least one Reduction"),
        ("name", "use letters, digits, underscores and hyphens"), ("partition", "gave 0 numbers for 1 rows"), ("metrics", "no NaN and no NumPy types"),
        ("evidence", "use letters, digits, underscores and hyphens"), ("result", "1 results are about documents that shard 0 does not have"),
        ("column", "made the column `new` without declaring it"),
    ],
)  # fmt: skip
def test_a_faulty_barrier_is_stopped_with_its_name(folder, how, message):
    (folder / "faulty_barrier.py").write_text(FAULTY)
    stage = f"faulty_barrier.faulty: {{how: {how}}}"
    done = curate("run", recipe(folder, stage, modules="faulty_barrier"), "--workers", "1", cwd=folder)
    assert done.returncode == 1 and message in done.stderr and "faulty_barrier.faulty" in done.stderr, done.stderr
    assert not list(folder.parent.rglob("evil*"))


def test_a_list_of_written_files_removes_nothing_outside_the_results(folder):
    import xxhash

    made = recipe(folder, "text.normalise")
    ran(folder, made)
    (folder / "precious.txt").write_text("precious")
    digest = xxhash.xxh3_128_hexdigest(b"precious")
    for path in (folder / "runs" / "x" / "phases").glob("*/written/*.json"):
        path.write_text(json.dumps({"../../precious.txt": digest, str(folder / "precious.txt"): digest}))
    ran(folder, made)
    assert (folder / "precious.txt").read_text() == "precious"


def test_a_document_named_like_markup_is_explained(folder):
    (folder / "in" / "0.jsonl").write_text(json.dumps({"text": "a b", "url": "[/nope] [bold]x"}))
    (folder / "in" / "1.jsonl").write_text(json.dumps({"text": "a c", "url": "[/nope] [bold]x"}))
    (folder / "mine.py").write_text(
        "from curate import Doc\n\n\ndef odd(doc: Doc) -> bool | str:\n    return '[/red]'\n"
    )
    ran(folder, recipe(folder, "mine.odd", modules="mine"))
    shown = curate("explain", "runs/x", "[/nope] [bold]x", cwd=folder)
    assert shown.returncode == 0 and "dropped by mine.odd: [/red]" in shown.stdout, shown.stderr


def test_a_section_that_fails_does_not_hide_the_run(folder):
    (folder / "sections.py").write_text(
        "from curate.report.section import Section\n\n\nclass Bad(Section):\n    name = 'bad'\n\n"
        "    def numbers(self, run):\n        raise ValueError('<b>')\n\n    lines = numbers\n\n\nBAD = Bad()\n"
    )
    done = ran(folder, recipe(folder, "text.normalise", modules="sections"))
    assert "the section bad failed: ValueError" in done.stdout and "report   runs/x/report.html" in done.stdout
    assert "the section bad failed: ValueError: &lt;b&gt;" in (folder / "runs" / "x" / "report.html").read_text()
