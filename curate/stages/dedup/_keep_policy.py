"""Rank documents for `dedup`: a `keep` policy gives each a number, and of several copies the largest is kept."""

from __future__ import annotations

import re

import numpy as np

from curate.batch import Batch
from curate.errors import SpecError, StageError

_ISO = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})[T ]?(?:(\d{2}):?(\d{2}):?(\d{2}))?")
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


def order(batch: Batch, keep: str | dict[str, str]) -> np.ndarray:
    """Return int64[n]: of two copies the one with the larger number is kept; of equal ones, the first in the input.

    Raises:
        StageError: the column of `{best: <column>}` does not contain numbers.
    """
    if isinstance(keep, dict):
        return _of_numbers(batch, keep["best"])
    if keep == "newest":
        dates = batch["date"].to_pylist() if "date" in batch else [None] * len(batch)
        return np.array([date_number(date) for date in dates], np.int64)
    if keep == "longest":
        return np.diff(batch.text_buffers()[0])
    return np.zeros(len(batch), np.int64)


def date_number(date: str | None) -> int:
    """Return an ISO date as a number in the same order; -1, the lowest, for a missing or unknown date."""
    match = _ISO.match(date or "")
    return int("".join(part or "00" for part in match.groups())) if match else -1


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
