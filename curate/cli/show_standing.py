"""What the terminal says of how far a plan has been done, and of what its phases cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from curate.cli.console import many

HERE = "here"
"""What the run folder of the plan itself is called."""


def summary(standing: Any) -> dict[str, Any]:
    """Return how far a phase has been done, an `engine.standing.PhaseStanding`, as JSON-like data."""
    return {
        "done": {origin or HERE: n for origin, n in standing.done.items()},
        "is_done": standing.is_done,
        "task_seconds": None if standing.seconds is None else round(standing.seconds, 2),
        "measured_in": None if standing.seconds is None else standing.measured_in or HERE,
        "measured_with_other_parameters": standing.seconds is not None and not standing.is_same,
    }


def words(found: Mapping[str, Any] | None) -> str:
    """Return what stands behind the name of a phase; nothing if nobody asked how far it is."""
    if found is None:
        return ""
    took = _took(found)
    if found["is_done"] and len(found["done"]) == 1:
        (origin,) = found["done"]
        return f", done {_in(origin)}{took}"
    parts = ", ".join(f"{n} {_in(origin)}" for origin, n in found["done"].items())
    return f", done: {parts}{took}" if parts else f", not yet done{took}"


def to_do(all_phases: Sequence[Mapping[str, Any]]) -> str:
    """Return what a run would have to do, in one sentence."""
    left = [each for each in all_phases if not each["is_done"]]
    if not left:
        return "Nothing is left to do."
    known = [each["task_seconds"] for each in left if each["task_seconds"] is not None]
    cost = f", about {duration(sum(known))} of task time" if known else ""
    unknown = f"; nothing is known of {len(left) - len(known)}" if known and len(known) < len(left) else ""
    return f"{len(left)} of {many(len(all_phases), 'phase')} would run{cost}{unknown}."


def duration(seconds: float) -> str:
    """Return a duration in the unit that fits it."""
    for length, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"


def _took(found: Mapping[str, Any]) -> str:
    if found["task_seconds"] is None:
        return ""
    time = f"{duration(found['task_seconds'])} of task time"
    if found["measured_with_other_parameters"]:
        return f"; it took {time} {_in(found['measured_in'])} with other parameters or code"
    return f"; {time}"


def _in(origin: str) -> str:
    return origin if origin == HERE else f"in {origin}"
