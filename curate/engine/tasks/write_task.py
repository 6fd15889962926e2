"""One task of a write phase: some files of the output, made from a run of its documents that may cross shards."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from curate import fingerprint
from curate.batch import Batch
from curate.engine.tasks import data_files
from curate.engine.tasks.data_files import Division
from curate.engine.tasks.former_results import FormerResults
from curate.ledger import Ledger
from curate.plan import WritePhase
from curate.runs import Record, RunFolder, TaskFiles, arrow_files, layout
from curate.runs.layout import PhaseFolder, TaskFolder
from curate.runs.records import DataWriter, need_record
from curate.spec.output import FileSizes


def found_in(folder: RunFolder, phase: WritePhase, task: int) -> str | None:
    """Return where the task's results are, as `FormerResults.find`; None if it has to run."""
    former = FormerResults(PhaseFolder(folder, phase.folder).task(task))
    return former.find(key(folder, phase, task)) if former else None


def key(folder: RunFolder, phase: WritePhase, task: int, known: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what the task's results depend on; it reads no inputs, so nothing needs to be known of any."""
    return _Files(folder, phase, task).key


def run(folder: RunFolder, phase: WritePhase, task: int, warnings: Sequence[str] = ()) -> None:
    """Do the task, unless it is done, here or in a neighbouring run folder.

    Args:
        warnings: that go into its record.

    Raises:
        DamagedFile: documents that the phase before wrote down cannot be read.
    """
    place = PhaseFolder(folder, phase.folder).task(task)
    former, own = FormerResults(place), _Files(folder, phase, task)
    if former.find(own.key) is not None:
        return
    folder.remove(place.record)
    started, files, ledger = time.perf_counter(), TaskFiles(place), Ledger()
    data_files.write(phase.sink, phase.modules, own.pieces(), lambda file: DataWriter(files, file, own.n_files))
    if task == 0 and not own.n_files:
        data_files.write_empty(phase.sink, phase.modules, next(own.batches(0)), files)
    outputs = files.commit()
    ledger.stage(phase.sink.label).seconds = time.perf_counter() - started
    notes = [*warnings, *former.notes, *files.warnings]
    record = Record(own.key, outputs, ledger.to_json(), notes=notes)
    folder.write_json(place.record, record.to_json(), place.parts)


@dataclass(frozen=True, slots=True)
class _Documents:
    """The documents of all shards.

    Args:
        n_docs, n_bytes: int64[n_shards]. digests: of the files that hold them.
    """

    n_docs: np.ndarray
    n_bytes: np.ndarray
    digests: tuple[str, ...]


class _Files:
    """The files of one task, and the documents that belong to them."""

    def __init__(self, folder: RunFolder, phase: WritePhase, task: int):
        self.before = PhaseFolder(folder, phase.docs_from)
        found = _documents(folder.url, phase.docs_from, phase.n_shards, folder.mark(layout.PLAN) or "")
        self.division, sizes = _division(phase.sizes, found)
        self.bounds = np.concatenate([[0], np.cumsum(sizes)])  # the places at which shards begin, and the end
        self.n_files = self.division.files(int(self.bounds[-1]))
        self.first, self.stop = (self.n_files * t // phase.n_tasks for t in (task, task + 1))
        places = self.division.start(self.first), min(self.division.start(self.stop), int(self.bounds[-1]))
        begin = int(np.searchsorted(self.bounds, places[0], "right")) - 1
        end = int(np.searchsorted(self.bounds, places[1], "left"))
        self.shards = range(begin, end) if self.first < self.stop else range(0)
        starts = [places[0] - int(self.bounds[self.shards[0]])] if self.shards else []
        self.key = fingerprint.combine(
            phase.fingerprint, task, self.n_files, self.first, self.stop, self.division.size, self.division.n, starts,
            [found.digests[shard] for shard in self.shards or range(1)],
        )  # fmt: skip

    def batches(self, shard: int) -> Iterator[Batch]:
        """Yield the documents of a shard, at least one batch, which may be empty."""
        place = self.before.task(shard)
        with closing(arrow_files.open_file(place, place.docs)) as reader:
            yield from map(Batch, reader.batches())

    def pieces(self) -> Iterator[tuple[int, Batch]]:
        """Yield (file, documents) of the task."""
        if not self.shards:
            return
        batches = (batch for shard in self.shards for batch in self.batches(shard))
        for file, piece in self.division.pieces(batches, int(self.bounds[self.shards[0]])):
            if self.first <= file < self.stop:
                yield file, piece


def _division(sizes: FileSizes, found: _Documents) -> tuple[Division, np.ndarray]:
    """Return how all documents are divided into files, and the sizes of the shards in its measure."""
    if sizes.n_bytes:
        return Division(data_files.n_bytes, sizes.n_bytes), found.n_bytes
    if sizes.n_docs:
        return Division(data_files.n_docs, sizes.n_docs), found.n_docs
    total = max(1, int(found.n_docs.sum()))
    return Division(data_files.n_docs, total, min(sizes.n_files, total)), found.n_docs


@functools.lru_cache(4)
def _documents(run_url: str, phase: str, n_shards: int, planned: str) -> _Documents:
    """Return the documents that a phase wrote down, which every task needs to know.

    Args:
        planned: the mark of the plan: another run may have other documents.
    """
    before = PhaseFolder(RunFolder(run_url), phase)
    found = [(before.task(shard), need_record(before.task(shard))) for shard in range(n_shards)]
    counts = np.array([(record.written["documents"], record.written["bytes"]) for _, record in found], np.int64)
    return _Documents(counts[:, 0], counts[:, 1], tuple(_digest(place, record) for place, record in found))


def _digest(place: TaskFolder, record: Record) -> str:
    return next(output.digest for output in record.outputs if output.path == place.docs)
