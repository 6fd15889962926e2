"""The most frequent values of a column, and what was counted for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

CAPACITY = 1024
"""Values that are counted separately, unless another number is asked for."""

Counts = dict[str, list[int]]
"""What was counted for one value: outcome -> numbers, the first of which is the number of documents."""


@dataclass(slots=True)
class HeavyHitters:
    """Documents by the values of a column: exact while there are at most `capacity` values.

    With more values, the rarest ones go into `rest`. A value that came back later then has fewer documents here than in
    truth, by at most `error`, which is at most `n / (capacity + 1)`. So every value with more documents than that is here.

    Args:
        weights: value -> its counter; at most the number of its documents.
        counts: value -> outcome -> numbers of documents, and whatever else is added up.
        rest: the same, for all values that are not counted separately.
        error: documents that a value may have beyond those counted for it; 0 means that everything is exact.

    Source:
        Misra and Gries, Finding repeated elements (1982), merged as in Agarwal et al., Mergeable summaries (2013).
    """

    capacity: int = CAPACITY
    weights: dict[str | None, int] = field(default_factory=dict)
    counts: dict[str | None, Counts] = field(default_factory=dict)
    rest: Counts = field(default_factory=dict)
    error: int = 0

    @property
    def n(self) -> int:
        """The number of documents."""
        return sum(numbers[0] for counts in (*self.counts.values(), self.rest) for numbers in counts.values())

    @property
    def is_exact(self) -> bool:
        """Whether all values are here, with all their documents."""
        return not self.error

    def documents(self, value: str | None) -> int:
        """Return how many documents were counted for a value; 0 if it is not counted separately."""
        return sum(numbers[0] for numbers in self.counts.get(value, {}).values())

    def count(self, value: str | None, outcome: str, numbers: Sequence[int]) -> None:
        """Add documents of one value and outcome, without making room; call `reduce` after the last one.

        Args:
            numbers: the number of documents, then anything else; always as many.
        """
        self.weights[value] = self.weights.get(value, 0) + numbers[0]
        _add(self.counts.setdefault(value, {}), {outcome: numbers})

    def add(self, other: HeavyHitters) -> None:
        """Add the counts of another sketch of the same capacity."""
        for value, weight in other.weights.items():
            self.weights[value] = self.weights.get(value, 0) + weight
            _add(self.counts.setdefault(value, {}), other.counts[value])
        _add(self.rest, other.rest)
        self.error += other.error
        self.reduce()

    def reduce(self) -> None:
        """Let go of the rarest values, if there are more than there is room for."""
        if len(self.weights) <= self.capacity:
            return
        least = sorted(self.weights.values(), reverse=True)[self.capacity]
        self.error += least
        for value in [value for value, weight in self.weights.items() if weight <= least]:
            del self.weights[value]
            _add(self.rest, self.counts.pop(value))
        self.weights = {value: weight - least for value, weight in self.weights.items()}

    def to_json(self) -> dict[str, Any]:
        order = sorted(self.weights, key=lambda value: (-self.documents(value), value is not None, value or ""))
        return {
            "capacity": self.capacity, "error": self.error, "rest": dict(sorted(self.rest.items())),
            "values": [
                {"value": value, "weight": self.weights[value], "counts": dict(sorted(self.counts[value].items()))}
                for value in order
            ],
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> HeavyHitters:
        rows = data["values"]
        return cls(
            data["capacity"], {row["value"]: row["weight"] for row in rows},
            {row["value"]: _copied(row["counts"]) for row in rows}, _copied(data["rest"]), data["error"],
        )  # fmt: skip


def _add(mine: Counts, theirs: Mapping[str, Sequence[int]]) -> None:
    for outcome, numbers in theirs.items():
        so_far = mine.get(outcome)
        mine[outcome] = list(numbers) if so_far is None else [a + b for a, b in zip(so_far, numbers, strict=True)]


def _copied(counts: Mapping[str, Sequence[int]]) -> Counts:
    return {outcome: list(numbers) for outcome, numbers in counts.items()}
