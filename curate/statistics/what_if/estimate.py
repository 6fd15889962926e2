"""How many documents survive a changed recipe: exactly where the record knows, else an estimate with a 95 % interval.

What is not known, and how it is taken into account:

* Documents that wait before a step that they never came to. Of the documents that did come to it, the share that survived to
  the end is taken, once of those nearest to the moved bounds (`NEAREST`), once of all; the estimate is by the nearest, and
  the interval holds both with their 95 % intervals, and the spread of as many draws.
* A global stage that ranks keeps about the same share of more documents, or of fewer: that gives a second estimate. The
  interval holds both.
* A global stage that drops copies keeps another copy where the kept one is lost: between none, and as many as if copies
  of lost documents were not more often lost than others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from curate.statistics.what_if.changes import Change
from curate.statistics.what_if.counts import FREED, SAME, WAITING, Counter

NEAREST, LEAST_NEAREST = 0.1, 50
"""Share of the documents that came past the moved rules that count as like those that would, and how many at least."""

Z = 1.96
"""Standard deviations on either side of which 95 % of a normal distribution lie."""

MODEL_SPREAD = 0.1
"""Share by which the number of waiting documents that survive may be off because they are not like those that are known."""


@dataclass(frozen=True, slots=True)
class Survivors:
    """How many documents are kept.

    Args:
        known: that are kept whatever the unknown steps do with others. waiting: of which the record does not say it.
        estimate, low, high: all that are kept; equal if nothing is unknown.
        is_exact: nothing is unknown.
        shares: step -> the share of the documents waiting there that survive, by the nearest.
    """

    known: int
    waiting: int
    estimate: float
    low: float
    high: float
    is_exact: bool
    shares: Mapping[int, float] = field(default_factory=dict)


def survivors(counter: Counter) -> Survivors:
    """Return how many documents a changed recipe keeps."""
    flows, end = counter.counts.flows, len(counter.change.steps)
    known = int(flows[:, end, SAME].sum() + flows[:, end, FREED].sum())
    waiting = flows[:, :, WAITING].sum(axis=0)
    open_ = unsettled(counter)
    if not waiting.any() and not open_:
        return Survivors(known, 0, known, known, known, True)
    shares = {int(at): _share(counter, int(at)) for at in np.flatnonzero(waiting)}
    estimate = known + sum(waiting[at] * share.near for at, share in shares.items())
    low = known + sum(waiting[at] * share.low for at, share in shares.items())
    high = known + sum(waiting[at] * share.high for at, share in shares.items())
    spread = _spread(waiting, shares)
    ranks = [at for at in open_ if counter.change.steps[at].ranks]
    if ranks:
        estimate = _ranked(counter, ranks[0], waiting)
        low, high = min(low, estimate), max(high, estimate)
        spread = np.hypot(spread, np.sqrt(abs(estimate - known)))
    back = _back(counter, [at for at in open_ if counter.change.steps[at].names_copies])
    estimate += back / 2
    low, high = min(low - Z * spread, estimate), max(high + back + Z * spread, estimate)
    least = 0 if open_ else known
    most = known + int(waiting.sum()) + _could_return(counter, open_)
    return Survivors(
        known, int(waiting.sum()), estimate, max(least, float(np.floor(low))), min(most, float(np.ceil(high))), False,
        {at: share.near for at, share in shares.items()},
    )  # fmt: skip


def unsettled(counter: Counter) -> list[int]:
    """Return the steps that see more than one document and to which others come than in the run."""
    flows, first = counter.counts.flows, counter.deciding.first
    return [at for at, step in enumerate(counter.change.steps) if at > first and step.is_joint and _is_met(flows, at)]


def coming_out(counter: Counter, at: int) -> tuple[int, int]:
    """Return how many documents come out of a step in the run, and under the changed recipe as far as it is known."""
    flows = counter.counts.flows
    return int(flows[at + 1 :].sum()), int(flows[:, at + 1 :].sum())


def last_known(counter: Counter) -> int:
    """Return the last step up to which the record knows everything: the one before the first that is not settled."""
    waits = np.flatnonzero(counter.counts.flows[:, :, WAITING].sum(axis=0)).tolist()
    return min([at - 1 for at in [*waits, *unsettled(counter)]], default=len(counter.change.steps) - 1)


def _is_met(flows: np.ndarray, at: int) -> bool:
    """Return whether other documents come to a step than in the run: some that never came, or without some that did."""
    lost = flows[at:, :at, SAME].sum()
    come = flows[:at, at:, SAME].sum() + flows[:at, at:, FREED].sum() + flows[:at, :, WAITING].sum()
    return bool(lost or come)


@dataclass(frozen=True, slots=True)
class _Share:
    """Shares of documents that survive from a step to the end: of the nearest, and the ends of what is likely."""

    near: float
    low: float
    high: float


def _share(counter: Counter, at: int) -> _Share:
    values, before = counter.sample.found()
    came, end = before >= at, len(counter.change.steps)
    is_near = nearest(counter.change, counter.sample.columns, values) & came
    kept = before == end
    pairs = [(int((kept & mask).sum()), int(mask.sum())) for mask in (is_near, came)]
    (near, n_near), (_, n_all) = pairs
    ends = [end for pair in pairs for end in _wilson(*pair)]
    share = near / n_near if n_near else pairs[1][0] / n_all if n_all else 0.5
    spread = MODEL_SPREAD * min(share, 1 - share) * 2
    return _Share(share, max(0.0, min(ends) - spread), min(1.0, max(ends) + spread))


def nearest(change: Change, columns: list[str], values: np.ndarray) -> np.ndarray:
    """Return which documents that pass the moved rules are nearest to a bound that was loosened: bool[n]."""
    n = len(values)
    found, wanted = np.zeros(n, bool), min(n, max(LEAST_NEAREST, int(NEAREST * n)))
    for moved in (each for each in change.moved if each.column in columns):
        column = values[:, columns.index(moved.column)].astype(np.float64)
        before, after = moved.before or (None, None), moved.after or (None, None)
        for side, sign in ((0, 1), (1, -1)):
            if before[side] is None or (after[side] is not None and (after[side] - before[side]) * sign >= 0):
                continue
            distance = np.where(np.isnan(column), np.inf, np.abs(column - before[side]))
            if wanted:
                limit = np.partition(distance, wanted - 1)[wanted - 1]
                found |= (distance <= limit) & np.isfinite(distance)
    return found if found.any() else np.ones(n, bool)


def _wilson(k: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    if not n:
        return 0.0, 1.0
    centre, width = (k + Z * Z / 2) / (n + Z * Z), Z * np.sqrt(k * (n - k) / n + Z * Z / 4) / (n + Z * Z)
    return max(0.0, centre - width), min(1.0, centre + width)


def _spread(waiting: np.ndarray, shares: dict[int, _Share]) -> float:
    """Return the standard deviation of the number of waiting documents that survive if each does so by itself."""
    return float(np.sqrt(sum(waiting[at] * share.near * (1 - share.near) for at, share in shares.items())))


def _ranked(counter: Counter, at: int, waiting: np.ndarray) -> float:
    """Return how many documents are kept if a ranking and all after it keep the share that they kept."""
    flows, end = counter.counts.flows, len(counter.change.steps)
    came, passed = flows[at:].sum(), flows[at + 1 :].sum()
    if not came or not passed:
        return 0.0
    after, kept = flows[at + 1 :, at + 1 :].sum(), flows[at + 1 :, end].sum()
    if not after:  # all that the ranking let pass are lost before it
        after, kept = passed, flows[end].sum()
    comes = flows[:, at:, SAME].sum() + flows[:, at:, FREED].sum()
    comes += sum(n * _reaches(counter, step, at) for step, n in enumerate(waiting) if n and step <= at)
    return float(comes * (passed / came) * (kept / after))


def _reaches(counter: Counter, start: int, at: int) -> float:
    """Return the share of documents like the waiting ones that came from one step to another."""
    values, before = counter.sample.found()
    mask = nearest(counter.change, counter.sample.columns, values) & (before >= start)
    mask = mask if mask.any() else before >= start
    return float((before[mask] >= at).mean()) if mask.any() else 1.0


def _back(counter: Counter, copies: list[int]) -> float:
    """Return how many copies can be kept in place of lost documents: as many as if those that still come were copies of lost
    and of other documents alike, and no more than are lost. As copies are alike, most are lost with the kept one."""
    flows, end = counter.counts.flows, len(counter.change.steps)
    found = 0.0
    for at in copies:
        passed, lost = int(flows[at + 1 :].sum()), int(flows[at + 1 :, :at, SAME].sum())
        still_come = int(flows[at, at, SAME])
        found += min(lost, still_come * lost / passed) * float(flows[end].sum() / passed) if passed else 0.0
    return found


def _could_return(counter: Counter, unsettled: list[int]) -> int:
    """Return how many documents global stages dropped after the moved rules: more cannot come back."""
    flows = counter.counts.flows
    return int(sum(flows[at, at, SAME] for at in unsettled))
