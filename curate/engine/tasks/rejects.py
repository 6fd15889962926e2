"""The rejects of one task: written down while documents flow, so that memory does not grow with their number."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

SAMPLE_TEXTS = 32
"""How many texts of rejects are kept for each stage and reason of a shard, under `rejects: sample`."""

SAMPLE_BYTES = 64 << 10
"""Texts of rejects are cut to this, on a character, under `rejects: sample`."""

FIELDS = {
    "id": pa.string(), "url": pa.string(), "source": pa.string(), "stage": pa.string(), "reason": pa.string(),
    "value": pa.float32(), "evidence": pa.string(), "kept_id": pa.string(), "kept_shard": pa.uint32(), "kept_row": pa.uint32(),
    "lists": pa.list_(pa.string()), "failed": pa.list_(pa.string()), "text": pa.large_string(),
}  # fmt: skip
SCHEMA = pa.schema(list(FIELDS.items()))
"""The columns of rejects, the same for every task of every run."""

_ROW_GROUP = 4096
_MEMORY = 8 << 20
"""Bytes of rejects that stay in memory before they are written to a temporary file."""


class Rejects:
    """Collects rejects in the order in which they are dropped.

    Args:
        mode: how many texts are kept: "sample" (of each stage and reason those whose ids hash lowest), "text" (all) or "none".
    """

    def __init__(self, mode: str):
        self.mode = mode
        self._n_rows = 0
        self._spilled: tempfile.SpooledTemporaryFile | None = None
        self._writer: pa.RecordBatchStreamWriter | None = None
        self._sample: dict[tuple[str, str], list[tuple[int, int, str | None]]] = {}

    def add(self, rows: pa.Table) -> None:
        """Add rows of `SCHEMA`."""
        if self.mode == "sample":
            self._choose(rows)
            rows = _with_texts(rows, [None] * len(rows))
        if self._writer is None:
            self._spilled = tempfile.SpooledTemporaryFile(_MEMORY)  # noqa: SIM115  (closed when it has been read)
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            self._writer = pa.ipc.new_stream(self._spilled, SCHEMA, options=options)
        self._writer.write_table(rows)
        self._n_rows += len(rows)

    def write(self, file: BinaryIO) -> None:
        """Write all rejects as parquet, in row groups of one size, so that the file depends on the rows and nothing else."""
        with pq.ParquetWriter(file, SCHEMA, compression="zstd") as writer:
            waiting = SCHEMA.empty_table()
            for rows in self._rows():
                waiting = pa.concat_tables([waiting, rows])
                while len(waiting) >= _ROW_GROUP:
                    writer.write_table(waiting.slice(0, _ROW_GROUP).combine_chunks(), row_group_size=_ROW_GROUP)
                    waiting = waiting.slice(_ROW_GROUP)
            if len(waiting) or not self._n_rows:
                writer.write_table(waiting.combine_chunks(), row_group_size=_ROW_GROUP)

    def _rows(self) -> Iterator[pa.Table]:
        if self._writer is None:
            return
        self._writer.close()
        self._spilled.seek(0)
        chosen = {row: text for sample in self._sample.values() for _, row, text in sample}
        start = 0
        with self._spilled, pa.ipc.open_stream(self._spilled) as reader:
            for batch in reader:
                rows = pa.Table.from_batches([batch])
                if self.mode == "sample":
                    rows = _with_texts(rows, [chosen.get(-row) for row in range(start, start + len(rows))])
                start += len(rows)
                yield rows

    def _choose(self, rows: pa.Table) -> None:
        """Keep the texts of the rows whose ids hash lowest, some for each stage and reason; cut long ones."""
        texts = rows["text"]
        keys = zip(rows["stage"].to_pylist(), rows["reason"].to_pylist(), rows["id"].to_pylist(), strict=True)
        for i, (stage, reason, id) in enumerate(keys):
            sample = self._sample.setdefault((stage, reason), [])
            key = -xxhash.xxh3_64_intdigest(id.encode()), -(self._n_rows + i)  # the largest key is the lowest hash
            if len(sample) < SAMPLE_TEXTS:
                heapq.heappush(sample, (*key, _cut(texts[i])))
            elif key > sample[0][:2]:
                heapq.heapreplace(sample, (*key, _cut(texts[i])))


def _with_texts(rows: pa.Table, texts: list[str | None]) -> pa.Table:
    return rows.set_column(SCHEMA.get_field_index("text"), "text", pa.array(texts, pa.large_string()))


def _cut(text: pa.LargeStringScalar) -> str | None:
    return text.as_py().encode()[:SAMPLE_BYTES].decode(errors="ignore") if text.is_valid else None
