"""Which share of the documents that wait survives the steps before which they wait.

Documents that came to these steps tell it. Of those that wait, two kinds are told apart by the last values that the record
knows of them: those that would pass all filters ahead survive as often as known documents that would pass, too; those that
would not survive only if their value is on the other side of the bound by then, and that is as likely as such a change of
the value is among the documents that have both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from curate.statistics.what_if.changes import Change
from curate.statistics.what_if.counts import Counter, Known

NEAREST, LEAST_NEAREST = 0.1, 50
"""Share of the documents that came past the moved rules that count as like those that would, and how many at least."""

Z = 1.96
"""Standard deviations on either side of which 95 % of a normal distribution lie."""

MODEL_SPREAD = 0.1
"""Share by which the number of waiting documents that survive may be off because they are not like those that are known."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of documents, and the ends of what is likely."""

    near: float
    low: float
    high: float

    def times(self, other: Share) -> Share:
        return Share(self.near * other.near, self.low * other.low, self.high * other.high)

    def mixed(self, other: Share, weight: float) -> Share:
        """Return the share of documents of two kinds: of the other kind as many as the weight says, from 0 to 1."""
        ends = ((self.near, other.near), (self.low, other.low), (self.high, other.high))
        return Share(*((1 - weight) * mine + weight * theirs for mine, theirs in ends))


NONE, ALL, ANY = Share(0, 0, 0), Share(1, 1, 1), Share(0.5, 0, 1)


class Shares:
    """Shares for one changed recipe."""

    def __init__(self, counter: Counter):
        self._counter, self._columns = counter, counter.came.columns
        self._came, self._waiting = counter.came.found(), counter.waiting.found()
        self.of = cache(self._of)

    def _of(self, origin: int, until: int) -> Share:
        """Return which share of the documents that a group drops no more, and that wait, comes to a step.

        Args:
            until: the step; the number of steps for those that are kept.
        """
        view, ahead = self._counter.ahead.views[origin], self._counter.ahead
        counted = np.array([at < until for at in view.at], bool)
        came = self._came.of(self._came.now + ~self._came.waits > view.step)
        waiting = self._waiting.of(self._waiting.freed == origin)
        rooms = [ahead.before(each.ahead, origin)[:, counted] for each in (waiting, came)]
        fails, known_fails = ((each < 0).any(axis=1) for each in rooms)
        survives = self._survives(came, until)
        is_near = nearest(self._counter.change, self._columns, came.values)
        is_alike = _has_pattern_of(rooms[1], rooms[0])
        passing = _told(survives, ~known_fails, is_near, is_alike)
        if not fails.any():
            return passing
        failing = self._turned(origin, came, rooms[0][fails], counted).times(passing)
        if known_fails.sum() >= LEAST_NEAREST:
            seen = _told(survives, known_fails, is_near, is_alike)
            failing = Share(failing.near, min(failing.low, seen.low), max(failing.high, seen.high))
        return passing.mixed(failing, float(fails.mean()))

    def _survives(self, came: Known, until: int) -> np.ndarray:
        """Return whether documents come to a step; for those that wait as well, how likely that is: float[n]."""
        found = (came.now >= until).astype(float)
        open_ = came.waits & (came.now < until)
        for origin in np.unique(came.freed[open_]).tolist():
            found[open_ & (came.freed == origin)] = self.of(origin, until).near
        return found

    def _turned(self, origin: int, came: Known, rooms: np.ndarray, counted: np.ndarray) -> Share:
        """Return how likely documents pass all rules that they would break by the last known values.

        Args:
            rooms: of these documents. counted: which rules of the view they are about.
        """
        view, ahead = self._counter.ahead.views[origin], self._counter.ahead
        least = np.ones((3, len(rooms)))
        for column, number in enumerate(np.flatnonzero(counted)):
            broken = rooms[:, column] < 0
            if not broken.any():
                continue
            if view.is_same[number]:
                least[:, broken] = 0
                continue
            before = ahead.before(came.ahead, origin)[:, number]
            moved = ahead.behind(came.ahead, view.reasons[number]) - before
            moved = np.sort(moved[~np.isnan(moved)])
            n_enough = len(moved) - np.searchsorted(moved, -rooms[broken, column], side="left")
            chances = np.array([n_enough / len(moved), *_wilson(n_enough, len(moved))]) if len(moved) else np.array([[0.5], [0.0], [1.0]])  # fmt: skip
            least[:, broken] = np.minimum(least[:, broken], chances)
        near, low, high = least.mean(axis=1).tolist()
        return Share(near, low, high)


def _has_pattern_of(rooms: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return which documents have values for the same rules as one of the others, such as those of their language: bool[n]."""
    patterns, number = np.unique(np.isnan(np.concatenate([rooms, others])), axis=0, return_inverse=True)
    number = number.reshape(-1)
    wanted = np.zeros(len(patterns), bool)
    wanted[number[len(rooms) :]] = True
    return wanted[number[: len(rooms)]]


def _told(survives: np.ndarray, kind: np.ndarray, is_near: np.ndarray, is_alike: np.ndarray) -> Share:
    """Return the share of a kind of documents that survives: by those that are nearest and alike, with ends that hold that of
    others."""
    masks = (kind & is_near & is_alike, kind & is_near, kind & is_alike, kind)
    pairs = [(float(survives[mask].sum()), int(mask.sum())) for mask in masks]
    pairs = [pair for pair in pairs if pair[1] >= LEAST_NEAREST] or pairs[-1:]
    share = pairs[0][0] / pairs[0][1] if pairs[0][1] else 0.5
    ends = [end for pair in pairs for end in _wilson(*pair)]
    spread = MODEL_SPREAD * min(share, 1 - share) * 2
    return Share(share, max(0.0, min(ends) - spread), min(1.0, max(ends) + spread))


def nearest(change: Change, columns: list[str], values: np.ndarray) -> np.ndarray:
    """Return which documents that pass the moved rules are nearest to a bound that was loosened: bool[n]."""
    n = len(values)
    found, wanted = np.zeros(n, bool), min(n, max(LEAST_NEAREST, int(NEAREST * n)))
    for moved in (each for each in change.moved if each.column in columns):
        column = values[:, columns.index(moved.column)].astype(np.float64)
        before, after = (
            (each.at_least, each.at_most) if each else (None, None) for each in (moved.before, moved.after)
        )
        for side, sign in ((0, 1), (1, -1)):
            if before[side] is None or (after[side] is not None and (after[side] - before[side]) * sign >= 0):
                continue
            distance = np.where(np.isnan(column), np.inf, np.abs(column - before[side]))
            if wanted:
                limit = np.partition(distance, wanted - 1)[wanted - 1]
                found |= (distance <= limit) & np.isfinite(distance)
    return found if found.any() else np.ones(n, bool)


def _wilson(k: Any, n: int) -> tuple[Any, Any]:
    """Return Wilson's 95 % interval of a share, or of an array of shares."""
    if not n:
        return 0.0, 1.0
    centre, width = (k + Z * Z / 2) / (n + Z * Z), Z * np.sqrt(k * (n - k) / n + Z * Z / 4) / (n + Z * Z)
    return np.maximum(0.0, centre - width), np.minimum(1.0, centre + width)
