"""What the terminal shows of one column: its values by fate, and what each rule on it costs."""

from __future__ import annotations

from typing import Any

from curate.cli import drawing
from curate.cli.console import OUT, Piece, many, quoted, styled

_PERCENTILES = ("lowest", "p5", "p25", "p50", "p75", "p95", "highest", "mean")
_FEW = ("p5", "p50", "p95")
_CALLED = {"p50": "median"}

_WIDE, _NARROW = 138, 104
"""From which width of the terminal on all percentiles fit beside a histogram; and below which histograms get their own lines."""


_EXPLAINED = (
    "first: dropped for this rule, as the first that was broken.",
    "alone: broke no other rule of those that judged it; later",
    "stages never saw it, and would drop some of these.",
)

_NO_VALUE = "they did not come that far, or it means nothing for them"


def print_signal(found: dict[str, Any], *, is_run: bool) -> None:
    """Print what `statistics.signal.study` found.

    Args:
        is_run: of a run; a data set has no fates and no rules.
    """
    OUT.print(quoted(found["column"], "bold"), quoted(f": {found['about']}"))
    without = found["documents"] - found["measured"]
    OUT.print(
        f"{found['documents']:,} documents; {found['measured']:,} have a value, {without:,} have none",
        f": {_NO_VALUE}" * bool(without and is_run),
    )
    if found["is_logarithmic"]:
        OUT.print("logarithmic bins: they widen to the right", style="dim")
    OUT.print()
    _print_values(found, is_run)
    if is_run:
        _print_rules(found)


def _print_values(found: dict[str, Any], is_run: bool) -> None:
    shown = [fate for fate in found["fates"] if fate["documents"] or fate["fate"] == "kept"]
    if not is_run:
        shown = [{**fate, "fate": "all"} for fate in shown]
    names = _PERCENTILES if OUT.columns >= _WIDE else _FEW
    if OUT.columns < _NARROW:
        for fate in shown:
            numbers = ", ".join(f"{_CALLED.get(name, name)} {drawing.number(fate[name]) or 'none'}" for name in names)
            OUT.print(_name(fate), f": {many(fate['documents'], 'document')}, {numbers}")
            OUT.print("  ", _drawn(found, fate))
        OUT.print()
        return
    heads = ["", "documents", *(f"{_CALLED.get(name, name):>7}" for name in names), ""]
    rows = [
        [_name(fate), f"{fate['documents']:>9,}", *(f"{drawing.number(fate[name]):>7}" for name in names), _drawn(found, fate)]
        for fate in shown
    ]  # fmt: skip
    OUT.print_table(heads, rows)
    OUT.print()


def _name(fate: dict[str, Any]) -> Piece:
    return quoted(f"by {fate['stage']}" if fate["stage"] else fate["fate"])


def _drawn(found: dict[str, Any], fate: dict[str, Any]) -> Piece:
    style = {"kept": drawing.KEPT, "all": ""}.get(fate["fate"], drawing.DROPPED)
    return drawing.histogram(fate["shares"], found["edges"], found["bounds"], style)


def _print_rules(found: dict[str, Any]) -> None:
    if not found["rules"]:
        OUT.print("No rule compares it.", style="dim")
        return
    n = max(1, found["documents"])
    if OUT.columns < _NARROW:
        for rule in found["rules"]:
            OUT.print(f"{drawing.bounds(rule)}  ", quoted(f"{rule['stage']} {rule['reason']}"))
            OUT.print(f"  broke it {rule['broke']:,} ({drawing.share(rule['broke'] / n)}), first {rule['first']:,}, alone {rule['alone']:,}")  # fmt: skip
    else:
        rows = [
            [
                drawing.bounds(rule), f"{rule['broke']:>9,}", f"{drawing.share(rule['broke'] / n):>6}", f"{rule['first']:>9,}",
                f"{rule['alone']:>9,}", quoted(f"{rule['stage']} {rule['reason']}"),
            ]
            for rule in found["rules"]
        ]  # fmt: skip
        OUT.print_table(["bound", " broke it", "of all", "    first", "    alone", "rule"], rows)
    for line in _EXPLAINED:
        OUT.print(styled(line, "dim"))
