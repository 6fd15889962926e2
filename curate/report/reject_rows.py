"""Rows of the rejects of one shard: why a document was dropped, with its evidence and, if it was kept for reading, its text."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.runs import Role, RunFolder, reading
from curate.runs.layout import phase_of_rejects, shard_of_rejects


def of_shard(
    folder: RunFolder, manifest: Mapping[str, Any], shard: int, ids: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Yield the rejects of a shard that have one of some ids; `phase` is the number of the phase that dropped the document.

    Raises:
        InputError: a file is missing or damaged.
    """
    wanted = pa.array(list(ids), pa.string())
    for output in manifest["outputs"]:
        path = output["path"]
        if output["role"] == Role.REJECTS and shard_of_rejects(path) == shard:
            with reading.whole(folder, path), folder.open(path) as file:
                yield from (
                    {**row, "phase": phase_of_rejects(path)}
                    for row in _rows(pq.ParquetFile(file, pre_buffer=False), wanted)
                )


def _rows(stored: pq.ParquetFile, ids: pa.Array) -> Iterator[dict[str, Any]]:
    for group in range(stored.num_row_groups):
        found = stored.read_row_group(group, columns=["id"], use_threads=False)["id"]
        places = pc.indices_nonzero(pc.is_in(found, ids))
        if len(places):
            yield from stored.read_row_group(group, use_threads=False).take(places).to_pylist()
