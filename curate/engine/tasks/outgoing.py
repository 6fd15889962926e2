"""Documents on their way out: counted, with the columns that the recipe chose, and with dates as timestamps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from curate.batch import Batch, same_schema
from curate.batch.dates import OLDEST, instants
from curate.ledger import StageLedger
from curate.plan import Output

DATE = "date"
"""The core column that becomes a timestamp."""

TIMESTAMP = pa.timestamp("us", tz="UTC")
"""The type of dates in the output."""

UNREADABLE_DATE = "unreadable_date"
"""What the ledger calls a date that cannot be read, which is null in the output."""

FIRST, LAST = -62_135_596_800_000_000, 253_402_300_799_999_999
"""The microseconds since 1970 of the years 1 to 9999: Python and most other readers have no dates outside of them."""


def through(output: Output, batches: Iterator[Batch], entry: StageLedger) -> Iterator[Batch]:
    """Yield the documents that come out of a run, as the sink gets them.

    Args:
        batches: with all their columns.
        entry: of the sink in the ledger.

    Raises:
        StageError: the columns differ between batches.
    """
    for batch in same_schema(batches, f"the columns before {output.label}"):
        entry.n_in += len(batch)
        entry.n_out += len(batch)
        entry.bytes_in += batch.n_bytes
        entry.bytes_out += batch.n_bytes
        yield _with_columns(output, batch, entry)


def _with_columns(output: Output, batch: Batch, entry: StageLedger) -> Batch:
    chosen = output.columns(batch.names)
    arrays = [_timestamps(batch[name], entry) if name == DATE else batch[name] for name in chosen]
    return Batch(pa.RecordBatch.from_arrays(arrays, names=list(chosen.values())))


def _timestamps(dates: pa.Array, entry: StageLedger) -> pa.Array:
    """Return dates as timestamps; those that cannot be read are null, and counted."""
    if not pa.types.is_string(dates.type):
        return dates
    found = instants(dates)
    is_outside = (found.values < FIRST) | (found.values > LAST)
    n_unreadable = found.n_unparsed + int((is_outside & (found.values != OLDEST)).sum())
    if n_unreadable:
        entry.counts[UNREADABLE_DATE] = entry.counts.get(UNREADABLE_DATE, 0) + n_unreadable
    return pa.array(np.where(is_outside, 0, found.values), pa.int64(), mask=is_outside).cast(TIMESTAMP)
