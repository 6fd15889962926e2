"""Encoders score in batches as they do one by one, read safetensors only, and say when they cut a text off."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from curate.classifiers import open_model
from curate.classifiers.buffers import batch_of
from curate.classifiers.chunks import score
from curate.errors import InputError, SpecError
from tests.classifiers.models import GOOD, labelled, tiny_encoder


def test_scores_in_batches_are_those_one_by_one_and_those_of_the_library(encoder_folder):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = open_model(str(encoder_folder))
    texts = [*labelled(20).texts, "", "  ", "harbour"]
    found = model.scores(texts)
    np.testing.assert_allclose(found, np.concatenate([model.scores([t]) for t in texts]), atol=1e-5)
    assert np.isnan(found[20:22]).all()
    tokenizer = AutoTokenizer.from_pretrained(encoder_folder)
    network = AutoModelForSequenceClassification.from_pretrained(encoder_folder)
    with torch.inference_mode():
        logits = network(**tokenizer(texts[0], return_tensors="pt", truncation=True)).logits
    assert found[0] == pytest.approx(float(torch.softmax(logits, -1)[0, 1]), abs=1e-5)


def test_a_chunk_that_is_too_long_is_counted(encoder_folder):
    model = open_model(str(encoder_folder))
    batch = batch_of([" ".join(GOOD * 5)])
    assert score(model, batch, 0, "mean")[1] == {"chunks_cut_off": 1}
    assert "chunks_cut_off" not in score(model, batch, 100, "mean")[1]


def test_more_labels_want_one_to_be_chosen(tmp_path, encoder_folder):
    folder = tiny_encoder(tmp_path / "three", ("a", "b", "c"))
    with pytest.raises(SpecError, match="has the labels a, b, c, and does not say which one is positive"):
        open_model(str(folder))
    total = sum(open_model(str(folder), name).scores(["the harbour"]) for name in "abc")
    assert total == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("damage", ["cut", "pickle", "config", "architecture", "no_tokenizer"])
def test_a_damaged_folder_is_refused(tmp_path, encoder_folder, damage):
    folder = tmp_path / "broken"
    shutil.copytree(encoder_folder, folder)
    weights, config = folder / "model.safetensors", folder / "config.json"
    if damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif damage == "pickle":
        weights.rename(folder / "pytorch_model.bin")
    elif damage == "config":
        config.write_text("{")
    elif damage == "no_tokenizer":
        [path.unlink() for path in folder.glob("tokenizer*")]
    else:
        config.write_text(json.dumps({**json.loads(config.read_text()), "architectures": ["BertModel"]}))
    with pytest.raises(InputError, match="pickle" if damage == "pickle" else "broken"):
        open_model(str(folder))
