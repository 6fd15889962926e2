"""What the terminal shows of documents by the values of a column."""

from __future__ import annotations

from typing import Any

from curate.cli import drawing
from curate.cli.console import OUT, Piece, many, quoted, styled

LEAST_SHARE = 0.01
"""A value is said to lose most only if this share of all documents have it."""


def print_groups(found: dict[str, Any], *, is_run: bool) -> None:
    """Print what `statistics.groups.count` found."""
    OUT.print(quoted(found["by"], "bold"), quoted(f": {found['about']}"))
    OUT.print(f"{many(found['documents'], 'document')}, {many(found['values'], 'different value')}")
    OUT.print()
    rows = [_row(_shown(group["value"]), group, found) for group in found["groups"]]
    if found["rest"]["values"]:
        rows.append(_row(f"{found['rest']['values']:,} others", found["rest"], found))
    tokens = ["kept tokens"] if found["tokens"] else []
    heads = ["value", "documents", "of all", "     kept", "kept share", *tokens, "why the others went"]
    shown = range(len(heads) if OUT.columns >= 96 else 5) if is_run else range(3)
    OUT.print_table([heads[k] for k in shown], [[row[k] for k in shown] for row in rows])
    if tokens and "kept tokens" in [heads[k] for k in shown]:
        OUT.print(styled(f"tokens: the sum of {found['tokens']} over the documents in which it was measured", "dim"))
    if n := found["not_in_sample"]:
        OUT.print(styled(f"{n:,} documents that are not in the sample of the recipe are not counted", "dim"))
    worst = min(_large(found), key=lambda group: (group["kept_share"], -group["documents"]), default=None)
    if is_run and worst is not None and len(found["groups"]) > 1:
        lost = worst["documents"] - worst["kept"]
        OUT.print("loses the largest share: ", quoted(_shown(worst["value"]), "bold"), f", {lost:,} of {worst['documents']:,}")  # fmt: skip


def _large(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [group for group in found["groups"] if group["documents"] >= LEAST_SHARE * found["documents"]]


def _row(value: str, group: dict[str, Any], found: dict[str, Any]) -> list[Piece]:
    tokens = [f"{group['tokens_kept']:>11,}"] if found["tokens"] else []
    reasons = ", ".join(f"{each['reason']} {each['documents']:,}" for each in group["reasons"])
    return [
        quoted(value),
        f"{group['documents']:>9,}",
        f"{drawing.share(group['documents'] / max(1, found['documents'])):>6}",
        f"{group['kept']:>9,}",
        f"{drawing.share(group['kept_share']):>10}",
        *tokens,
        quoted(reasons),
    ]


def _shown(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return "true" if value else "false"
    return drawing.number(value) if isinstance(value, float) else str(value)
