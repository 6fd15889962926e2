"""What lists removed: the share of each list, and some of the documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from curate.ledger import Ledger
from curate.report.finished_run import FinishedRun
from curate.report.section import Section


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

    def html(self, run: FinishedRun) -> Iterator[str]:
        found = rows(run.ledger)
        if not found:
            return
        yield "<h2>What lists removed</h2>"
        yield "<p class=soft>Lists remove too much by nature: they know a site or a word, not the page. Shares are of the documents that came to the stage; a document on two lists counts for both. Unfold for examples.</p>"
        for row in found:
            yield f"<details><summary>{escape(row.stage)} · <b>{escape(row.name)}</b><span class=n>{row.n:,} ({row.share:.2%})</span></summary>"
            shown = [e for e in run.examples if e["stage"] == row.stage and row.name in (e["lists"] or ())]
            for example in shown:
                yield f'<p class="id">{escape(example["url"] or example["id"])}<br>{escape(example["evidence"] or "")}</p>'
                if example["text"]:
                    yield f"<pre>{escape(example['text'][:300])}</pre>"
            yield "" if shown else "<p class=soft>No example available.</p>"
            yield "</details>"

    def lines(self, run: FinishedRun) -> Iterator[str]:
        found = rows(run.ledger)
        labels = [f"{row.stage}  {row.name}" for row in found]
        if found:
            yield "what lists removed, of what came to the stage"
        for label, row in zip(labels, found, strict=True):
            yield f"    {label:<{max(map(len, labels))}} {row.n:>12,} {row.share:>8.2%}"


LISTS = Lists()
