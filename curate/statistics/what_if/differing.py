"""Documents of two runs of one input that have another fate: the true effect of a change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import InputError
from curate.statistics.corpus import Corpus
from curate.statistics.distribution import numbers
from curate.statistics.groups import TOKENS

REASONS = 8
"""Fates that are named."""


def compare(before: Corpus, now: Corpus) -> dict[str, Any]:
    """Compare what became of the documents of two runs, one by one.

    Returns:
        JSON-like data: how many are kept of all, `gained` and `lost` with the reasons, and `moved`: dropped in both runs, for
        another reason. `examples`: ids of some that were gained and lost.

    Raises:
        InputError: the runs have not read the same documents, or a record is damaged.
        SpecError: a run has no record.
    """
    fates: dict[str, Counter[str]] = {"gained": Counter(), "lost": Counter(), "moved": Counter()}
    examples: dict[str, list[str]] = {"gained": [], "lost": []}
    totals = {"documents": 0, "before": 0, "now": 0}
    for one, other in _by_shard(before, now):
        old, new = _fates(one), _fates(other)
        totals["documents"] += len(old)
        totals["before"] += old.null_count
        totals["now"] += new.null_count
        for kind, mask, said in _differing(old, new):
            fates[kind].update(_counted(said.filter(mask)))
            if kind in examples and len(examples[kind]) < REASONS:
                examples[kind] += one["id"].combine_chunks().filter(mask).slice(0, REASONS).to_pylist()
    return {
        "documents": totals["documents"],
        "before": {"documents": totals["before"], **_tokens(before)},
        "now": {"documents": totals["now"], "is_exact": True, **_tokens(now)},
        **{kind: {"documents": sum(found.values()), "reasons": _described(found)} for kind, found in fates.items()},
        "examples": {kind: ids[:REASONS] for kind, ids in examples.items()},
    }


def _by_shard(before: Corpus, now: Corpus) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield the rows of each shard in both runs, in the order of their ids."""
    sides = [_shards(before), _shards(now)]
    while True:
        one, other = (next(side, None) for side in sides)
        if one is None and other is None:
            return
        if one is None or other is None or not one["id"].equals(other["id"]):
            raise InputError(
                f"{before.url} and {now.url} have not read the same documents, so they cannot be compared."
            )
        yield one, other


def _shards(corpus: Corpus) -> Iterator[pa.Table]:
    record, columns = corpus.need_record(), ["id", "stage", "reason"]
    schema, waiting, current = record.schema(columns), [], None
    for shard, batch in record.by_shard(columns):
        if shard != current and waiting:
            yield _sorted(waiting, schema)
            waiting = []
        current = shard
        waiting.append(batch)
    if waiting:
        yield _sorted(waiting, schema)


def _sorted(batches: list[pa.RecordBatch], schema: pa.Schema) -> pa.Table:
    """Return rows in the order of their ids; of one id several times, the kept ones first and then by the fate."""
    table = pa.Table.from_batches(batches, schema)
    order = [("id", "ascending"), ("stage", "ascending"), ("reason", "ascending")]
    return table.sort_by(order).combine_chunks()


def _fates(rows: pa.Table) -> pa.Array:
    """Return `stage reason` of each row; null for kept ones."""
    joined = pc.binary_join_element_wise(rows["stage"], rows["reason"], "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def _differing(old: pa.Array, new: pa.Array) -> Iterator[tuple[str, pa.Array, pa.Array]]:
    """Yield (kind, which rows, the fate that says why) for each way in which a fate can differ."""
    yield "gained", pc.and_(old.is_valid(), new.is_null()), old
    yield "lost", pc.and_(old.is_null(), new.is_valid()), new
    yield "moved", pc.fill_null(pc.not_equal(old, new), False), new


def _counted(fates: pa.Array) -> Counter[str]:
    return Counter({each["values"]: each["counts"] for each in pc.value_counts(fates).to_pylist()})


def _described(found: Counter[str]) -> list[dict[str, Any]]:
    listed = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:REASONS]
    return [{"stage": fate.partition("\n")[0], "reason": fate.partition("\n")[2], "documents": n} for fate, n in listed]


def _tokens(corpus: Corpus) -> dict[str, Any]:
    """Return the tokens of the kept documents, if they were measured."""
    record = corpus.need_record()
    column = next((name for name in TOKENS if name in record.about), None)
    if column is None:
        return {}
    total = 0.0
    for batch in record.batches([column, "stage"]):
        kept = batch["stage"].is_null().to_numpy(zero_copy_only=False)
        total += float(np.nansum(numbers(batch[column])[kept]))
    return {"tokens": round(total), "tokens_column": column}
