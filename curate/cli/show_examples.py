"""What the terminal shows of documents near a bound: kept and dropped ones side by side, with what matched marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

from curate.cli import drawing
from curate.cli.console import OUT, Piece, joined, many, quoted, styled

LENGTH, AROUND = 420, 50
"""Characters of a text that are shown, and how many before and after a match."""

LINES = 12
"""Lines of a text that are shown."""

NARROW = 80
"""Below this width documents are shown one below the other."""


def print_examples(entries: Sequence[dict[str, Any]]) -> None:
    """Print what `statistics.examples` found."""
    for entry in entries:
        OUT.print(quoted(f"{entry['stage']} {entry['reason']}".strip(), "bold"), *_bounds(entry))
        OUT.print(
            f"marked: {entry['shows']}" if entry["shows"] else "nothing in a text shows it by itself", style="dim"
        )
        OUT.print("texts of kept documents are as they came out", style="dim")
        OUT.print()
        _print_sides(entry)


def _bounds(entry: dict[str, Any]) -> Iterator[Piece]:
    if entry["bounds"]:
        yield f"  {entry['column']} {drawing.bounds(entry)}"
    if parameter := entry.get("parameter"):
        yield f"  (set by {parameter})"


def _print_sides(entry: dict[str, Any]) -> None:
    passing = [_document(document, entry, drawing.KEPT) for document in entry["passing"]]
    breaking = [_document(document, entry, drawing.DROPPED) for document in entry["breaking"]]
    left, right = f"passes: {many(len(passing), 'document')}", f"breaks: {many(len(breaking), 'document')}"
    if not passing and not breaking:
        OUT.print("there is none\n")
    if OUT.columns >= NARROW and passing and breaking:
        OUT.print_table((left, right), list(zip_longest(passing, breaking, fillvalue="")), is_wide=True)
        return
    for head, side in ((left, passing), (right, breaking)):
        if side:
            OUT.print_table((head,), [[document] for document in side], is_wide=True)


def _document(document: dict[str, Any], entry: dict[str, Any], style: str) -> Piece:
    value = "" if document["value"] is None else f"{entry['column'] or 'value'} = {drawing.number(document['value'])}"
    pieces = [quoted(document["id"], "bold"), "\n"]
    if document["url"]:
        pieces += [quoted(document["url"], "dim"), "\n"]
    evidence = document["evidence"] if document["text"] is not None and not entry["bounds"] else None
    pieces += [quoted(", ".join(filter(None, (value, _fate(document, entry), evidence))), style), "\n"]
    return joined(*pieces, *_text(document, style))


def _fate(document: dict[str, Any], entry: dict[str, Any]) -> str:
    """Return what became of a document, if that is more than the table says."""
    if document["stage"] is None:
        return "kept"
    own = f"{entry['stage']} {entry['reason']}"
    others = [rule for rule in document["broken"] or () if rule != own]
    if f"{document['stage']} {document['reason']}" == own:
        return f"dropped; also broke {', '.join(others)}" if others else "dropped for this alone"
    return f"dropped by {document['stage']}: {document['reason']}"


def _text(document: dict[str, Any], style: str) -> Iterator[Piece]:
    if document["text"] is None:
        yield quoted(document["evidence"] or "the run has no text of it; with `rejects: text` it keeps all", "dim")
        return
    if document["is_earlier"]:
        yield quoted(f"(as it was after {document['where']})\n", "dim")
    left, right = ("", "") if OUT.has_colours else ("«", "»") if OUT.is_unicode else ("[[", "]]")
    for part, is_match in _parts(document["text"], document["spans"]):
        if part is None:
            yield styled(" ... ", "dim")
        elif is_match:
            yield joined(left, quoted(part, f"bold reverse {style}", lines=True), right)
        else:
            yield quoted(part, lines=True)


def _parts(text: str, spans: Sequence[Sequence[int]]) -> Iterator[tuple[str | None, bool]]:
    """Yield (part of a text, whether it is a match), from the first match on and in all about `LENGTH` characters long; None
    for what is left out."""
    at = max(0, spans[0][0] - AROUND) if spans else 0
    left, lines = LENGTH, LINES
    if at:
        yield None, False
    for start, end in [*spans, (len(text), len(text))]:
        gap = text[at:start]
        if len(gap) > 3 * AROUND and start < len(text):
            pieces = [(gap[:AROUND], False), (None, False), (gap[-AROUND:], False), (text[start:end], True)]
        else:
            pieces = [(gap, False), (text[start:end], True)]
        at = end
        for part, is_match in pieces:
            if part is None:
                yield None, False
                continue
            shown = "".join(part.splitlines(keepends=True)[:lines])[:left]
            left, lines = left - len(shown), lines - shown.count("\n")
            if shown:
                yield shown, is_match
            if len(shown) < len(part) or left <= 0 or lines <= 0:
                yield None, False
                return
