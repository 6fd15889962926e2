"""Choose the banding: the number of rows per band sets the similarity from which pairs become candidates.

Two signatures agree at one position with probability J, the Jaccard similarity of their shingle sets. Divided into b
bands of r rows, they share a whole band, and so become a candidate pair, with probability 1 - (1 - J**r)**b: the
S-curve (Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, 3.4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from curate.errors import SpecError

FOUND_AT_THRESHOLD = 0.9
"""With verification, `choose` returns the most selective banding that finds this share of the pairs at the threshold;
verification removes the false candidates."""


@dataclass(frozen=True, slots=True)
class Bands:
    """A banding: `bands` bands of `rows` rows each."""

    bands: int
    rows: int

    def found(self, similarity: np.ndarray | float) -> np.ndarray:
        """Return the share of pairs with this similarity that become candidates."""
        return 1 - (1 - np.asarray(similarity, np.float64) ** self.rows) ** self.bands

    @property
    def half(self) -> float:
        """The similarity at which half of the pairs become candidates."""
        return float((1 - 0.5 ** (1 / self.bands)) ** (1 / self.rows))


def choose(permutations: int, threshold: float, *, verified: bool) -> Bands:
    """Return the banding for a similarity threshold.

    With verification, see `FOUND_AT_THRESHOLD`. Without, the banding that minimises the area under the S-curve below
    the threshold (false candidates) plus the area above the S-curve beyond it (missed pairs).

    Args:
        permutations: length of the signature.
        threshold: Jaccard similarity, 0-1.
        verified: whether candidates are compared before they count as duplicates.
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
    """Return the banding of a recipe: as given by `bands` and `rows`, or chosen for the threshold.

    Raises:
        SpecError: only one of `bands` and `rows` is given, or they need a longer signature.
    """
    if (bands is None) != (rows is None):
        raise SpecError("bands and rows belong together, got only one of them; give both, or neither")
    if bands is None or rows is None:
        return choose(permutations, threshold, verified=verified)
    if bands * rows > permutations:
        raise SpecError(
            f"{bands} bands of {rows} rows need {bands * rows} permutations, there are {permutations}; "
            "lower bands or rows, or raise permutations"
        )
    return Bands(bands, rows)


def s_curve(bands: Bands) -> list[str]:
    """Return the S-curve as two lines of text."""
    at = [0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95]
    return [
        "similarity  " + " ".join(f"{j:>6.2f}" for j in at),
        "found       " + " ".join(f"{p:>6.1%}" for p in bands.found(np.array(at))),
    ]
