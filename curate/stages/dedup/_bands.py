"""Banding: how many rows a band has decides from which similarity on two documents meet.

Two signatures agree in one place with probability J, the Jaccard similarity of their shingle sets. Cut into b bands
of r rows, they share a whole band, and so become candidates, with probability 1 - (1 - J**r)**b: the S-curve
(Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from curate.errors import SpecError

FOUND_AT_THRESHOLD = 0.9
"""With verification, the most selective banding is taken that still finds this share of pairs at the threshold:
what it finds too much, verification drops."""


@dataclass(frozen=True, slots=True)
class Bands:
    """b bands of r rows."""

    bands: int
    rows: int

    def found(self, similarity: np.ndarray | float) -> np.ndarray:
        """Return the share of pairs of this similarity that become candidates."""
        return 1 - (1 - np.asarray(similarity, np.float64) ** self.rows) ** self.bands

    @property
    def half(self) -> float:
        """The similarity at which half of the pairs are found."""
        return float((1 - 0.5 ** (1 / self.bands)) ** (1 / self.rows))


def choose(permutations: int, threshold: float, *, verified: bool) -> Bands:
    """Return the banding for a threshold.

    With verification see `FOUND_AT_THRESHOLD`; without, the banding with the least area of pairs found below the
    threshold and missed above it, both weighing the same.
    """
    options = [Bands(permutations // rows, rows) for rows in range(1, permutations + 1)]
    if verified:
        enough = [bands for bands in options if bands.found(threshold) >= FOUND_AT_THRESHOLD]
        return enough[-1] if enough else options[0]
    grid = np.linspace(0, 1, 1001)

    def area(bands: Bands) -> float:
        found = bands.found(grid)
        return float(found[grid < threshold].sum() + (1 - found[grid >= threshold]).sum())

    return min(options, key=area)


def given(permutations: int, threshold: float, bands: int | None, rows: int | None, *, verified: bool) -> Bands:
    """Return the banding a recipe asks for: both numbers, or the one for its threshold.

    Raises:
        SpecError: only one of the two, or more places than the signature has.
    """
    if (bands is None) != (rows is None):
        raise SpecError("bands and rows come together: give both, or neither and a threshold")
    if bands is None or rows is None:
        return choose(permutations, threshold, verified=verified)
    if bands < 1 or rows < 1 or bands * rows > permutations:
        raise SpecError(
            f"{bands} bands of {rows} rows need {bands * rows} permutations, there are {permutations}; "
            "lower them or raise permutations"
        )
    return Bands(bands, rows)


def s_curve(bands: Bands) -> list[str]:
    """Return the S-curve as two lines of text."""
    at = [0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    return [
        "similarity  " + " ".join(f"{j:>6.2f}" for j in at),
        "found       " + " ".join(f"{p:>6.1%}" for p in bands.found(np.array(at))),
    ]
