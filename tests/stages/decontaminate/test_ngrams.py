"""Questions of evaluation sets in documents: what is found, where, with which answer, and what bad files make of it."""

from __future__ import annotations

import gzip
import json
import random
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from curate import Batch
from curate.assets import File
from curate.errors import InputError, SpecError
from curate.plan import StageRef
from curate.stages.decontaminate.ngrams import ngrams

QUESTIONS = str(Path(__file__).parent / "questions.jsonl")
FERRY = "A ferry makes six trips a day and each trip carries forty cars. How many cars cross in a week?"
SHORT = "Which harbour was closed to ships before the war?"
FILLER = "Nobody on the island had slept well, and it rained until the boat came in. "


def run(sets, *texts, **params) -> Batch:
    ref = StageRef("ngrams", "decontaminate.ngrams", {"sets": sets, **params})
    return ref.open(())(Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": list(texts)}))


def row(batch: Batch, i: int = 0) -> dict:
    """Return what is on record of a document, without the prefix of its names."""
    columns = next(doc for k, doc in enumerate(batch.docs()) if k == i).columns
    return {name.removeprefix("contamination_"): value for name, value in columns.items()}


@pytest.fixture
def write(tmp_path):
    """Return a function that writes an evaluation set, items as JSON lines, and returns its path."""

    def write(items, name="set.jsonl") -> str:
        path = tmp_path / name
        content = items if isinstance(items, bytes) else "\n".join(map(json.dumps, items)).encode()
        path.write_bytes(gzip.compress(content)[: -9 if "cut" in name else None] if name.endswith(".gz") else content)
        return str(path)

    return write


def test_a_question_is_found_with_its_place_item_and_answer():
    text = f"{FILLER}Übung: {FERRY} {FILLER}It is 1680."
    found = run(QUESTIONS, FILLER, text)
    assert row(found, 0) == {
        "contaminated": False, "item": None, "share": 0, "answer": None, "start": None, "end": None, "text": None, "items": 0,
    }  # fmt: skip
    one = row(found, 1)
    assert text[one["start"] : one["end"]] == one["text"] == FERRY[:-1]
    assert one | {"start": 0, "end": 0, "text": ""} == {
        "contaminated": True, "item": "questions.jsonl#ferry", "share": 1, "answer": True, "start": 0, "end": 0, "text": "", "items": 1,
    }  # fmt: skip
    verdicts = found.verdicts
    assert (verdicts.reasons, verdicts.code.tolist(), verdicts.value[1]) == (("contaminated",), [-1, 0], 1)
    assert verdicts.evidence == [None, "questions.jsonl#ferry"]
    assert found.counts == {
        "items.questions.jsonl": 2,
        "contaminated.questions.jsonl": 1,
        "contaminated_with_answer": 1,
    }


def test_to_mark_drops_nothing():
    found = run(QUESTIONS, FERRY, action="mark")
    assert found.verdicts is None and row(found)["contaminated"]


def test_case_punctuation_and_line_breaks_do_not_matter():
    edited = FERRY.upper().replace(" ", "\r\n ").replace(".", " --- ")
    assert row(run(QUESTIONS, edited))["share"] == 1


def test_a_share_below_the_bound_is_on_record_and_keeps_the_document():
    half = " ".join(FERRY.split()[:13]).rstrip(".")
    found = run(QUESTIONS, half, FERRY, min_share=0.5)
    assert row(found)["share"] == pytest.approx(1 / 8) and not row(found)["contaminated"]
    assert row(found)["text"] == half and found.verdicts.code.tolist() == [-1, 0]
    assert not row(run(QUESTIONS, half, min_ngrams=2))["contaminated"]
    assert row(run(QUESTIONS, half, SHORT, min_share=0, min_ngrams=9), 1)["contaminated"], "all of those it has"


def test_a_short_question_counts_as_a_whole():
    found = run(QUESTIONS, f"{FILLER}{SHORT}", SHORT.replace("war", "storm"), f"It was Ellis. {SHORT}")
    assert [row(found, i)["share"] for i in range(3)] == [1, 0, 1]
    assert [row(found, i)["answer"] for i in range(3)] == [False, None, True]


def test_an_answer_in_the_question_itself_is_none(write):
    item = {
        "question": "Which of the two ships is older and longer, the Medusa or the Pandora of Port Ellis?",
        "answer": "Medusa",
    }
    found = run(
        write([item]), item["question"], f"{item['question']} The Medusa.", f"{item['question']}{FILLER * 9}Medusa"
    )
    assert [row(found, i)["answer"] for i in range(3)] == [False, True, False]
    part = item["question"].split(" or ")[0].replace("Which of the", "The")  # its end is cut off, its beginning changed
    assert row(run(write([item]), part, ngram=8, min_words=8))["answer"] is False


def test_a_long_answer_may_stand_anywhere(write):
    answer = "First we count the trips of a week, forty two of them, and then multiply by forty cars."
    path = write([{"question": FERRY, "answer": answer}])
    found = run(path, f"{answer} {FILLER * 20} {FERRY}", FERRY, answer)
    assert [row(found, i)["answer"] for i in range(3)] == [True, False, None]


def test_the_item_with_the_largest_share_is_named_and_others_are_counted(write):
    other = write([{"id": 7, "text": FERRY + " And in a year of 365 days without a storm?"}], "other.jsonl")
    found = run([QUESTIONS, other], f"{FERRY} {SHORT}")
    assert (row(found)["item"], row(found)["items"]) == ("questions.jsonl#ferry", 3)
    assert found.counts["contaminated.other.jsonl"] == found.counts["contaminated.questions.jsonl"] == 1


def test_the_stretch_with_most_of_the_item_is_shown():
    start = " ".join(FERRY.split()[:14])
    text = f"{start} {FILLER * 4} {FERRY.replace('cars cross', 'cars may cross')} {FILLER}"
    assert row(run(QUESTIONS, text))["text"].startswith(
        "A ferry makes six trips a day and each trip carries forty cars. How"
    )


def test_templates_and_allowed_texts_do_not_count(write, tmp_path):
    head = "Read the following story with care and answer the question below in your own words please"
    items = [{"question": f"{head}: {' '.join(f'w{i}x{k}' for k in range(15))}"} for i in range(12)]
    text = f"{head}: and now for something else"
    found = run(write(items), text, max_items=11)
    assert row(found)["item"] is None
    assert run(write(items[:11]), text, max_items=11).verdicts.code.tolist() == [0]
    (tmp_path / "allow.txt").write_text(f"{head[:29]}\n{head[30:]}\n{SHORT}")
    allow = str(tmp_path / "allow.txt")
    assert run(write(items[:11]), text, max_items=11, allow=allow).verdicts.code.tolist() == [-1]
    assert run(QUESTIONS, SHORT, allow=allow).verdicts.code.tolist() == [-1]
    counts = run([write([{"question": head}]), QUESTIONS], "", allow=allow).counts
    assert counts["items_without_words_of_their_own.set.jsonl"] == 1
    assert counts["items_without_words_of_their_own.questions.jsonl"] == 1


def test_items_of_the_same_words_are_one_and_short_ones_are_counted(write):
    items = [{"question": q} for q in (FERRY, FERRY.upper(), "Why?", "?!", "", None)]
    found = run(write(items), FERRY, "Why? " * 20)
    assert found.counts == {
        "items.set.jsonl": 4, "items_repeated.set.jsonl": 1, "items_too_short.set.jsonl": 2, "contaminated.set.jsonl": 1,
    }  # fmt: skip
    assert row(found)["item"] == "set.jsonl#0"


def test_every_kind_of_file_gives_the_same_items(write, tmp_path):
    pq.write_table(
        pa.table({"task_id": ["ferry"], "prompt": [FERRY], "canonical_solution": ["1680"]}), tmp_path / "a.parquet"
    )
    paths = [
        str(tmp_path / "a.parquet"),
        write([{"task_id": "ferry", "metadata": {"question": FERRY, "answer": 1680}}], "b.jsonl.gz"),
        write([[{"id": "ferry", "text": FERRY, "answers": {"text": ["1680", "1,680"]}}]], "c.json"),
        write(f"\ufeff\r\n{FERRY}\r\n".encode(), "d.txt"),
        write(b"\xef\xbb\xbf" + json.dumps(FERRY).encode() + b"\r\n\r\n", "e.ndjson"),
    ]
    said = [row(run(path, f"{FERRY} 1680"), 0) for path in paths]
    assert [one["item"].partition("#")[2] for one in said] == ["ferry", "ferry", "ferry", "0", "0"]
    assert [(one["share"], one["answer"]) for one in said] == [(1, True)] * 3 + [(1, None)] * 2


def test_paragraphs_are_items_only_if_asked_for(write):
    item = {"id": "x", "question": "How many cars?", "paragraphs": [{"text": "Another one."}, {"text": FERRY}]}
    assert row(run(write([item]), FERRY))["item"] is None
    assert row(run(write([item]), FERRY, question_fields=["paragraphs.text"]))["item"] == "set.jsonl#x/1"


def test_sets_of_one_name_are_told_apart(tmp_path):
    for folder, question in (("a", FERRY), ("b", SHORT)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "test.txt").write_text(question)
    found = run(str(tmp_path / "*" / "test.txt"), SHORT)
    assert row(found)["item"] == f"{tmp_path}/b/test.txt#0"


def test_without_sets_nothing_is_compared_and_that_is_counted():
    assert run([], FERRY).counts == {"documents_compared_with_nothing": 1}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.jsonl", b"", "contains no rows"),
        ("blank.txt", b"\n \r\n", "contains no rows"),
        ("none.jsonl", b'{"id": 1, "frage": "Wie viele?"}', "no row has text in any of question, .*its fields are id, frage"),
        ("half.jsonl", b'{"question": "a"}\n{"question": ', r"half.jsonl:2: not valid JSON"),
        ("number.jsonl", b"17", r"number.jsonl:1: expected an object or a string, got 17"),
        ("latin.txt", "ein\nStraße".encode("latin-1"), r"latin.txt:2: not valid UTF-8 \(byte 0xdf\)"),
        ("cut.txt.zst", zstandard.compress(b"one\ntwo" * 99)[:-4], r"cut.txt.zst: cannot be read after line 0: Truncated"),
        ("cut.txt.gz", b"one\ntwo" * 99, "cannot be read after line"),
        ("not.txt.zst", b"one\ntwo", "cannot be read after line 0"),
        ("no.parquet", b"PAR1", "cannot be read as parquet"),
        ("mmlu.csv", b"a,b", "expected .parquet, .jsonl"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_evaluation_set_is_refused_with_its_place(write, name, content, message):
    with pytest.raises(InputError, match=message):
        run(write(content, name), FERRY)


def test_a_huge_line_and_lone_surrogates_are_items_like_others(write):
    long = " ".join(f"word{i}" for i in range(200_000))
    found = run(write([{"question": long}, {"question": f"\ud800 {FERRY}"}]), long[1000:2000], FERRY, min_share=0)
    assert [row(found, i)["item"] for i in range(2)] == ["set.jsonl#0", "set.jsonl#1"]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"min_words": 14}, "1 to `ngram` = 13, got 14"), ({"question_fields": []}, "at least one"),
    ],
)  # fmt: skip
def test_parameters_that_make_no_sense_are_refused(params, message):
    with pytest.raises(SpecError, match=message):
        ngrams(sets=[File(QUESTIONS)], **params)


