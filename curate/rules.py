"""A filter as data: bounds on named signals.

A filter that only compares signals with thresholds returns `Rules` and does not look at documents itself:

    def long_enough(*, min_words: int = 50) -> Rules:
        return Rules(too_few_words=at_least("words.count", min_words))

Because it is data, the engine can measure the signals of all adjacent filters in one pass, record every
rule that a document breaks, and report later exactly what another threshold would have kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from curate.batch import KEEP, Verdicts


@dataclass(frozen=True, slots=True)
class Bound:
    """The range that a signal must be in, both ends included; None means no limit on that side.

    NaN, a signal that a document does not have, is accepted unless `is_needed`.
    """

    signal: str
    at_least: float | None = None
    at_most: float | None = None
    is_needed: bool = False

    @property
    def is_idle(self) -> bool:
        """Whether no value breaks it."""
        return self.at_least is None and self.at_most is None and not self.is_needed

    def broken_by(self, values: np.ndarray) -> np.ndarray:
        """Return bool[n]: True where a value is outside the range, or is missing and needed.

        Values are compared as float32, the type in which signals are stored, so that stored and fresh values agree.
        """
        values = values.astype(np.float32, copy=False)
        broken = np.zeros(len(values), bool)
        if self.at_least is not None:
            broken |= values < np.float32(self.at_least)
        if self.at_most is not None:
            broken |= values > np.float32(self.at_most)
        if self.is_needed:
            broken |= np.isnan(values)
        return broken


def at_least(signal: str, bound: float | None) -> Bound:
    """Keep documents whose signal is `bound` or more; None disables the rule."""
    return Bound(signal, at_least=bound)


def at_most(signal: str, bound: float | None) -> Bound:
    """Keep documents whose signal is `bound` or less; None disables the rule."""
    return Bound(signal, at_most=bound)


def present(signal: str) -> Bound:
    """Keep documents that have the signal: it is not NaN."""
    return Bound(signal, is_needed=True)


class Rules:
    """Named bounds, in the order in which they are checked: `Rules(reason=bound, ...)`."""

    __slots__ = ("bounds", "measured")

    def __init__(self, **bounds: Bound):
        self.bounds: dict[str, Bound] = bounds
        self.measured: tuple[str, ...] = ()

    @classmethod
    def without_bounds(cls, signals: Iterable[str]) -> Rules:
        """Return rules that have these signals measured and drop no document."""
        rules = cls()
        rules.measured = tuple(signals)
        return rules

    def __iter__(self) -> Iterator[tuple[str, Bound]]:
        return iter(self.bounds.items())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rules) and (list(self), self.measured) == (list(other), other.measured)

    def __repr__(self) -> str:
        return f"Rules({', '.join(f'{reason}={bound}' for reason, bound in self)})"

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that these rules read, each once, in the order of the rules; those without a bound come last."""
        return tuple(dict.fromkeys([*(bound.signal for _, bound in self), *self.measured]))

    def judge(
        self, signals: Mapping[str, np.ndarray], n: int, not_asked: Mapping[str, np.ndarray] | None = None
    ) -> Verdicts:
        """Judge `n` documents by the values of their signals.

        Args:
            signals: signal -> its values.
            not_asked: signal -> bool[n], the documents that need not have it although a rule needs it.
        Returns:
            verdicts with the first broken rule as the reason, the value of its signal, and in `failed`
            (bool[n, n_rules]) every broken rule.
        """
        reasons = tuple(self.bounds)
        failed = np.zeros((n, len(reasons)), bool)
        for k, (_, bound) in enumerate(self):
            failed[:, k] = bound.broken_by(signals[bound.signal])
            if not_asked and bound.signal in not_asked:
                failed[:, k] &= ~(not_asked[bound.signal] & np.isnan(signals[bound.signal]))
        code = np.full(n, KEEP, np.int16)
        value = np.full(n, np.nan, np.float32)
        dropped = failed.any(axis=1)
        if dropped.any():
            code[dropped] = failed[dropped].argmax(axis=1)
        for k, (_, bound) in enumerate(self):
            here = code == k
            value[here] = signals[bound.signal][here]
        return Verdicts(reasons, code, value, failed=failed)
