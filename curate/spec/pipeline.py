"""A recipe as it was understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from curate.inputs import InputSpec
from curate.spec.executors import ExecutorSpec
from curate.spec.output import OutputSpec
from curate.spec.published import Published
from curate.spec.stages import Gap, StageSpec


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a recipe.

    Args:
        name: its name, with which the ids of its documents begin; empty if the recipe has one input without a name.
        files: what the recipe says of it, whatever reads it; None for a datatrove reader, which has its own words.
    """

    name: str
    source: StageSpec | Gap
    files: InputSpec | None


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """A recipe as it was understood.

    Args:
        output: what it says of its output, whatever writes it.
        stages: None for a checkpoint.
        rejects: how many texts of rejects are kept: "sample", "text" (all) or "none".
        allow_empty: a run that keeps nothing is not a failure.
        executor: None if it could not be read, as `Gap` says of stages.
        resolved: the recipe as plain data, with all changes made.
        warnings: what the user should know and need not change now.
    """

    name: str
    description: str
    path: str
    modules: tuple[str, ...]
    inputs: tuple[Input, ...]
    stages: tuple[StageSpec | Gap | None, ...]
    sink: StageSpec | Gap
    output: OutputSpec
    rejects: str
    allow_empty: bool
    executor: ExecutorSpec | None
    resolved: Mapping[str, Any]
    published: Published | None
    warnings: tuple[str, ...] = ()
