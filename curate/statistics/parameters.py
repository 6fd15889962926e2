"""Which rules a parameter of a filter sets: found by constructing the filter with another value, and comparing its rules."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from curate import registry
from curate.errors import CurateError, SpecError
from curate.params import Param, members
from curate.rules import Rules
from curate.stage import Kind, Stage
from curate.statistics.corpus import Corpus

_NUMBERS = (0, 1, 0.5, 2, 1000)
"""Values that are tried in place of one that is no number."""


def rules_of(corpus: Corpus, address: str, modules: Sequence[str] = ()) -> tuple[str, str, list[str]]:
    """Return what a parameter of a run's filter decides.

    Args:
        address: `STAGE.PARAM`, the stage by its label.
        modules: modules of the user's that may be imported.

    Returns:
        the label of the stage, the parameter, and the reasons whose bounds change with it.

    Raises:
        SpecError: there is no such stage or parameter, or it sets no bound.
    """
    described, param = _stage_of(corpus, address)
    stage = registry.find(described["name"], tuple(modules))
    if param not in stage.params:
        near = registry.nearest(param, stage.params)
        raise SpecError(f"{described['label']} has no parameter `{param}`.{near}  It has: {', '.join(stage.params)}.")
    if stage.kind is not Kind.RULES:
        filters = ", ".join(each["label"] for each in corpus.stages if each.get("columns")) or "none"
        raise SpecError(
            f"{described['label']} is no filter that only compares columns, so its parameters set no bounds that documents can be near to.  "
            f"Such filters of the run: {filters}."
        )
    variants = [case["params"] for case in described.get("cases", [described])]
    reasons = dict.fromkeys(reason for params in variants for reason in _changed(stage, params, param, modules))
    if not reasons:
        raise SpecError(f"{address} changes no bound of the filter: no other value of it was found that does.")
    return described["label"], param, list(reasons)


def _stage_of(corpus: Corpus, address: str) -> tuple[Mapping[str, Any], str]:
    """Return the stage with the longest label that an address begins with, and the parameter."""
    labels = {stage["label"]: stage for stage in corpus.stages}
    name, _, param = address.rpartition(".")
    name = name.removesuffix("#1")
    if name in labels:
        return labels[name], param
    known = ", ".join(stage["label"] for stage in corpus.stages if stage.get("columns"))
    whole = address.removesuffix("#1")
    if whole in labels:
        params = ", ".join(labels[whole].get("params", {})) or "see `curate stages`"
        raise SpecError(f"{address} is a stage.  Add the parameter, as STAGE.PARAM; it has: {params}.")
    if not name:
        raise SpecError(
            f'"{address}" names no parameter of a stage.  Write STAGE.PARAM, such as filters.gopher.quality.min_words; '
            f"the filters of the run are: {known or 'none'}."
        )
    raise SpecError(
        f'the run has no stage "{name}".{registry.nearest(name, labels)}  Write STAGE.PARAM, such as '
        f"filters.gopher.quality.min_words; its filters are: {known or 'none'}."
    )


def _changed(stage: Stage, params: Mapping[str, Any], param: str, modules: Sequence[str]) -> list[str]:
    """Return the reasons whose bounds differ if a parameter has another value: those of the first value that changes some."""
    before = _rules(stage, params, modules)
    for value in _others(stage.params[param], params.get(param)):
        try:
            after = dict(_rules(stage, {**params, param: value}, modules))
        except (CurateError, ValueError):  # not a value that the filter takes
            continue
        changed = [reason for reason, bound in before if after.get(reason) != bound]
        if changed:
            return changed
    return []


def _rules(stage: Stage, params: Mapping[str, Any], modules: Sequence[str]) -> Rules:
    typed = {name: stage.params[name].convert(value, tuple(modules)) for name, value in params.items()}
    return stage.construct(typed)()


def _others(param: Param, value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield from (value + 1, value / 2, 2 * value + 1)
    for member in members(param.type):
        if typing.get_origin(member) is typing.Literal:
            yield from (word for word in typing.get_args(member) if word != value)
    yield from (number for number in _NUMBERS if number != value)
