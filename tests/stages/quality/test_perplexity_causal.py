"""Perplexity under a causal model: windows, batches, a random tiny model, and what is refused."""

from __future__ import annotations

import json
import math
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import InputError
from curate.stages.quality._causal import windows
from tests.stages.quality.test_perplexity import measured

LONG = "The harbour was quiet on the morning of the vote, and nobody had slept. " * 3
VALUES = ["", "a", "A word.", LONG, "港口很静", LONG[:40], "\x00\ufffd", LONG * 2]


@given(st.integers(0, 200), st.integers(2, 40), st.data())
def test_windows_score_each_token_once_with_enough_before_it(n, length, data):
    stride = data.draw(st.integers(1, length - 1))
    tokens = list(range(n))
    scored = []
    for window in windows(7, tokens, length, stride):
        assert window.text == 7 and len(window.tokens) <= length
        new = window.tokens[-window.n_scored :]
        scored += new
        assert list(window.tokens) == tokens[window.tokens[0] : window.tokens[-1] + 1]
        assert window.tokens[0] == 0 or new[0] - window.tokens[0] >= length - stride
    assert scored == tokens[1:]


@pytest.fixture(scope="module")
def torch():
    pytest.importorskip("transformers", reason="needs transformers: pip install 'curate[encoder]'")
    return pytest.importorskip("torch", reason="needs torch: pip install 'curate[encoder]'")


@pytest.fixture(scope="module")
def folder(torch, tmp_path_factory):
    """A GPT-2 of one small layer over bytes, never trained."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    torch.manual_seed(1)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate([*alphabet, "<s>"])}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    folder = tmp_path_factory.mktemp("tiny")
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token="<s>").save_pretrained(folder)
    config = transformers.GPT2Config(
        vocab_size=257, n_positions=64, n_embd=16, n_layer=1, n_head=2, initializer_range=0.3,
        bos_token_id=256, eos_token_id=256,
    )  # fmt: skip
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def slow(torch, folder, text: str, length: int, stride: int) -> float:
    """Score window by window, token by token, nothing padded and nothing batched."""
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    tokens = [256, *transformers.AutoTokenizer.from_pretrained(folder)(text, add_special_tokens=False)["input_ids"]]
    total, scored = 0.0, 1
    while scored < len(tokens):
        end = min(len(tokens), length if scored == 1 else scored + stride)
        start = max(0, end - length)
        with torch.no_grad():
            chances = model(torch.tensor([tokens[start:end]])).logits[0].log_softmax(-1)
        total -= sum(chances[at - 1 - start, tokens[at]].item() for at in range(scored, end))
        scored = end
    return math.exp(total / (len(tokens) - 1))


@pytest.mark.parametrize(("window", "stride"), [(1024, 512), (32, 8), (16, 15)])
def test_it_is_what_a_slow_look_at_each_text_gives(torch, folder, window, stride):
    found = measured(*VALUES, model=f"{folder}/*", window=window, stride=stride)
    length, stride = min(window, 64), min(stride, 63)
    for text, value in zip(VALUES, found, strict=True):
        assert value == (pytest.approx(slow(torch, folder, text, length, stride), rel=1e-4) if text else None)


def test_the_same_texts_have_the_same_perplexity_to_the_last_bit(folder):
    assert measured(*VALUES, model=f"{folder}/*") == measured(*VALUES, model=f"{folder}/*")


def test_batching_changes_the_sixth_digit_at_most(folder):
    together = measured(*VALUES, model=f"{folder}/*")
    alone = [measured(value, model=f"{folder}/*")[0] for value in VALUES]
    assert together == [None if value is None else pytest.approx(value, rel=1e-5) for value in alone]


@pytest.mark.parametrize(
    ("name", "spoil", "words"),
    [
        ("model.safetensors", lambda data: data[: len(data) // 2], "not a complete causal model"),
        ("model.safetensors", lambda data: b"\x80\x04pickle", "not a complete causal model"),
        ("model.safetensors", None, "not a complete causal model"),
        ("tokenizer.json", lambda data: data[: len(data) // 2], "not a complete causal model"),
        ("config.json", lambda data: b"{}", "not a complete causal model"),
        ("config.json", lambda data: json.dumps({**json.loads(data), "n_layer": 2}).encode(), "the weights lack"),
    ],
)
def test_a_spoilt_model_is_refused(folder, tmp_path, name, spoil, words):
    copy = shutil.copytree(folder, tmp_path / "copy")
    if spoil:
        (copy / name).write_bytes(spoil((copy / name).read_bytes()))
    else:
        (copy / name).rename(copy / "pytorch_model.bin")
    with pytest.raises(InputError, match=words):
        measured("text", model=f"{copy}/*")
