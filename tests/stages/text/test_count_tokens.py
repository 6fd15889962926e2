"""`text.count_tokens` counts what the tokenizer makes of each text, and the run says that tokens were counted."""

from __future__ import annotations

import json

import pytest

import curate
from curate.assets import File
from curate.batch import Batch
from curate.errors import InputError
from curate.report import finished_run, funnel
from curate.statistics import tokens

tokenizers = pytest.importorskip("tokenizers")

TEXTS = ["the cat sat on the mat", "", "the the the", "\u732b\u304c\u3044\u308b", "cat " * 3000]


@pytest.fixture
def path(tmp_path):
    """A byte-level BPE that has seen a few words, and truncates at four tokens unless told otherwise."""
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=300, initial_alphabet=alphabet, special_tokens=["<s>"], show_progress=False)  # fmt: skip
    tokenizer.train_from_iterator(["the cat sat on the mat"] * 10, trainer)
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path / "tokenizer.json"


def counted(path, texts: list[str]) -> list[int]:
    from curate.stages.text.count_tokens import count_tokens

    stage = count_tokens(tokenizer=File(str(path)))
    stage.setup()
    ids = [str(k) for k in range(len(texts))]
    return stage(Batch.from_columns({"id": ids, "text": texts}))["tokens"].to_pylist()


def test_all_tokens_of_the_text_and_no_others_are_counted(path):
    tokenizer = tokenizers.Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    expected = [len(tokenizer.encode(text, add_special_tokens=False).ids) for text in TEXTS]
    assert counted(path, TEXTS) == expected and expected[1] == 0 and expected[4] >= 3000


def test_what_is_no_tokenizer_is_refused(tmp_path):
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match=r"other\.json: expected a tokenizer\.json"):
        counted(tmp_path / "other.json", TEXTS)


def test_a_run_says_that_its_tokens_were_counted(path, write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", TEXTS[:4])
    stages = [{"text.count_tokens": {"tokenizer": str(path)}}]
    url = curate.run(write_recipe(stages), output=str(tmp_path / "run"), workers=1)
    run, expected = finished_run.read(url), sum(counted(path, TEXTS[:4]))
    n_bytes = sum(len(text.encode()) for text in TEXTS[:4])
    said = run.manifest["tokens"]
    assert said["counted"] and (said["in"], said["out"]) == (expected, expected)
    assert run.manifest["bytes"] == {"in": n_bytes, "out": n_bytes}
    assert said["bytes_per_token"] == pytest.approx(n_bytes / expected, abs=1e-4)
    *_, last = funnel.rows(run.ledger, tokens.ratio(run.statistics))
    assert (last.tokens_in, last.tokens_out) == (expected, expected)
    assert f"{expected:,} kept (counted: " in (tmp_path / "run" / "README.md").read_text()


def test_without_a_tokenizer_tokens_are_an_estimate_with_its_source(write_recipe, write_jsonl, tmp_path):
    write_jsonl("a.jsonl", ["x" * 440, "y" * 44])
    url = curate.run(write_recipe([{"tests.engine.my_stages.long_enough": {"min_characters": 100}}], modules=["tests.engine.my_stages"]),
                     output=str(tmp_path / "run"), workers=1)  # fmt: skip
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["tokens"] == {"in": 110, "out": 100, "counted": False, "bytes_per_token": 4.4, "source": tokens.PUBLISHED.source}  # fmt: skip
    assert manifest["bytes"] == {"in": 484, "out": 440} and manifest["seconds"] >= 0 and manifest["ended"] >= manifest["began"][:19]  # fmt: skip
    assert [row.tokens_out for row in funnel.rows(finished_run.read(url).ledger)] == [110, 100, 100]
    assert "estimated from bytes: 4.40 bytes a token" in (tmp_path / "run" / "README.md").read_text()
