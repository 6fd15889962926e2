"""How many documents survive a changed recipe: exactly where the record knows, else an estimate with a 95 % interval.

What is not known, and how it is taken into account:

* Documents that wait before a step that they never came to: `shares` says how many survive. The interval holds their
  spread, and that of as many draws.
* A global stage that ranks keeps about the same share of more documents, or of fewer: that gives a second estimate. The
  interval holds both.
* A global stage that drops copies keeps another copy where the kept one is lost: between none, and as many as if copies
  of lost documents were not more often lost than others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from curate.statistics.what_if.counts import FREED, SAME, WAITING, Counter
from curate.statistics.what_if.shares import Shares, Z


@dataclass(frozen=True, slots=True)
class Survivors:
    """How many documents are kept.

    Args:
        known: that are kept whatever the unknown steps do with others. waiting: of which the record does not say it.
        estimate, low, high: all that are kept; equal if nothing is unknown.
        is_exact: nothing is unknown.
        shares: step -> the share of the documents that it drops no more, and that wait, that survives.
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
    waiting = {origin: int(flows[origin, :, WAITING].sum()) for origin in counter.deciding.waits_before}
    waiting, open_ = {origin: n for origin, n in waiting.items() if n}, unsettled(counter)
    if not waiting and not open_:
        return Survivors(known, 0, known, known, known, True)
    shares = Shares(counter)
    kept = {origin: shares.of(origin, end) for origin in waiting}
    estimate = known + sum(n * kept[origin].near for origin, n in waiting.items())
    low = known + sum(n * kept[origin].low for origin, n in waiting.items())
    high = known + sum(n * kept[origin].high for origin, n in waiting.items())
    spread = np.sqrt(sum(n * kept[origin].near * (1 - kept[origin].near) for origin, n in waiting.items()))
    ranks = [at for at in open_ if counter.change.steps[at].ranks]
    if ranks:
        come = sum(n * shares.of(origin, ranks[0]).near for origin, n in waiting.items())
        estimate = _ranked(counter, ranks[0], come)
        low, high = min(low, estimate), max(high, estimate)
        spread = np.hypot(spread, np.sqrt(abs(estimate - known)))
    back = _back(counter, [at for at in open_ if counter.change.steps[at].names_copies])
    estimate += back / 2
    low, high = min(low - Z * spread, estimate), max(high + back + Z * spread, estimate)
    least = 0 if open_ else known
    most = known + sum(waiting.values()) + _could_return(counter, open_)
    return Survivors(
        known, sum(waiting.values()), estimate, max(least, float(np.floor(low))), min(most, float(np.ceil(high))), False,
        {origin: share.near for origin, share in kept.items()},
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


def _ranked(counter: Counter, at: int, waiting: float) -> float:
    """Return how many documents are kept if a ranking and all after it keep the share that they kept.

    Args:
        waiting: how many of those that wait come to it.
    """
    flows, end = counter.counts.flows, len(counter.change.steps)
    came, passed = flows[at:].sum(), flows[at + 1 :].sum()
    if not came or not passed:
        return 0.0
    after, kept = flows[at + 1 :, at + 1 :].sum(), flows[at + 1 :, end].sum()
    if not after:  # all that the ranking let pass are lost before it
        after, kept = passed, flows[end].sum()
    comes = flows[:, at:, SAME].sum() + flows[:, at:, FREED].sum()
    return float((comes + waiting) * (passed / came) * (kept / after))


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
