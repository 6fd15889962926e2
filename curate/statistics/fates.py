"""Fates of documents as numbers: which stage and which reason, read from the record a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

KEPT = -1
"""The number of a document that no stage dropped."""


class Codes:
    """Numbers for the values of a column with few of them: the same number in all batches.

    Args:
        known: values that have the numbers from 0 on.
    """

    def __init__(self, known: Sequence[Any] = ()):
        self.values: list[Any] = list(known)
        self._number = {value: number for number, value in enumerate(self.values)}

    def of(self, array: pa.Array) -> np.ndarray:
        """Return the number of each value, int64[n], -1 for null."""
        coded = pc.dictionary_encode(array)
        numbers = [self._of_value(value) for value in coded.dictionary.to_pylist()]
        at = pc.fill_null(coded.indices, len(numbers)).to_numpy(zero_copy_only=False)
        return np.array([*numbers, -1], np.int64)[at]

    def find(self, value: Any) -> int | None:
        """Return the number of a value; None if no batch had it."""
        return self._number.get(value)

    def _of_value(self, value: Any) -> int:
        if value is None:
            return -1
        if value not in self._number:
            self._number[value] = len(self.values)
            self.values.append(value)
        return self._number[value]


class BrokenRules:
    """Counts how many documents broke each rule, and how many of them broke only this one."""

    def __init__(self) -> None:
        self.names = Codes()
        self._broke, self._alone = np.zeros(0, np.int64), np.zeros(0, np.int64)

    def count(self, broken: pa.ListArray) -> None:
        """Add the documents of a batch: for each, the rules that it broke."""
        offsets = broken.offsets.to_numpy()
        codes = self.names.of(broken.values)
        codes = codes[offsets[0] : offsets[-1]]
        lengths = np.diff(offsets)
        singles = offsets[:-1][lengths == 1] - offsets[0]
        n = len(self.names.values)
        self._broke = _padded(self._broke, n) + np.bincount(codes, minlength=n)
        self._alone = _padded(self._alone, n) + np.bincount(codes[singles], minlength=n)

    def broke(self, rule: str) -> int:
        """Return how many documents broke a rule, `stage reason`."""
        return self._number(self._broke, rule)

    def alone(self, rule: str) -> int:
        """Return how many documents broke only this rule, of all those that judged them where they were dropped."""
        return self._number(self._alone, rule)

    def _number(self, counts: np.ndarray, rule: str) -> int:
        at = self.names.find(rule)
        return 0 if at is None else int(counts[at])


def _padded(counts: np.ndarray, n: int) -> np.ndarray:
    return np.concatenate([counts, np.zeros(n - len(counts), np.int64)])
