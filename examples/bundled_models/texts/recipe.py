"""The definition of a bundled classifier: data, settings and the text of its card."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from curate.classifiers.chunks import Aggregate
from curate.classifiers.examples import Examples
from curate.classifiers.fit_linear import LinearSettings
from curate.classifiers.linear import Features
from examples.bundled_models.texts.sources import Data

LENGTHS = ("up to 100 characters", "up to 500", "more")


@dataclass(frozen=True)
class Recipe:
    """How a bundled classifier is trained and evaluated.

    Args:
        name: the name of its file.
        positive: the label that is scored.
        examples: returns the training data.
        others: returns test sets by name, of origins that the training data does not have.
        without: for the name of an origin: a function that returns training data without it, and the texts of this origin.
        features: which n-grams are used.
        aggregate: how the stage combines the scores of chunks.
        chunk: characters of a chunk in the stage; 0 scores texts whole.
        threshold: the recommended threshold.
        penalty: strength of the L2 penalty.
        use, limits: text for the card.
    """

    name: str
    positive: str
    examples: Callable[[Data], Examples]
    use: str
    limits: str
    others: Callable[[Data], Mapping[str, Examples]]
    without: Mapping[str, Callable[[Data], tuple[Examples, Examples]]] = field(default_factory=dict)
    features: Features = Features(words=2, characters=0)  # noqa: RUF009
    aggregate: Aggregate = "max"
    chunk: int = 2000
    threshold: float = 0.5
    penalty: float = 1e-5

    @property
    def settings(self) -> LinearSettings:
        return LinearSettings(features=self.features, alphas=(self.penalty,), max_epochs=12, patience=3)


def labelled(positive: str, yes: Mapping[str, Sequence[str]], no: Mapping[str, Sequence[str]]) -> Examples:
    """Return examples from texts by origin; the origin and the length of each text become slices."""
    texts, origins, is_positive = [], [], []
    for found, label in ((yes, True), (no, False)):
        for origin, values in found.items():
            texts += values
            origins += [origin] * len(values)
            is_positive += [label] * len(values)
    lengths = [LENGTHS[np.searchsorted([100, 500], len(text))] for text in texts]
    return Examples(texts, np.array(is_positive, bool), positive, None, {"origin": origins, "length": lengths})
