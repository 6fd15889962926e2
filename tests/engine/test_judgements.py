"""The record of judgements: a row for every document, the same as the data and the rejects say, whatever happens to a run."""

from __future__ import annotations

import io
import json
import math
import random
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate import plan, signals, spec
from curate.batch import Batch, Verdicts
from curate.engine.tasks.judgements import Broken, Judgements, ParquetOut
from curate.errors import StageError
from curate.plan import record
from curate.plan.record import BYTES, YEAR
from curate.report import fate
from tests.conftest import ROOT
from tests.engine.test_resume import texts
from tests.engine.test_stage_runners import judgements, ledger, rejects, result

MINE = "tests.engine.my_stages"
REGEX = {"datatrove.pipeline.filters.RegexFilter": {"regex_exp": "zebra|with with"}}
POOL = [
    "text.normalise", "checkpoint", {"filters.gopher.quality": {"min_words": 8, "min_stop_words": 1}}, "filters.gopher.repetition",
    {"filters.fineweb.quality": {"max_short_line_share": None}}, {"filters.c4.page": {"min_sentences": 1}}, "dedup.exact",
    "dedup.minhash", f"{MINE}.exclaim", {f"{MINE}.long_enough": {"min_characters": 40}}, f"{MINE}.halves", REGEX,
    {"text.measure": {"signals": ["words.count", "words.mean_length", "lines.count"]}}, {"language.detect": {"keep": ["en"]}},
]  # fmt: skip


@pytest.fixture
def corpus(write_jsonl):
    for k in range(4):
        write_jsonl(f"{k}.jsonl", [{"text": t, "url": f"http://{k}.example/{t[:9]}"} for t in texts(40, seed=k % 3)])


@pytest.fixture
def recipe(write_recipe, tmp_path, corpus):
    """Return a function that writes a recipe of these stages over the corpus, in several shards."""
    inputs = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.004}}
    output = {"sinks.parquet": {"columns": {"keep": ["*"]}}}
    return lambda stages, name="test": write_recipe(
        stages, inputs=inputs, name=name, modules=[MINE], rejects="none", allow_empty=True, output=output
    )


def run(path: str, url: Path, *, workers: int = 1, settings: tuple[str, ...] = ()) -> str:
    return curate.run(path, output=str(url), workers=workers, settings=list(settings), fresh=True)


def digest(url: str | Path) -> str:
    return json.loads(Path(url, "manifest.json").read_text())["judgements_digest"]


def number(value):
    """A number as the record has it: what is not a number is not there."""
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else value


def check(url: str) -> None:
    """Compare the record with the obvious: with the ledger, the data and the rejects."""
    rows, stages = judgements(url), ledger(url)
    assert len(rows) == sum(entry["born"] for entry in stages.values())
    fates = Counter((row["stage"], row["reason"]) for row in rows if row["stage"] is not None)
    assert fates == {(name, reason): n for name, e in stages.items() for reason, n in e["dropped"].items()}
    kept = [row for row in rows if row["stage"] is None]
    assert all(row["reason"] is None and row["broken"] == [] for row in kept)
    _check_kept(kept, result(url))
    _check_dropped([row for row in rows if row["stage"] is not None], rejects(url), url)


def _check_kept(kept: list[dict], data: list[dict]) -> None:
    def order(row: dict) -> str:
        return row["id"]

    assert [row["id"] for row in sorted(kept, key=order)] == [row["id"] for row in sorted(data, key=order)]
    for one, other in zip(sorted(kept, key=order), sorted(data, key=order), strict=True):
        assert one[BYTES] == len(other["text"].encode())
        assert one[YEAR] == (other["date"].year if other["date"] else None)
        for name in set(one) - {"stage", "reason", "broken", BYTES, YEAR}:
            assert one[name] == number(other.get(name)), name
        made = {n for n, v in other.items() if isinstance(v, (int, float)) and number(v) is not None}
        assert made <= set(one), "a number in the data is not in the record"


def _check_dropped(dropped: list[dict], rejected: list[dict], url: str) -> None:
    def order(row: dict) -> tuple:
        return row["id"], row["stage"], row["reason"]

    manifest = json.loads(Path(url, "manifest.json").read_text())
    rules = {stage["label"]: stage.get("rules", {}) for stage in manifest["stages"]}
    for one, other in zip(sorted(dropped, key=order), sorted(rejected, key=order), strict=True):
        assert all(one[name] == other[name] for name in ("id", "url", "source", "stage", "reason"))
        assert one["broken"] == other["failed"] and f"{one['stage']} {one['reason']}" in one["broken"]
        if bound := rules[one["stage"]].get(one["reason"]):
            assert one[bound["signal"]] == number(other["value"])


# ---------------------------------------------------------------------- whole runs


