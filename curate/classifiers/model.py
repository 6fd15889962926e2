"""What every classifier can do, whatever it is made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy

import numpy as np
import pyarrow as pa

from curate.classifiers.buffers import spans_of
from curate.errors import SpecError

NOT = "not_"
"""Before the name of a label: the other one of two."""


class Model(ABC):
    """A classifier of texts.

    Args:
        labels: what a text can be.
        positive: the label whose probability `scores` returns; empty where the model has more than two labels and
            nobody has chosen one.
        origin: where it was opened from.
        digest: SHA-256 of its content, as hex digits.
        n_truncated: how many texts it was handed so far were longer than it takes, and were judged by their beginning.
    """

    backend: str = ""
    labels: tuple[str, ...]
    positive: str
    origin: str = ""
    digest: str = ""
    n_truncated: int = 0

    def named(self, label: str) -> Model:
        """Return the model with `label` as the positive one.

        Raises:
            SpecError: the model has no such label.
        """
        if label not in self.labels:
            names = ", ".join(self.labels[:20]) + (" ..." if len(self.labels) > 20 else "")
            raise SpecError(f'label: "{label}" is none of this model.  {self.origin} has {names}.')
        other = copy(self)
        other.positive = label
        return other

    def scores(self, texts: Sequence[str | None] | pa.Array) -> np.ndarray:
        """Return the probability of the positive label for each text as a whole: float32[n], NaN where there is none.

        Args:
            texts: strings, or an Arrow string array; long texts are better scored by `chunks.score`.
        """
        return self.score_spans(*spans_of(texts))

    @abstractmethod
    def score_spans(self, data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Score stretches of text.

        Args:
            data: uint8[m], UTF-8.
            starts, ends: int64[n], the stretches.
        Returns:
            float32[n], 0 to 1; NaN where there is nothing to judge, or where the model fails to.
        """


def pair(positive: str) -> tuple[str, str]:
    """Return the two labels of a model that tells `positive` from everything else."""
    return f"{NOT}{positive}", positive


def positive_of(labels: Sequence[str]) -> str:
    """Return the positive one of two labels, if their names say which: `toxic` beside `not_toxic`."""
    for label in labels if len(labels) == 2 else ():
        if f"{NOT}{label}" in labels:
            return label
    return ""
