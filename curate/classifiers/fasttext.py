"""Models of the fastText backend: supervised models of the fastText library, whole (`.bin`) or quantised (`.ftz`).

The library does not check the file that it reads, and a damaged one crashes the process; so `fasttext_file` checks it
first. Scores are the library's own probabilities, which are not calibrated.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from curate.classifiers import fasttext_file
from curate.classifiers.fasttext_file import PREFIX
from curate.classifiers.model import Model, positive_of
from curate.errors import InputError

_NEWLINE, _SPACE = 10, 32


class FastTextModel(Model):
    """A supervised fastText model.

    Args:
        path: its file, which must have passed `fasttext_file.check`.

    Raises:
        InputError: the library cannot open it.
    """

    def __init__(self, path: Path):
        import fasttext

        try:
            self._model = fasttext.load_model(str(path))
        except (ValueError, RuntimeError, MemoryError) as error:
            raise InputError(f"{path}: fastText cannot open it: {error}") from None
        self.labels = tuple(label.removeprefix(PREFIX) for label in self._model.labels)
        self.positive = positive_of(self.labels)

    @classmethod
    def load(cls, path: Path) -> FastTextModel:
        """Read a model.

        Raises:
            InputError: the file is cut off, damaged, or does not contain a classifier.
        """
        fasttext_file.check(path)
        return cls(path)

    def score_spans(self, data: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """As of `Model`. Line breaks count as spaces; a text of white space only has no score."""
        out = np.full(len(starts), np.nan, np.float32)
        if not len(starts):
            return out
        first, last = int(starts[0]), int(ends[-1])
        flat = data[first:last].copy()
        flat[flat == _NEWLINE] = _SPACE  # the library reads one line; a line break counts as a word
        text = flat.tobytes()
        predict, wanted = self._model.f.predict, PREFIX + self.positive  # the method above it goes through numpy
        n_labels = len(self.labels)
        for i, (start, end) in enumerate(zip((starts - first).tolist(), (ends - first).tolist(), strict=True)):
            line = text[start:end]
            if not line or line.isspace():
                continue
            try:
                answers = predict(line + b"\n", n_labels, 0.0, "strict")
            except RuntimeError:  # the library found a NaN
                continue
            for p, label in answers:
                if label == wanted:
                    out[i] = min(p, 1.0)
                    break
            else:
                out[i] = 0.0
        return out
