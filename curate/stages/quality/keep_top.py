"""`quality.keep_top`: the best share of the corpus."""

from __future__ import annotations

import pyarrow as pa

from curate.barrier import Barrier, Emitted, Reduction
from curate.batch import Batch, Verdicts
from curate.stages.quality._ranking import Ranking


class keep_top(Barrier):
    """Keep the documents that rank best over the whole corpus, by one score or several.

    A document's rank by one score is the share of the other documents that score less, equal ones counting half; by
    several it is the mean of these. Ranks, unlike scores, can be averaged whatever a model's scale. Of equals the one
    with the smaller hash of its id goes first, so the result depends neither on the order of the input nor on workers.

    Why:
        How high a score is good depends on the model and the crawl; how much data one wants to keep does not.
    Args:
        share: how much is kept, 0 to 1, of the documents that have all the scores; rounded up to a whole document.
        by: columns of scores, of each of which more is better (`not_ad_score`, not `ad_score`). A document without one
            of them has no rank and is dropped.
    Drops:
        not_in_top: the rank is too low; the value is the rank, the evidence the lowest one that was kept.
        no_score: one of the scores is null.
    Cost:
        8 bytes a document, 4 more for each score, and a place go through the reduce, into one task, which takes some
        100 bytes of memory a document while it sorts: 10 GB for 100 million. `quality.top_per` takes as many tasks as
        it has groups, at most one a shard.
    Source:
        WanJuan-CC (2402.19282) keeps the better half (50.1 % go) of a ranking by its advertisement and fluency scores;
        how the two are combined is not published. The mean of ranks is our choice.
    """

    def __init__(self, *, share: float, by: list[str]):
        self._ranking = Ranking(by, share, None, None)
        self.columns = self._ranking.columns

    def emit(self, batch: Batch) -> Emitted:
        """Return the scores of each document and the hash of its id."""
        return self._ranking.emit(batch)

    def reductions(self, n_shards: int) -> tuple[Reduction, ...]:
        return (self._ranking.reduction(1),)

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        """Drop every document there is a fact about."""
        return self._ranking.apply(batch, results)
