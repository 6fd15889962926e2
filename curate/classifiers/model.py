"""What every classifier can do, whatever its backend."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from copy import copy

import numpy as np
import pyarrow as pa

from curate.classifiers.buffers import spans_of
from curate.errors import SpecError

NOT = "not_"
"""The prefix of the negative label: the negative of `toxic` is `not_toxic`."""


class Model(ABC):
    """A classifier of texts. Subclasses set `labels` and `positive`, and score texts in `score_spans`.

    Args:
        labels: the labels that a text can have, two or more.
        positive: the label whose probability `scores` returns; empty if it is not known, and has to be chosen by `named`.
        backend: the name of the backend; set by `open_model`, like the next two.
        origin: the name that the model was opened by.
        digest: SHA-256 of the model's files, as hex digits.
        languages: that it knows; empty if it is not said.
        n_truncated: how many of the texts scored so far were longer than the model's input; only their beginning counted.
    """

    labels: tuple[str, ...]
    positive: str
    backend: str = ""
    origin: str = ""
    digest: str = ""
    languages: tuple[str, ...] = ()
    n_truncated: int = 0

    def named(self, label: str) -> Model:
        """Return the same model with `label` as the positive label.

        Raises:
            SpecError: the model has no such label.
        """
        check_label(self.origin, self.labels, label)
        other = copy(self)
        other.positive = label
        return other

    def scores(self, texts: Sequence[str | None] | pa.Array) -> np.ndarray:
        """Return the probability of the positive label for each text as a whole: float32[n], NaN for a text without a score.

        Args:
            texts: strings, or an Arrow string array. For long texts, use `chunks.score`.
        """
        return self.score_spans(*spans_of(texts))

    @abstractmethod
    def score_spans(self, data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Score spans of UTF-8 text.

        Args:
            data: uint8[m], UTF-8.
            starts, ends: int64[n], byte offsets into `data`, ascending: span i is `data[starts[i]:ends[i]]`.
        Returns:
            float32[n], the probability of the positive label, 0 to 1; NaN for a blank span, and where the model gives no
            number.
        """


def check_label(model: str, labels: Sequence[str], label: str | None) -> None:
    """Check that a model has a label, or says itself which of its labels is positive.

    Args:
        model: its name, for errors.
        label: the label to score; None for the model's positive one.

    Raises:
        SpecError: it has no such label, or needs one to be named.
    """
    names = ", ".join(labels[:20]) + (" ..." if len(labels) > 20 else "")
    if label is not None and label not in labels:
        raise SpecError(f'label: the model {model} has no label "{label}"; expected one of {names}.')
    if label is None and not positive_of(labels):
        raise SpecError(
            f"label: {model} has the labels {names}, and does not say which one is positive.  Choose one of them "
            "(label in a recipe, --model-label on the command line)."
        )


def pair(positive: str) -> tuple[str, str]:
    """Return the labels of a model of two classes, the negative one first: `("not_toxic", "toxic")` for `toxic`."""
    return f"{NOT}{positive}", positive


def positive_of(labels: Sequence[str]) -> str:
    """Return the positive label of two if their names say which it is, as `toxic` and `not_toxic` do; otherwise an empty string."""
    for label in labels if len(labels) == 2 else ():
        if f"{NOT}{label}" in labels:
            return label
    return ""
