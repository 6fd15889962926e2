"""Numbers on their way from the tasks of one phase to the tasks of the next, each to the one that wants them.

A facts file is an Arrow IPC file whose record batch i holds the rows for task i of the next phase, so that a
reader takes its part and nothing else. Rows keep their order within a part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import xxhash

from curate.errors import RunError, StageError
from curate.runs import PHASES, RunFolder

_IPC = pa.ipc.IpcWriteOptions(compression="zstd")


def facts_path(phase: str, task: int) -> str:
    """Return where a task of a phase writes its facts."""
    return f"{PHASES}/{phase}/facts/{task:05d}.arrow"


def joined(batches: Iterable[pa.RecordBatch], label: str) -> pa.RecordBatch:
    """Return all rows as one record batch; there must be at least one batch, even if empty, to know the columns."""
    batches = list(batches)
    if not batches:
        raise StageError(f"{label} made no rows and not even an empty batch, so its columns are unknown")
    whole = pa.Table.from_batches(batches).combine_chunks().to_batches()
    return whole[0] if whole else batches[0]


def write(file: BinaryIO, rows: pa.RecordBatch, part_of: np.ndarray, n_parts: int) -> None:
    """Write rows by part.

    Args:
        part_of: int64[n_rows], which task of the next phase sees each row.
    """
    if len(part_of) and (part_of.min() < 0 or part_of.max() >= n_parts):
        raise StageError(f"a row was sent to task {part_of.min() if part_of.min() < 0 else part_of.max()} of {n_parts}")
    order = np.argsort(part_of, kind="stable")
    bounds = np.searchsorted(part_of[order], np.arange(n_parts + 1))
    ordered = rows.take(pa.array(order))
    with pa.ipc.new_file(file, rows.schema, options=_IPC) as writer:
        for part in range(n_parts):
            writer.write_batch(ordered.slice(bounds[part], bounds[part + 1] - bounds[part]))


def read(folder: RunFolder, phase: str, n_tasks: int, part: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows for one task, from every task of the phase before it, in task order."""
    for task in range(n_tasks):
        path = facts_path(phase, task)
        try:
            with folder.open(path) as file:
                yield pa.ipc.open_file(file).get_batch(part)
        except (FileNotFoundError, pa.ArrowInvalid, IndexError) as error:
            raise RunError(
                f"{folder.path(path)} is missing or damaged ({error}); run again to have it made anew."
            ) from error


def digest(rows: Sequence[pa.RecordBatch]) -> str:
    """Return the digest of rows by content, however they were compressed."""
    state = xxhash.xxh3_128()
    for batch in rows:
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, batch.schema) as writer:
            writer.write_batch(batch)
        state.update(sink.getvalue())
    return state.hexdigest()
