"""Rejects of a task: the same file as from a table in memory, and memory that does not grow with their number."""

from __future__ import annotations

import io
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from curate.engine.tasks.rejects import SAMPLE_BYTES, SAMPLE_TEXTS, SCHEMA, Rejects

ROW = dict.fromkeys(SCHEMA.names) | {"lists": None, "failed": ["a b"]}


def slow(rows: list[dict], mode: str) -> bytes:
    """The obvious way: all rows in one table, sorted by the hash of their ids to choose the texts."""
    rows = [dict(row) for row in rows]
    if mode == "sample":
        n_of: dict[tuple, int] = {}
        for row in sorted(rows, key=lambda row: xxhash.xxh3_64_intdigest(row["id"].encode())):
            group = row["stage"], row["reason"]
            n_of[group] = n_of.get(group, 0) + 1
            is_chosen = n_of[group] <= SAMPLE_TEXTS and row["text"] is not None
            row["text"] = row["text"].encode()[:SAMPLE_BYTES].decode(errors="ignore") if is_chosen else None
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), file, compression="zstd", row_group_size=4096)
    return file.getvalue()


def fast(rows: list[dict], mode: str, batch: int) -> bytes:
    rejects, file = Rejects(mode), io.BytesIO()
    for start in range(0, len(rows), batch):
        rejects.add(pa.Table.from_pylist(rows[start : start + batch], SCHEMA))
    rejects.write(file)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["sample", "text"])
@pytest.mark.parametrize(("n", "batch"), [(0, 1), (1, 1), (100, 7), (4096, 512), (9001, 1000)])
def test_the_file_has_the_same_bytes_as_from_one_table(mode, n, batch):
    rows = [
        {**ROW, "id": f"d{i}", "stage": f"s{i % 3}", "reason": f"r{i % 2}", "text": None if i % 5 == 4 else f"tëxt {i}"}
        for i in range(n)
    ]
    assert fast(rows, mode, batch) == slow(rows, mode)


@given(st.lists(st.tuples(st.text(), st.sampled_from("ab"), st.none() | st.text())), st.integers(1, 5))
def test_random_texts_too(rows, batch):
    rows = [
        {**ROW, "id": id.encode("utf-8", "replace").decode(), "stage": "s", "reason": reason, "text": text and "é" * 40000 + text.encode("utf-8", "replace").decode()}
        for id, reason, text in rows
    ]  # fmt: skip
    assert pq.read_table(io.BytesIO(fast(rows, "sample", batch))).to_pylist() == (
        pq.read_table(io.BytesIO(slow(rows, "sample"))).to_pylist()
    )


@pytest.mark.slow
def test_a_million_empty_texts_take_under_400_mib(tmp_path):
    pq.write_table(pa.table({"text": pa.array([""] * 1_000_000)}), tmp_path / "empty.parquet", compression="zstd")
    (tmp_path / "r.yaml").write_text(
        f"name: r\ninputs: {{sources.parquet: {{paths: ['{tmp_path}/empty.parquet']}}}}\n"
        "stages: [filters.gopher.quality]\nallow_empty: true\n"
    )
    code = (
        "import curate\n"
        f"if __name__ == '__main__':\n    curate.run('{tmp_path}/r.yaml', output='{tmp_path}/%s', workers=1, limit=%d)\n"
        "    print(int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) >> 10)"  # ru_maxrss counts the parent
    )
    for folder, limit in (("trial", 10), ("run", 0)):  # the first compiles the kernels, which takes memory, too
        ran = subprocess.run([sys.executable, "-c", code % (folder, limit)], capture_output=True, text=True, check=True)
    assert int(ran.stdout) < 400
    assert pq.ParquetFile(tmp_path / "run" / "rejects" / "01-00000.parquet").metadata.num_rows == 1_000_000
