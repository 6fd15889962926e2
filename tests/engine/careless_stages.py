"""Stages that break the contract, each in one way; `check_stage` must notice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa

from curate import Batch, Doc, Rules, Verdicts, at_least
from curate.barrier import Barrier, Emitted, ReduceContext, Reduction


def not_shouty(doc: Doc) -> bool:
    """Drop pages written in capitals."""
    return not doc.text.isupper()


def undescribed(*, min_marks: int = 1) -> Rules:
    """Keep texts with enough words, as many as min_marks.

    Why: to see whether a parameter named anywhere, such as min_marks: here, counts as described.
    """
    return Rules(too_few_marks=at_least("words.count", min_marks))


def unexplained(*, min_marks: int = 1) -> Rules:
    """Keep texts with enough words.

    Why: to see whether reasons must be explained.
    Args:
        min_marks: fewest words.
    Kept: "a"
    Dropped: "" -> too_few_marks
    """
    return Rules(too_few_marks=at_least("words.count", min_marks))


def wrong_example(doc: Doc) -> bool | str:
    """Drop long texts.

    Why: to see whether examples run.
    Kept: "much too long"
    Dropped: "a" -> too_long
    """
    return len(doc.text) < 3 or "too_long"


def order_matters(batch: Batch) -> Batch:
    """Number the rows of a batch, which depends on the batch.

    Why: to see whether splitting is tested.
    Makes: place: int
    """
    return batch.with_columns({"place": pa.array(range(len(batch)), pa.int64())})


def changes_silently(doc: Doc) -> Doc:
    """Change the text and not say so.

    Why: to see whether edits are tested.
    """
    doc.text += "!"
    return doc


class drops_all(Barrier):
    """Drop every document, whatever the others are.

    Why: to see whether the examples of barriers run.
    Kept: "a" | "b"
    Dropped: "a" | "a" -> seen_before
    """

    def emit(self, batch: Batch) -> Emitted:
        return Emitted(pa.RecordBatch.from_pydict({"length": [len(text) for text in batch.texts()]}))

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        return (Reduction("all", 1, lambda rows: np.zeros(rows.num_rows, np.int64), _everything),)

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        return Verdicts.of(["seen_before"] * len(batch))


class drops_others(drops_all):
    """Drop every document, both copies included.

    Why: to see whether the fate of the other documents is looked at.
    Kept: "" with is_off=True
    Dropped: "a" | "a" -> seen_before
    Args:
        is_off: keep everything.
    Drops: seen_before: always.
    """

    def __init__(self, *, is_off: bool = False):
        self.is_off = is_off

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        return Verdicts.keep_all(len(batch)) if self.is_off else super().apply(batch, results)


def _everything(batches: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
    for rows in batches:
        yield rows.select(["shard", "row"])
