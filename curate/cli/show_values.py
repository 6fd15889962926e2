"""How the terminal shows values of documents, and the bounds that they are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def number(value: Any) -> str:
    """Return a value in few digits: whole numbers in full, others with four."""
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def expected(bound: Mapping[str, Any]) -> str:
    """Return what a bound asks for: `at least 50 and at most 100,000`."""
    ends = (("at least", bound["at_least"]), ("at most", bound["at_most"]))
    said = " and ".join(f"{word} {number(end)}" for word, end in ends if end is not None)
    return said or ("a value" if bound.get("is_needed") else "anything")


def verdict(found: Mapping[str, Any]) -> str:
    """Return what became of a document, in short."""
    return "kept" if found["fate"] == "kept" else f"dropped by {found['stage']}: {found['reason']}"
