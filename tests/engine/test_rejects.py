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


def peak_mib(folder, n, code):
    """Return the largest memory of a process that runs a recipe on `n` empty texts, all of which are dropped."""
    folder.mkdir()
    pq.write_table(pa.table({"text": pa.array([""] * n)}), folder / "empty.parquet", compression="zstd")
    (folder / "r.yaml").write_text(
        f"name: r\ninputs: {{sources.parquet: {{paths: ['{folder}/empty.parquet']}}}}\n"
        "stages: [filters.gopher.quality]\nallow_empty: true\n"
    )
    ran = subprocess.run([sys.executable, "-c", code % folder], capture_output=True, text=True, check=True)
    assert pq.ParquetFile(folder / "run" / "rejects" / "01-00000.parquet").metadata.num_rows == n
    return int(ran.stdout)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_rejects(tmp_path):
    code = (
        "import curate\n"
        "if __name__ == '__main__':\n"
        "    folder = '%s'\n"
        "    curate.run(f'{folder}/r.yaml', output=f'{folder}/run', workers=1)\n"
        "    print(int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) >> 10)"  # ru_maxrss counts the parent
    )
    peak_mib(tmp_path / "compiling", 10, code)  # compiling kernels takes memory, too
    few, many = (peak_mib(tmp_path / str(n), n, code) for n in (10_000, 1_000_000))
    assert many < few + 150
