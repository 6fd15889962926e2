"""Compiles the kernels that a run will use before its workers start, so that each does not compile them for itself."""

from __future__ import annotations

from collections.abc import Callable

from curate import fingerprint, kernels, signals
from curate.batch import Batch
from curate.plan import Plan, StageRef
from curate.stage import Kind

_TEXT = (
    "A line of words, and one more.\nAnother line, longer than the first one was.\n\nA line of words, and one more.\n"
)


def waiting(planned: Plan) -> dict[str, Callable[[], object]]:
    """Return what has to be compiled for a plan, by name, and how: nothing, if all was compiled before."""
    found: dict[str, Callable[[], object]] = {}
    for phase in planned.phases:
        for ref in phase.refs:
            if ref.columns:
                found["signals"] = signals.warm_up
            elif work := _of_stage(ref, phase.modules):
                found[ref.name] = work
    return {name: work for name, work in found.items() if not kernels.is_compiled(name)}


def compile(works: dict[str, Callable[[], object]]) -> None:
    """Run what `waiting` found."""
    for name, work in works.items():
        work()
        kernels.mark_compiled(name)


def _of_stage(ref: StageRef, modules: tuple[str, ...]) -> Callable[[], object] | None:
    stage = ref.find(modules)
    if not stage.target.__module__.startswith("curate.") or not fingerprint.uses(stage.target, "curate.kernels"):
        return None
    if stage.kind is Kind.BARRIER:
        return getattr(ref.open(modules), "warm_up", None)
    if stage.kind in (Kind.BATCH_EDIT, Kind.BATCH_FILTER) and set(stage.needs) <= {"text"}:
        return lambda: ref.open(modules)(Batch.from_columns({"id": ["a", "b"], "text": [_TEXT, ""]}))
    return None
