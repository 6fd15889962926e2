"""Perplexity under n-gram models: the numbers, what is scored, and what is refused."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import curate
from curate.batch import Batch
from curate.engine.planning import prepare
from curate.errors import CurateError, InputError, SpecError
from curate.stages.quality._kenlm import ccnet_text
from curate.stages.quality.perplexity import perplexity
from tests.contract import check_stage
from tests.kernels.texts import texts
from tests.reference.arpa import Bigrams

needs_kenlm = pytest.mark.skipif(
    importlib.util.find_spec("kenlm") is None, reason="needs kenlm: pip install 'curate[kenlm]'"
)
LINES = ["the harbour was quiet .", "the boats lay in the harbour .", "nobody slept , and the clerk counted ."] * 3


@pytest.fixture(scope="module")
def bigrams() -> Bigrams:
    return Bigrams(line.split() for line in LINES)


@pytest.fixture(scope="module")
def model(bigrams, tmp_path_factory) -> str:
    return str(bigrams.write(tmp_path_factory.mktemp("model") / "harbour.arpa"))


def measured(*values: str | None, **params) -> list[float | None]:
    stage = perplexity(**params)
    stage.setup()
    batch = Batch.from_columns({"id": [str(i) for i in range(len(values))], "text": list(values)})
    return stage(batch)["perplexity"].to_pylist()


@needs_kenlm
def test_it_is_the_inverse_of_the_mean_probability_of_words_and_line_ends(model, bigrams):
    text = "The harbour was quiet.\n\n  the Clerk lay in an ocean .  \n"
    words = [["the", "harbour", "was", "quiet", "."], ["the", "clerk", "lay", "in", "an", "ocean", "."]]
    wanted = 10 ** (-sum(bigrams.score(line) for line in words) / (5 + 1 + 7 + 1))
    assert measured(text, model=model) == [pytest.approx(wanted, rel=1e-4)]


@needs_kenlm
def test_known_text_is_less_surprising_than_its_words_in_disorder(model):
    known, mixed, foreign = measured(
        "the harbour was quiet .", "quiet . the was harbour", "el puerto dormía", model=model
    )
    assert known < mixed < foreign


@needs_kenlm
def test_a_text_without_a_word_has_none(model):
    assert measured("", None, " \n\t\u2028 ", model=model) == [None] * 3


@needs_kenlm
def test_plain_text_is_scored_as_it_is(model):
    upper, lower = measured("THE HARBOUR", "the harbour", model=model, ccnet_text=False)
    assert upper > lower
    assert len(set(measured("THE HARBOUR", "the harbour", model=model))) == 1


@needs_kenlm
@given(st.lists(texts, max_size=3))
def test_any_text_has_a_finite_perplexity_above_zero_or_none(model, values):
    assert all(found is None or 0 < found < float("inf") for found in measured(*values, model=model))


@needs_kenlm
def test_the_stage_keeps_the_contract(model):
    check_stage("quality.perplexity", params={"model": model})


@needs_kenlm
def test_pieces_of_a_sentencepiece_model_are_the_tokens(tmp_path, bigrams):
    sentencepiece = pytest.importorskip("sentencepiece", reason="needs sentencepiece: pip install 'curate[kenlm]'")
    (tmp_path / "lines.txt").write_text("\n".join(LINES))
    sentencepiece.SentencePieceTrainer.train(
        input=str(tmp_path / "lines.txt"), model_prefix=str(tmp_path / "splits"), vocab_size=28, minloglevel=2
    )
    splits = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "splits.model"))
    over_pieces = Bigrams(splits.encode(line, out_type=str) for line in LINES)
    model = str(over_pieces.write(tmp_path / "splits.arpa"))
    tokens = splits.encode("the clerk slept", out_type=str)
    wanted = 10 ** (-over_pieces.score(tokens) / (len(tokens) + 1))
    found = measured("The clerk slept", model=model, tokenizer=str(tmp_path / "splits.model"))
    assert found == [pytest.approx(wanted, rel=1e-4)]


@pytest.mark.parametrize(
    ("line", "normal"),
    [
        ("Café 1984\n\tNEW", "cafe 0000\n\tnew"),
        ("“Quoted” – it’s…", '"quoted" - it\'s...'),
        ("ＡＢＣ！", "abc!"),
        ("zero\u200bwidth\x07", "zerowidth"),
        ("٣ kilos", "0 kilos"),
        ("港口，很静。", "港口,很静."),
    ],
)
def test_text_is_normalised_as_for_ccnet(line, normal):
    assert ccnet_text(line) == normal


@given(texts)
def test_normalising_twice_is_normalising_once(text):
    once = ccnet_text(text)
    assert ccnet_text(once) == once


# ---------------------------------------------------------------------- what is refused


@needs_kenlm
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello\n",
        b"\x80\x04pickle",
        b"PK\x03\x04zip" * 99,
        b"mmap lm http://kheafield.com/code format version 5\n\0",
    ],
)
def test_a_file_that_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"model\.bin: not a complete KenLM model"):
        measured("text", model=str(path))


@needs_kenlm
@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
def test_a_truncated_model_is_refused(tmp_path, model, share):
    whole = Path(model).read_bytes()
    path = tmp_path / "cut.arpa"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(InputError, match=r"cut\.arpa: not a complete KenLM model"):
        measured("text", model=str(path))


@needs_kenlm
def test_a_file_that_is_no_sentencepiece_model_is_refused(tmp_path, model):
    pytest.importorskip("sentencepiece", reason="needs sentencepiece: pip install 'curate[kenlm]'")
    (tmp_path / "splits.model").write_bytes(b"no model")
    with pytest.raises(InputError, match=r"splits\.model: not a complete SentencePiece model"):
        measured("text", model=model, tokenizer=str(tmp_path / "splits.model"))


def test_a_missing_package_is_named_with_its_extra(tmp_path, model, monkeypatch):
    monkeypatch.setitem(sys.modules, "kenlm", None)
    with pytest.raises(InputError, match=r"pip install 'curate\[kenlm\]'"):
        measured("text", model=model)


def test_several_files_without_a_config_are_refused(tmp_path):
    for name in ("a.arpa", "b.arpa"):
        (tmp_path / name).write_text("")
    with pytest.raises(InputError, match=r"2 files, and no config\.json among them"):
        perplexity(model=str(tmp_path / "*.arpa"))


def test_a_stride_as_long_as_the_window_is_refused(model):
    with pytest.raises(SpecError, match="stride: expected 1 to `window` - 1"):
        perplexity(model=model, window=8, stride=8)


# ---------------------------------------------------------------------- in a recipe


def test_a_model_that_is_not_there_is_refused_before_anything_runs(write_recipe, write_jsonl):
    write_jsonl("a.jsonl", ["a"])
    with pytest.raises(SpecError, match=r"no such file"):
        prepare(write_recipe([{"quality.perplexity": {"model": "nowhere.arpa"}}]))


def test_the_content_of_the_model_takes_part_in_the_fingerprint(write_recipe, write_jsonl, tmp_path, bigrams):
    write_jsonl("a.jsonl", ["a"])
    path = bigrams.write(tmp_path / "m.arpa")
    recipe = write_recipe([{"quality.perplexity": {"model": str(path)}}])
    before = prepare(recipe).phases[0].fingerprint
    assert prepare(recipe).phases[0].fingerprint == before
    path.write_text(path.read_text() + "\n")
    assert prepare(recipe).phases[0].fingerprint != before


@needs_kenlm
def test_a_run_writes_the_column_and_a_broken_model_ends_it_with_its_name(write_recipe, write_jsonl, tmp_path, model):
    import pyarrow.parquet as pq

    write_jsonl("a.jsonl", ["the harbour was quiet .", ""])
    out = tmp_path / "out"
    curate.run(write_recipe([{"quality.perplexity": {"model": model}}]), output=str(out), workers=1)
    found = pq.read_table(out / "data")["perplexity"].to_pylist()
    assert found[1] is None and 1 < found[0] < 20
    (tmp_path / "broken.arpa").write_text("\\data\\\n")
    with pytest.raises(CurateError, match=r"broken\.arpa: not a complete KenLM model"):
        curate.run(
            write_recipe([{"quality.perplexity": {"model": str(tmp_path / "broken.arpa")}}]), output=str(out), workers=1
        )
