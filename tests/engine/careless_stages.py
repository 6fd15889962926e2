"""Stages that break the contract, each in one way; `check_stage` must notice."""

from __future__ import annotations

import pyarrow as pa

from curate import Batch, Doc, Rules, at_least


def not_shouty(doc: Doc) -> bool:
    """Drop pages written in capitals."""
    return not doc.text.isupper()


def unexplained(*, min_marks: int = 1) -> Rules:
    """Keep texts with enough words.

    Why: min_marks is a reason.
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
