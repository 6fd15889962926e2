"""A run or a data set at a glance: reasons by how many documents they dropped, columns by how their values are distributed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from curate.ledger import NOT_IN_SAMPLE
from curate.plan.record import is_number
from curate.signals import SIGNALS
from curate.statistics import axis
from curate.statistics.corpus import Corpus
from curate.statistics.distribution import Values, numbers, summary
from curate.statistics.error import Sampled
from curate.statistics.record import JudgementRecord, Record
from curate.statistics.signal import described

BINS = 16
"""About how many bins a distribution is divided into."""

COMPARED, OTHERS = 12, 6
"""Columns that are shown: of those that rules compare, and of the others."""

EXACT, SAMPLED, LEAST_FILES = 1_000_000, 400_000, 8
"""Documents of a run up to which all are looked at; about how many else; in how many files of the record at least."""

_AT_ONCE = 32_000_000
"""Numbers that are held in memory at the same time, about."""


def reasons(corpus: Corpus) -> list[dict[str, Any]]:
    """Return why documents were dropped, as JSON-like data, the most frequent reason first; but not those outside the sample of
    the recipe.

    `documents`: for which it was the first broken rule; `share` of all that were read, `share_of_dropped`; `broke`: all that
    broke the rule where they were dropped.
    """
    read, dropped = max(1, corpus.ledger.n_read), max(1, corpus.ledger.n_dropped - corpus.ledger.n_left_out)
    found = [
        {"stage": entry.stage, "reason": reason, "documents": n, "share": n / read, "share_of_dropped": n / dropped,
         "broke": entry.failed.get(reason, n)}
        for entry in corpus.ledger.stages for reason, n in entry.dropped.items()
        if n and reason != NOT_IN_SAMPLE
    ]  # fmt: skip
    return sorted(found, key=lambda each: (-each["documents"], each["stage"], each["reason"]))


def columns(corpus: Corpus) -> list[str]:
    """Return all columns of numbers: first those that rules compare, by how many documents broke these; then the others,
    scores first."""
    record = corpus.need_record()
    schema = record.schema(record.names)
    there = [name for name in record.names if is_number(schema.field(name).type) and not pa.types.is_boolean(schema.field(name).type)]  # fmt: skip
    broke = {(entry.stage, reason): n for entry in corpus.ledger.stages for reason, n in entry.failed.items()}
    cost = dict.fromkeys(there, 0)
    for rule in corpus.rulebook:
        if rule.column in cost and not rule.bound.is_idle:
            cost[rule.column] += 1 + len(there) * broke.get((rule.stage, rule.reason), 0)
    compared = sorted((name for name in there if cost[name]), key=lambda name: -cost[name])
    others = sorted(
        (name for name in there if not cost[name]), key=lambda name: not pa.types.is_floating(schema.field(name).type)
    )
    return [*compared, *(name for name in others if name not in SIGNALS), *(name for name in others if name in SIGNALS)]


def brief(corpus: Corpus, names: Sequence[str]) -> list[str]:
    """Return the columns that are shown if nobody asks for all."""
    compared = {rule.column for rule in corpus.rulebook if not rule.bound.is_idle}
    broke = {(entry.stage, reason) for entry in corpus.ledger.stages for reason, n in entry.failed.items() if n}
    costly = {rule.column for rule in corpus.rulebook if (rule.stage, rule.reason) in broke}
    first = [name for name in names if name in costly][:COMPARED]
    return [*first, *[name for name in names if name not in compared][: OTHERS + COMPARED - len(first)]]


def glance(corpus: Corpus, names: Sequence[str], n_bins: int = BINS) -> dict[str, Any]:
    """Return how columns are distributed, as JSON-like data; of a large run in a sample of its documents.

    Returns:
        `sample`: what is to be known of the sample; None if the numbers are exact. `distributions`: for each column `kept` and
        `dropped`, the summary of the values and their `shares` in the bins of `edges`, of which the first begins before and
        the last ends behind the edges that are given; `rules`: those that compare the column; `margin`: how far the share of
        documents below a percentile may be from the one that it states (95 %), 0 if the numbers are exact.

    Raises:
        SpecError: there is no such column. InputError: the record is damaged.
    """
    record, sampled = _looked_at(corpus)
    found = []
    for name, values, is_dropped in _values(record, names, sampled.n if sampled else corpus.ledger.n_born):
        kept, dropped = Values(values[~is_dropped]), Values(values[is_dropped])
        rules = corpus.rulebook.on_column(name)
        drawn = axis.make([kept, dropped], [rule.bound for rule in rules], n_bins)
        edges = drawn.edges if drawn else (-np.inf, np.inf)
        found.append({
            "column": name, "about": record.about[name], "edges": list(edges[1:-1]),
            "bounds": sorted(drawn.marks) if drawn else [],
            "kept": {**summary(kept), "shares": kept.shares(edges)},
            "dropped": {**summary(dropped), "shares": dropped.shares(edges)},
            "margin": sampled.margin(values) if sampled else 0.0,
            "rules": described(rules),
        })  # fmt: skip
    sample = sampled.described(_margins(found)) if sampled else None
    return {"sample": sample, "distributions": found}


def _margins(found: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return the margins of the columns that most of the sample has; of all if there is none. Of rare values little is known."""
    usual = [each for each in found if _n(each, "documents") >= _n(each, "missing")]
    return [each["margin"] for each in usual or found]


def _n(described: Mapping[str, Any], key: str) -> int:
    return described["kept"][key] + described["dropped"][key]


def _looked_at(corpus: Corpus) -> tuple[Record, Sampled | None]:
    """Return the record, or of a large run some of its files, with what is to be known of that sample."""
    record = corpus.need_record()
    n = corpus.ledger.n_born
    if not isinstance(record, JudgementRecord) or n <= EXACT:
        return record, corpus.sampled
    n_files = max(LEAST_FILES, len(record.paths) * SAMPLED // n)
    if n_files >= len(record.paths):
        return record, None
    part = record.part(n_files)
    per_file = part.rows_of_files()
    how = f"all of {n_files} of {len(record.paths)} files of the record, at equal distances"
    return part, Sampled(sum(per_file), n, False, how, tuple(per_file))


def _values(record: Record, names: Sequence[str], n_rows: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yield each column with its values and whether the documents were dropped, some columns in each pass over the record."""
    n = max(1, _AT_ONCE // max(1, n_rows))
    for start in range(0, len(names), n):
        some = list(names[start : start + n])
        pieces: dict[str, list[np.ndarray]] = {name: [] for name in some}
        dropped: list[np.ndarray] = []
        for batch in record.batches([*some, "stage"], coded=True):
            dropped.append(batch["stage"].is_valid().to_numpy(zero_copy_only=False))
            for name in some:
                pieces[name].append(numbers(batch[name]))
        is_dropped = np.concatenate(dropped) if dropped else np.zeros(0, bool)
        for name in some:
            yield name, np.concatenate(pieces.pop(name)) if dropped else np.zeros(0), is_dropped
