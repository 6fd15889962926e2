"""`quality.keep_top`: keep the best share of the corpus."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from curate.barrier import Barrier, Corpus, Emitted, Reduction
from curate.batch import Batch, Remark, Seen, Verdicts
from curate.params import Share
from curate.stages.quality._ranking import Ranking


class keep_top(Barrier):
    """Keep the highest-ranked share of the corpus, by one or several scores; of each language, where there are several.

    A document's rank by a score is the share of other documents with a lower score, where equal scores count half. By
    several scores it is the mean of these ranks; ranks, unlike scores, can be averaged whatever the scale of each
    model. Between equal ranks, the document with the smaller hash of its id wins, so the result depends neither on the
    order of the input nor on the number of workers.

    If there is a column `language`, the documents of each language are ranked among themselves; `zh` includes
    `zh-Hant`. Documents in a language that the model of a score does not know are kept (metric `no_score_other_language`).

    Why:
        Which score is good depends on the model and the crawl; how much data to keep does not.
    Args:
        share: share of the documents (of each language) with all scores that is kept, 0-1, rounded up to a whole document.
        by: score columns; for each, higher is better (`not_ad_score`, not `ad_score`). A document with a null score has
            no rank and is dropped.
    Drops:
        not_in_top: the rank is too low; value: the rank, evidence: the lowest kept rank.
        no_score: one of the scores is null.
    Raises:
        SpecError: `share` is not between 0 and 1, or `by` is empty.
    Cost:
        8 bytes and a place per document, and 4 bytes per score, are shuffled to one task, which needs about 100 bytes
        of memory per document to sort them: 10 GB for 100 million. `quality.top_per` uses one task per group, at most one
        per shard.
    Kept:
        "Short." | "A longer text of six words." with share=0.5, by=["words.count"]
    Dropped:
        "A longer text of six words." | "Short." with share=0.5, by=["words.count"] -> not_in_top
        "Words with spaces." | "没有空格" with share=1.0, by=["words.mean_length"] -> no_score
    Source:
        WanJuan-CC (2402.19282) keeps the better half (it drops 50.1 %) of a ranking by its advertisement and fluency
        scores; how the two are combined is not published. The mean of ranks is our choice.
    """

    def __init__(self, *, share: Share, by: list[str]):
        self._ranking = Ranking(by, share, None, None)
        self.columns = self._ranking.columns

    def emit(self, batch: Batch) -> Emitted:
        """Return the scores of each document and the hash of its id."""
        return self._ranking.emit(batch, self.languages)

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        return self._ranking.reductions(1)

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        """Drop every document that is not kept; record its rank."""
        return self._ranking.apply(batch, results)

    def remarks(self, document: Seen, corpus: Corpus) -> list[Remark]:
        """Return the place of a document, kept or dropped, by its mean rank and by each score."""
        return self._ranking.remarks(document, corpus)

    def ranks(self, corpus: Corpus) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the rank of each document that came to the stage, and the lowest that is kept."""
        return self._ranking.ranks(corpus)
