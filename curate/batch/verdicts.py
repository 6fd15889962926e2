"""Represent decisions: what a filter decided about each document of a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

KEEP = -1
"""The code of a verdict that keeps the document."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where documents are in a run: for each, its shard and its row within the shard.

    Args:
        shard, row: uint32[n].
    """

    shard: np.ndarray
    row: np.ndarray

    def __getitem__(self, rows: Any) -> Places:
        """Return the places of some rows: a slice, an index array or a mask."""
        return Places(self.shard[rows], self.row[rows])


@dataclass(frozen=True, slots=True)
class ListHits:
    """Which lists of a stage name each document.

    Args:
        names: of the lists.
        hits: bool[n, len(names)].
    """

    names: tuple[str, ...]
    hits: np.ndarray

    def __getitem__(self, rows: Any) -> ListHits:
        """Return the hits of some rows: a slice, an index array or a mask."""
        return ListHits(self.names, self.hits[rows])

    def of(self, row: int) -> list[str]:
        """Return the names of the lists that name one document."""
        return [self.names[k] for k in np.flatnonzero(self.hits[row])]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What a filter decided about each row of a batch.

    Args:
        reasons: the reasons for which this filter drops documents, in snake_case; each names a visible defect.
        code: int16[n], the index in `reasons` of the first rule that failed, or -1 to keep the document.
        value: float32[n], the measurement that decided (NaN where there is none).
        evidence: what the decision is based on, one string a row, null where there is none (a matched word).
        failed: bool[n, len(reasons)], every rule that failed, where the filter knows more than the first.
        kept_copy: for each dropped row, the place of the document that was kept instead; other rows are ignored.
        lists: for each dropped row, the lists that it was dropped for; other rows are ignored.
    """

    reasons: tuple[str, ...]
    code: np.ndarray
    value: np.ndarray
    evidence: Sequence[str | None] | None = None
    failed: np.ndarray | None = None
    kept_copy: Places | None = None
    lists: ListHits | None = None

    @classmethod
    def keep_all(cls, n: int) -> Verdicts:
        """Return verdicts that keep all `n` documents."""
        return cls((), np.full(n, KEEP, np.int16), np.full(n, np.nan, np.float32))

    @classmethod
    def of(cls, reasons: Sequence[str | None], value: Sequence[float] | None = None, evidence=None) -> Verdicts:
        """Build verdicts from one reason per row (None keeps the document)."""
        names = tuple(sorted({reason for reason in reasons if reason is not None}))
        index = {reason: i for i, reason in enumerate(names)}
        code = np.array([KEEP if reason is None else index[reason] for reason in reasons], np.int16)
        number = np.full(len(code), np.nan, np.float32) if value is None else np.asarray(value, np.float32)
        return cls(names, code, number, evidence)

    def __len__(self) -> int:
        return len(self.code)

    def __getitem__(self, rows: Any) -> Verdicts:
        """Return the verdicts about some rows: a slice, an index array or a mask."""
        evidence = None if self.evidence is None else [self.evidence[i] for i in np.arange(len(self))[rows]]
        optional = (None if each is None else each[rows] for each in (self.failed, self.kept_copy, self.lists))
        return Verdicts(self.reasons, self.code[rows], self.value[rows], evidence, *optional)

    @property
    def is_kept(self) -> np.ndarray:  # bool[n]
        return self.code == KEEP