# ---------------------------------------------------------------------- real sets in real text


def edits(text: str, chance: random.Random) -> str:
    """Change case, punctuation and line breaks, as copies on the web do."""
    text = chance.choice([str, str.upper, str.lower, str.title])(text)
    text = text.replace(" ", chance.choice([" ", "\n", "\u00a0", " \r\n  "]))
    return text.replace(".", chance.choice([".", " .", "…", "!"])).replace("'", "’")


def test_planted_questions_are_all_found_in_wikipedia_and_no_others(data):
    chance = random.Random(0)
    articles = pq.read_table(data / "text" / "enwiki.parquet", columns=["text"])["text"].to_pylist()[:1500]
    questions = {}
    for name, field, id in (("gsm8k-test", "text", "id"), ("HumanEval", "prompt", "task_id")):
        with gzip.open(data / "contamination" / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
            questions |= {f"{name}.jsonl.gz#{item[id]}": item[field] for item in map(json.loads, lines)}
    planted, expected, texts = {}, [], []
    for article, (label, question) in zip(articles, questions.items(), strict=False):
        at = chance.randrange(len(article) + 1)
        at = max(article.rfind(" ", 0, at), 0)
        copy = edits(question, chance)
        texts.append(f"{article[:at]} {copy} {article[at:]}")
        words = list(re.finditer(r"\w+", copy))
        planted[label] = at + 1 + words[0].start(), at + 1 + words[-1].end()
        expected.append(label)
    found = run(str(data / "contamination" / "*.gz"), *texts, *articles)
    wrong = {}
    for i, label in enumerate(expected):
        one = row_of(found, i)
        if (one["item"], one["share"], one["start"], one["end"]) != (label, 1, *planted[label]):
            wrong[label] = one, planted[label]
    # Two questions that differ only in their brackets are one for us.
    assert set(wrong) <= {"HumanEval.jsonl.gz#HumanEval/61"}, wrong
    assert not any(found["contaminated"].to_pylist()[len(texts) :])


def row_of(batch: Batch, i: int) -> dict:
    names = [name for name in batch.names if name.startswith("contamination_")]
    return {name.removeprefix("contamination_"): batch[name][i].as_py() for name in names}


def test_labels_and_multihop_load_as_evaluation_sets(data):
    question = "Which film whose director is younger, Forbidden Ground or Free Guy?"
    sets = [str(data / "labels" / "*.gz"), str(data / "multihop" / "*.gz")]
    found = run(sets, f"{question} Free Guy, of course.")
    assert row(found)["item"] == "2wiki.jsonl.gz#b088d3ca08e211ebbda4ac1f6bf848b6" and row(found)["answer"]
    n_items = {name: n for name, n in found.counts.items() if name.startswith("items.")}
    assert (
        len(n_items) == sum(len(list((data / name).glob("*.gz"))) for name in ("labels", "multihop"))
        and n_items["items.2wiki-corpus.jsonl.gz"] == 6119
        and n_items["items.musique.jsonl.gz"] == 200
    )
