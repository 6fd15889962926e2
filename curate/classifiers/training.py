"""Train a classifier from labelled texts: split, fit, calibrate, judge once on the test part, write a card.

    made = train(read_examples(["labels.jsonl"], positive="toxic"), "toxicity.npz", backend="linear")
    made.model.scores(["a text"]), made.figures["test"]["roc_auc"], made.card

The linear and fastText backends give the same bytes for the same data, seed and versions; an encoder does on a
processor, and need not on a GPU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from curate.classifiers import fit_fasttext, fit_linear
from curate.classifiers.examples import Examples, split
from curate.classifiers.fit_fasttext import FastTextSettings
from curate.classifiers.fit_linear import LinearSettings
from curate.classifiers.loading import open_model
from curate.classifiers.model import Model
from curate.errors import SpecError

Backend = Literal["linear", "fasttext", "encoder"]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that was trained, opened again from its file, and how it came about.

    Args:
        parts: train, validation and test, as split.
        history: what the fit chose: epochs, losses.
        settings: of the fit, as plain values.
        weights: of a negative and a positive text in the loss.
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
    backend: Backend = "linear",
    settings: LinearSettings | FastTextSettings | Any | None = None,
    class_weights: Literal["balanced", "none"] | float = "balanced",
    seed: int = 0,
    parts: Mapping[str, Examples] | None = None,
) -> Trained:
    """Train a model and write it to `out`.

    Args:
        examples: split here into 80 % train, 10 % validation and 10 % test, unless `parts` says otherwise.
        out: a `.npz`, a `.bin` or `.ftz`, or for an encoder a folder.
        settings: `LinearSettings`, `FastTextSettings` or `EncoderSettings`.
        class_weights: `balanced` weighs both labels alike in the loss, `none` each text; a number is the weight of a
            positive text beside a negative one.
        parts: the split, if it is made elsewhere.

    Raises:
        SpecError: the file's extension does not fit the backend.
        InputError: a part lacks one of the labels, or a package is not installed.
    """
    out = Path(out)
    _check_name(out, backend, settings)
    parts = parts or split(examples, seed)
    for name in ("train", "validation"):
        parts[name].need_both_labels(name)
    weights = _weights(parts["train"], class_weights)
    out.parent.mkdir(parents=True, exist_ok=True)
    fitted = parts["train"], parts["validation"], weights
    if backend == "linear":
        fit_linear.need_sklearn()
        settings = settings or LinearSettings()
        model, history = fit_linear.fit(*fitted, settings, seed)
        model.save(out, int8=settings.int8)
    elif backend == "fasttext":
        settings = settings or FastTextSettings(quantise=out.suffix == ".ftz")
        history = fit_fasttext.fit(*fitted, settings, seed, out)
    else:
        from curate.classifiers import fit_encoder

        settings = settings or fit_encoder.EncoderSettings()
        history = fit_encoder.fit(*fitted, settings, seed, out)
    opened = open_model(str(out), examples.positive)
    return Trained(opened, out, parts, history, asdict(settings), weights, seed)


def settings_of(backend: Backend, *, quantise: bool = False, base: str = "") -> Any:
    """Return the usual settings of a backend, smaller if `quantise`, for an encoder from the folder `base`.

    Raises:
        SpecError: the backend cannot do what is asked for.
    """
    if base and backend != "encoder":
        raise SpecError(f"--base: a {backend} model starts from nothing; only an encoder has a base.")
    if backend == "linear":
        return LinearSettings(int8=quantise)
    if backend == "fasttext":
        return FastTextSettings(quantise=quantise)
    if quantise:
        raise SpecError("--quantise: an encoder is written as it is.")
    from curate.classifiers.fit_encoder import EncoderSettings

    return EncoderSettings(base=base)


def _check_name(out: Path, backend: str, settings: Any) -> None:
    fits = {"linear": (".npz",), "fasttext": (".bin", ".ftz"), "encoder": ("",)}[backend]
    if out.suffix not in fits:
        raise SpecError(f"--model {out}: a {backend} model is {' or '.join(filter(None, fits)) or 'a folder'}.")
    if backend == "fasttext" and settings is not None and settings.quantise != (out.suffix == ".ftz"):
        raise SpecError(f"--model {out}: a fastText model is a .ftz if it is quantised (--quantise), else a .bin.")


def _weights(train: Examples, wanted: str | float) -> tuple[float, float]:
    if wanted == "none":
        return 1.0, 1.0
    if wanted != "balanced":
        return 1.0, float(wanted)
    share = float(train.is_positive.mean())
    return 0.5 / (1 - share), 0.5 / share
