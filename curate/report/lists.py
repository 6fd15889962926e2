"""What lists removed: the share of each, and some of the documents. Stages count it as `listed_in NAME`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from curate.ledger import Ledger

COUNT = "listed_in "


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
        lists = [(name.removeprefix(COUNT), n) for name, n in entry.counts.items() if name.startswith(COUNT)]
        ordered = sorted(lists, key=lambda pair: (-pair[1], pair[0]))
        found += [Row(entry.stage, name, n, n / entry.n_in if entry.n_in else 0.0) for name, n in ordered]
    return found


def named(evidence: str | None) -> tuple[str, ...]:
    """Return the lists that the evidence of a drop names: `entry in list, list`."""
    return tuple((evidence or "").rpartition(" in ")[2].split(", ")) if evidence and " in " in evidence else ()


def lines(ledger: Ledger) -> Iterator[str]:
    """Yield what each list removed, as text."""
    found = rows(ledger)
    width = max((len(f"{row.stage}  {row.name}") for row in found), default=0)
    for row in found:
        label = f"{row.stage}  {row.name}"
        yield f"{label:<{width}} {row.n:>12,} {row.share:>8.2%}"


def section(ledger: Ledger, examples: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the part of the report about lists, with examples for each."""
    found = rows(ledger)
    if not found:
        return
    yield "<h2>What lists removed</h2>"
    yield "<p class=soft>Lists remove too much by nature: they know a site or a word, not the page. Of the documents that came to the stage; one on two lists counts for both. Unfold for examples.</p>"
    for row in found:
        yield f"<details><summary>{escape(row.stage)} · <b>{escape(row.name)}</b><span class=n>{row.n:,} ({row.share:.2%})</span></summary>"
        shown = [e for e in examples if e["stage"] == row.stage and row.name in named(e["evidence"])]
        for example in shown:
            yield f'<p class="id">{escape(example["url"] or example["id"])}<br>{escape(example["evidence"])}</p>'
            if example["text"]:
                yield f"<pre>{escape(example['text'][:300])}</pre>"
        yield "" if shown else "<p class=soft>None is at hand.</p>"
        yield "</details>"
