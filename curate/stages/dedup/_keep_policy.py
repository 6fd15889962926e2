"""Rank documents for `dedup`: a `keep` policy gives each a number, and of several copies the largest is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from curate.batch import Batch
from curate.batch.dates import instants
from curate.errors import SpecError, StageError

UNPARSED = "dates.unparsed"
"""The ledger's count of dates that are there and cannot be read."""

_WARNING = f"values of `date` that cannot be read as dates count as the oldest (the ledger counts them as {UNPARSED})"

LOWEST = np.iinfo(np.int64).min


def columns(keep: str | dict[str, str]) -> tuple[str, ...]:
    """Return the columns that a policy needs besides the text.

    `newest` does not need `date`: without that column all documents count as equally old.

    Raises:
        SpecError: a mapping other than `{best: <column>}`.
    """
    if isinstance(keep, str):
        return ()
    if set(keep) != {"best"}:
        raise SpecError(f"keep: expected newest, longest, first, none or {{best: <column>}}, got {keep!r}")
    return (keep["best"],)


@dataclass(frozen=True, slots=True)
class Ranks:
    """The ranks of documents under a policy.

    Args:
        order: int64[n]; of two copies the one with the larger number is kept; of equal ones, the first in the input.
        counts, warnings: of dates that cannot be read, as in `Emitted`.
    """

    order: np.ndarray
    counts: Mapping[str, int] = field(default_factory=dict)
    warnings: Mapping[str, str] = field(default_factory=dict)


def ranks(batch: Batch, keep: str | dict[str, str]) -> Ranks:
    """Rank the documents of a batch.

    Raises:
        StageError: the column of `{best: <column>}` does not contain numbers.
    """
    if isinstance(keep, dict):
        return Ranks(_of_numbers(batch, keep["best"]))
    if keep == "newest" and "date" in batch:
        dates = instants(batch["date"])
        if dates.n_unparsed:
            return Ranks(dates.values, {UNPARSED: dates.n_unparsed}, {_WARNING: dates.example})
        return Ranks(dates.values)
    if keep == "longest":
        return Ranks(np.diff(batch.text_buffers()[0]))
    return Ranks(np.zeros(len(batch), np.int64))


def _of_numbers(batch: Batch, column: str) -> np.ndarray:
    """Map numbers to int64 in the same order; null and NaN to the lowest."""
    try:
        values = np.asarray(batch.numbers(column), np.float64)
    except (TypeError, ValueError):
        raise StageError(
            f"keep: the column `{column}` is {batch[column].type}, expected numbers; name a numeric one"
        ) from None
    bits = (values + 0.0).view(np.int64)  # -0.0 becomes 0.0
    ordered = np.where(bits < 0, bits ^ np.int64(0x7FFFFFFFFFFFFFFF), bits)
    return np.where(np.isnan(values), LOWEST, ordered)
