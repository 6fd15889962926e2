"""From a spec and its inputs to phases: what runs, in how many tasks, and what it depends on.

    01-extract.html      map     source -> stages                              docs/
    02-filters...        map     docs -> stages -> barrier.emit                docs/ + shuffle/
    03-dedup.exact-...   reduce  shuffle/ -> shuffle/; with many shards, a merge before and behind it
    04-dedup.exact       map     docs + shuffle -> barrier.apply -> stages -> sink   data/, or docs/ and then
    05-sinks.parquet     write   docs -> sink                                   data/

columns       does every stage find what it reads?
available     what is there at one point of a recipe
output        which columns come out?
cutting       where does a phase end?
reducing      which phases does a barrier reduce in?
partitions    into how many parts are its rows divided?
trial         which documents does a trial read?
fingerprints  what do its results depend on?
phases        what these make: map phases, merge phases, reduce phases and a write phase
description   what the manifest says of a stage
judgements    which columns the record of judgements has; record: what a column of it is
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from curate import formats
from curate.errors import Problems
from curate.plan import columns, cutting, output, trial
from curate.plan.judgements import Judged
from curate.plan.partitions import Partitions
from curate.plan.phases import (
    AnyPhase,
    Apply,
    Emit,
    MapPhase,
    MergePhase,
    Output,
    Phase,
    ReducePhase,
    Shuffled,
    Source,
    StageRef,
    WritePhase,
)
from curate.runs import RunFolder, layout, reading
from curate.spec import PipelineSpec
from curate.stage import Kind, Shard, Split

__all__ = ["AnyPhase", "Apply", "Emit", "MapPhase", "MergePhase", "Output", "Phase", "Plan", "ReducePhase", "Shuffled", "Source", "StageRef", "WritePhase", "make", "read_shard", "shards_to_json"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """A recipe that is ready to run.

    Args:
        columns: that come out, as they are called in the output. left_out: columns that do not come out.
        limit: how many documents are read in all; 0 reads everything.
        warnings: what the user should know and need not change now.
    """

    spec: PipelineSpec
    shards: tuple[Shard, ...]
    phases: tuple[AnyPhase, ...]
    columns: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    limit: int = 0
    warnings: tuple[str, ...] = ()


def make(spec: PipelineSpec, shards: Sequence[Shard], limit: int = 0, problems: Problems | None = None) -> Plan:
    """Cut a recipe into phases.

    Args:
        limit: read at most this many documents in all, spread over the input; 0 reads everything.
        problems: what is known to be wrong with the recipe, which then may have gaps.

    Raises:
        SpecError: a stage needs a column that nothing before it makes, or a filter names an unknown signal; with all that
            is wrong.
    """
    problems = problems or Problems()
    bound = columns.bind(spec, problems)
    chosen = output.choose(spec, bound.made, problems)
    problems.refuse()
    if limit:
        shards = trial.shards(shards, limit, formats.with_modules(spec.modules))
    judged = Judged(spec, bound.stages)
    cut = tuple(cutting.cut(spec, bound, judged, chosen.output, Partitions.of(shards), limit))
    readers = [each.source.label for each in spec.inputs if each.source.stage.kind is Kind.DATATROVE]
    skipped = (f"{label} is a reader of datatrove: records that it skips are not on record." for label in readers)
    warnings = (*spec.warnings, *bound.warnings, *skipped, *judged.warnings)
    return Plan(spec, tuple(shards), cut, chosen.names, chosen.left_out, limit, warnings)


_SHAPE = [
    {"index": int, "n_shards": int, "input": str, "splits": [{"url": str, "name": str, "start": int, "end": int}]}
]


def shards_to_json(shards: Sequence[Shard]) -> list[dict[str, Any]]:
    """Return the shards of a run as inputs.json has them, for tasks to read."""
    return [{**asdict(shard), "splits": [asdict(split) for split in shard.splits]} for shard in shards]


def read_shards(folder: RunFolder) -> list[Shard]:
    """Return all shards of a run."""
    found = _inputs(folder.url, folder.mark(layout.INPUTS) or "")
    with reading.whole(folder, layout.INPUTS):
        return [_shard(data) for data in found]


def read_shard(folder: RunFolder, index: int) -> Shard:
    """Return one shard of a run."""
    found = _inputs(folder.url, folder.mark(layout.INPUTS) or "")
    with reading.whole(folder, layout.INPUTS):
        return _shard(found[index])


@functools.lru_cache(4)
def _inputs(run_url: str, mark: str) -> list[Mapping[str, Any]]:
    """Return the content of inputs.json, which has this mark; a worker does many tasks of a run."""
    return reading.read_json(RunFolder(run_url), layout.INPUTS, _SHAPE)


def _shard(data: Mapping[str, Any]) -> Shard:
    return Shard(**{**data, "splits": tuple(Split(**split) for split in data["splits"])})
