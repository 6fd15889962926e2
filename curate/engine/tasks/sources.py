"""Documents as they come from the source of an input: named, sampled, counted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow.compute as pc
import xxhash

from curate.batch import KEEP, Batch, Verdicts
from curate.engine.tasks import cases
from curate.engine.tasks.recorder import TaskRecorder
from curate.ledger import NOT_IN_SAMPLE
from curate.plan import Source

_SAMPLE_SEED = 1
"""Of the hash for `sample`, so that it chooses independently of others that hash ids."""


def born(source: Source, batches: Iterator[Batch], recorder: TaskRecorder) -> Iterator[Batch]:
    """Yield what a source made."""
    label = source.stage.label
    entry = recorder.ledger.stage(label)
    for batch in recorder.clock.each(label, batches):
        entry.n_born += len(batch)
        yield recorder.record(label, _sampled(_named(batch, source.input), source.sample))


def passing(label: str, batches: Iterator[Batch], recorder: TaskRecorder) -> Iterator[Batch]:
    """Yield batches that a stage does not see, as it is for other inputs; the ledger counts that they pass."""
    entry = recorder.ledger.stage(label)
    for batch in batches:
        recorder.enter(label, batch)
        entry.n_out += len(batch)
        entry.bytes_out += batch.n_bytes
        yield batch


def _named(batch: Batch, input: str) -> Batch:
    """Begin the ids of documents with the name of their input, so that ids of two inputs cannot be equal."""
    if not input:
        return batch
    return batch.with_columns({"id": pc.binary_join_element_wise(input, batch["id"], "/")})


def _sampled(batch: Batch, share: float) -> Batch:
    """Drop all but a share of the documents, chosen by a hash of their ids."""
    if share >= 1:
        return batch
    hashes = np.array([xxhash.xxh3_64_intdigest(id, _SAMPLE_SEED) for id in batch["id"].to_pylist()], np.uint64)
    code = np.where(hashes < np.uint64(share * 2.0**64), KEEP, 0).astype(np.int16)
    chosen = Verdicts((NOT_IN_SAMPLE,), code, np.full(len(batch), np.nan, np.float32))
    own = batch.verdicts if batch.verdicts is not None else Verdicts.keep_all(len(batch))
    parts = [(own.is_kept, chosen[own.is_kept]), (~own.is_kept, own[~own.is_kept])]
    return batch.judged(cases.merged_verdicts(parts, len(batch)))
