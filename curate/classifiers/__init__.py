"""Models that give a text a score from 0 to 1, behind one seam.

    model = open_model("toxicity")                     a bundled model, a file, a folder, or hf://owner/repo/file
    model.scores(["A text.", "Another."])              float32[2]: the probability of `model.positive`
    model.named("not_toxic").scores(texts)             that of another of `model.labels`

Three backends: `linear` (our own, hashed n-grams, `.npz`), `fasttext` (`.bin`, `.ftz`) and `encoder` (transformers, a
folder). Nothing is ever unpickled. Making one is `curate.classifiers.training.train(examples, ...)`, judging one
`curate.classifiers.evaluation.evaluate(...)`; long texts are scored in chunks by `curate.classifiers.chunks`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.classifiers.loading import ModelName, open_model
    from curate.classifiers.model import Model

_HOME = {"Model": "model", "ModelName": "loading", "open_model": "loading"}

__all__ = ["Model", "ModelName", "open_model"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"curate.classifiers.{_HOME[name]}"), name)
    raise AttributeError(f"module 'curate.classifiers' has no attribute {name!r}")
