"""The cost of a run, estimated from a small part of its input: documents, disk, memory and time of each phase.

The probe runs the whole recipe over cells drawn at random from all of the input (`plan.probing`), in a temporary folder, in
this process. Everything is scaled by bytes of input, with a 95 % interval. After a global stage there is no lower end:
duplicates are more frequent in more data.
"""

from __future__ import annotations

import resource
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from curate import formats, plan
from curate.engine import beginning, compiling, warm_up
from curate.engine.datatrove import terminal_log
from curate.engine.executors.local import LocalPool
from curate.engine.run import read_ledger
from curate.errors import InputError, SpecError
from curate.executor import Job, Launcher
from curate.ledger import Ledger
from curate.plan import AnyPhase, MapPhase, Plan, probing
from curate.plan.probing import Probe
from curate.runs import RunFolder, layout
from curate.runs.layout import PhaseFolder
from curate.runs.records import need_record

CELLS = (128, 512)
"""How many cells are drawn; more if those before have too few documents."""

FEWEST_DOCUMENTS = 100
"""From fewer documents nothing is forecast, unless they are all."""

MOST_BYTES = 1 << 30
"""A probe reads no more than this, stored: files that cannot be entered in the middle are read whole."""

USUAL_BYTES = 40 << 20
"""What a probe reads, about, of files that can be entered in the middle."""

NORMAL = 1.959964
"""The 97.5 % quantile of the normal distribution."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number of the whole run, estimated.

    Args:
        low, high: the ends of the 95 % interval; `low` is None where nothing says how low it may be.
    """

    value: float
    low: float | None
    high: float


@dataclass(frozen=True, slots=True)
class PhaseForecast:
    """The estimated cost of one phase.

    Args:
        phase: its name.
        documents: that come to it; None for a phase without stages.
        kept: documents that are left at its end; None likewise.
        n_bytes: what it writes.
        seconds: of all its tasks together, on one core.
    """

    phase: str
    documents: Estimate | None
    kept: Estimate | None
    n_bytes: Estimate
    seconds: Estimate


@dataclass(frozen=True, slots=True)
class Forecast:
    """The estimated cost of a run.

    Args:
        tried_bytes, all_bytes: of input, as stored.
        tried_documents: how many the probe read. tried_files: of how many files.
        peak_bytes: memory of the probing process at its peak; a worker takes about as much.
    """

    tried_bytes: int
    all_bytes: int
    tried_documents: int
    tried_files: int
    peak_bytes: int
    phases: tuple[PhaseForecast, ...]

    @property
    def is_exact(self) -> bool:
        """Whether the probe read all of the input."""
        return self.tried_bytes == self.all_bytes


def probe(
    planned: Plan, seed: int = 0, cells: Sequence[int] = CELLS, tell: Callable[[str], None] = lambda _: None
) -> Forecast:
    """Try a recipe on a little of its input.

    Args:
        seed: of the draw of what is read.
        cells: how many cells are drawn; each next number if those before have too few documents.
        tell: is given what the probe reads, and each phase when it begins.

    Raises:
        SpecError: the input is not made of files, so nothing says how much of it a probe is.
        InputError: what was read has too few documents to say anything of the rest.
    """
    kinds = formats.with_modules(planned.spec.modules)
    terminal_log.silence()
    for n_cells in cells:
        drawn = probing.draw(planned.shards, n_cells, seed, kinds)
        tried = sum(each.read_bytes for each in drawn)
        if not tried:
            raise SpecError("a probe needs input files with something in them")
        if tried > MOST_BYTES:
            raise InputError(
                f"a probe would read {tried >> 20:,} MiB, since files of this format can only be read whole.  "
                "Try the recipe on some documents: curate run RECIPE --limit 1000."
            )
        total = sum(each.all_bytes for each in drawn)
        whole = "; files and row groups that can only be read whole are" * (tried > USUAL_BYTES)
        tell(f"probe: reading {tried / (1 << 20):,.1f} of {total / (1 << 20):,.1f} MiB of input{whole}")
        found = _forecast(planned, drawn, tell)
        is_all = all(each.is_all for each in drawn)
        if found.tried_documents >= FEWEST_DOCUMENTS or is_all:
            return found
    raise InputError(
        f"a probe of {tried >> 10:,} KiB found {found.tried_documents} documents, too few to forecast a run from; at least "
        f"{FEWEST_DOCUMENTS} are needed.  Try the recipe on some documents: curate run RECIPE --limit 1000."
    )


