"""What the terminal shows of one document: whether it was kept, and the numbers that decided."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from curate.cli.console import OUT, Piece, joined, many, quoted
from curate.cli.show_values import expected, number

LONGEST, LISTED = 1500, 12
"""Characters of a document's text that are shown, and remarks of a stage."""


def print_found(found: Mapping[str, Any], run: str) -> None:
    """Print what `fate.find` found in a run: one document, or a list of several."""
    if "documents" not in found:
        print_fate(found, run)
        return
    n, counts = sum(found["fates"].values()), ", ".join(f"{n:,} {fate}" for fate, n in found["fates"].items())
    OUT.print(quoted(f'"{found["asked"]}"'), f" {found['meaning']} {many(n, 'document')}: {counts}")
    for document in found["documents"]:
        OUT.print("  ", quoted(document["id"], "bold"), "  ", quoted(document["url"] or ""))
        OUT.print("      ", quoted(_in_short(document)), style="dim")
    if n > len(found["documents"]):
        OUT.print(f"  ... and {n - len(found['documents']):,} more")
    OUT.print(f"\nTo see one, give its id or its URL: curate explain {shlex.quote(run)} ID")
    if len({document["id"] for document in found["documents"]}) < len(found["documents"]):
        OUT.print("Of several with one id, add its number in this list, such as --number 2.")


def command(verb: str, run: str, what: str, options: str) -> str:
    """Return a command that a shell takes as it is printed; what `quoted` makes of control characters is understood, too."""
    words = f"{shlex.quote(run)} {shlex.quote(what)}"
    is_odd = run.startswith("-") or what.startswith("-")
    return f"curate {verb} {options} -- {words}" if is_odd else f"curate {verb} {words} {options}"


def _in_short(document: Mapping[str, Any]) -> str:
    return "kept" if document["fate"] == "kept" else f"dropped by {document['stage']}: {document['reason']}"


def print_fate(found: Mapping[str, Any], run: str = "RUN") -> None:
    """Print whether a document was kept or dropped, as `fate.find` found it, and the values that decided it.

    Args:
        run: its folder, for the commands that are named.
    """
    OUT.print(quoted(found["id"], "bold"), "  ", quoted(found.get("url") or ""))
    if found["fate"] == "kept":
        OUT.print(f"kept, in {found['file']} row {found['row']}")
    else:
        OUT.print("dropped by ", quoted(f"{found['stage']}: {found['reason']}"), *_ground(found))
        broken = [rule for rule in found["failed"] if rule != f"{found['stage']} {found['reason']}"]
        if broken:
            rules = ", ".join(rule.removeprefix(found["stage"] + " ") for rule in broken)
            OUT.print("also broke: ", quoted(rules))
        if found.get("kept_copy"):
            _print_kept_copy(found)
    for place, other in enumerate(found["others"], 2):
        OUT.print("also ", quoted(f"{other['id']}: {_in_short(other)}"))
        if other["id"] == found["id"]:
            OUT.print("     ", quoted(command("explain", run, found["asked"], f"--number {place}")))
    if found["n_others"] > len(found["others"]):
        OUT.print(f"also {found['n_others'] - len(found['others']):,} more")
    _print_columns(found)
    _print_remarks(found["remarks"])
    if place := found.get("origin"):
        OUT.print(f"\nread from {place['file']} by {place['source']}; its record there:")
        OUT.print("  ", quoted(command("show", run, found["id"], "--raw")))
    for note in found["notes"]:
        OUT.print(f"\nnote: {note}")
    if text := found.get("text"):
        OUT.print("\n", quoted(text[:LONGEST], lines=True), " ..." if len(text) > LONGEST else "")


def _print_columns(found: Mapping[str, Any]) -> None:
    """Print what is known of a document, a line for each column, and the bounds beside the values."""
    bounds: dict[str, list[Mapping[str, Any]]] = {}
    for bound in found["bounds"]:
        bounds.setdefault(bound["signal"], []).append(bound)
    if found["columns"]:
        OUT.print()
    for name, value in found["columns"].items():
        shown = f"  {name:<36} {f'{value:.4g}' if isinstance(value, float) else value}"
        beside = bounds.get(name, [])
        OUT.print(quoted(f"{shown:<48}" if beside else shown), *_beside(beside[:1]))
        for bound in beside[1:]:
            OUT.print(" " * 48, *_beside([bound]))


def _beside(bounds: Sequence[Mapping[str, Any]]) -> Iterator[Piece]:
    """Yield a bound, how far off it the value is, and whose it is."""
    for bound in bounds:
        off = (
            ""
            if bound["distance"] is None
            else f", {number(bound['distance'])} {'off' if bound['is_broken'] else 'to spare'}"
        )
        said = f"  {expected(bound)}{off}"
        whose = f"  {bound['stage']}: {bound['reason']}"
        mark = "  <- dropped for this" if bound["is_decisive"] else "  <- broken" if bound["is_broken"] else ""
        yield quoted(f"{said}{whose}{mark}", "bold" if bound["is_broken"] else "dim")


def _print_remarks(remarks: Sequence[Mapping[str, Any]]) -> None:
    """Print the remarks of stages, stage by stage; of a long list the beginning."""
    for stage, said in groupby(remarks, key=lambda each: each["stage"]):
        lines = [each["text"] for each in said]
        OUT.print("\n", quoted(f"{stage}:", "bold"))
        for line in lines[:LISTED]:
            OUT.print("  ", quoted(line))
        if len(lines) > LISTED:
            OUT.print(f"  ... and {len(lines) - LISTED:,} more; --json has all")


def _print_kept_copy(found: Mapping[str, Any]) -> None:
    copy = found["kept_copy"]
    where = "(reference data)" if copy.get("is_reference") else copy.get("url") or ""
    OUT.print("the copy that was kept: ", quoted(f"{copy['id']}  {where}"))
    if "differences" not in found:
        return
    if not found["differences"]:
        OUT.print("word for word the same, as far as compared (4,000 words)")
        return
    rows = [[_around(place, place[side]) for side in ("this", "other")] for place in found["differences"]]
    OUT.print_table(("this one", "the kept one"), rows, is_wide=True)


def _around(place: Mapping[str, str], words: str) -> Piece:
    before, after = quoted(f"... {place['before']} ", "dim"), quoted(f" {place['after']} ...", "dim")
    return joined(before, quoted(words or "(nothing)", "bold"), after)


def _ground(found: Mapping[str, Any]) -> Iterator[Piece]:
    """Yield the value or the evidence for which a document was dropped."""
    if rule := found.get("rule"):
        bounds = [
            f"{word} {rule[key]:g}"
            for word, key in (("at least", "at_least"), ("at most", "at_most"))
            if rule[key] is not None
        ]
        yield f"\n{rule['signal']} is {found['value']:.4g}, expected {' and '.join(bounds)}"
        return
    if found["value"] is not None:
        what = f" is {found['value_is']}" if found.get("value_is") else ""
        yield f" ({found['value']:g}{what})"
    if found.get("evidence"):
        yield quoted(f"  {found['evidence']}")
    if found.get("lists"):
        yield quoted(f"  in {', '.join(found['lists'])}")
