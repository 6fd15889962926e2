"""The numbers of a comparison: documents gained, lost and moved, by reason, source and language, and what they measure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.statistics.difference.fates import KEPT, Fates, Names
from curate.statistics.difference.pairing import Pairs, pair

GAINED, LOST, MOVED = "gained", "lost", "moved"
KINDS = (GAINED, LOST, MOVED)
"""Kinds of change: dropped in A and kept in B; kept in A and dropped in B; dropped in both, for another reason."""


@dataclass(frozen=True, slots=True)
class Group:
    """The documents that changed in one way.

    Args:
        kind: `GAINED`, `LOST` or `MOVED`.
        before, after: (stage, reason) in A and in B; (None, None) if it was kept.
        a, b: rows of examples in both runs, those with the lowest hashes of ids.
    """

    kind: str
    before: tuple[str | None, str | None]
    after: tuple[str | None, str | None]
    n: int
    a: np.ndarray
    b: np.ndarray


class Difference:
    """The documents of two runs, A and B, compared.

    Args:
        a, b: what became of them, with numbers of the same `names`.
    """

    def __init__(self, a: Fates, b: Fates, names: Names):
        self.a, self.b, self.names = a, b, names
        self.pairs: Pairs = pair((a.keys, b.keys), (a.fate, b.fate))
        before, after = a.fate[self.pairs.a], b.fate[self.pairs.b]
        self._is = {
            "kept": (before == KEPT) & (after == KEPT),
            GAINED: (before != KEPT) & (after == KEPT),
            LOST: (before == KEPT) & (after != KEPT),
            MOVED: (before != KEPT) & (after != KEPT) & (before != after),
        }
        self._before, self._after = before, after

    def counts(self) -> dict[str, Any]:
        """Return how many documents are kept in both runs, gained, lost, moved, dropped alike, and in one run only."""
        changed = {kind: int(mask.sum()) for kind, mask in self._is.items()}
        return {
            "compared": len(self.pairs.a), **changed, "dropped": len(self.pairs.a) - sum(changed.values()),
            "only_a": _fates_of(self.a, self.pairs.only_a), "only_b": _fates_of(self.b, self.pairs.only_b),
            "repeated_ids": {"ids": self.pairs.n_repeated, "documents": self.pairs.n_rows},
        }  # fmt: skip

    def groups(self, examples: int) -> list[Group]:
        """Return the documents that changed, by kind and reason: gained, lost, moved, the largest groups of each first.

        Args:
            examples: how many rows to return of each group.
        """
        names, n = self.names.fates.values, len(self.names.fates.values)
        found = []
        for kind in KINDS:
            rows = np.flatnonzero(self._is[kind])
            change = self._before[rows].astype(np.int64) * n + self._after[rows]
            for code, count in enumerate(np.bincount(change, minlength=1).tolist()):
                if count:
                    chosen = self._lowest(rows[change == code], examples)
                    a, b = self.pairs.a[chosen], self.pairs.b[chosen]
                    found.append(Group(kind, names[code // n], names[code % n], count, a, b))
        return sorted(found, key=lambda group: (KINDS.index(group.kind), -group.n))

    def _lowest(self, pairs: np.ndarray, most: int) -> np.ndarray:
        """Return the pairs whose ids hash lowest: the same ones however the documents are divided over shards."""
        hashes = self.a.keys[self.pairs.a[pairs], 0]
        few = np.argpartition(hashes, most - 1)[:most] if 0 < most < len(pairs) else np.arange(min(most, len(pairs)))
        return pairs[few[np.argsort(hashes[few])]]

    def by(self, column: str) -> list[dict[str, Any]]:
        """Return for each value of a column how many documents are kept in A and B, gained and lost; the most changed first.

        Args:
            column: `source` or `language`. A document that has none in one run, as it was dropped before, has that of the
                other.
        """
        numbers, of_a, of_b = {
            "source": (self.names.sources, self.a.source, self.b.source),
            "language": (self.names.languages, self.a.language, self.b.language),
        }[column]
        values = numbers.values
        none = numbers.of(None) if None in values else -1
        in_a, in_b = of_a[self.pairs.a], of_b[self.pairs.b]
        of_pair = np.where(in_b == none, in_a, in_b)
        counted = {
            "kept_a": of_pair[self._before == KEPT], "kept_b": of_pair[self._after == KEPT],
            **{kind: of_pair[self._is[kind]] for kind in (GAINED, LOST, MOVED)},
        }  # fmt: skip
        table = {name: np.bincount(found, minlength=len(values)) for name, found in counted.items()}
        rows = [
            {column: value, **{name: int(counts[k]) for name, counts in table.items()}}
            for k, value in enumerate(values)
            if any(counts[k] for counts in table.values())
        ]
        return sorted(
            rows, key=lambda row: (-row[GAINED] - row[LOST], -row["kept_a"], row[column] is None, row[column])
        )

    def shift(self, column: str) -> dict[str, Any]:
        """Return the sums of a measured column over kept documents, and what of the difference is due to which documents.

        `changed` and `n_changed` are about documents that are kept in both runs and measure otherwise.
        """
        a, b = self.a.sizes[column], self.b.sizes[column]
        both = np.flatnonzero(self._is["kept"])
        change = b[self.pairs.b[both]].astype(np.float64) - a[self.pairs.a[both]]
        parts = {
            GAINED: _sum(b[self.pairs.b[self._is[GAINED]]]), LOST: _sum(a[self.pairs.a[self._is[LOST]]]),
            "changed": _sum(change), "n_changed": int(np.count_nonzero(np.nan_to_num(change))),
        }  # fmt: skip
        kept_a, kept_b = a[self.a.fate == KEPT], b[self.b.fate == KEPT]
        unknown = int(np.isnan(kept_a).sum() + np.isnan(kept_b).sum())
        return {"a": _sum(kept_a), "b": _sum(kept_b), **parts, "not_measured": unknown}


def _sum(values: np.ndarray) -> int:
    return round(float(np.nansum(values, dtype=np.float64)))


def _fates_of(run: Fates, rows: np.ndarray) -> dict[str, int]:
    kept = int((run.fate[rows] == KEPT).sum())
    return {"kept": kept, "dropped": len(rows) - kept}
