"""Columns of the input go through all kinds of stages and phases and come out as they went in, bit by bit."""

from __future__ import annotations

import datetime
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import curate
from curate.engine.planning import prepare
from curate.errors import SpecError
from tests.batch.arrow_arrays import same_bits

STAGES = '''
from curate import Doc


def not_third(doc: Doc) -> bool:
    """Drop documents whose number begins with 3."""
    return "number 3" not in doc.text


def marked(doc: Doc) -> Doc:
    """Count the characters of a text.

    Makes: n_characters: int
    """
    doc.columns["n_characters"] = len(doc.text)
    return doc


def labelled(doc: Doc) -> Doc:
    """Label a document.

    Makes: number: string
    """
    doc.columns["number"] = "x"
    return doc
'''

N = 40


def table() -> pa.Table:
    """Return documents with columns of types that Python or JSON would change."""
    far = pa.array([2**62 + i for i in range(N)], pa.int64())
    return pa.table(
        {
            "id": pa.array(range(N)),
            "text": [f"This is the text of document number {i}." for i in range(N)],
            "number": pa.array([i / 7 for i in range(N)], pa.float32()),
            "nanoseconds": far.cast(pa.timestamp("ns", "Europe/Paris")),
            "far": far.cast(pa.timestamp("us")),
            "decimal": pa.array([i * 10**30 for i in range(N)], pa.decimal128(38, 2)),
            "category": pa.array(["a", "b", None, "c"] * (N // 4)).dictionary_encode(),
            "categories": pa.array(
                [["a"], ["b"], None, []] * (N // 4), pa.list_(pa.dictionary(pa.int8(), pa.string()))
            ),
            "vector": pa.array([[i, float("nan")] for i in range(N)], pa.list_(pa.float16(), 2)),
            "map": pa.array([[("k", i)] for i in range(N)], pa.map_(pa.string(), pa.uint8())),
            "raw": pa.array([bytes([i]) for i in range(N)]),
            "view": pa.array(["v"] * N, pa.string_view()),
            "key": pa.array([uuid.UUID(int=i).bytes for i in range(N)], pa.uuid()),
            "metadata": [{"url": f"http://a.example/{i}", "time": datetime.time(1, 2, 3, i)} for i in range(N)],
        }
    )


@pytest.fixture
def recipe(tmp_path, write_recipe):
    """Return a function that writes a recipe which reads the table."""
    (tmp_path / "columns_stay_stages.py").write_text(STAGES)
    pq.write_table(table(), tmp_path / "in.parquet", row_group_size=7)

    def write(stages: list, **source: object) -> str:
        inputs = {"sources.parquet": {"paths": [str(tmp_path / "in.parquet")], "shard_mib": 0.001, "extra": "all"}}
        inputs["sources.parquet"].update(source)
        return write_recipe(stages, inputs=inputs, modules=["columns_stay_stages"])

    return write


def test_every_column_comes_out_as_it_went_in(recipe, tmp_path):
    stages = [
        *("columns_stay_stages.not_third", "checkpoint", "columns_stay_stages.marked", "dedup.exact"),
        {"datatrove.pipeline.filters.GopherRepetitionFilter": {"top_n_grams": [], "dup_n_grams": []}},
    ]
    url = curate.run(recipe(stages), output=str(tmp_path / "run"), workers=1)
    after = pa.concat_tables([pq.read_table(file) for file in sorted(Path(url, "data").glob("*.parquet"))])
    before = pq.read_table(tmp_path / "in.parquet")
    times = pc.struct_field(before["metadata"].combine_chunks(), "time")
    left = pa.StructArray.from_arrays([times], names=["time"])  # the url is in the column `url`
    before = before.set_column(before.column_names.index("metadata"), "metadata", left)
    kept = [int(id) for id in after["id"].to_pylist()]
    assert kept == [i for i in range(N) if "number 3" not in f"number {i}"]
    for name in set(table().column_names) - {"id", "text"}:
        expected = pa.concat_arrays([before[name].slice(i, 1).combine_chunks() for i in kept])
        assert same_bits(pa.concat_arrays([c for c in after[name].chunks if len(c)]), expected), name
    assert after["url"].to_pylist() == [f"http://a.example/{i}" for i in kept]
    assert "added_metadata" in after.column_names and after["n_characters"].null_count == 0


def test_a_stage_that_makes_a_column_of_the_files_is_an_error_or_a_warning(recipe):
    with pytest.raises(
        SpecError, match=r"column `number` of type string, and the files have one of type float32.*my_number"
    ):
        prepare(recipe(["columns_stay_stages.labelled"]))
    (warning,) = prepare(recipe(["columns_stay_stages.labelled"], extra={"number": "string"})).warnings
    assert "replaces the column `number` of the files" in warning and "fields: {my_number: number}" in warning