@pytest.mark.parametrize("seed", range(6))
def test_random_recipes_have_a_row_for_every_document_as_the_data_and_the_rejects_say(recipe, tmp_path, seed):
    stages = random.Random(seed).sample(POOL, 6)
    check(run(recipe(stages), tmp_path / "run"))


def test_the_example_crawl_has_a_row_for_every_capture(tmp_path):
    crawl = str(ROOT / "examples" / "crawl" / "**" / "*.warc.gz")
    check(
        curate.run(
            str(ROOT / "pipelines" / "wanjuan_cc.yaml"),
            output=str(tmp_path / "run"),
            workers=1,
            input_paths=[crawl],
            settings=["output={sinks.parquet: {columns: {keep: ['*']}}}"],
        )
    )


def test_documents_used_up_by_a_stream_and_those_it_makes_have_rows(recipe, tmp_path):
    url = run(recipe([f"{MINE}.exclaim", f"{MINE}.halves"]), tmp_path / "run")
    rows = judgements(url)
    used_up = [row for row in rows if row["reason"] == "consumed"]
    assert len(used_up) == 160 and all(row["n_marks"] == 1 for row in used_up)
    assert len(rows) == 3 * 160


@pytest.mark.parametrize("workers", [2, 4])
def test_any_number_of_workers_gives_the_same_bytes(recipe, tmp_path, workers):
    path = recipe(["text.normalise", "checkpoint", "filters.gopher.quality", "dedup.exact"])
    assert digest(run(path, tmp_path / "one")) == digest(run(path, tmp_path / "other", workers=workers))


def test_a_changed_rule_repeats_no_phase_before_it_and_gives_the_bytes_of_a_fresh_run(recipe, tmp_path):
    path = recipe([f"{MINE}.exclaim", {f"{MINE}.long_enough": {"min_characters": 40}}, "checkpoint", {f"{MINE}.marked": {"min_marks": 1}}])  # fmt: skip
    url = run(path, tmp_path / "run")
    first = next(Path(url, "phases").glob("01-*")).name
    other = recipe([f"{MINE}.exclaim", {f"{MINE}.long_enough": {"min_characters": 40}}, "checkpoint", "filters.gopher.repetition"])  # fmt: skip
    written = {path: path.stat().st_mtime_ns for path in Path(url, "phases", first).glob("judged/*")}
    assert written and digest(run(other, tmp_path / "run")) == digest(run(other, tmp_path / "fresh"))
    assert {path: path.stat().st_mtime_ns for path in written} == written
    check(url)


def test_a_run_that_was_killed_between_phases_gives_the_same_bytes(recipe, tmp_path):
    path = recipe([{f"{MINE}.long_enough": {"min_characters": 40}}, "checkpoint", "filters.gopher.quality"])
    right = digest(run(path, tmp_path / "right"))

    class Killed(Exception):
        pass

    def stop(event) -> None:
        if event.kind == "ended":
            raise Killed

    with pytest.raises(Killed):
        curate.run(path, output=str(tmp_path / "run"), workers=1, watch=stop)
    assert not (tmp_path / "run" / "judgements").exists()
    assert digest(run(path, tmp_path / "run")) == right


def test_fewer_shards_leave_no_stale_files(recipe, write_recipe, tmp_path):
    url = run(recipe(["filters.gopher.quality"]), tmp_path / "run")
    assert len(list(Path(url, "judgements").iterdir())) > 1
    run(write_recipe(["filters.gopher.quality"], allow_empty=True), tmp_path / "run")
    assert [path.name for path in Path(url, "judgements").iterdir()] == ["00000.parquet"]
    check(url)


# ---------------------------------------------------------------------- columns


def test_the_columns_are_planned_typed_and_described_and_load_as_one_dataset(recipe, tmp_path):
    stages = [f"{MINE}.exclaim", "checkpoint", {"language.detect": {"keep": ["en"]}}, "filters.gopher.quality", f"{MINE}.exclaim", "filters.gopher.quality"]  # fmt: skip
    url = run(recipe(stages), tmp_path / "run")
    paths = sorted(Path(url, "judgements").glob("*.parquet"))
    schema = pq.read_schema(paths[0])
    assert len(paths) > 1 and all(pq.read_schema(path).equals(schema, check_metadata=True) for path in paths)
    assert schema.names[:7] == ["id", "url", "source", "language", "stage", "reason", "broken"]
    types = {name: str(schema.field(name).type) for name in ("n_marks", "language_score", "language_reliable")}
    assert types == {"n_marks": "int64", "language_score": "float", "language_reliable": "bool"}
    again = "words.count@filters.gopher.quality#2"
    assert schema.field("words.count").type == schema.field(again).type == pa.int32()
    assert schema.field("words.count").metadata[b"description"].decode() == signals.SIGNALS["words.count"].about
    assert all(field.metadata[b"description"] for field in schema) and "text" not in schema.names
    n = sum(entry["born"] for entry in ledger(url).values())
    assert pyarrow.dataset.dataset(f"{url}/judgements").count_rows() == n
    loaded = load_dataset("parquet", data_files=f"{url}/judgements/*.parquet", split="train", cache_dir=str(tmp_path / "c"))  # fmt: skip
    assert loaded.num_rows == n and loaded.column_names == schema.names
    assert "`words.count`" in Path(url, "README.md").read_text()


