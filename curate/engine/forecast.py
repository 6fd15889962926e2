"""What a run will take, measured on a little of its input: documents, disk, memory and time, phase by phase.

The probe runs the whole recipe over the first mebibyte of a few shards, in a temporary folder, in this process.
Everything is scaled by bytes of input, which is right for what looks at one document at a time. Duplicates are more
frequent in more data, so what deduplication leaves over is an upper bound.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace

from curate import inputs, plan
from curate.engine import finish, warm_up
from curate.engine.barriers import references
from curate.engine.executors.local import LocalExecutor, Workers, phase_path, quiet
from curate.engine.run import read_ledger
from curate.errors import SpecError
from curate.plan import Phase, Plan
from curate.runs import RUN, RunFolder, read_record
from curate.stage import Shard, Split

SHARDS = 4
"""How many shards are tried, spread evenly over all."""

BYTES = 1 << 20
"""How much is tried of each, as stored."""


@dataclass(frozen=True, slots=True)
class PhaseForecast:
    """What one phase will take.

    Args:
        phase: its name.
        n_documents: documents that come to it, 0 for a reduce.
        n_bytes: what it writes.
        seconds: of all its tasks together, on one core.
    """

    phase: str
    n_documents: int
    n_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run will take.

    Args:
        tried_bytes, all_bytes: of input, as stored.
        tried_documents: how many the probe read.
        peak_bytes: memory of the probing process at its peak; a worker takes about as much.
    """

    tried_bytes: int
    all_bytes: int
    tried_documents: int
    peak_bytes: int
    phases: tuple[PhaseForecast, ...]


def probe(planned: Plan) -> Forecast:
    """Try a recipe on a little of its input.

    Raises:
        SpecError: the input is not made of files, so nothing says how much of it a probe is.
    """
    chosen = _chosen(planned.shards)
    small = plan.make(planned.spec, [shard for shard, _ in chosen])
    tried = sum(n_bytes for _, n_bytes in chosen)
    total = sum(split.end - split.start for shard in planned.shards for split in shard.splits)
    if not tried:
        raise SpecError("a probe needs input files with something in them")
    quiet()
    warm_up.compile(warm_up.waiting(small))
    warm_up.load(warm_up.told(small))  # loading is not the work, and must not be scaled with it
    with tempfile.TemporaryDirectory() as place, Workers(1) as pool:
        folder = RunFolder(place)
        folder.write_json(RUN, {"curate": finish.version()})
        plan.write_shards(folder, small.shards)
        references.write(folder, small)
        phases = [_tried(folder, phase, pool, total / tried) for phase in small.phases]
        first = read_ledger(folder, small.phases[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Forecast(tried, total, first.n_born, peak, tuple(phases))


def _chosen(shards: Sequence[Shard]) -> list[tuple[Shard, int]]:
    """Return a few small shards, and how many stored bytes each reads."""
    step = max(1, len(shards) // SHARDS)
    some = [shard for shard in shards[::step][:SHARDS] if shard.splits]
    return [
        (Shard(i, len(some), (split,)), n_bytes)
        for i, (split, n_bytes) in enumerate(_beginning(shard.splits[0]) for shard in some)
    ]


def _beginning(split: Split) -> tuple[Split, int]:
    """Return the beginning of a split, and how many bytes are read of it: of parquet whole row groups, else `BYTES`."""
    if not inputs.SPLITTABLE.search(split.name):
        return split, split.end - split.start
    if not split.name.lower().endswith(".parquet"):
        end = min(split.end, split.start + BYTES)
        return replace(split, end=end), end - split.start
    groups = [(start, end) for start, end in inputs.group_spans(split.url) if split.start <= start < split.end]
    if not groups:
        return split, 0
    start, end = groups[0]
    return replace(split, end=start + 1), end - start


def _tried(folder: RunFolder, phase: Phase, pool: Workers, scale: float) -> PhaseForecast:
    folder.write_json(phase_path(phase.folder), phase.to_json())
    LocalExecutor(folder, phase, list(range(phase.n_tasks)), pool).run()
    records = [read_record(folder, phase.folder, task) for task in range(phase.n_tasks)]
    n_bytes = sum(int(output.mark.partition(":")[0]) for record in records for output in record.outputs)
    ledger = read_ledger(folder, phase)
    seconds = sum(entry.seconds for entry in ledger.stages)
    came = 0 if phase.is_reduce else ledger.n_born or (ledger.stages[0].n_in if ledger.stages else 0)
    return PhaseForecast(phase.folder[:-11], round(came * scale), round(n_bytes * scale), seconds * scale)
