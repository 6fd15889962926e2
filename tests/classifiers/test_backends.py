"""A backend of a user's own: one file outside the package, trained, recognised, opened and scored by the commands."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from curate.classifiers import backends, open_model
from curate.errors import InputError, SpecError
from tests.classifiers.models import labelled
from tests.conftest import ROOT
from tests.test_cli import curate

TOY = (ROOT / "tests" / "extensions" / "outside" / "toy_backend.py").read_text()

CLIENT = """
import json

from curate.llm import ChatClient


class Judge(ChatClient):
    name, model = "judge", "a-rule"

    def complete(self, messages, temperature=0.0):
        is_bad = "pills" in messages[-1]["content"]
        return json.dumps({"rationale": "its words", "label": "bad" if is_bad else "good"})


JUDGE = Judge()
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with a user's module and labelled texts."""
    (tmp_path / "toy_backend.py").write_text(TOY)
    examples = labelled(300)
    rows = zip(examples.texts, examples.is_positive, strict=True)
    lines = [json.dumps({"text": text, "label": "bad" if bad else "good"}) for text, bad in rows]
    (tmp_path / "labels.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_a_backend_of_a_user_is_trained_recognised_and_evaluated(folder):
    options = ["--positive", "bad", "--module", "toy_backend", "--json"]
    trained = curate(
        "classifier", "train", "labels.jsonl", "--backend", "toy", "--model", "m.toy", *options, cwd=folder
    )
    assert trained.returncode == 0, trained.stderr
    assert (
        json.loads(trained.stdout)["model"] == "m.toy" and "A toy classifier of `bad`" in (folder / "m.md").read_text()
    )
    (folder / "m.toy").rename(folder / "renamed")
    found = curate("classifier", "eval", "renamed", "labels.jsonl", *options, cwd=folder)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["models"]["renamed"]["roc_auc"] > 0.6
    unknown = curate("classifier", "eval", "renamed", "labels.jsonl", "--positive", "bad", cwd=folder)
    assert unknown.returncode == 2 and "is not a model that a backend recognises" in unknown.stderr
    assert "--module" in unknown.stderr


def test_a_backend_of_a_user_is_used_from_python(folder):
    code = (
        "import sys; sys.path.append('.')\n"
        "from curate.classifiers import open_model, training\n"
        "from tests.classifiers.models import labelled\n"
        "made = training.train(labelled(), 'm.toy', backend='toy', modules=['toy_backend'])\n"
        "model = open_model('m.toy', 'not_bad', modules=['toy_backend'])\n"
        "print(made.settings, model.backend, model.scores(['harbour morning'])[0] > 0.5, len(model.digest))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder)
    assert done.stdout.strip() == "{'min_length': 2} toy True 64", done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "toi", "--model", "m.toy"], "expected one of linear, fasttext, encoder, toy"),
        (["--backend", "toy", "--model", "m.npz"], "m.npz: the backend toy writes a .toy file"),
        (["--backend", "toy", "--model", "m.toy", "--quantise"], "neither --quantise nor --base"),
    ],
)
def test_what_does_not_fit_a_backend_is_refused(folder, arguments, message):
    options = ["--positive", "bad", "--module", "toy_backend", *arguments]
    result = curate("classifier", "train", "labels.jsonl", *options, cwd=folder)
    assert result.returncode == 2 and message in result.stderr and "Traceback" not in result.stderr


def test_a_module_that_is_not_there_is_named(folder):
    result = curate("classifier", "eval", "toxicity", "labels.jsonl", "--module", "tooy_backend", cwd=folder)
    assert result.returncode == 2 and 'no module "tooy_backend"' in result.stderr


def test_pickles_are_refused_before_a_backend_of_a_user_sees_them(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    greedy = TOY.replace('path.read_bytes()[:4] == b"toy "', "True").replace('"toy"', '"greedy"')
    (folder / "greedy_backend.py").write_text(greedy)
    (folder / "m.toy").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(InputError, match="is a pickle or contains one"):
        open_model("m.toy", modules=["greedy_backend"])


def test_two_backends_of_one_name_are_refused(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    (folder / "second_backend.py").write_text(TOY.replace('"toy"', '"linear"'))
    with pytest.raises(SpecError, match='"linear"'):
        backends.named("linear", ["second_backend"])


def test_each_model_is_recognised_by_its_backend_alone(linear_file, fasttext_file, quantised_file, encoder_folder):
    held = {"linear": [linear_file], "fasttext": [fasttext_file, quantised_file], "encoder": [encoder_folder]}
    assert list(held) == [backend.name for backend in backends.BACKENDS]
    for backend in backends.BACKENDS:
        for name, paths in held.items():
            assert [backend.recognises(path) for path in paths] == [name == backend.name] * len(paths)


def test_the_table_of_backends_imports_nothing_heavy():
    code = (
        "import sys; from curate.classifiers import backends; backends.table()\n"
        "print({m.split('.')[0] for m in sys.modules} & {'numpy', 'pyarrow', 'torch', 'transformers', 'sklearn'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_chat_client_of_a_user_labels_texts(folder):
    (folder / "my_client.py").write_text(CLIENT)
    (folder / "rubric.txt").write_text("Is it an advertisement?\nlabels: bad, good\n")
    options = ["--rubric", "rubric.txt", "--endpoint", "judge", "--module", "my_client", "--out", "out.jsonl"]
    done = curate("classifier", "label", "labels.jsonl", *options, "--human", "label", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["agreement"]["accuracy"] > 0.6
    other = curate("classifier", "label", "labels.jsonl", *options, "--model", "gpt", cwd=folder)
    assert other.returncode == 2 and 'the client "judge" uses a-rule' in other.stderr
    options[3] = "http://127.0.0.1:1/v1"
    nameless = curate("classifier", "label", "labels.jsonl", *options, cwd=folder)
    assert nameless.returncode == 2 and "--model is missing" in nameless.stderr
