from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.batch import Batch
from curate.errors import InputError, SpecError
from curate.stage import Kind, read_stage
from curate.stages.language.detect import detect

ENGLISH = "The quick brown fox jumps over the lazy dog and runs along the river until evening."
GERMAN = "Der schnelle braune Fuchs springt über den faulen Hund und läuft am Fluss entlang bis zum Abend."
SIMPLIFIED = "这是一个用简体中文写的句子，用来测试语言检测软件是否能够正确识别。"
TRADITIONAL = "這是一個用繁體中文寫的句子，用來測試語言檢測軟體是否能夠正確識別。"
HEBREW = "השועל החום המהיר קופץ מעל הכלב העצלן ורץ לאורך הנהר עד הערב."


def batch(*texts: str | None) -> Batch:
    return Batch.from_columns({"id": [str(i) for i in range(len(texts))], "text": list(texts)})


def run(*texts, **params) -> Batch:
    stage = detect(**params)
    stage.setup()
    return stage(batch(*texts))


def reasons(result: Batch) -> list[str | None]:
    return [None if code < 0 else result.verdicts.reasons[code] for code in result.verdicts.code]


def test_it_is_an_edit_of_batches():
    assert read_stage("language.detect", detect).kind is Kind.BATCH_EDIT


def test_each_text_gets_its_language_a_score_and_three_guesses():
    rows = run(ENGLISH, f"{GERMAN} {GERMAN} {GERMAN} {ENGLISH} {ENGLISH}", SIMPLIFIED).rows.to_pylist()
    assert [row["language"] for row in rows] == ["en", "de", "zh"]
    assert rows[0]["language_score"] > 0.9
    assert rows[0]["language_reliable"] is True
    assert [guess.split(":")[0] for guess in rows[1]["language_guesses"].split(",")] == ["de", "en"]


def test_nothing_is_dropped_unless_asked_for():
    assert reasons(run(ENGLISH, GERMAN, "", "zzzz", None)) == [None] * 5


def test_other_languages_are_dropped_with_the_language_as_evidence():
    result = run(ENGLISH, GERMAN, SIMPLIFIED, keep=["en", "zh"])
    assert reasons(result) == [None, "other_language", None]
    assert list(result.verdicts.evidence) == [None, "de", None]


def test_a_text_in_no_known_language_is_uncertain_not_other():
    result = run("", "?!", keep=["en"])
    assert reasons(result) == ["uncertain_language"] * 2
    assert result["language"].to_pylist() == ["un", "un"]


def test_a_low_score_is_uncertain_and_the_score_is_the_value():
    mixed = f"{ENGLISH} {ENGLISH} {GERMAN} {GERMAN}"
    result = run(ENGLISH, mixed, min_score=0.9)
    assert reasons(result) == [None, "uncertain_language"]
    assert result.verdicts.value[1] == result.numbers("language_score")[1]


def test_the_bound_itself_is_kept():
    score = run(ENGLISH).rows.to_pylist()[0]["language_score"]
    assert reasons(run(ENGLISH, min_score=score)) == [None]


def test_zh_takes_in_both_scripts_and_zh_hant_only_one():
    assert run(SIMPLIFIED, TRADITIONAL)["language"].to_pylist() == ["zh", "zh-Hant"]
    assert reasons(run(SIMPLIFIED, TRADITIONAL, keep=["zh"])) == [None, None]
    assert reasons(run(SIMPLIFIED, TRADITIONAL, keep=["zh-Hant"])) == ["other_language", None]


def test_withdrawn_codes_come_out_in_their_modern_form():
    assert run(HEBREW, keep=["he"])["language"].to_pylist() == ["he"]


@pytest.mark.parametrize(
    "junk", ["\0", "\x01", "\x7f", "\x85", "\x9f", "\ufdd0", "\ufffe", "\uffff", "\U0001ffff", "\U0010fffe", "\u200b"]
)
def test_characters_that_cld2_rejects_do_not_lose_the_text(junk):
    assert run(GERMAN.replace(" ", f" {junk}"))["language"].to_pylist() == ["de"]


def test_markup_in_a_text_is_text():
    assert run(f"<html lang='fr'> {ENGLISH}")["language"].to_pylist() == ["en"]


def test_an_unknown_language_is_refused_with_a_suggestion():
    with pytest.raises(SpecError, match='no language "eng" among'):
        detect(keep=["en", "eng"])


def test_a_missing_model_says_how_to_get_one():
    with pytest.raises(InputError, match=r"Download lid\.176\.ftz"):
        detect(model="nowhere/lid.176.ftz")


def test_a_file_that_is_not_a_model_is_an_input_error(tmp_path):
    (tmp_path / "lid.176.ftz").write_bytes(b"not a model")
    with pytest.raises(InputError, match="is not a fastText model"):
        detect(model=str(tmp_path / "lid.176.ftz")).setup()


TRAIN = """
import sys, fasttext
model = fasttext.train_supervised(sys.argv[1], dim=8, minn=2, maxn=3, epoch=20, thread=1, seed=1, verbose=0)
model.save_model(sys.argv[2])
"""


@pytest.fixture(scope="module")
def small_model(tmp_path_factory):
    """Train in a process of its own: with one thread fastText fills a tenth of its input matrix and takes the rest
    as the heap left it, which is zeros in a new process and now and then NaN in one that has run many tests."""
    folder = tmp_path_factory.mktemp("model")
    lines = [f"__label__en {ENGLISH}", f"__label__de {GERMAN}"] * 50
    (folder / "train.txt").write_text("\n".join(lines))
    files = [str(folder / "train.txt"), str(folder / "small.bin")]
    subprocess.run([sys.executable, "-c", TRAIN, *files], check=True)
    return files[1]


def test_a_fasttext_model_gives_the_same_columns(small_model):
    result = run(ENGLISH, GERMAN, "", "two\nlines\r\n\0and a half \u2028", model=small_model, keep=["en"])
    assert result["language"].to_pylist()[:3] == ["en", "de", "un"]
    assert reasons(result)[:3] == [None, "other_language", "uncertain_language"]
    assert result["language_reliable"].null_count == 4
    assert result.rows.schema == run(ENGLISH).rows.schema


def test_a_language_the_model_does_not_know_is_refused(small_model):
    with pytest.raises(SpecError, match='no language "fr" among the 2'):
        run(ENGLISH, model=small_model, keep=["fr"])


def test_an_empty_batch_has_the_same_columns():
    assert run().rows.schema == run(ENGLISH).rows.schema


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_text_gets_an_answer_that_does_not_depend_on_its_neighbours(texts):
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    together = run(*texts)
    alone = [run(text) for text in texts]
    assert together.rows.drop_columns("id").to_pylist() == [one.rows.drop_columns("id").to_pylist()[0] for one in alone]
    assert np.all((together.numbers("language_score") >= 0) & (together.numbers("language_score") <= 1))
