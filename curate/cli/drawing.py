"""Distributions as one line of blocks, numbers as people read them: what tables of statistics are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from curate.cli.console import OUT, Piece, joined, styled

BLOCKS, PLAIN_BLOCKS = " ▁▂▃▄▅▆▇█", " .,:;+*%#"
MARK, PLAIN_MARK = "│", "|"

KEPT, DROPPED = "green", "red"
"""Styles of what was kept, and of what was dropped."""


def histogram(shares: Sequence[float], edges: Sequence[float], bounds: Iterable[float], style: str) -> Piece:
    """Return a line with a block for each bin, as high as its share, and a mark at each bound.

    Args:
        shares: of the bins. edges: between the bins, one fewer. bounds: the edges that are marked.
    """
    blocks, mark = (BLOCKS, MARK) if OUT.is_unicode else (PLAIN_BLOCKS, PLAIN_MARK)
    most, marked = max(shares, default=0), set(bounds)
    pieces = []
    for k, share in enumerate(shares):
        level = 0 if not share else max(1, round((len(blocks) - 1) * share / most))
        pieces.append(styled(blocks[level], style))
        if k < len(edges) and edges[k] in marked:
            pieces.append(styled(mark, "bold"))
    return joined(*pieces)


def shortened(name: str, width: int) -> str:
    """Return a name that is cut in its middle if it is longer: names of one family differ at their ends."""
    if len(name) <= width:
        return name
    head = width // 3
    return f"{name[:head]}~{name[len(name) - (width - head - 1) :]}"


def number(value: float | None) -> str:
    """Return a number with three digits, thousands apart; "" for none."""
    if value is None:
        return ""
    if abs(value) >= 1e7 or 0 < abs(value) < 1e-3:
        return f"{value:.2g}"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def share(value: float | None) -> str:
    """Return a share as percents; "" for none."""
    if value is None:
        return ""
    return f"{value:.1%}" if value >= 0.001 or not value else "<0.01%" if value < 0.0001 else f"{value:.2%}"


def bound(described: Mapping[str, Any]) -> str:
    """Return a bound as `≥ 50`, with the condition of its case."""
    least, most = ("≥ ", "≤ ") if OUT.is_unicode else (">= ", "<= ")
    ends = [f"{sign}{number(described[name])}" for sign, name in ((least, "at_least"), (most, "at_most")) if described[name] is not None]  # fmt: skip
    if described["is_needed"]:
        ends.append("present")
    when = ", ".join(f"{column}: {' or '.join(map(str, values))}" for column, values in described.get("when", {}).items())  # fmt: skip
    return " and ".join(ends or ["any"]) + (f" ({when})" if when else "")


def bounds(rule: Mapping[str, Any]) -> str:
    """Return the bounds of a rule, one for each case; one that is the same in all cases without them."""
    bare = {bound({**each, "when": {}}) for each in rule["bounds"]}
    return (
        bare.pop() if len(bare) == 1 and not rule["bounds"][-1].get("when") else "; ".join(map(bound, rule["bounds"]))
    )
