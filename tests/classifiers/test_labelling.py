"""A language model labels texts: answers are kept as they come, asked for once, and compared with people."""

from __future__ import annotations

import json
import time

import pytest
from sklearn.metrics import cohen_kappa_score

from curate.classifiers import labelling
from curate.errors import InputError, RunError, SpecError
from curate.llm import HttpChatClient
from tests.classifiers.chat_server import serving

RUBRIC = labelling.Rubric("Is it rude?\nlabels: rude, polite", ("rude", "polite"))


def rows(*texts: str) -> list[dict]:
    return [{"id": str(i), "text": text} for i, text in enumerate(texts)]


def said(label: str) -> str:
    return json.dumps({"rationale": f"since {label}", "label": label})


def judge(text: str, before: int) -> str:
    return said("rude" if "idiot" in text else "polite")


def ask(chat, given, out, **options) -> list[dict]:
    where = HttpChatClient(chat.url, "judge-1", key="secret", tries=4, first_wait=0.01, timeout=5)
    return labelling.label(given, RUBRIC, where, out, **options)


def test_labels_and_reasons_are_kept(tmp_path):
    with serving(judge) as chat:
        found = ask(chat, rows("you idiot", "good day", "café \u2028 中文"), tmp_path / "out.jsonl")
    assert [r["label"] for r in found] == ["rude", "polite", "polite"] and found[0]["rationale"] == "since rude"
    assert [r["id"] for r in found] == ["0", "1", "2"]
    assert chat.headers[0]["Authorization"] == "Bearer secret"
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 3


def test_what_was_answered_is_not_asked_again(tmp_path):
    out = tmp_path / "out.jsonl"
    with serving(judge) as chat:
        ask(chat, rows("a", "b"), out)
        with out.open("a") as file:
            file.write('{"key": "cut o')  # a run that was killed while it wrote
        found = ask(chat, rows("b", "c", "a", "c"), out)
        assert sorted(chat.asked) == ["a", "b", "c"] and len(found) == 4


def test_answers_to_two_rubrics_do_not_meet_in_one_file(tmp_path):
    other = labelling.Rubric("Is it kind?\nlabels: rude, polite", ("rude", "polite"))
    with serving(judge) as chat:
        ask(chat, rows("a"), tmp_path / "out.jsonl")
        with pytest.raises(RunError, match=r"out\.jsonl:1 answers another rubric.*Name another --out"):
            labelling.label(rows("a"), other, HttpChatClient(chat.url, "judge-1"), tmp_path / "out.jsonl")


def test_malformed_answers_are_asked_about_again_by_the_next_run_and_nothing_else_ends_it(tmp_path):
    with (
        serving(lambda text, before: '{"label": "rude"}') as chat,
        pytest.raises(RunError, match=r"every answer is malformed.*the rationale is missing"),
    ):
        ask(chat, rows("a", "b"), tmp_path / "out.jsonl")
    with serving(judge) as chat:
        found = ask(chat, rows("a", "b"), tmp_path / "out.jsonl")
        assert [r["label"] for r in found] == ["polite", "polite"] and sorted(chat.asked) == ["a", "b"]


def test_a_busy_endpoint_is_asked_again_when_it_says(tmp_path):
    def busy(text: str, before: int):
        if before == 0:
            return 429, "slow down", {"Retry-After": "0.3"}
        return (503, "", {}) if before == 1 else said("polite")

    start = time.monotonic()
    with serving(busy) as chat:
        found = ask(chat, rows("a"), tmp_path / "out.jsonl")
    assert found[0]["label"] == "polite" and len(chat.asked) == 3
    assert time.monotonic() - start >= 0.3


def test_an_endpoint_that_stays_busy_ends_the_run_and_keeps_what_was_answered(tmp_path):
    out = tmp_path / "out.jsonl"
    failing = serving(lambda text, before: (500, "", {}) if text == "b" else said("polite"))
    with failing as chat, pytest.raises(RunError, match="no answer in 4 tries; the last: 500"):
        ask(chat, rows("a", "b", *"cdefghijklmnop"), out, concurrency=1)
    kept = [json.loads(line)["text"] for line in out.read_text().splitlines()]
    assert "a" in kept and "b" not in kept and len(kept) < 8
    with serving(judge) as chat:
        found = ask(chat, rows("a", "b"), out)
        assert chat.asked == ["b"] and [r["label"] for r in found] == ["polite", "polite"]


