"""`quality.top_per`: the best of each source, of each language, or of whatever a column tells apart."""

from __future__ import annotations

import pyarrow as pa

from curate.barrier import Barrier, Emitted, Reduction
from curate.batch import Batch, Verdicts
from curate.stages.quality._ranking import Ranking


class top_per(Barrier):
    """Keep the documents that rank best among those with the same value in a column.

    Ranks are those of `quality.keep_top`, within each group. Documents whose value is null are a group of their own.

    Why:
        Models score some sources and languages higher than others for no merit of theirs; one ranking over all would
        leave little of the rest.
    Args:
        column: whose values make the groups: `source`, `language`, ...
        by: columns of scores, of each of which more is better. A document without one of them is dropped.
        share: how much of each group is kept, 0 to 1, rounded up to a whole document; or
        count: how many documents of each group are kept. Give one of the two.
    Drops:
        not_in_top: the rank is too low; the value is the rank, the evidence the lowest one that was kept in its group.
        no_score: one of the scores is null.
    Cost:
        16 bytes a document, 4 more for each score, and a place go through the reduce. A group is in one task, which
        takes some 100 bytes of memory a document.
    Source: not a step of WanJuan-CC.
    """

    def __init__(self, *, column: str, by: list[str], share: float | None = None, count: int | None = None):
        self._ranking = Ranking(by, share, count, column)
        self.columns = self._ranking.columns

    def emit(self, batch: Batch) -> Emitted:
        """Return the scores of each document, the hash of its id, and that of its group."""
        return self._ranking.emit(batch)

    def reductions(self, n_shards: int) -> tuple[Reduction, ...]:
        return (self._ranking.reduction(n_shards),)

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        """Drop every document there is a fact about."""
        return self._ranking.apply(batch, results)
