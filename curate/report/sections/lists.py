"""What lists removed: the share of each list, and some of the documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curate.ledger import Ledger
from curate.report.finished_run import FinishedRun
from curate.report.section import Section

N_CHARACTERS = 300
"""What is shown of a text."""


@dataclass(frozen=True, slots=True)
class Row:
    """One list of one stage.

    Args:
        n: documents that the list had a part in dropping; one on two lists counts for both.
        share: of the documents that came to the stage.
    """

    stage: str
    name: str
    n: int
    share: float


def rows(ledger: Ledger) -> list[Row]:
    """Return a row for each list, stage after stage, the one that removed most first."""
    found = []
    for entry in ledger.stages:
        ordered = sorted(entry.listed.items(), key=lambda pair: (-pair[1], pair[0]))
        found += [Row(entry.stage, name, n, n / entry.n_in if entry.n_in else 0.0) for name, n in ordered]
    return found


class Lists(Section):
    """One fold a list, with examples."""

    name = "lists"
    template = "lists.html"

    def numbers(self, run: FinishedRun) -> Mapping[str, Any] | None:
        found = [
            {"stage": row.stage, "list": row.name, "n": row.n, "share": row.share, "examples": _examples(run, row)}
            for row in rows(run.ledger)
        ]
        return {"lists": found} if found else None

    def lines(self, run: FinishedRun) -> Iterator[str]:
        found = rows(run.ledger)
        labels = [f"{row.stage}  {row.name}" for row in found]
        if found:
            yield "what lists removed, of what came to the stage"
        for label, row in zip(labels, found, strict=True):
            yield f"    {label:<{max(map(len, labels))}} {row.n:>12,} {row.share:>8.2%}"


def _examples(run: FinishedRun, row: Row) -> list[dict[str, Any]]:
    return [
        {"place": each["url"] or each["id"], "evidence": each["evidence"], "text": (each["text"] or "")[:N_CHARACTERS]}
        for each in run.examples
        if each["stage"] == row.stage and row.name in (each["lists"] or ())
    ]


LISTS = Lists()
