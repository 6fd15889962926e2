"""What stages need to be set up, looked for before anything runs: packages, models and their labels, fields of files."""

from __future__ import annotations

from collections.abc import Iterator

from curate.errors import CurateError, at
from curate.spec import Case, PipelineSpec, StageSpec
from curate.stage import HasSetupCheck, Kind


def errors(pipeline: PipelineSpec) -> Iterator[CurateError]:
    """Yield what keeps the stages of a recipe from being set up; those that could not be read are passed over."""
    stages = (*(each.source for each in pipeline.inputs), *pipeline.stages, pipeline.sink)
    for spec in stages:
        for case in spec.variants if isinstance(spec, StageSpec) else ():
            try:
                with at(spec.where):
                    _check(spec, case)
            except CurateError as error:
                yield error


def _check(spec: StageSpec, case: Case) -> None:
    if spec.stage.kind is Kind.DATATROVE:
        from curate.engine.datatrove import blocks

        blocks.check_packages(spec.stage)
        return
    try:
        made = spec.stage.construct(case.params)
    except CurateError:  # who looks at its columns says so
        return
    if isinstance(made, HasSetupCheck):
        made.check_setup()