CARELESS = """
from curate import Doc

def untyped(doc: Doc) -> Doc:
    '''Make a column without its type.

    Makes: odd
    '''
    return doc

def taken(doc: Doc) -> Doc:
    '''Make a number with a name that the record has.

    Makes: reason: int
    '''
    return doc
"""


def test_a_column_that_cannot_be_in_the_record_is_a_warning_of_the_plan(write_recipe, write_jsonl, tmp_path, monkeypatch):  # fmt: skip
    write_jsonl("a.jsonl", ["a"])
    (tmp_path / "careless_about_types.py").write_text(CARELESS)
    monkeypatch.syspath_prepend(str(tmp_path))
    stages = ["careless_about_types.untyped", "careless_about_types.taken"]
    read = spec.read(write_recipe(stages, modules=["careless_about_types"]))
    planned = plan.make(read, [])
    assert any("`odd`" in w and "Makes: odd: float" in w for w in planned.warnings)
    assert any("`reason`" in w and "a column of its own" in w for w in planned.warnings)
    assert [column.name for column in planned.phases[-1].judgements] == ["id", "url", "source", "stage", "reason", "broken", BYTES, YEAR]  # fmt: skip


def test_values_that_do_not_fit_the_declared_type_are_an_error_with_the_line_to_correct():
    taken = Judgements(pa.schema([("id", pa.string()), ("n", pa.int64()), ("broken", record.STRINGS)]), _Held())
    taken.keep(Batch.from_columns({"id": ["a"], "n": [1.5]}))
    with pytest.raises(StageError, match=r"`n` is declared as int64 and holds double.*Makes: n:"):
        taken.close()


def test_a_record_takes_few_bytes(write_recipe, data, tmp_path):
    """At most 200 bytes a document read, 500 for one that came to the end; Wikipedia articles under 24 heuristic rules."""
    inputs = {"sources.parquet": {"paths": [str(data / "text" / "enwiki.parquet")]}}
    stages = ["filters.gopher.repetition", "filters.gopher.quality", "filters.c4.lines", "filters.c4.page", "filters.fineweb.quality"]  # fmt: skip
    url = curate.run(write_recipe(stages, inputs=inputs), output=str(tmp_path / "run"), workers=1)
    files = list(Path(url, "judgements").iterdir())
    n_bytes, n = sum(file.stat().st_size for file in files), len(judgements(url))
    assert n > 4000 and n_bytes < 100 * n
    planned = json.loads(Path(url, "plan.json").read_text())["phases"][-1]["judgements"]
    estimate = record.bytes_per_document(record.RecordColumn(**column) for column in planned)
    assert n_bytes / n / 2 < estimate < 3 * n_bytes / n


# ---------------------------------------------------------------------- explain


def test_explain_reads_the_values_from_the_record(recipe, tmp_path):
    url = run(recipe(["filters.gopher.quality", "checkpoint", f"{MINE}.exclaim"]), tmp_path / "run")
    for row in judgements(url)[::20]:
        found = fate.find(url, row["id"])
        assert found["columns"]["words.count"] == row["words.count"] and not found["notes"]
        assert found["fate"] == ("kept" if row["stage"] is None else "dropped")


def test_explain_shows_what_was_known_before_the_phase_that_dropped_a_document(recipe, tmp_path):
    url = run(recipe([{"language.detect": {"keep": []}}, "checkpoint", "filters.gopher.quality"]), tmp_path / "run")
    id = next(row["id"] for row in judgements(url) if row["stage"] == "filters.gopher.quality")
    assert set(fate.find(url, id)["columns"]) >= {"language", "language_guesses", "words.count"}


def test_explain_says_that_a_run_of_an_earlier_version_has_no_record(recipe, tmp_path):
    url = Path(run(recipe(["filters.gopher.quality"]), tmp_path / "run"))
    dropped = rejects(str(url))[0]
    shutil.rmtree(url / "judgements")
    manifest = json.loads((url / "manifest.json").read_text())
    manifest["outputs"] = [output for output in manifest["outputs"] if output["role"] != "judgements"]
    del manifest["judgements"], manifest["judgements_digest"]
    (url / "manifest.json").write_text(json.dumps(manifest))
    found = fate.find(str(url), dropped["id"])
    assert found["reason"] == dropped["reason"] and any("earlier version" in note for note in found["notes"])


