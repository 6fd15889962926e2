"""Documents by source, language and so on: how many there were, how many were kept, and why the others went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from curate.report import measured
from curate.report.finished_run import FinishedRun
from curate.report.measured import Group
from curate.report.section import Section
from curate.statistics.run_statistics import GROUPED_BY

N_SHOWN = 15
"""Values that have a row of their own; the others share one."""

N_REASONS = 2
"""Reasons that are named for each value."""


class Groups(Section):
    """A table for each column that documents are grouped by and that has more than one value."""

    name = "groups"
    template = "groups.html"

    def numbers(self, run: FinishedRun) -> Mapping[str, Any] | None:
        found = [(by, list(measured.groups(run, by))) for by in GROUPED_BY]
        tables = [_table(by, groups) for by, groups in found if len(groups) > 1]
        return {"groupings": tables, "tokens": run.statistics.tokens} if tables else None


def _table(by: str, groups: Sequence[Group]) -> dict[str, Any]:
    told_apart = [group for group in groups if not group.is_rest]
    shown = told_apart[:N_SHOWN]
    others = [group for group in groups if group not in shown]
    most = max(group.n for group in groups)
    return {
        "by": by,
        "has_bytes": any(group.all.n_bytes for group in groups),
        "has_tokens": any(group.all.tokens for group in groups),
        "rows": [{"value": group.value, **_row([group], most)} for group in shown],
        "n_others": len(told_apart) - len(shown),
        "are_more": len(told_apart) < len(groups),
        "others": _row(others, most) if others else None,
    }


def _row(groups: Sequence[Group], most: int) -> dict[str, Any]:
    """Return the numbers of some groups together; bars are as wide as that of the largest group at most."""
    n, kept = sum(group.n for group in groups), sum(group.kept.documents for group in groups)
    reasons: Counter[tuple[str, str]] = Counter()
    for group in groups:
        reasons.update(group.reasons)
    ordered = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    scale = max(most, n)
    return {
        "documents": n,
        "kept": kept,
        "share_kept": kept / n,
        "bytes_kept": sum(group.kept.n_bytes for group in groups),
        "tokens_kept": sum(group.kept.tokens for group in groups),
        "width_kept": kept / scale,
        "width_dropped": (n - kept) / scale,
        "reasons": [{"stage": stage, "reason": reason, "n": times} for (stage, reason), times in ordered[:N_REASONS]],
    }


GROUPS = Groups()
