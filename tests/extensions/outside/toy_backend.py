"""A classifier that knows one word: the one that is commonest in positive texts and rarest in negative ones."""

import json
from collections import Counter
from dataclasses import dataclass

import numpy as np

from curate.classifiers.backend import Backend
from curate.classifiers.model import Model, pair
from curate.errors import SpecError


@dataclass(frozen=True)
class ToySettings:
    min_length: int = 2


class ToyModel(Model):
    def __init__(self, positive, word):
        self.labels, self.positive, self.word = pair(positive), positive, word

    def score_spans(self, data, starts, ends):
        raw = data.tobytes()
        has_it = [self.word in raw[a:b].decode().split() for a, b in zip(starts, ends, strict=True)]
        return np.where(np.array(has_it, bool) == (self.positive == self.labels[1]), 0.9, 0.1).astype(np.float32)


class ToyBackend(Backend):
    name = "toy"
    suffixes = (".toy",)
    writes = "a .toy file"

    def recognises(self, path):
        return path.is_file() and path.read_bytes()[:4] == b"toy "

    def load(self, path):
        return ToyModel(**json.loads(path.read_bytes()[4:]))

    def settings(self, *, quantise=False, base=""):
        if quantise or base:
            raise SpecError("a toy model has neither --quantise nor --base")
        return ToySettings()

    def fit(self, train, validation, weights, settings, seed, out):
        counts = Counter()
        for text, is_positive in zip(train.texts, train.is_positive, strict=True):
            for word in set(text.split()):
                counts[word] += weights[1] if is_positive else -weights[0]
        word = max((w for w in counts if len(w) >= settings.min_length), key=lambda w: (counts[w], w))
        out.write_bytes(b"toy " + json.dumps({"positive": train.positive, "word": word}).encode())
        return {"word": word}


TOYS = ToyBackend()
