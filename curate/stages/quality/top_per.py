"""`quality.top_per`: keep the best documents, or a number of documents, of each source, domain or other group."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa

from curate.barrier import Barrier, Corpus, Emitted, Reduction
from curate.batch import Batch, Remark, Seen, Verdicts
from curate.params import Natural, Share
from curate.stages.quality._ranking import Ranking


class top_per(Barrier):
    """Keep the highest-ranked documents of each group: by scores, by date, or any.

    A group is the documents with the same value in a column; null is a value too. Ranks by scores are computed as in
    `quality.keep_top`, within each group. If there is a column `language`, scores of different languages are not compared:
    in place of its score, a document has the share of documents of its language, in the whole corpus, with a lower score;
    `zh` includes `zh-Hant`. So `share` and `count` hold for a group, whatever its languages. Documents in a language that
    the model of a score does not know are kept beside them (metric `no_score_other_language`).

    Why:
        Models score some sources and languages higher than others regardless of their quality; a single ranking would
        keep few documents of the others. A cap on each domain (`text.domain` makes the column) keeps a few large sites
        from filling a corpus.
    Args:
        column: the column whose values define the groups, such as `source`, `language` or `domain`.
        by: score columns; for each, higher is better. A document with a null score is dropped. `date`: the newest
            documents are kept; dates are read as `dedup.exact` reads them, and missing ones count as the oldest. Null: the
            documents whose ids have the smallest hashes, which are the same in every run.
        share: share of each group that is kept, 0-1, rounded up to a whole document. Give either `share` or `count`.
        count: number of documents with all scores of each group that are kept at most, of all languages together, 0 or
            more.
    Drops:
        not_in_top: the rank is too low; value: the rank, evidence: the lowest kept rank of the group.
        no_score: one of the scores is null.
    Raises:
        SpecError: both or neither of `share` and `count` are given, one is out of its range, or `by` is empty.
    Cost:
        16 bytes and a place per document, and 4 bytes per score, are shuffled. Each group is ranked in one task, which
        needs about 100 bytes of memory per document. With scores, each language is ranked in one task before, and 24 bytes
        and a place per document, and 8 bytes per score, are shuffled in all twice.
    Kept:
        "Short." | "A longer text of six words." with column="url", count=1, by=["words.count"]
        "A longer text of six words." | "Short." with column="url", count=1, by=["words.count"]
        "The first text." | "The second text." with column="source", count=1
    Dropped:
        "A longer text of six words." | "Short." with column="source", count=1, by=["words.count"] -> not_in_top
    Source: Not a step of WanJuan-CC.
    """

    def __init__(
        self,
        *,
        column: str,
        by: list[str] | Literal["date"] | None = None,
        share: Share | None = None,
        count: Natural | None = None,
    ):
        self._ranking = Ranking(by, share, count, column)
        self.columns = self._ranking.columns

    def emit(self, batch: Batch) -> Emitted:
        """Return the scores of each document and the hashes of its id and its group."""
        return self._ranking.emit(batch, self.languages)

    def reductions(self, n_parts: int) -> tuple[Reduction, ...]:
        return self._ranking.reductions(n_parts)

    def apply(self, batch: Batch, results: pa.RecordBatch) -> Verdicts:
        """Drop every document that is not kept; record its rank."""
        return self._ranking.apply(batch, results)

    def remarks(self, document: Seen, corpus: Corpus) -> list[Remark]:
        """Return the place of a document, kept or dropped, by its mean rank and by each score."""
        return self._ranking.remarks(document, corpus)

    def ranks(self, corpus: Corpus) -> tuple[np.ndarray, np.ndarray] | None:
        """Return the rank of each document that came to the stage, and the lowest that is kept."""
        return self._ranking.ranks(corpus)
