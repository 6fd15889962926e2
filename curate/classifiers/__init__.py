"""Classifiers: models that give each text a score from 0 to 1.

    model = open_model("toxicity")                     a bundled model, a file, a folder, or hf://owner/repo/file
    model.scores(["A text.", "Another."])              float32[2]: the probability of `model.positive`
    model.named("not_toxic").scores(texts)             the probability of another of `model.labels`

A backend is a kind of model; `backends.BACKENDS` is the table of them, and modules of yours can add to it. curate opens no
pickles. `training.train` makes a model, `evaluation.evaluate` measures how good it is, `chunks.score` scores long texts,
and `labelling.label` has a language model label texts. Pages and cards about models are written by `curate.report`.
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
