"""Training finds what tells two kinds of text apart, the same in every run, and writes a card that says how."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import SGDClassifier

from curate.classifiers import evaluation, metrics, training
from curate.classifiers.buffers import batch_of, spans_of
from curate.classifiers.chunks import combined, score
from curate.classifiers.fit_encoder import EncoderSettings
from curate.classifiers.fit_fasttext import FastTextSettings
from curate.classifiers.fit_linear import LinearSettings, matrix
from curate.classifiers.linear import Features
from curate.errors import InputError, SpecError
from curate.report.classifier_card import card
from tests.classifiers.models import BAD, GOOD, labelled

SMALL = LinearSettings(features=Features(bits=12), alphas=(1e-5, 1e-4), max_epochs=10)
QUICK = FastTextSettings(epochs=(2, 10), dim=8, bucket=1000, min_count=1)


@pytest.mark.parametrize(("backend", "name", "settings"), [("linear", "m.npz", SMALL), ("fasttext", "m.bin", QUICK)])
def test_a_model_tells_the_two_kinds_apart_and_is_made_alike_twice(tmp_path, backend, name, settings):
    examples = labelled()
    files = [tmp_path / str(k) / name for k in range(2)]
    made = [training.train(examples, file, backend=backend, settings=settings, seed=5) for file in files]
    test = made[0].parts["test"]
    assert metrics.roc_auc(made[0].model.scores(test.texts), test.is_positive) > 0.95
    assert files[0].read_bytes() == files[1].read_bytes()
    assert made[0].model.labels == ("not_bad", "bad") and made[0].model.positive == "bad"


@pytest.mark.parametrize("calibration", ["platt", "isotonic"])
def test_scores_are_probabilities(tmp_path, calibration):
    from dataclasses import replace

    settings = replace(SMALL, calibration=calibration)
    made = training.train(labelled(3000, share=0.2), tmp_path / "m.npz", settings=settings)
    test = made.parts["test"]
    scores = made.model.scores(test.texts)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert metrics.calibration_error(scores.astype(float), test.is_positive) < 0.06


def test_decisions_are_those_of_scikit_learn(tmp_path):
    examples = labelled()
    made = training.train(examples, tmp_path / "m.npz", settings=SMALL)
    model = SGDClassifier(loss="log_loss").fit([[0.0], [1.0]], [False, True])
    model.coef_, model.intercept_, model.n_features_in_ = made.model.weights[None], [made.model.intercept], 1 << 12
    expected = model.decision_function(matrix(examples, SMALL.features))
    np.testing.assert_allclose(made.model.decisions(*spans_of(examples.texts)), expected, atol=1e-4)


def test_class_weights_move_the_decision(tmp_path):
    examples = labelled(600, share=0.1)
    found = {}
    for weights in ("balanced", "none", 30.0):
        made = training.train(examples, tmp_path / "m.npz", settings=SMALL, class_weights=weights)
        found[weights] = made.weights
    assert found["none"] == (1.0, 1.0) and found[30.0] == (1.0, 30.0)
    assert found["balanced"][1] > 5 * found["balanced"][0]


@pytest.mark.parametrize(
    ("backend", "name", "says"),
    [
        ("linear", "m.bin", "linear writes an .npz file"),
        ("fasttext", "m.npz", r"\.ftz if it is quantised \(--quantise\) and \.bin if not"),
        ("encoder", "m.npz", "a folder"),
    ],
)
def test_a_name_that_does_not_fit_the_backend_is_refused(tmp_path, backend, name, says):
    with pytest.raises(SpecError, match=says):
        training.train(labelled(), tmp_path / name, backend=backend)


def test_too_few_texts_are_refused(tmp_path):
    with pytest.raises(InputError, match="both labels are needed"):
        training.train(labelled(4), tmp_path / "m.npz")


def test_an_encoder_is_fine_tuned(tmp_path, encoder_folder):
    settings = EncoderSettings(base=str(encoder_folder), epochs=3, batch=32, learning_rate=2e-2)
    made = training.train(labelled(200), tmp_path / "encoder", backend="encoder", settings=settings)
    test = made.parts["test"]
    assert metrics.roc_auc(made.model.scores(test.texts), test.is_positive) > 0.9
    assert (tmp_path / "encoder" / "model.safetensors").exists()


def test_the_card_says_what_it_was_made_of(tmp_path):
    made = training.train(labelled(), tmp_path / "m.npz", settings=SMALL)
    test = made.parts["test"]
    figures = evaluation.evaluate(evaluation.score(made.model, test), test, bootstraps=20)
    text = card(made, figures, use="Tests.", limits="Everything else.")
    for part in (made.model.digest, "## Calibration", "By `source`", "ROC AUC", "Tests.", "Everything else.", "alphas"):
        assert part in text


# ------------------------------------------------------------------ chunks


def test_the_worst_chunk_decides_or_all_do_by_their_length(tmp_path):
    model = training.train(labelled(), tmp_path / "m.npz", settings=SMALL).model
    good, bad = " ".join(GOOD) + ".\n", " ".join(BAD[:8]) + ".\n"
    batch = batch_of([good * 20 + bad, good * 21, "", " \n"])
    worst, counts = score(model, batch, 120, "max")
    mean, _ = score(model, batch, 120, "mean")
    whole, _ = score(model, batch, 0, "max")
    assert worst[0] > 0.5 > mean[0] and whole[0] < worst[0] and worst[1] < 0.5
    assert np.isnan(worst[2:]).all() and counts == {"texts_in_chunks": 2, "no_score_blank": 2}


def test_chunks_without_a_score_take_no_part():
    bounds, lengths = np.array([0, 2, 4, 4]), np.array([1, 3, 5, 5])
    scores = np.array([0.2, 0.6, np.nan, np.nan], np.float32)
    np.testing.assert_allclose(combined(bounds, scores, lengths, "mean"), [0.5, np.nan, np.nan], rtol=1e-6)
    scores[2] = 0.9
    np.testing.assert_allclose(combined(bounds, scores, lengths, "max"), [0.6, 0.9, np.nan], rtol=1e-6)
