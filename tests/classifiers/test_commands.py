"""`curate classifier train | eval | label` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from curate.classifiers import labelling
from curate.cli.classifier import app
from curate.errors import SpecError
from tests.classifiers.chat_server import serving
from tests.classifiers.models import labelled


@pytest.fixture
def data(tmp_path) -> str:
    examples = labelled(300)
    rows = zip(examples.texts, examples.is_positive, examples.slices["source"], strict=True)
    lines = [json.dumps({"text": t, "label": "bad" if bad else "good", "source": s}) for t, bad, s in rows]
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(lines))
    return str(path)


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_the_page_of_an_evaluation_does_not_replace_what_is_read(tmp_path, data, linear_file):
    before = Path(data).read_bytes()
    (tmp_path / "link.html").symlink_to(data)
    for html in (data, str(tmp_path / "link.html"), str(linear_file)):
        with pytest.raises(SpecError, match="is what this command reads"):
            run("eval", str(linear_file), data, "--positive", "bad", "--html", html, "--replace")
    assert Path(data).read_bytes() == before


def test_train_then_judge_then_compare(tmp_path, data, linear_file):
    out = str(tmp_path / "bad.npz")
    trained = run("train", data, "--positive", "bad", "--model", out, "--quantise", "--json")
    assert json.loads(trained.stdout)["roc_auc"] > 0.9
    assert "# bad" in (tmp_path / "bad.md").read_text()
    html = tmp_path / "page.html"
    judged = run("eval", out, data, "--positive", "bad", "--compare", str(linear_file), "--html", str(html), "--json")
    found = json.loads(judged.stdout)
    assert found["models"][out]["roc_auc"] > 0.9 and found["comparison"]["roc_auc"]["difference"] < -0.1
    assert set(found["models"][out]["slices"]["source"]) == {"a", "b"}
    page = html.read_text()
    assert page.count("<svg") == 3 and page.count("var(--lost)") >= 3
    table = run("eval", out, data, "--positive", "bad")
    assert "ROC AUC" in table.stdout and "by source" in table.stdout


def test_output_that_exists_is_refused_unless_it_is_to_be_replaced(tmp_path, data, linear_file):
    model, card, page = tmp_path / "m.npz", tmp_path / "m.md", tmp_path / "page.html"
    train = ("train", data, "--positive", "bad", "--model", str(model))
    judge = ("eval", str(linear_file), data, "--positive", "bad", "--html", str(page))
    for path, command in ((model, train), (card, train), (page, judge)):
        path.write_text("mine")
        with pytest.raises(SpecError, match=rf"{path.name} exists\.  Name another, or overwrite it with --replace"):
            run(*command)
        assert path.read_text() == "mine" and [each.name for each in (model, card, page) if each.exists()] == [
            path.name
        ]
        assert run(*command, "--replace").exit_code == 0
        assert path.read_bytes() != b"mine"
        for each in (model, card, page):
            each.unlink(missing_ok=True)
    model.mkdir()
    with pytest.raises(SpecError, match=r"m\.npz is a folder, expected a file"):
        run(*train, "--replace")
    with pytest.raises(SpecError, match='--model "": expected the name of a file or folder'):
        run(*train[:-1], "")


def test_what_does_not_fit_together_is_refused(tmp_path, data):
    with pytest.raises(SpecError, match=r"a linear model cannot start from a pretrained model\.  Omit --base"):
        run("train", data, "--positive", "bad", "--model", str(tmp_path / "m.npz"), "--base", "somewhere")
    with pytest.raises(SpecError, match="an encoder cannot be quantised"):
        run("train", data, "--positive", "bad", "--model", str(tmp_path / "m"), "--backend", "encoder", "--quantise")
    with pytest.raises(
        SpecError,
        match=r"m\.ftz: the backend fasttext writes a file, \.ftz if it is quantised \(--quantise\) and \.bin if not",
    ):
        run("train", data, "--positive", "bad", "--model", str(tmp_path / "m.ftz"), "--backend", "fasttext")


def test_label_and_agree_with_people(tmp_path, data, monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret")
    rubric, out = tmp_path / "rubric.txt", tmp_path / "answers.jsonl"
    rubric.write_text("Is it an advertisement?\nlabels: bad, good\n")

    def judge(text: str, before: int) -> str:
        return json.dumps({"rationale": "its words", "label": "bad" if "pills" in text else "good"})

    with serving(judge) as chat:
        options = ["--rubric", str(rubric), "--endpoint", chat.url, "--model", "judge-1", "--out", str(out)]
        options += ["--human", "label", "--limit", "30", "--key-variable", "MY_KEY"]
        found = json.loads(run("label", data, *options, "--json").stdout)
        assert len(set(chat.asked)) == 30 and chat.headers[0]["Authorization"] == "Bearer secret"
        shown = run("label", data, *options).stdout
        assert len(chat.asked) == 30
    assert found["n"] == 30 and found["agreement"]["n"] == 30 and 0 < found["agreement"]["kappa"] <= 1
    assert "kappa" in shown and "malformed" in shown
    assert labelling.Rubric.read(rubric).labels == ("bad", "good")
