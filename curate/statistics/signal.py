"""One column in detail: how its values are distributed by fate, and what each rule on it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from curate.batch import column_types
from curate.errors import SpecError
from curate.plan.record import is_number
from curate.statistics import axis
from curate.statistics.corpus import Corpus
from curate.statistics.distribution import Values, numbers, summary
from curate.statistics.fates import BrokenRules, Codes
from curate.statistics.rulebook import Rule

BINS = 24
"""About how many bins a distribution is divided into."""


def study(corpus: Corpus, column: str) -> dict[str, Any]:
    """Return how the values of a column are distributed, for kept documents and for those that each stage dropped.

    Returns:
        JSON-like data. `fates`: for `kept`, `dropped` and each stage that dropped documents, the summary of the values,
        their mean, and the shares in the bins between `edges`, of which `bounds` are those of rules; `is_logarithmic`: the bins
        grow with the numbers. `margin`: of a sample,
        how far the share of all documents below the median may be from a half (95 %). `rules`: for each that compares the column, its bounds and how
        many documents broke it, were dropped for it as the first broken rule, and broke no other. All numbers are exact.

    Raises:
        SpecError: there is no such column, or it does not hold numbers. InputError: the record is damaged.
    """
    record = corpus.need_record()
    record.check([column])
    kind = record.schema([column]).field(column).type
    if not is_number(kind):
        raise SpecError(
            f"`{column}` holds {column_types.shown(kind)}, not numbers.  `--by {column}` counts documents by its values."
        )
    stages = Codes([stage["label"] for stage in corpus.stages])
    reasons, broken = Codes(), BrokenRules()
    values: list[np.ndarray] = []
    of_stage: list[np.ndarray] = []
    n_first: dict[tuple[int, int], int] = {}
    for batch in record.batches([column, "stage", "reason", "broken"], coded=True):
        values.append(numbers(batch[column]))
        of_stage.append(stages.of(batch["stage"]).astype(np.int16))
        _count_first(n_first, of_stage[-1], reasons.of(batch["reason"]))
        broken.count(batch["broken"])
    all_values, all_stages = _joined(values, np.float32), _joined(of_stage, np.int16)
    found = _by_fate(all_values, all_stages, stages.values)
    rules = corpus.rulebook.on_column(column)
    drawn = axis.make([each for _, each in found], [rule.bound for rule in rules], BINS)
    return {
        "column": column,
        "about": record.about[column],
        "documents": len(all_values),
        "margin": corpus.sampled.margin(all_values) if corpus.sampled else None,
        "measured": int((~np.isnan(all_values)).sum()),
        "edges": list(drawn.edges[1:-1]) if drawn else [],
        "bounds": sorted(drawn.marks) if drawn else [],
        "is_logarithmic": drawn is not None and drawn.is_log,
        "fates": [_of_fate(fate, each, drawn) for fate, each in found],
        "rules": [
            {**rule, "first": n_first.get((stages.find(rule["stage"]), reasons.find(rule["reason"])), 0),
             "broke": broken.broke(f"{rule['stage']} {rule['reason']}"),
             "alone": broken.alone(f"{rule['stage']} {rule['reason']}")}
            for rule in described(rules)
        ],
    }  # fmt: skip


def described(rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """Return rules as JSON-like data, one entry for each stage and reason, with the bound of each case."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for rule in rules:
        entry = found.setdefault(
            (rule.stage, rule.reason), {"stage": rule.stage, "reason": rule.reason, "column": rule.column, "bounds": []}
        )
        bound = {name: value for name, value in asdict(rule.bound).items() if name != "signal"}
        entry["bounds"].append({**bound, "when": {column: list(values) for column, values in rule.when.items()}})
    return list(found.values())


def _count_first(counts: dict[tuple[int, int], int], stages: np.ndarray, reasons: np.ndarray) -> None:
    pairs, times = np.unique(np.stack([stages, reasons]), axis=1, return_counts=True)
    for stage, reason, n in zip(*pairs.tolist(), times.tolist(), strict=True):
        counts[stage, reason] = counts.get((stage, reason), 0) + n


def _joined(pieces: list[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate(pieces) if pieces else np.zeros(0, kind)


def _by_fate(values: np.ndarray, stages: np.ndarray, labels: Sequence[str]) -> list[tuple[str, Values]]:
    """Return the values of kept documents, of dropped ones, and of those of each stage, in the order of the recipe."""
    found = [("kept", Values(values[stages < 0])), ("dropped", Values(values[stages >= 0]))]
    return [*found, *((label, Values(values[stages == k])) for k, label in enumerate(labels) if (stages == k).any())]


def _of_fate(fate: str, values: Values, drawn: axis.Axis | None) -> dict[str, Any]:
    stage = None if fate in ("kept", "dropped") else fate
    return {
        "fate": "kept" if fate == "kept" else "dropped",
        "stage": stage,
        **summary(values),
        "mean": values.mean,
        "shares": values.shares(drawn.edges) if drawn else [],
    }
