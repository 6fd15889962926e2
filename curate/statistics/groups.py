"""Documents by the values of a column: how many there were, how many were kept, and why the others went."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.errors import SpecError
from curate.ledger import NOT_IN_SAMPLE
from curate.plan.record import YEAR
from curate.signals import TOKENS
from curate.statistics.corpus import Corpus
from curate.statistics.distribution import numbers
from curate.statistics.domains import domains
from curate.statistics.fates import KEPT, Codes
from curate.statistics.record import Record

SHOWN = 20
"""Values that are shown separately; the others are one row."""

REASONS = 3
"""Reasons that are named for each value."""

_MERGED_ROWS = 2_000_000
"""Partial counts are added up when there are so many."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A grouping that is made from another column.

    Args:
        column: from which it is made. of: returns its value for each row.
        about: what it is.
    """

    column: str
    of: Callable[[pa.Array], pa.Array]
    about: str


def _years_of_dates(dates: pa.Array) -> pa.Array:
    years = pc.utf8_slice_codeunits(dates.cast(pa.string()), 0, 4)
    return pc.if_else(pc.match_substring_regex(years, "^[0-9]{4}$"), years, None)


def _spelled(numbers: pa.Array) -> pa.Array:
    return numbers.cast(pa.string())


DERIVED: Mapping[str, Sequence[Derived]] = MappingProxyType(
    {
        "domain": (Derived("url", domains, "the registered domain of the address"),),
        "year": (
            Derived(YEAR, _spelled, "the year of the date"),
            Derived("date", _years_of_dates, "the year in which the date begins"),
        ),
    }
)
"""Groupings that the record has no column for, and what they are made from: the first column that is there. A run has
recorded the year; a data set has dates."""


def count(corpus: Corpus, by: str) -> dict[str, Any]:
    """Count documents by the values of a column.

        Args:
            by: a column of the record, or one of `DERIVED`.

        Returns:
            JSON-like data. `groups`: for the `SHOWN` most frequent values, and `rest`: for all others together, how many
            documents have them, how many were kept, their tokens if these were measured, and the main reasons. `values`: how
    many different ones there are. `not_in_sample`: documents that the recipe's `sample` left out, which are not
            counted. All numbers are exact.

        Raises:
            SpecError: there is no such column, or its values are lists. InputError: the record is damaged.
    """
    record = corpus.need_record()
    derived = _derived(record, by)
    column = derived.column if derived else by
    _check(record, by, column)
    tokens = next((name for name in TOKENS if name in record.about), None)
    fates = Codes()
    counted = _Counted()
    n_left_out = 0
    for batch in record.batches(list(dict.fromkeys([column, "stage", "reason", *([tokens] if tokens else [])])), coded=True):  # fmt: skip
        is_sampled = pc.not_equal(batch["reason"].cast(pa.string()), NOT_IN_SAMPLE)
        n_read, batch = batch.num_rows, batch.filter(pc.fill_null(is_sampled, True))
        n_left_out += n_read - batch.num_rows
        values = derived.of(batch[column]) if derived else batch[column]
        counted.add(values, _fates(fates, batch), numbers(batch[tokens]) if tokens else None)
    return {
        "by": by,
        "about": derived.about if derived else record.about[by],
        "tokens": tokens,
        "not_in_sample": n_left_out,
        **_described(counted.total(), fates, has_tokens=tokens is not None),
    }


def _derived(record: Record, by: str) -> Derived | None:
    """Return how a grouping is made from another column; None if it is a column itself, or cannot be made."""
    if by in record.about:
        return None
    return next((each for each in DERIVED.get(by, ()) if each.column in record.about), None)


def _check(record: Record, by: str, column: str) -> None:
    """Make sure that documents can be counted by a column."""
    try:
        record.check([column])
    except SpecError as error:
        more = ", ".join(name for name in DERIVED if _derived(record, name))
        raise SpecError(f"{error.message}  Documents can also be counted by {more}.") from None
    if pa.types.is_nested(record.schema([column]).field(column).type):
        raise SpecError(f"`{by}` holds lists, and a document can be counted only once.  Count by another column.")


def _fates(codes: Codes, batch: pa.RecordBatch) -> np.ndarray:
    """Return a number for the stage and reason of each document; `KEPT` for kept ones."""
    pairs = pc.binary_join_element_wise(batch["stage"].cast(pa.string()), batch["reason"].cast(pa.string()), "\n")
    return codes.of(pairs)


class _Counted:
    """Numbers of documents and tokens by value and fate, added up from time to time."""

    def __init__(self) -> None:
        self._parts: list[pa.Table] = []
        self._n_rows = 0

    def add(self, values: pa.Array, fates: np.ndarray, tokens: np.ndarray | None) -> None:
        if pa.types.is_floating(values.type):
            values = pa.array(values.to_numpy(zero_copy_only=False), from_pandas=True)  # NaN is null
        coded = pc.dictionary_encode(values)
        n_values, first = len(coded.dictionary) + 1, int(fates.min(initial=0))
        at = pc.fill_null(coded.indices, n_values - 1).to_numpy(zero_copy_only=False).astype(np.int64)
        width = int(fates.max(initial=0)) - first + 1
        keys, inverse, n = np.unique(at * width + fates - first, return_inverse=True, return_counts=True)
        known = np.zeros(len(at)) if tokens is None else np.nan_to_num(tokens)
        dictionary = pa.concat_arrays([coded.dictionary, pa.nulls(1, coded.dictionary.type)])
        part = {"value": dictionary.take(pa.array(keys // width)), "fate": keys % width + first, "n": n,
                "tokens": np.bincount(inverse, known, minlength=len(keys))}  # fmt: skip
        self._parts.append(pa.table(part))
        self._n_rows += len(keys)
        if self._n_rows > _MERGED_ROWS:
            self._parts = [self.total()]
            self._n_rows = len(self._parts[0])

    def total(self) -> pa.Table:
        """Return `value`, `fate`, `n` and `tokens`, one row for each value and fate."""
        if not self._parts:
            return pa.table({"value": pa.array([], pa.string()), "fate": pa.array([], pa.int64()), "n": pa.array([], pa.int64()), "tokens": pa.array([], pa.float64())})  # fmt: skip
        added = pa.concat_tables(self._parts).group_by(["value", "fate"]).aggregate([("n", "sum"), ("tokens", "sum")])
        return added.rename_columns({"n_sum": "n", "tokens_sum": "tokens"})


def _described(total: pa.Table, fates: Codes, *, has_tokens: bool) -> dict[str, Any]:
    by_value = total.group_by("value").aggregate([("n", "sum")])
    order = [("n_sum", "descending"), ("value", "ascending")]
    most = by_value.take(pc.select_k_unstable(by_value, SHOWN, sort_keys=order)) if len(by_value) else by_value
    groups = [_group(value, _rows_of(total, value), fates, has_tokens) for value in most["value"].to_pylist()]
    rest = {
        **_group(None, _without(total, most["value"]), fates, has_tokens),
        "values": len(by_value) - len(most),
    }
    del rest["value"]
    documents = sum(group["documents"] for group in groups) + rest["documents"]
    return {"documents": documents, "values": len(by_value), "groups": groups, "rest": rest}


def _rows_of(total: pa.Table, value: Any) -> pa.Table:
    is_it = pc.is_null(total["value"]) if value is None else pc.equal(total["value"], pa.scalar(value, total["value"].type))  # fmt: skip
    return total.filter(is_it)


def _without(total: pa.Table, values: pa.ChunkedArray) -> pa.Table:
    return total.filter(pc.invert(pc.is_in(total["value"], value_set=values.combine_chunks())))


def _group(value: Any, rows: pa.Table, fates: Codes, has_tokens: bool) -> dict[str, Any]:
    of_fate = dict(_of_fate(rows))
    n = sum(documents for documents, _ in of_fate.values())
    kept, tokens_kept = of_fate.pop(KEPT, (0, 0.0))
    reasons = sorted(((documents, fates.values[fate]) for fate, (documents, _) in of_fate.items()), key=lambda pair: (-pair[0], pair[1]))  # fmt: skip
    tokens = tokens_kept + sum(each for _, each in of_fate.values())
    return {
        "value": value,
        "documents": n,
        "kept": kept,
        "kept_share": kept / n if n else None,
        **({"tokens": round(tokens), "tokens_kept": round(tokens_kept)} if has_tokens else {}),
        "reasons": [_reason(documents, pair) for documents, pair in reasons[:REASONS]],
    }


def _of_fate(rows: pa.Table) -> Iterator[tuple[int, tuple[int, float]]]:
    added = rows.group_by("fate").aggregate([("n", "sum"), ("tokens", "sum")])
    for fate, n, tokens in zip(*(added[name].to_pylist() for name in ("fate", "n_sum", "tokens_sum")), strict=True):
        yield fate, (n, tokens)


def _reason(documents: int, pair: str) -> dict[str, Any]:
    stage, _, reason = pair.partition("\n")
    return {"stage": stage, "reason": reason, "documents": documents}
