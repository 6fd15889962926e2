"""Fingerprints: what the results of a phase depend on, but for its inputs, which are in the key of each task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from curate import fingerprint, registry
from curate.assets import File
from curate.batch import Columns
from curate.plan.phases import AnyPhase, MapPhase, MergePhase, ReducePhase, StageRef, WritePhase
from curate.spec import StageSpec

ENGINE = ("curate.engine.tasks.map_task", "curate.engine.tasks.merge_task", "curate.engine.tasks.reduce_task", "curate.engine.tasks.write_task")  # fmt: skip
"""The modules whose code, with all they import, decides what a task writes."""


def of_phase(phase: AnyPhase, stages: Mapping[str, tuple[StageSpec, Columns]], parent: str) -> str:
    """Return the fingerprint of a phase.

    It covers the parameters, code, packages and declared columns of its stages, the code of the engine, and the
    fingerprint of the phase before.

    Args:
        stages: label -> the stage with its columns.
        parent: the fingerprint of the phase before; empty for the first.
    """
    described = [_of_stage(phase, ref, *stages[ref.label]) for ref in phase.refs]
    measures = fingerprint.of_module("curate.signals") if any(ref.columns for ref in phase.refs) else ""
    engine = [fingerprint.of_module(module) for module in ENGINE]
    return fingerprint.combine(parent, described, measures, engine, _own(phase))


def _own(phase: AnyPhase) -> list[Any]:
    """Return what else of a phase decides what it writes."""
    if isinstance(phase, ReducePhase):
        return [phase.reduction]
    if isinstance(phase, MergePhase):
        return [phase.is_before, phase.shards_per_task]
    if isinstance(phase, WritePhase):
        return [asdict(phase.sizes)]
    return [phase.rejects, phase.limit, asdict(phase.output) if phase.output else None, *_of_inputs(phase)]


def _of_inputs(phase: MapPhase) -> list[Any]:
    """Return what a phase does with inputs that have names or are sampled, and with columns that only some have."""
    given = [[source.input, source.sample] for source in phase.sources if source.input or source.sample < 1]
    return [each for each in (given, list(phase.schema.items())) if each]


def users_code(phase: AnyPhase, stages: Mapping[str, tuple[StageSpec, Columns]]) -> dict[str, str]:
    """Return the digest of each module of the user's that the stages of a phase run.

    Raises:
        SpecError: a module has changed since this process imported it.
    """
    found: dict[str, str] = {}
    for ref in phase.refs:
        for module in _modules(phase, ref, stages[ref.label][0]):
            found |= fingerprint.users_code(module)
    return dict(sorted(found.items()))


def files(phase: AnyPhase) -> dict[str, str]:
    """Return the marks of the files that parameters of a phase's stages name, as `fingerprint.marks`."""
    found: dict[str, str] = {}
    for ref in phase.refs:
        stage = ref.find(phase.modules)
        for variant in ref.variants:
            typed = variant.typed(stage, phase.modules)
            found |= fingerprint.marks(typed, strings_too=not fingerprint.is_ours(stage.target))
    return dict(sorted(found.items()))


def _modules(phase: AnyPhase, ref: StageRef, spec: StageSpec) -> list[str]:
    """Return the modules of a stage's code: where it is defined, where the recipe finds it, and what reads its models."""
    values = [value for case in spec.variants for value in case.params.values()]
    readers = [reader for value in values if isinstance(value, File) for reader in value.readers()]
    owner = registry.owner(ref.name, phase.modules)
    named = [target.__module__ for target in (spec.stage.target, *readers)]
    return list(dict.fromkeys([*named, *([owner] if owner else [])]))


def _of_stage(phase: AnyPhase, ref: StageRef, spec: StageSpec, columns: Columns) -> list[Any]:
    later = _read_later(phase, ref)
    makes = {name: str(kind) for name, kind in columns.makes.items()}
    declared = [columns.needs, makes, columns.removes, dict(columns.languages)]
    is_ours = fingerprint.is_ours(spec.stage.target)
    cases = [
        [
            {column: list(values) for column, values in case.when.items()},
            fingerprint.of_params({k: v for k, v in case.params.items() if k not in later}, strings_too=not is_ours),
        ]
        for case in spec.variants
    ]
    return [
        ref.label,
        ref.name,
        cases if spec.cases else cases[0][1],
        *([list(ref.only), ref.on_error] if ref.only or ref.on_error != "fail" else []),
        dict(ref.columns),
        dict(ref.languages),
        declared,
        [fingerprint.of_module(module) for module in _modules(phase, ref, spec)],
    ]


def _read_later(phase: AnyPhase, ref: StageRef) -> frozenset[str]:
    """Return the parameters of a barrier that only its last reduction reads, in the phases before that."""
    emits = isinstance(phase, MapPhase) and phase.emit is not None and phase.emit.barrier is ref
    reduces = isinstance(phase, ReducePhase) and not phase.is_last
    gathers = isinstance(phase, MergePhase) and phase.is_before
    return (
        frozenset(ref.construct(phase.modules).final_reduction_params) if emits or gathers or reduces else frozenset()
    )
