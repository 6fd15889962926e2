"""Rank documents over the whole corpus or within groups, for `quality.keep_top` and `quality.top_per`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from curate import languages
from curate.barrier import Corpus, Emitted, ReduceContext, Reduction
from curate.batch import Batch, Columns, Remark, Seen, Verdicts
from curate.errors import SpecError
from curate.stages.dedup import _keep_policy

REASONS = ("not_in_top", "no_score")


class Ranking:
    """A barrier that keeps the documents of each group with the highest mean percentile rank.

    Where there are scores and a column `language`, only documents of one language are compared by their scores. Without
    `group`, each language is a group. With it, percentiles within the languages of the whole corpus take the place of
    the scores. Documents in a language in which nothing makes one of the scores are kept.

    Args:
        by: score columns; for each, higher is better. "date": the newest first. None: by the hash of the id.
        share: share of each group that is kept, 0-1, rounded up to a whole document; None if `count` is given.
        count: number of documents of each group that are kept, 0 or more; None if `share` is given.
        group: the column whose values define the groups; None for one group, or one of each language.
    Raises:
        SpecError: `by` is empty, both or neither of `share` and `count` are given, or one is out of its range.
    """

    def __init__(
        self,
        by: Sequence[str] | Literal["date"] | None,
        share: float | None,
        count: int | None,
        group: str | None,
    ):
        if by is not None and not by:
            raise SpecError("by: expected at least one score column, got none.")
        if (share is None) == (count is None):
            raise SpecError("expected either `share` or `count`, got both or neither; give one.")
        self.is_by_date, self.is_by_hash = by == "date", by is None
        self.by = () if by is None or by == "date" else tuple(by)
        self.share, self.count, self.group = share, count, group
        self.compares_languages = bool(self.by) and group is not None
        needs = (*self.by, *(["date"] if self.is_by_date else []), *([group] if group else []))
        self.columns = Columns(needs, numbers=self.by)

    def emit(self, batch: Batch, scored: Mapping[str, Sequence[str]]) -> Emitted:
        """Return the scores of each document, the hashes of its id and its group, and whether its language has no score.

        Args:
            scored: as `Barrier.languages`.
        """
        scores = [batch.numbers(name).astype(np.float32) for name in self.by]
        dates = _keep_policy.ranks(batch, "newest") if self.is_by_date else None
        ordered = scores if dates is None else [dates.order]
        columns = {f"score{k}": pa.array(values) for k, values in enumerate(ordered)}
        columns["tie"] = _hashes(batch["id"].to_pylist())
        columns["group"] = _hashes(self._groups(batch))
        if self.compares_languages:  # without languages, the order within a group is all that matters
            columns["language"] = _hashes(_languages(batch)) if languages.COLUMN in batch else columns["group"]
        is_unscored = np.zeros(len(batch), bool)
        for name, values in zip(self.by, scores, strict=True):
            is_unscored |= batch.in_other_language(scored.get(name, ())) & np.isnan(values)
        columns["is_unscored"] = pa.array(is_unscored)
        rows = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        return Emitted(rows, None, dates.counts, dates.warnings) if dates else Emitted(rows)

    def _groups(self, batch: Batch) -> list:
        """Return the group of each document."""
        if self.group:
            return batch[self.group].to_pylist()
        return _languages(batch) if self.by and languages.COLUMN in batch else [None] * len(batch)

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        """Return the reduce steps; each language, and then each group, is ranked in one part."""
        ranks = Reduction("ranks", n_parts, _part_by("group", n_parts), self.rank)
        if not self.compares_languages:
            return (ranks,)
        return Reduction("percentiles", n_parts, _part_by("language", n_parts), self.compare_languages), ranks

    def compare_languages(self, batches: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Yield the rows with percentiles, each among the documents of the language that have all scores, for scores."""
        table = pa.Table.from_batches(batches).combine_chunks()
        names = [f"score{k}" for k in range(len(self.by))]
        within = _within([table[name].to_numpy() for name in names], table["language"].to_numpy())
        columns = {name: table[name].to_numpy() for name in table.schema.names if name != "language"}
        columns |= dict(zip(names, within, strict=True))
        yield pa.RecordBatch.from_pydict({name: pa.array(values) for name, values in columns.items()})

    def rank(self, batches: Iterable[pa.RecordBatch], context: ReduceContext) -> Iterator[pa.RecordBatch]:
        """Yield a row per dropped document: its place, its mean rank, and the lowest kept rank of its group."""
        table = pa.Table.from_batches(batches).combine_chunks()
        group, tie = table["group"].to_numpy(), table["tie"].to_numpy()
        scores = [table[f"score{k}"].to_numpy() for k in range(len(self.by) or int(self.is_by_date))]
        rank, is_kept, cut = best([-tie.astype(np.float64)] if self.is_by_hash else scores, group, tie, self._n_kept)
        is_unscored = table["is_unscored"].to_numpy()
        is_kept |= is_unscored
        n_no_score = int((np.isnan(rank) & ~is_unscored).sum())
        unscored = {languages.UNSCORED: int(is_unscored.sum())} if is_unscored.any() else {}
        no_score = {"no_score": n_no_score} if self.by else {}
        context.report({"documents": len(table), "kept": int(is_kept.sum()), **no_score, **unscored})
        columns = {name: table[name].to_numpy() for name in ("shard", "row")}
        columns |= {"rank": rank.astype(np.float32), "cut": cut.astype(np.float32)}
        yield pa.RecordBatch.from_pydict({name: pa.array(values[~is_kept]) for name, values in columns.items()})

    def _n_kept(self, n: int) -> int:
        """Return how many of n documents are kept, in exact arithmetic: 0.1 of 30 is 3."""
        if self.count is not None:
            return min(self.count, n)
        return -int(-Fraction(repr(float(self.share))) * n // 1)

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        """Drop every document that has a result: its rank, and the lowest kept rank of its group."""
        verdicts = Verdicts.keep_all(len(batch))
        rows, rank, cut = (results[name].to_numpy() for name in ("row", "rank", "cut"))
        evidence: list[str | None] = [None] * len(batch)
        for row, least in zip(rows, cut, strict=True):
            evidence[row] = None if np.isnan(least) else f"kept from {least:.6g}"
        verdicts.code[rows] = np.isnan(rank)
        verdicts.value[rows] = rank
        return Verdicts(REASONS, verdicts.code, verdicts.value, evidence)

    def remarks(self, document: Seen, corpus: Corpus) -> list[Remark]:
        """Return the rank of a document and its place among those it was ranked with, and the same for each score."""
        found = self._recorded(corpus)
        if found is None:
            return []
        ids, scores, group = found
        mine = np.flatnonzero(pc.equal(ids, document.id).to_numpy())
        if not len(mine) or any(np.isnan(each[mine[0]]) for each in scores):
            return []
        rows = _ranked(scores)
        rows = rows[group[rows] == group[mine[0]]]
        return self._places(
            [each[rows] for each in scores], ids.take(pa.array(rows)), int(np.flatnonzero(rows == mine[0])[0])
        )

    def ranks(self, corpus: Corpus) -> tuple[np.ndarray, np.ndarray] | None:
        """Return `rank` and `cut` as `best`, for the documents of a finished run; None if the record does not have the scores."""
        found = self._recorded(corpus)
        if found is None:
            return None
        ids, scores, group = found
        rank, _, cut = best(scores, group, _hashes(ids.to_pylist()).to_numpy(), self._n_kept)
        return rank, cut

    def _recorded(self, corpus: Corpus) -> tuple[pa.ChunkedArray, list[np.ndarray], np.ndarray] | None:
        """Return the id, the scores by which it is compared, and the group of each document that came to the ranking; None if
        the record does not have them."""
        shown = [*self.by, *([self.group] if self.group else []), *([languages.COLUMN] if self.by else [])]
        needed = [name for name in shown if name != languages.COLUMN or name in corpus.names]
        if not self.by or any(name not in corpus.names for name in needed):
            return None
        table = corpus.columns(["id", *dict.fromkeys(needed)])
        scores = [table[name].cast(pa.float32()).to_numpy() for name in self.by]
        if self.compares_languages:
            scores = _within(scores, _encoded(table, languages.COLUMN, is_language=True))
        return table["id"], scores, _encoded(table, self.group or languages.COLUMN, is_language=not self.group)

    def _places(self, scores: Sequence[np.ndarray], ids: pa.ChunkedArray, mine: int) -> list[Remark]:
        """Return the places of one document of a group, by all scores and by each."""
        parts = [percentiles(each) for each in scores]
        rank = np.mean(parts, axis=0)
        n, n_kept = len(rank), self._n_kept(len(rank))
        tie = _hashes(ids.to_pylist()).to_numpy()
        place = 1 + int((rank > rank[mine]).sum() + ((rank == rank[mine]) & (tie < tie[mine])).sum())
        lowest = float(np.sort(rank)[n - n_kept]) if n_kept else None
        kept_from = f", from {lowest:.4g}" if lowest is not None else ""
        found = [
            Remark(
                f"rank {rank[mine]:.4g}, place {place:,} of {n:,}; the first {n_kept:,} are kept{kept_from}",
                {"rank": float(rank[mine]), "place": place, "of": n, "kept": n_kept, "lowest_kept": lowest},
            )
        ]
        for name, values, part in zip(self.by, scores, parts, strict=True):
            at = 1 + int((values > values[mine]).sum())
            found.append(
                Remark(
                    f"{name}: rank {part[mine]:.4g}, place {at:,} of {n:,}",
                    {"score": name, "rank": float(part[mine]), "place": at, "of": n},
                )
            )
        return found


def best(scores: Sequence[np.ndarray], group: np.ndarray, tie: np.ndarray, n_kept) -> tuple:
    """Rank documents within their groups and keep the best.

    Args:
        scores: numbers[n] each; a document with a NaN score has no rank and is not kept.
        group: uint64[n].
        tie: uint64[n]; between equal ranks, the smaller number wins.
        n_kept: function from the number of ranked documents in a group to how many of them are kept.
    Returns:
        `(rank float64[n], is_kept bool[n], cut float64[n])`: the mean percentile rank, 0-1, NaN without one; whether
        the document is kept; and the lowest kept rank of its group, NaN if none is kept.
    """
    n = len(group)
    rank, is_kept, cut = np.full(n, np.nan), np.zeros(n, bool), np.full(n, np.nan)
    for rows in _alike(group, _ranked(scores)):
        rank[rows] = np.mean([percentiles(each[rows]) for each in scores], axis=0)
        k = n_kept(len(rows))
        kept = rows[np.lexsort((tie[rows], -rank[rows]))[:k]]
        is_kept[kept] = True
        cut[rows] = rank[kept].min() if k else np.nan
    return rank, is_kept, cut


def _within(scores: Sequence[np.ndarray], language: np.ndarray) -> list[np.ndarray]:
    """Return float64[n] for each score, its percentile rank among the documents of the language that have all scores."""
    within = [np.full(len(language), np.nan) for _ in scores]
    for rows in _alike(language, _ranked(scores)):
        for values, each in zip(within, scores, strict=True):
            values[rows] = percentiles(each[rows])
    return within


def _encoded(table: pa.Table, column: str, *, is_language: bool) -> np.ndarray:
    """Return uint64[n], the same number for documents with the same value of a column, or the same language in any script."""
    if column not in table.schema.names:
        return np.zeros(len(table), np.uint64)
    coded = table[column].combine_chunks().dictionary_encode(null_encoding="encode")
    values = coded.dictionary.to_pylist()
    names = [languages.base(value) if is_language and value is not None else value for value in values]
    return _hashes(names).to_numpy()[coded.indices.to_numpy()] if len(table) else np.zeros(0, np.uint64)


def _ranked(scores: Sequence[np.ndarray]) -> np.ndarray:
    """Return the places of documents that have all scores."""
    return np.flatnonzero(~np.isnan(scores).any(axis=0))


def _alike(keys: np.ndarray, places: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the places of documents with the same key, in their order, for each key."""
    order = places[np.argsort(keys[places], kind="stable")]
    if len(order):
        yield from np.split(order, np.flatnonzero(np.diff(keys[order])) + 1)


def percentiles(values: np.ndarray) -> np.ndarray:
    """Return float64[n], the percentile rank of each value: the share of other values below it; equal ones count half."""
    ordered = np.sort(values)
    less = np.searchsorted(ordered, values, "left")
    up_to = np.searchsorted(ordered, values, "right")
    return (less + up_to - 1) / 2 / max(len(values) - 1, 1)


def _languages(batch: Batch) -> list[str | None]:
    """Return the language of each document, whatever its script."""
    return [None if code is None else languages.base(code) for code in batch[languages.COLUMN].to_pylist()]


def _part_by(key: str, n_parts: int) -> Callable[[pa.RecordBatch], np.ndarray]:
    return lambda rows: (rows[key].to_numpy() % np.uint64(n_parts)).astype(np.int64)


def _hashes(values: Sequence) -> pa.Array:
    return pa.array(
        [xxhash.xxh3_64_intdigest("\0null" if v is None else str(v).encode("utf-8", "replace")) for v in values],
        pa.uint64(),
    )
