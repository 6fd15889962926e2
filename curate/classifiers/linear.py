"""Models of the linear backend: logistic regression over hashed n-grams, in one small file without pickles.

The file is a NumPy archive (`.npz`) of `settings` (JSON as bytes), `weights` (float16; or int8, with one `scale` per
`BLOCK` of them), and after isotonic calibration `knots` (float32[2, k]: decisions and their probabilities). Scoring needs
only NumPy and numba.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from curate.classifiers.model import Model, pair
from curate.errors import InputError

DTYPES = ("uint8", "int8", "float16", "float32")
"""The types that arrays in a file may have."""

FORMAT = "curate.linear 1"
BLOCK = 256
"""How many weights share a scale when they are stored as int8."""

MOST_BITS = 24
"""Largest log2 of the number of buckets that is opened, which bounds the memory of a model to 64 MiB."""


@dataclass(frozen=True, slots=True)
class Features:
    """The n-grams of a text that are its features; see `curate.kernels.linear`.

    Args:
        words: n-grams of 1 to this many words are used, 0 to 8; 0 uses none.
        characters: n-grams of 2 to this many characters are used, 0 to 8; 0 uses none.
        bits: log2 of the number of buckets that n-grams are hashed into, 1 to `MOST_BITS`.
    """

    words: int = 2
    characters: int = 5
    bits: int = 18

    def rows(self, data: np.ndarray, starts: np.ndarray, ends: np.ndarray):
        """Return `(bounds, buckets, values)`, the parts of a sparse matrix with a row per text (CSR)."""
        from curate.kernels import characters, linear

        tables = characters.classes(), characters.lower()
        return linear.features((data, starts, ends), tables, (self.words, self.characters, self.bits))


class LinearModel(Model):
    """Logistic regression over hashed n-grams.

    Args:
        positive: the positive label; the negative one is `not_` followed by it.
        features: the n-grams that are features.
        weights: float32[2**bits], one per bucket.
        intercept: added to the weighted sum of features, which gives the decision.
        slope, offset: of Platt's calibration: the probability is the logistic function of `slope * decision + offset`.
        knots: float32[2, k], isotonic calibration instead: decisions, ascending, and the probability at each, 0 to 1.
    """

    def __init__(
        self,
        positive: str,
        features: Features,
        weights: np.ndarray,
        intercept: float,
        *,
        slope: float = 1.0,
        offset: float = 0.0,
        knots: np.ndarray | None = None,
    ):
        self.positive = positive
        self.labels = pair(positive)
        self.features = features
        self.weights = np.ascontiguousarray(weights, np.float32)
        self.intercept, self.slope, self.offset, self.knots = intercept, slope, offset, knots

    def decisions(self, data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return the decision before calibration, for `labels[1]`: float32[n], NaN for a text without features."""
        from curate.kernels import characters, linear

        tables, f = (characters.classes(), characters.lower()), self.features
        shape = f.words, f.characters, f.bits
        return linear.decide((data, starts, ends), tables, shape, self.weights, float(self.intercept))

    def score_spans(self, data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        p = self.calibrated(self.decisions(data, starts, ends))
        return 1 - p if self.positive == self.labels[0] else p

    def calibrated(self, decisions: np.ndarray) -> np.ndarray:
        """Return the probabilities of decisions: float32[n], 0 to 1, NaN for NaN."""
        if self.knots is not None:
            p = np.interp(decisions, self.knots[0], self.knots[1])
            return np.where(np.isnan(decisions), np.nan, p).astype(np.float32)
        z = np.clip(self.slope * decisions.astype(np.float64) + self.offset, -80, 80)
        return (1 / (1 + np.exp(-z))).astype(np.float32)

    # ------------------------------------------------------------------ files

    def save(self, path: str | Path, *, int8: bool = False) -> None:
        """Write the model; equal models give equal bytes. `int8` stores weights in half the size, less exactly."""
        settings = {
            "format": FORMAT,
            "positive": self.labels[1],
            "features": asdict(self.features),
            "intercept": self.intercept,
            "slope": self.slope,
            "offset": self.offset,
        }
        arrays = {"settings": np.frombuffer(json.dumps(settings, sort_keys=True).encode(), np.uint8)}
        arrays |= _as_int8(self.weights) if int8 else {"weights": self.weights.astype(np.float16)}
        if self.knots is not None:
            arrays["knots"] = self.knots.astype(np.float32)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                content = io.BytesIO()
                np.lib.format.write_array(content, array, allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED, 9)

    @classmethod
    def load(cls, path: str | Path) -> LinearModel:
        """Read a model.

        Raises:
            InputError: the file is cut off, comes from another program, contains pickled objects, or is inconsistent.
        """
        try:
            with np.load(path, allow_pickle=False) as archive:
                arrays = {name: archive[name] for name in archive.files}
            return cls._from(arrays)
        except Exception as error:  # zip, numpy and JSON each raise errors of their own for bytes that they cannot read
            said = str(error).split("\n")[0]
            why = f"{said} is missing" if isinstance(error, KeyError) else said or type(error).__name__
            raise InputError(
                f"{path} is not a linear model of `curate classifier train`, or is damaged: {why}.  Train it again."
            ) from None

    @classmethod
    def _from(cls, arrays: dict[str, np.ndarray]) -> LinearModel:
        for name, array in arrays.items():
            if not isinstance(array, np.ndarray) or array.dtype not in DTYPES:
                raise ValueError(f"`{name}` is not an array of numbers")
        settings = json.loads(arrays["settings"].tobytes())
        if settings["format"] != FORMAT:
            raise ValueError(f"its format is {settings['format']!r}, expected {FORMAT!r}")
        features = Features(**{name: int(value) for name, value in settings["features"].items()})
        n_kinds = features.words + features.characters
        if not (
            0 <= features.words <= 8 and 0 <= features.characters <= 8 and n_kinds and 1 <= features.bits <= MOST_BITS
        ):
            raise ValueError(f"{features} is out of range")
        weights = _from_int8(arrays) if "scale" in arrays else arrays["weights"].astype(np.float32)
        knots = arrays.get("knots")
        numbers = [float(settings[name]) for name in ("intercept", "slope", "offset")]
        if weights.shape != (1 << features.bits,):
            raise ValueError(f"{weights.shape} weights for {features.bits} bits")
        if knots is not None and (
            knots.ndim != 2 or len(knots) != 2 or knots.shape[1] < 1 or (np.diff(knots[0]) < 0).any()
        ):
            raise ValueError("its calibration knots do not ascend")
        if knots is not None and not (knots[1] >= 0).all() & (knots[1] <= 1).all():
            raise ValueError("its calibration leaves the range 0 to 1")
        positive = settings["positive"]
        if not isinstance(positive, str) or not positive.isprintable() or not positive:
            raise ValueError(f"its label is {positive!r}, expected a word")
        if not all(np.isfinite(each).all() for each in (weights, numbers, 0 if knots is None else knots)):
            raise ValueError("it contains NaN or infinity")
        intercept, slope, offset = numbers
        return cls(positive, features, weights, intercept, slope=slope, offset=offset, knots=knots)


def rounded(weights: np.ndarray, *, int8: bool) -> np.ndarray:
    """Return weights as rounded by `save` and `load`: float32[n]."""
    return _from_int8(_as_int8(weights)) if int8 else weights.astype(np.float16).astype(np.float32)


def _as_int8(weights: np.ndarray) -> dict[str, np.ndarray]:
    blocks = np.pad(weights, (0, -len(weights) % BLOCK)).reshape(-1, BLOCK)
    scale = np.abs(blocks).max(axis=1).astype(np.float32) / 127
    steps = np.round(blocks / np.where(scale == 0, 1, scale)[:, None])
    return {"weights": steps.astype(np.int8).reshape(-1)[: len(weights)], "scale": scale}


def _from_int8(arrays: dict[str, np.ndarray]) -> np.ndarray:
    weights, scale = arrays["weights"].astype(np.float32), arrays["scale"].astype(np.float32)
    return weights * np.repeat(scale, BLOCK)[: len(weights)]
