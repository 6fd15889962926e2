"""What `safety.classifier` and `quality.classifier` share: a model opened on the worker that makes a column of scores."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from curate.batch import Batch
from curate.classifiers.chunks import Aggregate, score
from curate.classifiers.loading import ModelName, open_model
from curate.classifiers.model import Model
from curate.errors import SpecError


class Scorer:
    """A model, how texts are cut for it, and the column its scores go into.

    Args:
        model: the name of a model.
        label: which of its labels; None for the positive one.
        column: the column made, float32, null where a text has no score.
        chunk: characters in a chunk at most; 0 scores texts whole.
        aggregate: how the chunks of a text are put together.
    """

    def __init__(self, model: ModelName, label: str | None, column: str, chunk: int, aggregate: Aggregate):
        if chunk < 0:
            raise SpecError(f"chunk: expected characters, or 0 for whole texts; got {chunk}.")
        self.name, self.label, self.column = model, label, column
        self.chunk, self.aggregate = chunk, aggregate
        self._model: Model | None = None

    def open(self) -> None:
        """Open the model."""
        self._model = open_model(self.name, self.label)

    def scored(self, batch: Batch) -> Batch:
        """Return the batch with the column of scores."""
        scores, counts = score(self._model, batch, self.chunk, self.aggregate)
        return batch.with_columns({self.column: pa.array(scores, mask=np.isnan(scores))}).counted(counts)


def warm_up() -> None:
    """Compile the kernels that scoring uses, with a model of no weight."""
    from curate.classifiers.linear import Features, LinearModel

    model = LinearModel("a", Features(bits=4), np.zeros(16, np.float32), 0.0)
    score(model, Batch.from_columns({"id": ["", ""], "text": ["A word. A word.", "\u00e9\u8a9e"]}), 10, "max")
