"""Compiles the kernels that a run will use before its workers start, so that each does not compile them for itself."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict

from curate import fingerprint, kernels, registry, signals
from curate.batch import Batch
from curate.plan import Plan, StageRef
from curate.stage import Kind

_TEXT = (
    "A line of words, and one more.\nAnother line, longer than the first one was.\n\nA line of words, and one more.\n"
)


TO_LOAD = "CURATE_PRELOAD"
"""The environment variable in which the process that workers fork from finds what to load."""


def waiting(planned: Plan) -> dict[str, Callable[[], object]]:
    """Return what has to be compiled for a plan, by name, and how: nothing, if all was compiled before."""
    found = _works(ref for phase in planned.phases for ref in phase.refs)
    return {name: work for name, work in found.items() if not kernels.is_compiled(name)}


def told(planned: Plan) -> str:
    """Return what a plan's workers will need, for `load`."""
    return json.dumps([asdict(ref) for phase in planned.phases for ref in phase.refs if _is_ours(ref)])


def load(told: str) -> None:
    """Load compiled kernels. What cannot be loaded here fails where it is used, which is the better place."""
    for work in _works(StageRef(**ref) for ref in json.loads(told)).values():
        with contextlib.suppress(Exception):
            work()


def _is_ours(ref: StageRef) -> bool:
    return registry.find(ref.name, (ref.name.partition(".")[0],)).target.__module__.startswith("curate.")


def _works(refs: Iterable[StageRef]) -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {}
    for ref in refs:
        if ref.columns:
            found["signals"] = signals.warm_up
        elif work := _of_stage(ref):
            found[ref.name] = work
    return found


def compile(works: dict[str, Callable[[], object]]) -> None:
    """Run what `waiting` found."""
    for name, work in works.items():
        work()
        kernels.mark_compiled(name)


def _of_stage(ref: StageRef) -> Callable[[], object] | None:
    if not _is_ours(ref):
        return None
    stage = ref.find(())
    if not fingerprint.uses(stage.target, "curate.kernels"):
        return None
    if hasattr(stage.target, "warm_up"):
        return stage.target(**ref.typed(stage)).warm_up
    if stage.kind in (Kind.BATCH_EDIT, Kind.BATCH_FILTER) and set(stage.needs) <= {"text"}:
        return lambda: ref.open(())(Batch.from_columns({"id": ["a", "b"], "text": [_TEXT, ""]}))
    return None
