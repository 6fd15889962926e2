"""The files of the output: which document belongs to which, and how a sink gets the documents of each.

The documents of a run, or of a task, stand in a row. A document whose place in the row is `p` (documents or bytes before it)
belongs to file `p * files // total`, or `p // size`. So every task can tell on its own what belongs to its files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter

import numpy as np

from curate import stage
from curate.batch import Batch
from curate.plan import StageRef
from curate.runs import Role, TaskFiles
from curate.runs.records import DataWriter
from curate.stage import ShardWriter
from curate.stages.sinks._chunks import row_bytes

TASK_FILE_BYTES = 256 << 20
"""Content bytes of a file where the recipe says nothing of sizes, and each task writes files of its own."""


def n_docs(batch: Batch) -> np.ndarray:  # int64[n]
    """Return 1 for each document: sizes in documents."""
    return np.ones(len(batch), np.int64)


def n_bytes(batch: Batch) -> np.ndarray:  # int64[n]
    """Return the content bytes of each document, at least 1: sizes in bytes."""
    return np.maximum(row_bytes(batch.rows), 1)


@dataclass(frozen=True, slots=True)
class Division:
    """Divides a row of documents into files: the one at place p belongs to file `p * n // size`.

    Args:
        measure: the size of each document, int64[n]; a document's place is the sum of the sizes before it.
        size: of `n` files together, more than 0.
    """

    measure: Callable[[Batch], np.ndarray]
    size: int
    n: int = 1

    def files(self, total: int) -> int:
        """Return how many files a row of this size has."""
        return (total - 1) * self.n // self.size + 1 if total else 0

    def start(self, file: int) -> int:
        """Return the first place of a file."""
        return -(-file * self.size // self.n)

    def pieces(self, batches: Iterator[Batch], place: int = 0) -> Iterator[tuple[int, Batch]]:
        """Yield (file, documents), in their order.

        Args:
            place: of the first document.
        """
        for batch in batches:
            sizes = self.measure(batch)
            ends = place + np.cumsum(sizes)
            files = (ends - sizes) * self.n // self.size
            cuts = [0, *(np.flatnonzero(np.diff(files)) + 1).tolist(), len(batch)]
            for start, stop in pairwise(cuts) if len(batch) else ():
                yield int(files[start]), batch.slice(start, stop - start)
            place = int(ends[-1]) if len(batch) else place


def write(
    sink: StageRef,
    modules: tuple[str, ...],
    pieces: Iterator[tuple[int, Batch]],
    writer_of: Callable[[int], ShardWriter],
) -> None:
    """Let a sink write files, one after the other.

    Args:
        pieces: (file, documents), the files ascending.
        writer_of: returns what opens a file.
    """
    opened = sink.open(modules)
    for file, of_file in groupby(pieces, key=itemgetter(0)):
        opened((batch for _, batch in of_file), writer_of(file))
    stage.close(opened)


def write_empty(sink: StageRef, modules: tuple[str, ...], columns: Batch, files: TaskFiles) -> None:
    """Let a sink write the columns without documents, for the case that no task has any.

    Args:
        columns: a batch with the columns.
    """
    opened = sink.open(modules)
    opened(iter([columns.slice(0, 0)]), DataWriter(files, 0, 1, Role.EMPTY))
    stage.close(opened)
