"""Compiles the kernels that a run will use before its workers start, so that each does not compile them for itself."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable
from dataclasses import asdict

from curate import fingerprint, signals
from curate.batch import Batch
from curate.kernels import cache
from curate.plan import Plan, StageRef
from curate.stage import HasWarmUp, Kind

_TEXT = (
    "A line of words, and one more.\nAnother line, longer than the first one was.\n\nA line of words, and one more.\n"
)

TO_LOAD = "CURATE_PRELOAD"
"""The environment variable in which the process that workers fork from finds what to load."""


def waiting(planned: Plan) -> dict[str, Callable[[], object]]:
    """Return what has to be compiled for a plan, by name, and how; nothing if all was compiled before."""
    found = _works(_ours(planned), planned.spec.modules)
    return {name: work for name, work in found.items() if not cache.is_compiled(name)}


def compile(works: dict[str, Callable[[], object]]) -> None:
    """Run what `waiting` returned."""
    for name, work in works.items():
        work()
        cache.mark_compiled(name)


def stages_of(planned: Plan) -> str:
    """Return the stages whose kernels a plan's workers will need, for `load`."""
    return json.dumps([asdict(ref) for ref in _ours(planned)])


def load(stages: str) -> None:
    """Load compiled kernels. What cannot be loaded here fails where it is used, which is the better place."""
    for ref in json.loads(stages):
        with contextlib.suppress(Exception):
            for work in _works([StageRef.from_json(ref)], ()).values():
                work()


def _ours(planned: Plan) -> list[StageRef]:
    """Return the stages that ship with curate: those of others have no kernels of ours."""
    refs = [(ref, ref.find(phase.modules)) for phase in planned.phases for ref in phase.refs]
    return [
        variant for ref, stage in refs for variant in ref.variants if stage.target.__module__.split(".")[0] == "curate"
    ]


def _works(refs: Iterable[StageRef], modules: tuple[str, ...]) -> dict[str, Callable[[], object]]:
    found: dict[str, Callable[[], object]] = {}
    for ref in refs:
        if ref.columns:
            found["signals"] = signals.warm_up
        elif work := _of_stage(ref, modules):
            found[ref.name] = work
    return found


def _of_stage(ref: StageRef, modules: tuple[str, ...]) -> Callable[[], object] | None:
    stage = ref.find(())
    if not fingerprint.uses(stage.target, "curate.kernels"):
        return None
    made = ref.construct(modules)
    if isinstance(made, HasWarmUp):
        return made.warm_up
    if stage.kind in (Kind.BATCH_EDIT, Kind.BATCH_FILTER) and set(stage.documented_columns.needs) <= {"text"}:
        return lambda: ref.open(())(Batch.from_columns({"id": ["a", "b"], "text": [_TEXT, ""]}))
    return None