# ---------------------------------------------------------------------- parts


class _Held:
    """Holds the rows that it is given."""

    def __init__(self) -> None:
        self.batches: list[pa.RecordBatch] = []

    def write(self, batch: pa.RecordBatch) -> None:
        self.batches.append(batch)

    def close(self) -> None:
        pass


SCHEMA = record.schema([*record.DOCUMENT, *record.VERDICT, record.RecordColumn("x", "float", "a number"), record.RecordColumn("n", "int32", "a count")])  # fmt: skip
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ROWS = st.lists(st.tuples(WORDS, WORDS, st.none() | st.floats(width=32), st.none() | st.integers(-9, 9), st.booleans()))


def batch_of(rows: list[tuple]) -> tuple[Batch, Verdicts]:
    ids, urls, x, n, _ = ([row[k] for row in rows] for k in range(5))
    columns = {"id": ids, "url": urls, "x": pa.array(x, pa.float32()), "n": pa.array(n, pa.int32())}
    return Batch.from_columns(columns), Verdicts.of(["bad" if row[4] else None for row in rows])


def recorded(parts: list[list[tuple]], out) -> None:
    taken = Judgements(SCHEMA, out)
    for rows in parts:
        batch, verdicts = batch_of(rows)
        taken.drop(batch, Broken.of_stage("s", verdicts))
        taken.keep(batch.take(verdicts.is_kept))
    taken.close()


@given(st.lists(ROWS))
def test_what_is_given_is_what_is_written(parts):
    held = _Held()
    recorded(parts, held)
    expected = []
    for rows in parts:
        dropped, kept = ([row for row in rows if row[4] is is_dropped] for is_dropped in (True, False))
        for id, url, x, n, is_dropped in (*dropped, *kept):
            verdict = {"stage": "s", "reason": "bad", "broken": ["s bad"]} if is_dropped else {"stage": None, "reason": None, "broken": []}  # fmt: skip
            expected.append({"id": id, "url": url, "source": None, **verdict, "x": number(x), "n": n})
    assert [row for batch in held.batches for row in batch.to_pylist()] == expected


@pytest.mark.parametrize("sizes", [[1] * 300, [7, 0, 293], [299, 1]])
def test_the_file_depends_on_the_rows_only(sizes):
    rows = [(f"d{i}é", f"http://a.example/{i}", i / 3 if i % 4 else math.nan, i, False) for i in range(300)]

    def written(sizes: list[int]) -> bytes:
        file, start, parts = io.BytesIO(), 0, []
        for size in sizes:
            parts.append(rows[start : start + size])
            start += size
        recorded(parts, ParquetOut(file, SCHEMA, row_group=128))
        return file.getvalue()

    assert written(sizes) == written([300])
    file = pq.ParquetFile(io.BytesIO(written(sizes)))
    assert [file.metadata.row_group(k).num_rows for k in range(3)] == [128, 128, 44]
    assert file.read().column("x").null_count == 75


def test_a_shard_without_documents_has_a_file_with_the_columns():
    file = io.BytesIO()
    recorded([], ParquetOut(file, SCHEMA))
    assert pq.read_table(file).schema.equals(SCHEMA) and pq.read_table(file).num_rows == 0


@given(st.integers(0, 9).flatmap(lambda n: st.lists(st.lists(st.lists(st.booleans(), min_size=n, max_size=n), min_size=3, max_size=3), min_size=1, max_size=3)), st.data())  # fmt: skip
def test_broken_rules_of_a_group_are_those_of_a_loop_over_rows(of_filters, data):
    failed = [np.array(hits, bool).reshape(3, -1).T for hits in of_filters]
    n = len(failed[0])
    labels = [f"f{k}" for k in range(len(failed))]
    verdicts = [Verdicts(("a", "b", "c"), np.where(f.any(axis=1), f.argmax(axis=1), -1).astype(np.int16), np.zeros(n, np.float32), failed=f) for f in failed]  # fmt: skip
    broken = Broken.of_group(labels, verdicts)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)), bool)
    slow = [
        [f"{label} {'abc'[rule]}" for label, f in zip(labels, failed, strict=True) for rule in range(3) if f[row, rule]]
        for row in range(n)
    ]
    assert broken.of_rows(mask).to_pylist() == [each for each, is_in in zip(slow, mask, strict=True) if is_in]
    assert [f"{broken.rules[k][0]} {broken.rules[k][1]}" if k >= 0 else None for k in broken.first] == [
        each[0] if each else None for each in slow
    ]
    assert broken.is_dropped.tolist() == [bool(each) for each in slow]
