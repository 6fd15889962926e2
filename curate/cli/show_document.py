"""What the terminal shows of one document: whether it was kept, and the numbers that decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from curate.cli.console import OUT


def print_fate(found: Mapping[str, Any]) -> None:
    """Print whether a document was kept or dropped, as `fate.find` found it, and the values that decided it."""
    OUT.print(f"[bold]{escape(found['id'])}[/]  {escape(found.get('url') or '')}")
    if found["fate"] == "kept":
        OUT.print(escape(f"kept, in {found['file']} row {found['row']}"))
    else:
        OUT.print(f"dropped by {escape(found['stage'])}: {escape(found['reason'])}{_ground(found)}")
        broken = [rule for rule in found["failed"] if rule != f"{found['stage']} {found['reason']}"]
        if broken:
            OUT.print(escape(f"also broke: {', '.join(rule.removeprefix(found['stage'] + ' ') for rule in broken)}"))
        if found.get("kept_copy"):
            _print_kept_copy(found)
    for other in found["others"]:
        OUT.print(escape(f"also {other['id']}: {other['reason'] or other['fate']}"))
    if found["columns"]:
        OUT.print()
        for name, value in ((escape(name), value) for name, value in found["columns"].items()):
            OUT.print(f"  {name:<36} {value:.4g}" if isinstance(value, float) else f"  {name:<36} {escape(str(value))}")
    if found.get("text"):
        OUT.print(f"\n{escape(found['text'][:1500])}{' ...' if len(found['text']) > 1500 else ''}")


def _print_kept_copy(found: Mapping[str, Any]) -> None:
    copy = found["kept_copy"]
    where = "  (reference data)" if copy.get("is_reference") else f"  {copy.get('url') or ''}"
    OUT.print(f"the copy that was kept: {escape(copy['id'])}{escape(where)}")
    if "differences" not in found:
        return
    if not found["differences"]:
        OUT.print("word for word the same, as far as compared (4,000 words)")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(1, 3, 0, 0))
    table.add_column("this one", ratio=1, overflow="fold")
    table.add_column("the kept one", ratio=1, overflow="fold")
    for place in found["differences"]:
        table.add_row(*(_around(place, place[side]) for side in ("this", "other")))
    OUT.print(table)


def _around(place: Mapping[str, str], words: str) -> str:
    before, after = escape(place["before"]), escape(place["after"])
    return f"[dim]... {before}[/] [bold]{escape(words) if words else '(nothing)'}[/] [dim]{after} ...[/]"


def _ground(found: Mapping[str, Any]) -> str:
    """Return the value or the evidence for which a document was dropped."""
    if rule := found.get("rule"):
        bounds = [
            f"{word} {rule[key]:g}"
            for word, key in (("at least", "at_least"), ("at most", "at_most"))
            if rule[key] is not None
        ]
        return f"\n{rule['signal']} is {found['value']:.4g}, expected {' and '.join(bounds)}"
    value = "" if found["value"] is None else f" ({found['value']:g})"
    lists = f"  in {escape(', '.join(found['lists']))}" if found.get("lists") else ""
    return value + (f"  {escape(found['evidence'])}" if found.get("evidence") else "") + lists
