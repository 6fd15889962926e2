"""Our stages as steps of a datatrove pipeline: `curate.step`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import pyarrow as pa
from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from curate import registry
from curate.batch import CORE, Batch
from curate.engine.datatrove.blocks import DOCS, to_batch, to_document, with_metadata
from curate.engine.tasks import stage_runners
from curate.engine.tasks.recorder import TaskRecorder
from curate.errors import SpecError
from curate.plan import StageRef
from curate.stage import Kind, Stage


def step(name: str, /, *, modules: tuple[str, ...] = (), **params: Any) -> PipelineStep:
    """Return a stage as a step of a datatrove pipeline.

    Columns travel in `Document.metadata`: what the stage reads is taken from there, what it makes is put there.

    Args:
        name: the stage's dotted name, as in a recipe.
        modules: modules of your own that the name may come from.
        params: the stage's parameters.

    Raises:
        SpecError: no such stage, a wrong parameter, or a stage that cannot run by itself (sources and sinks
            have datatrove's readers and writers; a barrier needs the phases that only `curate run` makes).
    """
    stage = registry.find(name, modules)
    if stage.kind in (Kind.SOURCE, Kind.SINK, Kind.BARRIER, Kind.DATATROVE):
        raise SpecError(
            f"{name} is a {stage.kind.word} and cannot be a step of a datatrove pipeline; use `curate run`."
        )
    converted = {}
    for given, value in params.items():
        key = stage.renamed.get(given, given)
        if key not in stage.params:
            raise SpecError(f'{name} has no parameter "{key}".{registry.nearest(key, stage.params)}')
        try:
            converted[key] = stage.params[key].convert(value)
        except ValueError as error:
            raise SpecError(f"{name} > {key}: {error}") from error
    return StepInDatatrove(stage, converted, modules)


class StepInDatatrove(PipelineStep):
    """One of our stages as a block of a datatrove pipeline; see `curate.step`."""

    type = "curate"

    def __init__(self, stage: Stage, params: Mapping[str, Any], modules: tuple[str, ...]):
        self.name = stage.name
        super().__init__()
        self.params, self.modules = dict(params), modules
        self.signals = stage.target(**params).signals if stage.kind is Kind.RULES else ()

    def run(self, data: Iterable[Document] | None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        ref = StageRef(self.name, self.name, self.params, {signal: signal for signal in self.signals})
        recorder = TaskRecorder(None, rank, world_size)
        for batch in stage_runners.through([ref], self.modules, _packed(data or ()), recorder):
            for doc in batch.docs():
                self.stat_update("forwarded")
                yield to_document(doc)
        for entry in recorder.ledger.stages:
            self.stat_update("total", value=entry.n_in + entry.n_born)
            for reason, n in entry.dropped.items():
                self.stat_update("dropped", f"dropped_{reason}", value=n)


def _packed(documents: Iterable[Document]) -> Iterator[Batch]:
    schema = with_metadata(pa.schema(list(CORE.items())))
    iterator = iter(documents)
    while docs := list(islice(iterator, DOCS)):
        yield to_batch(docs, schema)
