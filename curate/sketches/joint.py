"""Which rules documents broke together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

MOST_SETS = 2048
"""Different sets of rules that are counted separately; with more, only single rules and pairs are counted."""


@dataclass(slots=True)
class JointOutcomes:
    """How many documents broke each rule, each pair of rules, and exactly which set of rules.

    Args:
        broke: rule -> documents that broke it.
        alone: rule -> documents that broke only this one: they would pass without it.
        pairs: (rule, rule), in alphabetical order -> documents that broke both, whatever else they broke.
        sets: the rules of a document, in alphabetical order -> documents that broke exactly these; None if there are more than
            `MOST_SETS` different sets.
    """

    broke: dict[str, int] = field(default_factory=dict)
    alone: dict[str, int] = field(default_factory=dict)
    pairs: dict[tuple[str, str], int] = field(default_factory=dict)
    sets: dict[tuple[str, ...], int] | None = field(default_factory=dict)

    def count(self, rules: Sequence[str], n: int = 1) -> None:
        """Add documents that broke exactly these rules."""
        rules = tuple(sorted(set(rules)))
        if not rules:
            return
        for rule in rules:
            _increase(self.broke, rule, n)
        if len(rules) == 1:
            _increase(self.alone, rules[0], n)
        for pair in combinations(rules, 2):
            _increase(self.pairs, pair, n)
        if self.sets is not None:
            _increase(self.sets, rules, n)
            self._limit()

    def add(self, other: JointOutcomes) -> None:
        """Add the counts of another sketch."""
        for mine, theirs in ((self.broke, other.broke), (self.alone, other.alone), (self.pairs, other.pairs)):
            for key, n in theirs.items():
                _increase(mine, key, n)
        if self.sets is None or other.sets is None:
            self.sets = None
            return
        for rules, n in other.sets.items():
            _increase(self.sets, rules, n)
        self._limit()

    def _limit(self) -> None:
        if len(self.sets) > MOST_SETS:
            self.sets = None

    def to_json(self) -> dict[str, Any]:
        """Return JSON in which rules are named by their number in `rules`."""
        rules = sorted(self.broke)
        number = {rule: at for at, rule in enumerate(rules)}
        return {
            "rules": rules, "broke": [self.broke[rule] for rule in rules],
            "alone": [self.alone.get(rule, 0) for rule in rules],
            "pairs": [[number[a], number[b], n] for (a, b), n in sorted(self.pairs.items())],
            "sets": None if self.sets is None else
            [[[number[rule] for rule in found], n] for found, n in sorted(self.sets.items())],
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> JointOutcomes:
        rules = data["rules"]
        return cls(
            dict(zip(rules, data["broke"], strict=True)),
            {rule: n for rule, n in zip(rules, data["alone"], strict=True) if n},
            {(rules[a], rules[b]): n for a, b, n in data["pairs"]},
            None if data["sets"] is None else {tuple(rules[at] for at in found): n for found, n in data["sets"]},
        )


def _increase(counts: dict[Any, int], key: Any, n: int) -> None:
    counts[key] = counts.get(key, 0) + n
