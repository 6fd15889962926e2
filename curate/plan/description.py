"""A stage of a plan as the manifest describes it: its parameters and, of a filter, the bounds that they set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from curate import fingerprint
from curate.plan.phases import StageRef
from curate.rules import Rules


def describe(ref: StageRef, modules: Sequence[str], *, with_rules: bool = True) -> dict[str, Any]:
    """Return what the manifest says of a stage.

    Args:
        modules: the user's modules of its phase.
        with_rules: also the bounds of a filter, as they were for each of its cases, and digests of the models and lists that the
            stage reads; this imports the stage.
    """
    found: dict[str, Any] = {"label": ref.label, "name": ref.name, "params": dict(ref.params)}
    if ref.only:
        found["only"] = list(ref.only)
    if ref.on_error != "fail":
        found["on_error"] = ref.on_error
    if ref.columns:
        found["columns"] = dict(ref.columns)
    if with_rules and (files := _files(ref, modules)):
        found["files"] = files
    variants = [
        {"params": dict(variant.params), **(_rules(variant, modules) if with_rules else {})} for variant in ref.variants
    ]
    if not ref.cases:
        return {**found, **variants[0]}
    cases = zip(ref.cases, variants, strict=True)
    return {**found, "cases": [{"when": dict(case.when), **variant} for case, variant in cases]}


def _files(ref: StageRef, modules: Sequence[str]) -> dict[str, str]:
    """Return the models and lists that a stage reads, with digests of their content."""
    stage = ref.find(tuple(modules))
    found: dict[str, str] = {}
    for variant in ref.variants:
        found |= fingerprint.contents(variant.typed(stage, tuple(modules)))
    return found


def _rules(ref: StageRef, modules: Sequence[str]) -> dict[str, Any]:
    """Return the bounds of a filter on signals; nothing for another stage."""
    if not ref.columns:
        return {}
    rules: Rules = ref.construct(tuple(modules))()
    return {"rules": {reason: {**asdict(bound), "signal": ref.columns[bound.signal]} for reason, bound in rules}}