def _forecast(planned: Plan, drawn: Sequence[Probe], tell: Callable[[str], None]) -> Forecast:
    small = plan.make(planned.spec, [shard for each in drawn for shard in each.shards])
    compiling.compile(warm_up.waiting(small.phases))
    warm_up.load(warm_up.stages_of(small.phases))  # loading is not the work, and must not be scaled with it
    n_files = len({split.url for shard in small.shards for split in shard.splits})
    with tempfile.TemporaryDirectory() as place, LocalPool(1) as pool:
        folder = RunFolder(place)
        beginning.begin(folder, small)
        phases, is_after_global = [], False
        for number, phase in enumerate(small.phases, 1):
            tell(f"probe: phase {number} of {len(small.phases)}, {layout.phase_title(phase.folder)}")
            is_after_global |= isinstance(phase, MapPhase) and phase.apply is not None
            phases.append(_tried(folder, phase, pool, drawn, is_after_global))
        first = read_ledger(folder, small.phases[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    tried, total = (sum(each.read_bytes for each in drawn), sum(each.all_bytes for each in drawn))
    return Forecast(tried, total, first.n_born, n_files, peak, tuple(phases))


def _tried(
    folder: RunFolder, phase: AnyPhase, pool: Launcher, drawn: Sequence[Probe], is_after_global: bool
) -> PhaseForecast:
    pool.submit(Job(folder.url, phase.folder, tuple(range(phase.n_tasks)), phase.n_tasks))
    place = PhaseFolder(folder, phase.folder)
    rows, has_stages = [], isinstance(phase, MapPhase)
    for task in range(phase.n_tasks):
        record = need_record(place.task(task))
        ledger = Ledger.from_json(record.ledger)
        came = ledger.n_born or ledger.stages[0].n_in if has_stages and ledger.stages else 0
        seconds = sum(entry.seconds for entry in ledger.stages)
        rows.append((came, came - ledger.n_dropped if came else 0, sum(o.n_bytes for o in record.outputs), seconds))
    tried = np.array(rows, np.float64)
    made = [estimated(tried[:, k], drawn, is_by_shard=has_stages, is_count=k < 2) for k in range(tried.shape[1])]
    came, kept = made[:2] if has_stages else (None, None)
    if is_after_global and kept:
        kept = Estimate(kept.value, None, kept.high)
    return PhaseForecast(layout.phase_title(phase.folder), came, kept, *made[2:])


def estimated(tried: np.ndarray, drawn: Sequence[Probe], *, is_by_shard: bool, is_count: bool) -> Estimate:
    """Return the estimate of a total, from what the groups of a probe have of it.

    It is the ratio of this to the stored bytes that the groups read, times the bytes of the input; the interval is that of
    Student's t for the ratio estimator between the groups (Cochran, Sampling Techniques, 6.3). Of counts it is at least as wide
    as if documents came by chance, independently (Poisson), so that one of which the probe saw none may still be there.

    Args:
        tried: float64[n]: of each shard of the probe, in the order of the inputs, if `is_by_shard`; else of other tasks,
            which are only added.
        drawn: what the probe read of each input.
        is_count: whether it counts documents.
    """
    if not is_by_shard:
        scale = sum(each.all_bytes for each in drawn) / sum(each.read_bytes for each in drawn)
        return Estimate(float(tried.sum() * scale), None, float(tried.sum() * scale))
    value, variance, freedom, start = 0.0, 0.0, 0, 0
    for each in drawn:
        own = tried[start : start + len(each.shards)]
        start += len(each.shards)
        sizes = np.array([sum(s.end - s.start for s in shard.splits) for shard in each.shards], np.float64)
        if each.is_all or not each.read_bytes:
            value += own.sum()
            continue
        scale, n = each.all_bytes / each.read_bytes, len(own)
        residual = own - own.sum() / sizes.sum() * sizes
        spread = n * (residual**2).sum() / max(1, n - 1)
        by_chance = own.sum() + NORMAL**2 / 2 if is_count else 0.0
        left = 1 - 1 / scale
        value += own.sum() * scale
        variance += scale**2 * left * max(spread, by_chance)
        freedom += n - 1
    reach = _t(freedom) * float(np.sqrt(variance))
    return Estimate(float(value), max(float(tried.sum()), value - reach), float(value + reach))


def _t(freedom: int) -> float:
    """Return the 97.5 % quantile of Student's t, by its expansion around the normal one (Abramowitz and Stegun 26.7.5)."""
    if not freedom:
        return 0.0
    z = NORMAL
    terms = ((z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96, (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384)
    return z + sum(term / freedom**k for k, term in enumerate(terms, 1))
