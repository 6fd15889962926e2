"""Train the linear backend: logistic regression by stochastic gradient descent, with early stopping and calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from curate.classifiers.examples import Examples
from curate.classifiers.linear import Features, LinearModel, rounded
from curate.errors import InputError


@dataclass(frozen=True, slots=True)
class LinearSettings:
    """How a linear model is trained.

    Args:
        features: the n-grams that are features.
        alphas: strengths of the L2 penalty to try, each above 0; the one with the lowest validation loss is taken.
        max_epochs: passes over the training data at most, 1 or more.
        patience: training stops after this many passes without a lower validation loss, 1 or more.
        calibration: `platt` fits a logistic curve to the validation data, `isotonic` a step function that does not
            decrease. The latter needs a few thousand texts, and many texts have equal scores.
        int8: store weights as int8 (half the size) instead of float16.
    """

    features: Features = Features()  # noqa: RUF009
    alphas: tuple[float, ...] = (1e-6, 3e-6, 1e-5, 3e-5, 1e-4)
    max_epochs: int = 40
    patience: int = 4
    calibration: str = "platt"
    int8: bool = False


def fit(
    train: Examples, validation: Examples, weights: tuple[float, float], settings: LinearSettings, seed: int
) -> tuple[LinearModel, dict[str, Any]]:
    """Return a calibrated model; and the penalty and epochs that were chosen, with the validation losses.

    Args:
        weights: of a negative and of a positive text in the loss, above 0.
        seed: of the order of texts.
    """
    x, x_validation = matrix(train, settings.features), matrix(validation, settings.features)
    found = [_descend(x, train, x_validation, validation, weights, alpha, settings, seed) for alpha in settings.alphas]
    best = min(range(len(found)), key=lambda i: found[i][0])
    loss, epoch, coefficients, intercept = found[best]
    model = LinearModel(train.positive, settings.features, rounded(coefficients, int8=settings.int8), intercept)
    decisions = x_validation @ model.weights + model.intercept
    _calibrate(model, decisions, validation.is_positive, settings.calibration)
    history = {
        "alpha": settings.alphas[best],
        "epochs": epoch,
        "validation loss before calibration": round(loss, 5),
        "validation losses": {f"{a:g}": round(f[0], 5) for a, f in zip(settings.alphas, found, strict=True)},
    }
    return model, history


def matrix(examples: Examples, features: Features) -> Any:
    """Return the features of texts as a sparse matrix of scipy (CSR): float32[n, 2**bits]."""
    from scipy.sparse import csr_matrix

    from curate.classifiers.buffers import spans_of

    bounds, buckets, values = features.rows(*spans_of(examples.texts))
    return csr_matrix((values, buckets, bounds), shape=(len(examples), 1 << features.bits))


def need_sklearn() -> None:
    """Check that scikit-learn is installed.

    Raises:
        InputError: it is not; the message says how to install it.
    """
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise InputError(
            "training a linear model needs scikit-learn, which is not installed: pip install 'curate[train-classifier]'."
        ) from None


def _descend(
    x: Any,
    train: Examples,
    x_validation: Any,
    validation: Examples,
    weights: tuple[float, float],
    alpha: float,
    settings: LinearSettings,
    seed: int,
) -> tuple[float, int, np.ndarray, float]:
    """Return `(validation loss, epochs, weights, intercept)` of the best epoch."""
    from sklearn.linear_model import SGDClassifier

    model = SGDClassifier(loss="log_loss", alpha=alpha, random_state=seed, average=False)
    order = np.random.default_rng(seed)
    row_weight = np.where(train.is_positive, weights[1], weights[0])
    best: tuple[float, int, np.ndarray, float] = (np.inf, 0, np.zeros(x.shape[1], np.float32), 0.0)
    for epoch in range(1, settings.max_epochs + 1):
        rows = order.permutation(len(train))
        model.partial_fit(x[rows], train.is_positive[rows], classes=[False, True], sample_weight=row_weight[rows])
        decisions = x_validation @ model.coef_[0] + model.intercept_[0]
        loss = log_loss(decisions, validation.is_positive, weights)
        if loss < best[0] - 1e-6:
            best = loss, epoch, model.coef_[0].astype(np.float32), float(model.intercept_[0])
        elif epoch - best[1] >= settings.patience:
            break
    return best


def log_loss(decisions: np.ndarray, is_positive: np.ndarray, weights: tuple[float, float] = (1.0, 1.0)) -> float:
    """Return the mean logistic loss of decisions, weighted by `weights` of negative and positive texts."""
    loss = np.logaddexp(0, np.where(is_positive, -decisions, decisions))
    return float(np.average(loss, weights=np.where(is_positive, weights[1], weights[0])))


def _calibrate(model: LinearModel, decisions: np.ndarray, is_positive: np.ndarray, how: str) -> None:
    if how == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        curve = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(decisions, is_positive)
        model.knots = np.stack([curve.X_thresholds_, curve.y_thresholds_]).astype(np.float32)
        return
    from sklearn.linear_model import LogisticRegression

    # Platt's targets lie a little inside 0 and 1, so that the slope stays finite on separable validation data.
    n_positive, n = int(is_positive.sum()), len(is_positive)
    high, low = (n_positive + 1) / (n_positive + 2), 1 / (n - n_positive + 2)
    share = np.where(is_positive, high, low)
    curve = LogisticRegression(C=1e6, max_iter=1000).fit(
        np.tile(decisions, 2)[:, None], np.repeat([1, 0], n), sample_weight=np.concatenate([share, 1 - share])
    )
    model.slope, model.offset = float(curve.coef_[0, 0]), float(curve.intercept_[0])
