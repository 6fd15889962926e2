"""Why documents were dropped: each stage and reason with examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.report import measured
from curate.report.finished_run import FinishedRun
from curate.report.section import Section


class Reasons(Section):
    """One fold a stage and reason, the most frequent first: how many it dropped, how many broke the rule at all, which rule
    that is, and what they look like."""

    name = "reasons"
    template = "reasons.html"

    def numbers(self, run: FinishedRun) -> Mapping[str, Any] | None:
        rules: dict[tuple[str, str], list[str]] = {}
        for rule in measured.thresholds(run):
            rules.setdefault((rule.stage, rule.reason), []).append(f"{rule.bound.signal} {rule.words}")
        found = [
            {
                "stage": entry.stage,
                "reason": reason,
                "n": n,
                "share": n / run.ledger.n_dropped,
                "broke": entry.failed.get(reason, n),
                "rules": rules.get((entry.stage, reason), []),
                "examples": _examples(run, entry.stage, reason),
            }
            for entry in run.ledger.stages
            for reason, n in sorted(entry.dropped.items())
            if n
        ]
        if not found:
            return None
        return {
            "n_dropped": run.ledger.n_dropped,
            "reasons": sorted(found, key=lambda each: -each["n"]),
            "most": max(each["share"] for each in found),
        }


def _examples(run: FinishedRun, stage: str, reason: str) -> list[dict[str, Any]]:
    """Return what is shown of some documents: where they are, their text, and the grounds of the decision."""
    return [
        {
            "id": example["id"],
            "url": example["url"],
            "text": example["text"],
            "value": _number(example["value"]),
            "evidence": example["evidence"],
            "lists": list(example["lists"] or ()),
            "kept_id": example["kept_id"],
        }
        for example in run.examples
        if (example["stage"], example["reason"]) == (stage, reason)
    ]


def _number(value: float | None) -> float | None:
    return None if value is None or value != value else value


REASONS = Reasons()
