"""How the output is divided into files: sizes, names, order, no empty files, the same bytes whatever the workers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate import Batch
from curate.engine.tasks import data_files
from curate.engine.tasks.data_files import Division
from curate.errors import SpecError
from curate.runs.layout import data_name

SIZES = [{"files": 4}, {"files": 1}, {"file_docs": 7}, {"file_docs": 1000}, {"file_mib": 0.002}, {"file_mib": 5}]


def texts(n: int, seed: int = 0) -> list[str]:
    chosen = np.random.default_rng(seed)
    return [f"{seed}/{k} " + "word " * int(chosen.integers(1, 60)) for k in range(n)]


@pytest.fixture
def recipe(write_recipe, write_jsonl, tmp_path):
    for k, n in enumerate((40, 0, 3, 25, 1, 0)):
        write_jsonl(f"{k}.jsonl", texts(n, k))
    write_jsonl("6.jsonl", texts(40, 0))  # all of them copies
    inputs = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.004}}
    return write_recipe(["dedup.exact"], inputs=inputs)


def ran(recipe: str, folder: Path, *, workers: int = 1, **output) -> Path:
    settings = [f"output={json.dumps({'sinks.parquet': output})}"]
    return Path(curate.run(recipe, output=str(folder), workers=workers, settings=settings, fresh=True))


def files(run: Path) -> dict[str, pa.Table]:
    return {path.name: pq.read_table(path) for path in sorted((run / "data").iterdir())}


def digest(run: Path) -> str:
    return json.loads((run / "manifest.json").read_text())["output_digest"]


def content_bytes(table: pa.Table) -> int:
    return sum(int(data_files.n_bytes(Batch(batch)).sum()) for batch in table.to_batches())


@pytest.fixture
def documents(recipe, tmp_path) -> pa.Table:
    """The output without a word about sizes."""
    return pa.concat_tables(files(ran(recipe, tmp_path / "default")).values())


# ---------------------------------------------------------------------- of a run


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_files_are_the_whole_output_in_its_order_and_of_the_size_asked_for(recipe, documents, tmp_path, size):
    found = files(ran(recipe, tmp_path / "run", **size))
    assert pa.concat_tables(found.values()).equals(documents) and documents.num_rows == 69
    assert list(found) == [f"{k:05d}.parquet" for k in range(len(found))]
    n_docs = [table.num_rows for table in found.values()]
    if "files" in size:
        assert len(n_docs) == size["files"] and max(n_docs) - min(n_docs) <= 1
    elif "file_docs" in size:
        assert {*n_docs[:-1]} <= {size["file_docs"]} and 0 < n_docs[-1] <= size["file_docs"]
    else:
        wanted, longest = size["file_mib"] * (1 << 20), content_bytes(documents.slice(0, 1)) * 60
        sizes = [content_bytes(table) for table in found.values()]
        assert all(abs(each - wanted) < longest for each in sizes[:-1]) and 0 < sizes[-1] <= wanted + longest


def test_more_files_than_documents_are_one_for_each_document(recipe, documents, tmp_path):
    assert [table.num_rows for table in files(ran(recipe, tmp_path / "run", files=500)).values()] == [1] * 69


def test_any_number_of_workers_gives_the_same_bytes_and_a_second_run_does_nothing(recipe, tmp_path):
    one, two = (ran(recipe, tmp_path / f"{n}", workers=n, files=5) for n in (1, 2))
    assert digest(one) == digest(two)
    marks = {path: path.stat().st_mtime_ns for path in (one / "data").iterdir()}
    ran(recipe, one, files=5)
    assert {path: path.stat().st_mtime_ns for path in (one / "data").iterdir()} == marks


def test_another_number_of_files_is_only_another_last_phase_and_leaves_no_file_behind(recipe, tmp_path):
    run = ran(recipe, tmp_path / "run", files=9)
    seen = {}
    curate.run(
        recipe, output=str(run), workers=1, settings=["output={sinks.parquet: {files: 2}}"],
        watch=lambda e: seen.update({e.phase.folder[3:-11]: e.n_done - e.n_kept}) if e.kind == "ended" else None,
    )  # fmt: skip
    assert {name for name, n in seen.items() if n} == {"sinks.parquet"} and len(files(run)) == 2
    assert digest(run) == digest(ran(recipe, tmp_path / "other", files=2))


def test_documents_that_were_damaged_on_the_way_are_made_again(recipe, tmp_path):
    run = ran(recipe, tmp_path / "run", files=3)
    before = digest(run)
    for victim in (*run.glob("phases/*dedup.exact-*/docs/*.arrow"), run / "data" / "00001.parquet"):
        victim.write_bytes(victim.read_bytes()[:-9])
    assert digest(ran(recipe, run, files=3)) == before


def test_changed_input_moves_documents_from_file_to_file(recipe, tmp_path):
    run = ran(recipe, tmp_path / "run", file_docs=10)
    path = tmp_path / "in" / "0.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[5:]))
    assert digest(ran(recipe, run, file_docs=10)) == digest(ran(recipe, tmp_path / "fresh", file_docs=10))


def test_a_checkpoint_right_before_the_output(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", texts(5))
    made = write_recipe(["text.normalise", "checkpoint"], output={"sinks.jsonl": {"files": 2, "compression": "none"}})
    run = Path(curate.run(made, output=str(tmp_path / "run"), workers=1))
    assert [len((run / "data" / f"0000{k}.jsonl").read_text().splitlines()) for k in range(2)] == [3, 2]


@pytest.mark.parametrize("size", [{}, {"files": 3}, {"file_mib": 1}], ids=str)
def test_if_nothing_is_left_one_file_has_the_columns(write_recipe, write_jsonl, tmp_path, size):
    for k in range(3):
        write_jsonl(f"{k}.jsonl", texts(2, k))
    inputs = {"sources.jsonl": {"paths": [str(tmp_path / "in" / "*.jsonl")], "shard_mib": 0.00001}}
    made = write_recipe(["filters.gopher.quality"], inputs=inputs, allow_empty=True)
    run = ran(made, tmp_path / "run", **size)
    (table,) = files(run).values()
    assert table.num_rows == 0 and table.schema.names == ["id", "text", "url", "date", "source"]
    (output,) = (o for o in json.loads((run / "manifest.json").read_text())["outputs"] if o["role"] == "data")
    assert output["path"] == "data/00000.parquet"
    assert digest(ran(made, run, **size)) == digest(run)
    curate.run(
        made,
        output=str(run),
        workers=1,
        settings=[f"filters.gopher.quality.{name}=0" for name in ("min_words", "min_stop_words")],
    )
    assert all(table.num_rows for table in files(run).values()), "the file without documents is gone"


def test_a_task_without_documents_writes_no_file(recipe, tmp_path, documents):
    run = tmp_path / "default"
    tasks = json.loads((run / "manifest.json").read_text())["phases"][-1]["tasks"]
    found = files(run)
    assert 1 < len(found) < tasks and all(table.num_rows for table in found.values())


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"files": 0}, "expected int of 1 or more, or null, got 0"),
        ({"files": 2, "file_docs": 5}, "file_docs and files contradict each other"),
        ({"file_mib": -1}, "expected float above 0, or null, got -1"),
        ({"files": "many"}, "expected int"),
    ],
)
def test_sizes_that_cannot_be_are_refused_before_anything_runs(recipe, tmp_path, output, message):
    with pytest.raises(SpecError, match=message):
        ran(recipe, tmp_path / "run", **output)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_kill_9_while_files_are_written_changes_no_byte(recipe, tmp_path):
    sink = "tests.engine.killing_sink.lines"
    (tmp_path / "kills").mkdir()
    settings = ["modules=[tests.engine.killing_sink]", f"output={{{sink}: {{files: 60, kills: {tmp_path / 'kills'}}}}}"]
    reference = digest(Path(curate.run(recipe, output=str(tmp_path / "whole"), workers=1, settings=settings)))
    for number in (3, 20, 41):  # the run is killed in these files, which come from different tasks
        (tmp_path / "kills" / str(number)).touch()
    sets = [part for setting in settings for part in ("--set", setting)]
    command = [
        sys.executable,
        "-m",
        "curate.cli",
        "run",
        recipe,
        "-o",
        str(tmp_path / "killed"),
        "--fresh",
        *sets,
        "--workers",
        "2",
    ]
    n_killed = 0
    while (process := subprocess.run(command, capture_output=True, start_new_session=True)).returncode:
        n_killed += 1
        assert process.returncode == -signal.SIGKILL and n_killed <= 3, process.stderr
        assert list((tmp_path / "killed").glob("phases/*lines*/parts/*.part"))
    assert n_killed == 3
    assert digest(tmp_path / "killed") == reference
    assert not list((tmp_path / "killed").rglob("*.part"))


# ---------------------------------------------------------------------- the arithmetic


@given(
    st.lists(st.integers(1, 50), max_size=60), st.integers(1, 120), st.lists(st.integers(0, 60), max_size=5), st.data()
)
def test_every_document_is_in_the_file_that_its_place_says(sizes, size, cuts, data):
    n = data.draw(st.sampled_from([1, min(3, size)]))
    batch = Batch.from_columns({"id": [str(k) for k in range(len(sizes))], "size": pa.array(sizes, pa.int64())})
    division = Division(lambda batch: batch.numbers("size"), size, n)
    ends = sorted({0, len(sizes), *(min(cut, len(sizes)) for cut in cuts)})
    parts = [batch.slice(a, b - a) for a, b in pairwise(ends)] or [batch]
    found = [(file, id) for file, piece in division.pieces(iter(parts)) for id in piece["id"].to_pylist()]
    wanted, place = [], 0
    for k, each in enumerate(sizes):
        wanted.append((place * n // size, str(k)))
        place += each
    assert found == wanted
    assert division.files(sum(sizes)) == -(-sum(sizes) * n // size) if n == 1 else True
    for file, id in found:
        start = sum(sizes[: int(id)])
        assert division.start(file) <= start < division.start(file + 1)


@given(st.integers(1, 10**12), st.integers(1, 10**6))
def test_exactly_so_many_files_for_any_number_of_documents(n_docs, n_files):
    n = min(n_files, n_docs)
    division = Division(data_files.n_docs, n_docs, n)
    assert division.files(n_docs) == n
    some = {0, n // 2, n - 1}
    assert all(division.start(k + 1) - division.start(k) in (n_docs // n, -(-n_docs // n)) for k in some)


@given(st.integers(1, 10**7), st.lists(st.integers(0, 10**7), min_size=2, max_size=5), st.integers(0, 3))
def test_names_sort_as_numbers(n, numbers, before):
    names = [
        (number, k, data_name(number, n, k, "parquet"))
        for number in {each % n for each in numbers}
        for k in range(before + 1)
    ]
    assert [name for *_, name in sorted(names)] == sorted(name for *_, name in names)
