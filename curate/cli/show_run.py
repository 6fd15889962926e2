"""What the terminal shows of a finished run: the funnel, why documents were dropped, and where the files are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.markup import escape

from curate.cli.console import OUT, wrapped
from curate.ledger import Ledger
from curate.report import duplicates, lists, published
from curate.report.funnel import balance, rows
from curate.runs import EVIDENCE, LEDGER, MANIFEST


def summary(url: str) -> dict[str, Any]:
    """Return the numbers of a finished run as JSON-like data.

    Args:
        url: the run folder.
    Raises:
        SpecError: there is no run in this folder, or it is not finished.
    """
    from curate.report.fate import finished

    folder = finished(url)
    manifest, ledger = folder.read_json(MANIFEST), folder.read_json(LEDGER)
    kept = {key: manifest[key] for key in ("name", "curate", "documents", "output_digest", "rejects_digest")}
    return {"run": url, **kept, "published": published.comparison(manifest, Ledger.from_json(ledger)), **ledger}


def print_run(url: str) -> None:
    """Print the funnel of a finished run, and where its files are."""
    from curate.report.fate import finished

    folder = finished(url)
    ledger = Ledger.from_json(folder.read_json(LEDGER))
    for line in funnel_lines(ledger):
        is_reasons = line.startswith(" ")
        OUT.print(escape(line), style="dim" if is_reasons else None)
    OUT.print(f"\n{balance(ledger)}\n")
    if removed := list(lists.lines(ledger)):
        OUT.print(
            escape("\n".join(["what lists removed, of what came to the stage", *(f"    {line}" for line in removed)]))
            + "\n"
        )
    manifest = folder.read_json(MANIFEST)
    if beside := published.comparison(manifest, ledger):
        OUT.print(f"published: {escape(beside['source'])}")
        OUT.print("\n".join([*map(escape, published.lines(beside)), *_indented(escape(beside["remarks"]))]))
        OUT.print()
    for label, told in manifest["told"].items():
        if "recall" in told:
            OUT.print("\n".join(filter(None, [label, *_indented(duplicates.precision(told), duplicates.recall(told))])))
            OUT.print()
    for warning in manifest["warnings"]:
        OUT.print(f"[bold]warning[/]  {escape(warning)}\n")
    base = folder.url.rstrip("/")
    OUT.print(f"  curated  {base}/data/\n  rejects  {base}/rejects/")
    for part in EVIDENCE:
        if folder.files(part):
            OUT.print(f"  evidence {base}/{part}/")
    OUT.print(f"  report   {base}/report.html")


def print_counts(url: str) -> None:
    """Print what the stages of a finished run counted besides the documents that they dropped."""
    from curate.report.fate import finished

    for line in counted_lines(Ledger.from_json(finished(url).read_json(LEDGER))):
        OUT.print(escape(line))


def _indented(*sentences: str) -> Iterator[str]:
    for sentence in filter(None, sentences):
        yield from wrapped(sentence.split(" "), "    ", joint="")


def funnel_lines(ledger: Ledger) -> Iterator[str]:
    """Yield the funnel as text: one line per stage, and below it the reasons for which it dropped documents."""
    table = list(rows(ledger))
    width = max([5, *(len(row.stage) for row in table)])
    yield f"{'stage':<{width}} {'in':>12} {'dropped':>12} {'out':>12} {'left':>7} {'seconds':>9}"
    for row in table:
        dropped = f"{row.n_dropped:,}" if row.n_dropped else ""
        yield f"{row.stage:<{width}} {row.n_in:>12,} {dropped:>12} {row.n_out:>12,} {row.share_left:>7.1%} {row.seconds:>9.1f}"
        yield from wrapped([f"{reason} {n:,}" for reason, n in row.reasons], "    ")


def counted_lines(ledger: Ledger) -> Iterator[str]:
    """Yield the counts of stages other than dropped documents, as text."""
    counted = [row for row in rows(ledger) if row.counts]
    if counted:
        yield "\nalso counted"
    for row in counted:
        yield f"  {row.stage}"
        yield from wrapped([f"{name} {n:,}" for name, n in row.counts], "    ")
