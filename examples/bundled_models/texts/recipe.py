"""What each bundled classifier is made of, in one form."""

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
    """How a bundled classifier is trained and judged.

    Args:
        name: of its file.
        positive: the label that is scored.
        examples: what it is trained on.
        others: sets of other origins than any text it is trained on, by name.
        without: by the name of an origin: what is left to train on without it, and the texts of that origin.
        features: which n-grams.
        aggregate: how the stage that uses it puts chunks together.
        chunk: characters in a chunk of the stage that uses it; 0 scores texts whole.
        threshold: the recommended cut.
        penalty: strength of the L2 penalty.
        use, limits: for the card.
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
    """Return examples from texts by origin; each keeps its origin and its length as slices."""
    texts, origins, is_positive = [], [], []
    for found, label in ((yes, True), (no, False)):
        for origin, values in found.items():
            texts += values
            origins += [origin] * len(values)
            is_positive += [label] * len(values)
    lengths = [LENGTHS[np.searchsorted([100, 500], len(text))] for text in texts]
    return Examples(texts, np.array(is_positive, bool), positive, None, {"origin": origins, "length": lengths})
