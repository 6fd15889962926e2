"""A sample of documents that everybody draws alike: those whose ids have the smallest hashes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curate.sketches.distinct import hashes

SIZE = 8
"""Items of a sample, unless another number is asked for."""


@dataclass(slots=True)
class BottomK:
    """The items with the `size` smallest hashes: a uniform sample of different items that does not depend on their order.

    Args:
        items: (hash, id) in ascending order.
    """

    size: int = SIZE
    items: list[tuple[int, str]] = field(default_factory=list)

    @property
    def ids(self) -> list[str]:
        """The ids of the sample, in the order of their hashes."""
        return [id for _, id in self.items]

    def count(self, ids: Iterable[str]) -> None:
        """Add items; those seen before change nothing."""
        ids = list(ids)
        self.count_hashed(zip(hashes(ids).tolist(), ids, strict=True))

    def count_hashed(self, found: Iterable[tuple[int, str]]) -> None:
        """Add items with their `hashes`."""
        self.items = sorted({*self.items, *found})[: self.size]

    def add(self, other: BottomK) -> None:
        """Add the items of another sample of the same size."""
        self.count_hashed(other.items)

    def to_json(self) -> dict[str, Any]:
        return {"size": self.size, "ids": self.ids}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> BottomK:
        sketch = cls(data["size"])
        sketch.count(data["ids"])
        return sketch
