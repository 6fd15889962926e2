"""Why documents were dropped: each stage and reason with examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from curate.ledger import StageLedger
from curate.report.finished_run import FinishedRun
from curate.report.section import Section


class Reasons(Section):
    """One fold a stage and reason: how many it dropped, how many broke the rule at all, and what they look like."""

    name = "reasons"

    def html(self, run: FinishedRun) -> Iterator[str]:
        yield "<h2>Why documents were dropped</h2>"
        yield "<p class=soft>A document is counted under the first rule it broke; “broke it in all” counts every document that broke the rule. Unfold for examples.</p>"
        most = max((n for entry in run.ledger.stages for n in entry.dropped.values()), default=0)
        for entry in run.ledger.stages:
            for reason, n in sorted(entry.dropped.items(), key=lambda pair: (-pair[1], pair[0])):
                shown = [e for e in run.examples if (e["stage"], e["reason"]) == (entry.stage, reason)]
                yield from _reason(entry, reason, n, most, shown)


def _reason(entry: StageLedger, reason: str, n: int, most: int, shown: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    broke = entry.failed.get(reason, n)
    in_all = f", {broke:,} broke it in all" if broke != n else ""
    yield f'<details><summary>{escape(entry.stage)} · <b>{escape(reason)}</b><span class=n>{n:,}{in_all}</span><div class="bar lost" style="width:{n / most:.1%}"></div></summary>'
    for example in shown:
        yield f'<p class="id">{escape(example["id"])}{_ground(example)}<br>{escape(example["url"] or "")}</p>'
        if example["text"]:
            yield f"<pre>{escape(example['text'])}</pre>"
    if not shown:
        yield "<p class=soft>No example available.</p>"
    yield "</details>"


def _ground(example: Mapping[str, Any]) -> str:
    """Return what the decision is based on: the value, the evidence, the lists, the copy that was kept."""
    value = example["value"]
    parts = [
        "" if value is None or value != value else f"{value:g}",
        escape(example["evidence"] or ""),
        escape(f"in {', '.join(example['lists'])}" if example["lists"] else ""),
        escape(f"kept: {example['kept_id']}" if example["kept_id"] else ""),
    ]
    return "".join(f" · {part}" for part in parts if part)


REASONS = Reasons()