def test_a_refused_question_is_not_asked_again(tmp_path):
    refusing = serving(lambda text, before: (401, "no such key", {}))
    with refusing as chat, pytest.raises(RunError, match=r"401.*no such key"):
        ask(chat, rows("a"), tmp_path / "out.jsonl")
    assert len(chat.asked) == 1


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("I think it is polite.", "not a JSON object"),
        ('{"label": "kind", "rationale": "x"}', "'kind' is not one of the labels"),
        ('{"label": "rude"}', "the rationale is missing"),
        ('{"label": ["rude"], "rationale": "x"}', "not a JSON object with a label"),
        ('{"label": "rude", "rationale": "x"', "not a JSON object"),
    ],
)
def test_a_malformed_answer_is_asked_for_again_and_then_on_record(tmp_path, answer, problem):
    with serving(lambda text, before: said("rude") if text == "b" and before == 2 else answer) as chat:
        found = ask(chat, rows("a", "b"), tmp_path / "out.jsonl", malformed_tries=3)
        assert len(chat.asked) == 6
    assert found[0]["label"] is None and problem in found[0]["problem"] and found[1]["label"] == "rude"
    assert labelling.agreement(found)["malformed"] == 1


def test_json_inside_a_fence_is_found():
    assert RUBRIC.parse('Sure!\n```json\n{"rationale": " because ", "label": "rude"}\n```') == ("rude", "because")


def test_a_body_that_is_no_chat_answer_is_tried_again(tmp_path):
    with serving(lambda text, before: (200, b"<html>", {}) if before == 0 else said("rude")) as chat:
        assert ask(chat, rows("a"), tmp_path / "out.jsonl")[0]["label"] == "rude"


def test_questions_are_open_at_the_same_time_but_not_more_than_allowed(tmp_path):
    def slow(text: str, before: int) -> str:
        time.sleep(0.05)
        return said("polite")

    with serving(slow) as chat:
        ask(chat, rows(*map(str, range(24))), tmp_path / "out.jsonl", concurrency=4)
    assert 2 <= chat.most_open <= 4


def test_a_long_text_is_cut_and_says_so(tmp_path):
    with serving(judge) as chat:
        found = ask(chat, rows("x" * 100), tmp_path / "out.jsonl", max_characters=10)
    assert chat.asked == ["x" * 10] and found[0]["is_cut"]


def test_agreement_is_that_of_scikit_learn():
    pairs = [("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "b")] * 10 + [("b", "a")] * 3 + [("c", "a")]
    records = [{"human": h, "label": answer} for h, answer in pairs]
    found = labelling.agreement([*records, {"human": "a", "label": None}, {"label": "a"}])
    assert found["n"] == 39 and found["malformed"] == 1
    assert found["kappa"] == pytest.approx(cohen_kappa_score(*zip(*pairs, strict=True)))
    assert found["confusion"]["a"] == {"a": 20, "b": 5, "c": 0}
    assert labelling.agreement([])["kappa"] is None
    assert labelling.agreement([{"human": "a", "label": "a"}])["kappa"] is None


def test_a_rubric_names_its_labels(tmp_path):
    path = tmp_path / "rubric.txt"
    path.write_text("Judge.\nLabels: a, b ,c\n")
    assert labelling.Rubric.read(path).labels == ("a", "b", "c")
    path.write_text("Judge.\nlabels: a\n")
    with pytest.raises(SpecError, match="labels: toxic, not_toxic"):
        labelling.Rubric.read(path)
    with pytest.raises(InputError, match="cannot be read"):
        labelling.Rubric.read(tmp_path / "none.txt")


@pytest.mark.parametrize(
    "content",
    ["one line that does not end", '{"text": "mine"', "[" * 100_000 + "\n", '{"key": [], "rubric": 1}\n', "5\n"],
)
def test_a_file_of_somebody_else_stays_as_it_is(tmp_path, content):
    out = tmp_path / "notes.txt"
    out.write_text(content)
    with serving(judge) as chat, pytest.raises(RunError, match=r"notes\.txt.* not an answer of this command"):
        ask(chat, rows("a"), out)
    assert out.read_text() == content and not chat.asked


@pytest.mark.parametrize("name", ["folder", "file/below.jsonl"])
def test_an_output_that_cannot_be_written_is_refused(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with serving(judge) as chat, pytest.raises(SpecError, match=f"--out .*{name}: cannot be"):
        ask(chat, rows("a"), tmp_path / name)
    assert not chat.asked


def test_an_answer_of_brackets_only_is_malformed(tmp_path):
    with serving(lambda text, before: '{"a":' * 100_000 + "}") as chat, pytest.raises(RunError, match="malformed"):
        ask(chat, rows("a"), tmp_path / "out.jsonl")


def test_an_output_of_something_else_is_not_written_over(tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text('{"other": 1}\n')
    with serving(judge) as chat, pytest.raises(RunError, match=r"out\.jsonl:1 is not an answer of this command"):
        ask(chat, rows("a"), out)
    assert out.read_text() == '{"other": 1}\n'


@pytest.mark.parametrize("url", ["", "localhost:80", "ftp://x/v1", "http://"])
def test_an_endpoint_is_a_url(url):
    with pytest.raises(SpecError, match="expected http"):
        HttpChatClient(url, "m")
