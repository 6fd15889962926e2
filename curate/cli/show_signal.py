"""What the terminal shows of one column: its values by fate, and what each rule on it costs."""

from __future__ import annotations

from typing import Any

from curate.cli import drawing
from curate.cli.console import OUT, quoted, styled

_PERCENTILES = ("lowest", "p5", "p25", "p50", "p75", "p95", "highest", "mean")
_FEW = ("p5", "p50", "p95")


def print_signal(found: dict[str, Any]) -> None:
    """Print what `statistics.signal.study` found."""
    OUT.print(quoted(found["column"], "bold"), quoted(f": {found['about']}"))
    without = found["documents"] - found["measured"]
    OUT.print(f"{found['documents']:,} documents; {found['measured']:,} have a value, {without:,} have none (they did not come that far, or it means nothing for them)")  # fmt: skip
    OUT.print()
    _print_values(found)
    _print_rules(found)


def _print_values(found: dict[str, Any]) -> None:
    names = _PERCENTILES if OUT.columns >= 118 else _FEW
    bounds = {value for value in found["edges"] if value in set(found["bounds"])}
    rows = []
    for fate in found["fates"]:
        if not fate["documents"] and fate["stage"]:
            continue
        style = drawing.KEPT if fate["fate"] == "kept" else drawing.DROPPED
        rows.append([
            quoted(f"by {fate['stage']}" if fate["stage"] else fate["fate"]),
            f"{fate['documents']:>9,}",
            *(f"{drawing.number(fate[name]):>7}" for name in names),
            drawing.histogram(fate["shares"], found["edges"], bounds, style),
        ])  # fmt: skip
    heads = ["", "documents", *(f"{'median' if name == 'p50' else name:>7}" for name in names), ""]
    OUT.print_table(heads, rows)
    OUT.print()


def _print_rules(found: dict[str, Any]) -> None:
    if not found["rules"]:
        OUT.print("No rule compares it.")
        return
    heads = ["bound", "broke it", "of all", "first", "alone", "rule"]
    rows = [
        [
            drawing.bounds(rule), f"{rule['broke']:>9,}", f"{drawing.share(rule['broke'] / max(1, found['documents'])):>6}",
            f"{rule['first']:>9,}", f"{rule['alone']:>9,}", quoted(f"{rule['stage']} {rule['reason']}"),
        ]
        for rule in found["rules"]
    ]  # fmt: skip
    OUT.print_table(heads, rows)
    OUT.print(styled("first: dropped for this rule, as the first that was broken.  alone: broke no other rule of those that judged it;", "dim"))  # fmt: skip
    OUT.print(styled("later stages never saw it, so some of these would be dropped there.", "dim"))
