"""`on_error: drop`: documents on which the function of a stage fails are dropped, each with the error as evidence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from curate.batch import CORE, Batch, Columns, Verdicts
from curate.engine.tasks.cases import merged
from curate.errors import CurateError, StageError

REASON = "function_failed"
"""The reason for which such a document is dropped."""

BAD_ANSWER = "errors.bad_answer"
"""The name under which the ledger counts answers that cannot be used."""

LONGEST = 500
"""Characters of an error that are kept as evidence."""


def evidence_of(error: Exception) -> str:
    """Return what the record of a document says of an error."""
    return f"{type(error).__name__}: {error}"[:LONGEST]


def count_of(error: Exception) -> str:
    """Return the name under which the ledger counts an error."""
    return f"errors.{type(error).__name__}"


def dropped_by(work: Callable[[Batch], Batch], columns: Columns) -> Callable[[Batch], Batch]:
    """Return a function that does the same work, and drops the documents on which it fails.

    A batch that fails is halved until the documents are found that fail alone.

    Args:
        work: what a stage does with a batch; it returns the same rows, with verdicts.
        columns: those that the stage declares.
    """

    def run(batch: Batch) -> Batch:
        try:
            return work(batch)
        except (CurateError, MemoryError):
            raise
        except Exception as error:
            if len(batch) < 2:
                return _dropped(batch, error, work, columns)
        half = len(batch) // 2
        rows = np.arange(len(batch))
        parts = [(each, run(batch.slice(int(each[0]), len(each)))) for each in (rows[:half], rows[half:])]
        return merged(parts, len(batch))

    return run


def _dropped(batch: Batch, error: Exception, work: Callable[[Batch], Batch], columns: Columns) -> Batch:
    """Return a batch of one document, dropped, with the columns that the stage would have made."""
    try:
        made = work(batch.slice(0, 0)).rows.schema
    except Exception:  # then the docstring has to say what it makes
        made = _declared(batch, columns)
    arrays = {
        name: batch[name] if name in batch else pa.nulls(len(batch), kind)
        for name, kind in zip(made.names, made.types, strict=True)
    }
    reasons, evidence = [REASON] * len(batch), [evidence_of(error)] * len(batch)
    dropped = Batch(pa.RecordBatch.from_pydict(arrays), Verdicts.of(reasons, evidence=evidence))
    return dropped.counted({count_of(error): len(batch)})


def _declared(batch: Batch, columns: Columns) -> pa.Schema:
    kept = [field for field in batch.rows.schema if field.name not in columns.removes]
    made = {name: CORE.get(name) or kind for name, kind in columns.makes.items() if name not in batch}
    for name, kind in made.items():
        if kind is None:
            raise StageError(f"the column `{name}` has no type; write it in the docstring: `Makes: {name}: float`")
    return pa.schema([*kept, *made.items()])
