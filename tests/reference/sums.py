"""Sums over the record of judgements, one document at a time: the slow twin of `curate.report.sums`."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any


def columns(rows: Iterable[Mapping[str, Any]], names: Iterable[str]) -> dict[str, dict[str | None, Counter[float]]]:
    """Return column -> stage that dropped them (None: kept) -> how many documents have each number."""
    found: dict[str, dict[str | None, Counter[float]]] = {name: defaultdict(Counter) for name in names}
    for row in rows:
        for name in found:
            if row[name] is not None and math.isfinite(row[name]):
                found[name][row["stage"]][row[name]] += 1
    return {name: dict(of_stage) for name, of_stage in found.items()}


def groups(rows: Iterable[Mapping[str, Any]], by: str) -> dict[str | None, Counter[tuple[str, str] | None]]:
    """Return value -> documents by stage and reason (None: kept)."""
    found: dict[str | None, Counter[tuple[str, str] | None]] = defaultdict(Counter)
    for row in rows:
        found[row[by]][None if row["stage"] is None else (row["stage"], row["reason"])] += 1
    return dict(found)
