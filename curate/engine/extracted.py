"""The text of one dropped document, made again from its record by the stages that it passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from curate.batch import Batch
from curate.engine.tasks import sources, stage_runners
from curate.engine.tasks.recorder import TaskRecorder
from curate.errors import SpecError
from curate.plan import MapPhase
from curate.report import origin
from curate.report.origin import Origin
from curate.report.stored_document import KEEP_TEXTS, Document


def text_of(document: Document) -> str:
    """Return the text with which a dropped document came to the stage that dropped it.

    Raises:
        SpecError: it had no text there; or a later phase dropped it, whose documents are gone.
        InputError: the input is gone or has changed.
    """
    run, label = document.run, document.hit.row["stage"]
    first = origin.first_phase(run.folder)
    labels = [ref.label for ref in first.stages]
    if label in [source.stage.label for source in first.sources]:
        raise SpecError(
            f"{document.id} has no text: {label} dropped it ({document.hit.row['reason']}).  --raw prints its record."
        )
    if label not in labels:
        raise SpecError(
            f"the text of {document.id} is not kept, and cannot be made again: {label} decides in a later phase, and what the "
            f"phase before wrote down is gone.  {KEEP_TEXTS}"
        )
    for place in origin.origins(run.folder, run.manifest, document.id, document.hit.shard, run.modules):
        place.check_unchanged()
        for batch in _passed(first, place, document.id, labels.index(label)):
            if "text" in batch:
                return batch.texts()[0] or ""
            raise SpecError(f"{document.id} had no text yet when {label} dropped it.  --html prints its page.")
    raise SpecError(
        f"no record of the input has the id {document.id}; a stage of the recipe may have made this document."
    )


def _passed(phase: MapPhase, place: Origin, id: str, n_stages: int) -> Iterator[Batch]:
    """Yield the document as it comes out of the first stages of a phase."""
    recorder = TaskRecorder(None)
    shard = replace(place.shard, splits=(place.split,))
    born = sources.born(place.source, place.source.stage.open(phase.modules)(shard), recorder)
    mine = (one for batch in born for one in _with_id(batch, id))
    for batch in stage_runners.through(phase.stages[:n_stages], phase.modules, mine, recorder, place.shard.input):
        if len(batch):
            yield batch


def _with_id(batch: Batch, id: str) -> Iterator[Batch]:
    is_it = pc.equal(batch["id"], pa.scalar(id, batch["id"].type)).to_numpy(zero_copy_only=False)
    if is_it.any():
        yield batch.take(is_it)
