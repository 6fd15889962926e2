"""Models are found by name, opened by content, and refused where they are damaged or could hold code."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from curate import fingerprint
from curate.classifiers import ModelName, loading, open_model
from curate.classifiers.linear import Features, LinearModel, rounded
from curate.errors import InputError, SpecError
from curate.stage import Param
from tests.classifiers.models import BAD, GOOD, tiny_linear


class Bomb:
    """Unpickling it leaves a trace."""

    def __init__(self, trace: Path):
        self.trace = trace

    def __reduce__(self):
        return open, (str(self.trace), "w")


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)
    return path


def test_a_bundled_model_is_opened_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "BUNDLED", tmp_path)
    tiny_linear(tmp_path / "toxicity.npz")
    assert open_model("toxicity").backend == "linear"
    with pytest.raises(
        InputError, match="no model toxicitee: there is no such file or folder, and the bundled models are toxicity"
    ):
        open_model("toxicitee")


def test_the_other_label_scores_the_rest(linear_file):
    texts = [" ".join(GOOD), " ".join(BAD)]
    model = open_model(str(linear_file))
    other = open_model(str(linear_file), "not_bad")
    np.testing.assert_allclose(model.scores(texts) + other.scores(texts), 1, atol=1e-6)
    with pytest.raises(SpecError, match=r'has no label "good"; expected one of not_bad, bad'):
        open_model(str(linear_file), "good")


def test_the_digest_says_whether_the_content_changed(tmp_path, linear_file):
    same = shutil.copy(linear_file, tmp_path / linear_file.name)
    other = tiny_linear(tmp_path / "other.npz", seed=1)
    digests = [open_model(str(path)).digest for path in (linear_file, same, other)]
    assert digests[0] == digests[1] != digests[2]
    params = [fingerprint.of_params({"model": Param("model", ModelName).convert(str(p))}) for p in (linear_file, other)]
    assert params[0] != params[1]


@pytest.mark.parametrize("int8", [False, True])
def test_a_saved_model_is_the_same_model(tmp_path, int8):
    weights = np.random.default_rng(0).normal(size=1 << 10).astype(np.float32)
    weights[:300] = 0
    knots = np.array([[-1, 0, 2], [0.1, 0.4, 0.9]], np.float32)
    one = LinearModel("x", Features(1, 3, 10), rounded(weights, int8=int8), -0.5, knots=knots)
    one.save(tmp_path / "a.npz", int8=int8)
    other = open_model(str(tmp_path / "a.npz"))
    texts = ["a text", "another one", "", None, "中文"]
    np.testing.assert_array_equal(one.scores(texts), other.scores(texts))
    assert np.abs(one.weights - weights).max() < 0.02
    other.save(tmp_path / "b.npz", int8=int8)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_text_without_features_has_no_score(linear_file):
    assert np.isnan(open_model(str(linear_file)).scores(["", " \n", None])).all()


@pytest.mark.parametrize("cut", [0, 1, 3, 30, 200, 700, -1])
def test_a_linear_model_that_is_cut_off_is_refused(tmp_path, linear_file, cut):
    path = tmp_path / "cut.npz"
    path.write_bytes(linear_file.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"cut\.npz"):
        open_model(str(path))


def test_nothing_is_unpickled(tmp_path):
    trace = tmp_path / "trace"
    evil = pickle.dumps(Bomb(trace))
    objects = io.BytesIO()
    np.lib.format.write_array(objects, np.array([Bomb(trace)], dtype=object), allow_pickle=True)
    held = [
        tmp_path / "model.pkl",
        tmp_path / "model.joblib",
        tmp_path / "model.bin",
        archive(tmp_path / "zip.npz", {"model.pkl": evil}),
        archive(tmp_path / "pytorch_model.bin", {"archive/data.pkl": evil, "archive/data/0": b"x"}),
        archive(tmp_path / "objects.npz", {"settings.npy": objects.getvalue(), "weights.npy": objects.getvalue()}),
    ]
    for path in held[:3]:
        path.write_bytes(evil)
    for path in held:
        with pytest.raises(InputError, match=r"pickle|damaged"):
            open_model(str(path))
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"hello, I am no model", "not a model that a backend recognises; the backends are linear, fasttext, encoder"),
        (b"\x10\0\0\0\0\0\0\0" + b'{"a":{"dtype":"F32"}}', "safetensors"),
        (b"\x1f\x8b\x08\0", "pickle"),
        (b"PK\x03\x04 and no more", "damaged archive"),
    ],
)
def test_a_file_of_another_kind_is_named_for_what_it_is(tmp_path, content, says):
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(InputError, match=says):
        open_model(str(path))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"weights": np.zeros(1000, np.float16)}, "weights for 10 bits"),
        ({"weights": np.full(1024, np.nan, np.float16)}, "NaN"),
        ({"knots": np.array([[1, 0], [0, 1]], np.float32)}, "do not ascend"),
        ({"settings": np.frombuffer(b'{"format": "of another"}', np.uint8)}, "its format is"),
        ({"settings": np.frombuffer(b"{}", np.uint8)}, "format"),
        ({"settings": np.frombuffer(b"\xff{", np.uint8)}, "damaged"),
        ({"settings": np.frombuffer(b"[" * 100_000, np.uint8)}, "damaged"),
        ({"weights": np.zeros(1024, np.complex64)}, "`weights` is not an array of numbers"),
        ({"knots": np.array([[0, 1], [0, 5]], np.float32)}, "leaves the range 0 to 1"),
    ],
)
def test_an_archive_that_does_not_add_up_is_refused(tmp_path, linear_file, change, says):
    with np.load(linear_file) as arrays:
        held = {**arrays, **change}
    np.savez(tmp_path / "wrong.npz", **held)
    with pytest.raises(InputError, match=says):
        open_model(str(tmp_path / "wrong.npz"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("features", ["words"]), ("features", None), ("features", {"words": 0, "characters": 0, "bits": 10}),
        ("intercept", 10**400), ("positive", None), ("positive", "a\n\x1b[31m"), ("slope", "steep"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused(tmp_path, linear_file, name, value):
    with np.load(linear_file) as arrays:
        held = dict(arrays)
    settings = {**json.loads(held["settings"].tobytes()), name: value}
    np.savez(tmp_path / "odd.npz", **{**held, "settings": np.frombuffer(json.dumps(settings).encode(), np.uint8)})
    with pytest.raises(InputError, match=r"odd\.npz is not a linear model"):
        open_model(str(tmp_path / "odd.npz"))


def test_too_many_bits_are_refused_before_memory_is_taken(tmp_path, linear_file):
    with np.load(linear_file) as arrays:
        held = dict(arrays)
    settings = json.loads(held["settings"].tobytes())
    settings["features"]["bits"] = 60
    held["settings"] = np.frombuffer(json.dumps(settings).encode(), np.uint8)
    np.savez(tmp_path / "huge.npz", **held)
    with pytest.raises(InputError, match="out of range"):
        open_model(str(tmp_path / "huge.npz"))
