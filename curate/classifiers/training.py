"""Train a classifier on labelled texts: split them, fit a backend, open what it wrote.

    made = train(read_examples(["labels.jsonl"], positive="toxic"), "toxicity.npz", backend="linear")
    made.model.scores(["a text"])
    evaluation.evaluate(evaluation.score(made.model, made.parts["test"]), made.parts["test"])

The linear and fastText backends write the same bytes for the same data, seed and versions of packages. An encoder does on
a CPU, but not always on a GPU.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from curate.classifiers import backends
from curate.classifiers.examples import Examples, split
from curate.classifiers.loading import open_model
from curate.classifiers.model import Model


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model and how it was trained.

    Args:
        model: opened from the file that was written.
        path: of that file or folder.
        parts: the examples by part: `train`, `validation`, `test`.
        history: what the fit chose: epochs, validation losses.
        settings: of the fit, as JSON-like data.
        weights: of a negative and of a positive text in the loss.
        seed: of the split and the fit.
    """

    model: Model
    path: Path
    parts: Mapping[str, Examples]
    history: Mapping[str, Any]
    settings: Mapping[str, Any]
    weights: tuple[float, float]
    seed: int


def train(
    examples: Examples,
    out: str | Path,
    *,
    backend: str = "linear",
    settings: Any | None = None,
    class_weights: Literal["balanced", "none"] | float = "balanced",
    seed: int = 0,
    parts: Mapping[str, Examples] | None = None,
    modules: Iterable[str] = (),
) -> Trained:
    """Train a model and write it to `out`.

    Args:
        examples: split here into 80 % train, 10 % validation and 10 % test, unless `parts` is given.
        out: the file or folder; its suffix must be one that the backend writes.
        backend: the name of one of `backends.BACKENDS`, or of one that `modules` define.
        settings: of the class that the backend's `settings` returns; None for its usual ones.
        class_weights: `balanced` gives both labels the same weight in the loss, `none` gives each text the same; a
            number above 0 is the weight of a positive text if a negative one weighs 1.
        seed: of the split and the fit.
        parts: examples by `train`, `validation` and `test`, split by the caller.
        modules: names of modules of yours that define further backends.

    Raises:
        SpecError: there is no such backend, a module cannot be imported, or the suffix of `out` does not fit.
        InputError: a part lacks one of the two labels, or a package is not installed.
        RunError: the fit failed.
    """
    out, modules = Path(out), tuple(modules)
    chosen = backends.named(backend, modules)
    settings = chosen.settings() if settings is None else settings
    chosen.check_out(out, settings)
    parts = parts or split(examples, seed)
    for name in ("train", "validation"):
        parts[name].need_both_labels(name)
    weights = _weights(parts["train"], class_weights)
    out.parent.mkdir(parents=True, exist_ok=True)
    history = chosen.fit(parts["train"], parts["validation"], weights, settings, seed, out)
    opened = open_model(str(out), examples.positive, modules)
    return Trained(opened, out, parts, history, asdict(settings), weights, seed)


def _weights(train: Examples, wanted: str | float) -> tuple[float, float]:
    if wanted == "none":
        return 1.0, 1.0
    if wanted != "balanced":
        return 1.0, float(wanted)
    share = float(train.is_positive.mean())
    return 0.5 / (1 - share), 0.5 / share
