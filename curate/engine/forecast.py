"""The cost of a run, estimated from a small part of its input: documents, disk, memory and time of each phase.

The probe runs the whole recipe over the first mebibyte of a few shards, in a temporary folder, in this process.
Everything is scaled by bytes of input, which is right for what looks at one document at a time. Duplicates are more
frequent in more data, so the number of documents after deduplication is an upper bound.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from curate import formats, plan
from curate.engine import beginning, compiling, warm_up
from curate.engine.datatrove import terminal_log
from curate.engine.executors.local import LocalPool
from curate.engine.run import read_ledger
from curate.errors import SpecError
from curate.executor import Job, Launcher
from curate.formats import Format
from curate.plan import AnyPhase, MapPhase, Plan
from curate.runs import RunFolder, layout
from curate.runs.layout import PhaseFolder
from curate.runs.records import need_record
from curate.stage import Shard, Split

SHARDS = 4
"""How many shards are tried, spread evenly over all."""


@dataclass(frozen=True, slots=True)
class PhaseForecast:
    """The estimated cost of one phase.

    Args:
        phase: its name.
        n_documents: documents that come to it, 0 for a phase without stages.
        n_bytes: what it writes.
        seconds: of all its tasks together, on one core.
    """

    phase: str
    n_documents: int
    n_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """The estimated cost of a run.

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
    chosen = _chosen(planned.shards, formats.with_modules(planned.spec.modules))
    small = plan.make(planned.spec, [shard for shard, _ in chosen])
    tried = sum(n_bytes for _, n_bytes in chosen)
    total = sum(split.end - split.start for shard in planned.shards for split in shard.splits)
    if not tried:
        raise SpecError("a probe needs input files with something in them")
    terminal_log.silence()
    compiling.compile(warm_up.waiting(small))
    warm_up.load(warm_up.stages_of(small))  # loading is not the work, and must not be scaled with it
    with tempfile.TemporaryDirectory() as place, LocalPool(1) as pool:
        folder = RunFolder(place)
        beginning.begin(folder, small)
        phases = [_tried(folder, phase, pool, total / tried) for phase in small.phases]
        first = read_ledger(folder, small.phases[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Forecast(tried, total, first.n_born, peak, tuple(phases))


def _chosen(shards: Sequence[Shard], kinds: Sequence[Format]) -> list[tuple[Shard, int]]:
    """Return a few small shards, and how many stored bytes each reads."""
    step = max(1, len(shards) // SHARDS)
    some = [shard for shard in shards[::step][:SHARDS] if shard.splits]
    return [
        (Shard(i, len(some), (split,)), n_bytes)
        for i, (split, n_bytes) in enumerate(_beginning(shard.splits[0], kinds) for shard in some)
    ]


def _beginning(split: Split, kinds: Sequence[Format]) -> tuple[Split, int]:
    """Return the beginning of a split, and how many stored bytes of it are read."""
    kind = formats.of_file(split.name, kinds)
    return kind.beginning(split) if kind else (split, split.end - split.start)


def _tried(folder: RunFolder, phase: AnyPhase, pool: Launcher, scale: float) -> PhaseForecast:
    pool.submit(Job(folder.url, phase.folder, tuple(range(phase.n_tasks)), phase.n_tasks))
    place = PhaseFolder(folder, phase.folder)
    records = [need_record(place.task(task)) for task in range(phase.n_tasks)]
    n_bytes = sum(output.n_bytes for record in records for output in record.outputs)
    ledger = read_ledger(folder, phase)
    seconds = sum(entry.seconds for entry in ledger.stages)
    came = ledger.n_born or ledger.stages[0].n_in if isinstance(phase, MapPhase) and ledger.stages else 0
    title = layout.phase_title(phase.folder)
    return PhaseForecast(title, round(came * scale), round(n_bytes * scale), seconds * scale)
