"""Cutting: where one phase ends and the next begins.

Documents flow until a barrier or a `checkpoint`, where they are written down. Phases are static: their number, tasks
and folders are known before the first task starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from curate.barrier import Barrier
from curate.batch import Columns
from curate.plan import fingerprints, reducing
from curate.plan.columns import Bindings, columns_of, plain_ref
from curate.plan.judgements import Judged
from curate.plan.partitions import Partitions
from curate.plan.phases import (
    AnyPhase,
    Apply,
    Emit,
    MapPhase,
    Output,
    Source,
    StageRef,
    WritePhase,
)
from curate.spec import Input, PipelineSpec
from curate.stage import Kind


def cut(
    spec: PipelineSpec, bound: Bindings, judged: Judged, output: Output, partitions: Partitions, limit: int
) -> Iterator[AnyPhase]:
    """Yield the phases of a recipe in their order.

    Args:
        bound: its stages, as bound to their columns.
        judged: which columns of the record of judgements they make.
        output: what comes out of the last of them.
        partitions: how the rows of barriers are divided.
        limit: how many documents are read in all; 0 reads everything.
    """
    chain = _Chain(spec, bound, judged, partitions)
    start: dict[str, Any] = {"sources": tuple(map(_source, spec.inputs)), "limit": limit}
    inside: list[StageRef] = []
    for stage in bound.stages:
        if stage is not None and stage.spec.stage.kind is not Kind.BARRIER:
            inside.append(stage.ref)
        elif stage is not None:
            barrier = stage.ref.construct(spec.modules)
            phases = list(chain.barrier(stage.ref, barrier, start, inside))
            yield from phases
            emitted_in = phases[0].folder
            results = reducing.results(phases[-1])
            start, inside = {"docs_from": emitted_in, "apply": Apply(stage.ref, results, emitted_in)}, []
        elif inside or "sources" in start or "apply" in start:  # else nothing happened since documents were written
            phase = chain.map(start, inside)
            yield phase
            start, inside = {"docs_from": phase.folder}, []
    yield from chain.end({**start, "schema": bound.schema}, inside, output, plain_ref(spec.sink))


def _source(given: Input) -> Source:
    return Source(plain_ref(given.source), given.name, given.files.sample if given.files else 1.0)


class _Chain:
    """Numbers and names phases as they are made; each one's fingerprint includes that of the one before."""

    def __init__(self, spec: PipelineSpec, bound: Bindings, judged: Judged, partitions: Partitions):
        self.partitions = partitions
        self.stages: dict[str, tuple[Any, Columns]] = {
            stage.ref.label: (stage.spec, stage.columns) for stage in bound.stages if stage is not None
        }
        for end in (*(each.source for each in spec.inputs), spec.sink):
            self.stages[end.label] = (end, columns_of(end))
        folders = (str(Path(spec.path).parent.resolve()), str(Path.cwd())) if spec.modules else ()
        self.common = {
            "fingerprint": "", "n_shards": partitions.n_shards, "modules": spec.modules, "import_from": folders, "users_code": {}, "files": {},
        }  # fmt: skip
        self.rejects, self.sizes = spec.rejects, spec.output.sizes
        self.number, self.parent = 0, ""
        self.judged, self.labels, self.folders = judged, [], []

    def map(
        self,
        start: dict[str, Any],
        inside: list[StageRef],
        *,
        emit: Emit | None = None,
        output: Output | None = None,
        sink: StageRef | None = None,
    ) -> MapPhase:
        """Return the next phase, a map phase."""
        decides = [start["apply"].barrier] if "apply" in start else []
        self.labels += [ref.label for ref in (*decides, *inside)]
        phase = MapPhase(
            number=0, title="", **self.common, **start, stages=tuple(inside), emit=emit, output=output, sink=sink,
            rejects=self.rejects, judgements=self.judged.until(self.labels),
            judged_in=tuple(self.folders) if output else (),
        )  # fmt: skip
        ends = (*(source.stage for source in phase.sources), phase.sink)
        named = [*(ref for ref in phase.refs if ref not in ends), *phase.refs]
        closed = self._closed(replace(phase, title=named[0].label if named else f"{output.label}-columns"))
        self.folders.append(closed.folder)
        return closed

    def end(self, start: dict[str, Any], inside: list[StageRef], output: Output, sink: StageRef) -> Iterator[AnyPhase]:
        """Yield the last map phase and, if files are divided over the whole output, the phase that writes them."""
        sizes = self.sizes
        if sizes is None:
            yield self.map(start, inside, output=output, sink=sink)
            return
        last = self.map(start, inside, output=output)
        yield last
        n_tasks = min(last.n_tasks, sizes.n_files or last.n_tasks)
        own = {"docs_from": last.folder, "sink": sink, "sizes": sizes, "n_tasks": n_tasks}
        yield self._closed(WritePhase(number=0, title=sink.label, **self.common, **own))

    def barrier(
        self, ref: StageRef, barrier: Barrier, start: dict[str, Any], inside: list[StageRef]
    ) -> Iterator[AnyPhase]:
        """Yield the phase at whose end a barrier emits, and those that reduce."""
        steps = reducing.reductions(ref.label, barrier, self.partitions)
        n_parts = 1 if self.partitions.n_groups else steps[0].n_parts
        emitting = self.map(start, inside, emit=Emit(ref, n_parts, self.partitions.n_parts))
        yield emitting
        yield from reducing.phases(ref, steps, self.partitions, emitting, self.common, self._closed)

    def _closed(self, phase: AnyPhase) -> AnyPhase:
        self.number += 1
        self.parent = fingerprints.of_phase(phase, self.stages, self.parent)
        code, files = fingerprints.users_code(phase, self.stages), fingerprints.files(phase)
        return replace(phase, number=self.number, fingerprint=self.parent, users_code=code, files=files)
