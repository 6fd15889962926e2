"""Documents by source and by language: how many there were, how many were kept, and why the others went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from curate.report.finished_run import FinishedRun
from curate.report.section import Section
from curate.report.sums import Fate

N_SHOWN = 15
"""Values that have a row of their own; the others share one."""

N_REASONS = 2
"""Reasons that are named for each value."""


class Groups(Section):
    """A table for each grouping that has more than one value."""

    name = "groups"
    template = "groups.html"

    def numbers(self, run: FinishedRun) -> Mapping[str, Any] | None:
        if run.sums is None:
            return None
        found = [_table(by, values) for by, values in run.sums.groups.items() if len(values) > 1]
        return {"groupings": found} if found else None


def _table(by: str, values: Mapping[str | None, Counter[Fate]]) -> dict[str, Any]:
    ordered = sorted(values.items(), key=lambda pair: (-pair[1].total(), pair[0] is None, pair[0] or ""))
    rest = sum((fates for _, fates in ordered[N_SHOWN:]), Counter())
    most = ordered[0][1].total()
    return {
        "by": by,
        "rows": [{"value": value, **_row(fates, most)} for value, fates in ordered[:N_SHOWN]],
        "n_others": max(0, len(ordered) - N_SHOWN),
        "others": _row(rest, most) if rest else None,
    }


def _row(fates: Counter[Fate], most: int) -> dict[str, Any]:
    n, kept = fates.total(), fates[None]
    reasons = sorted((-times, fate) for fate, times in fates.items() if fate is not None)
    return {
        "documents": n,
        "kept": kept,
        "share_kept": kept / n,
        "width_kept": min(1.0, kept / most),
        "width_dropped": min(1.0, n / most) - min(1.0, kept / most),
        "reasons": [{"stage": stage, "reason": reason, "n": -n} for n, (stage, reason) in reasons[:N_REASONS]],
    }


GROUPS = Groups()
