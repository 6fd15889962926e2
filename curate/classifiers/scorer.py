"""What the stages `safety.classifier` and `quality.classifier` share: opening a model and adding its scores as a column."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from curate.batch import Batch, Columns
from curate.classifiers.chunks import Aggregate, score
from curate.classifiers.loading import ModelName, check_model, languages_of, open_model
from curate.classifiers.model import Model
from curate.languages import UNSCORED


class Scorer:
    """A model and how a stage uses it.

    Args:
        model: the name of the model, as of `open_model`.
        label: the label to score; None for the model's positive label.
        column: the name of the new column: float32, 0 to 1, null for a text without a score.
        chunk: characters per chunk at most, 1 or more; 0 scores texts whole.
        aggregate: how the scores of a text's chunks are combined: `max` or `mean`.

    Raises:
        SpecError: `chunk` is negative.
    """

    def __init__(self, model: ModelName, label: str | None, column: str, chunk: int, aggregate: Aggregate):
        self.name, self.label, self.column = model, label, column
        self.chunk, self.aggregate = chunk, aggregate
        self._model: Model | None = None

    def open(self) -> None:
        """Open the model; to be called once, in the worker process.

        Raises:
            InputError, SpecError: as of `open_model`.
        """
        self._model = open_model(self.name, self.label, self.name.modules)

    def check(self) -> None:
        """Look whether the model can be opened and has the label, without loading all of it; errors as of `open_model`."""
        check_model(self.name, self.label, self.name.modules)

    @property
    def columns(self) -> Columns:
        """The column that a stage makes with this scorer, and the languages of the documents that get a score."""
        known = languages_of(self.name)
        return Columns(makes={self.column: pa.float32()}, languages={self.column: known} if known else {})

    def scored(self, batch: Batch) -> Batch:
        """Return the batch with the column of scores, the counts of `chunks.score`, and `no_score_other_language`."""
        is_other = batch.in_other_language(self._model.languages)
        scores = np.full(len(batch), np.nan, np.float32)
        scores[~is_other], counts = score(self._model, batch.take(~is_other), self.chunk, self.aggregate)
        if is_other.any():
            counts[UNSCORED] = int(is_other.sum())
        return batch.with_columns({self.column: pa.array(scores, mask=np.isnan(scores))}).counted(counts)


def warm_up() -> None:
    """Compile the kernels that scoring uses, by scoring two texts with a model whose weights are 0."""
    from curate.classifiers.linear import Features, LinearModel

    model = LinearModel("a", Features(bits=4), np.zeros(16, np.float32), 0.0)
    score(model, Batch.from_columns({"id": ["", ""], "text": ["A word. A word.", "\u00e9\u8a9e"]}), 10, "max")
