"""Tokens and n-grams are those of the slow twin on random Unicode, and those a reader expects on simple text."""

from __future__ import annotations

import re
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels import characters
from curate.kernels.shingles import CHARACTERS, CODE, WORDS, mixed, ngrams, shingle_hashes, token_spans
from curate.kernels.tokens import BLOCK, DEEPEST
from tests.kernels.texts import PIECES, buffers, texts
from tests.reference import shingles as slow

TOKENIZERS = (WORDS, CHARACTERS, CODE)
TRICKY = [
    "İstanbul", "ΌΣΟΣ", "ὈΔΥΣΣΕΎΣ", "ẞ", "ſ", "K", "ǅ", "\u0307", "co\u00adoperate", "می\u200cخواهم", "क्\u200dष", "️", "Ａ１", "𝟘",
    "_", "__init__", "a_b", "_中", "中_", "\u0301a", "a\u0301\u00ad\u0301b", "ก็", "x" * 63, "x" * 64, "y" * 65, "z" * 200 + "é",
    "12345678", "123456789", "1234567890123456", "12345678901234567", "éèêëìíîï", "Ⴀ", "𐐀", "\ufeff", "\U000e0041", "\U0010ffff",
    "    ", "        ", "\n  ", "\n    ", "\n\t", "\n\t\t", "\n \t", "\r\n\r\n", "\n\u00a0", "\n\u200d  ", "{", "}", "==", "🏳️‍🌈",
]  # fmt: skip
tricky = st.lists(st.sampled_from([*PIECES, *TRICKY]), max_size=40).map("".join)
batches = st.lists(st.one_of(texts, tricky), max_size=4)
many = settings(max_examples=200, deadline=None)


def tables() -> tuple[np.ndarray, np.ndarray]:
    return characters.classes(), characters.lower()


def shingles_of(text: str, tokenizer: int, n: int) -> list[int]:
    return shingle_hashes(*buffers([text]), *tables(), tokenizer, n)[1].tolist()


def pieces_of(text: str, tokenizer: int) -> list[str]:
    """Return the tokens as slices of the text; layout tokens are empty."""
    _, _, starts, ends = token_spans(*buffers([text]), *tables(), tokenizer)
    return [text.encode()[start:end].decode() for start, end in zip(starts, ends, strict=True)]


def layout_of(text: str) -> str:
    """Return the layout of code: N, I and D for layout tokens, a dot for any other token."""
    names = {slow.hash_token(char): name for char, name in zip("\n\t\b", "NID", strict=True)}
    return "".join(names.get(hash_, ".") for hash_ in token_spans(*buffers([text]), *tables(), CODE)[1].tolist())


@many
@given(batches, st.sampled_from(TOKENIZERS))
def test_tokens_are_those_of_the_slow_twin(values, tokenizer):
    bounds, hashes, starts, ends = token_spans(*buffers(values), *tables(), tokenizer)
    for value, (a, b) in zip(values, pairwise(bounds), strict=True):
        found = list(zip(hashes[a:b].tolist(), starts[a:b].tolist(), ends[a:b].tolist(), strict=True))
        assert found == slow.token_spans(value, tokenizer)


@many
@given(batches, st.sampled_from(TOKENIZERS), st.integers(1, 12))
def test_ngrams_are_those_of_the_slow_twin(values, tokenizer, n):
    bounds, hashes = shingle_hashes(*buffers(values), *tables(), tokenizer, n)
    assert [hashes[a:b].tolist() for a, b in pairwise(bounds)] == [
        slow.shingle_hashes(value, tokenizer, n) for value in values
    ]


@many
@given(batches, st.sampled_from(TOKENIZERS), st.integers(1, 12))
def test_ngrams_of_token_hashes_are_the_shingles(values, tokenizer, n):
    bounds, hashes, _, _ = token_spans(*buffers(values), *tables(), tokenizer)
    for found, shingled in zip(
        ngrams(bounds, hashes, n), shingle_hashes(*buffers(values), *tables(), tokenizer, n), strict=True
    ):
        assert found.tolist() == shingled.tolist()
    if n == 1:
        assert mixed(hashes).tolist() == shingled.tolist()


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@pytest.mark.parametrize("n", [1, 5, BLOCK + 100])
def test_texts_of_many_blocks_are_those_of_the_slow_twin(tokenizer, n):
    chance = np.random.default_rng(0)
    value = "".join(chance.choice([*PIECES, *TRICKY, " ", " the "], size=4 * BLOCK))
    value = value[: 6 * BLOCK] if tokenizer == CHARACTERS else value
    assert shingles_of(value, tokenizer, n) == slow.shingle_hashes(value, tokenizer, n)


@many
@given(st.lists(st.sampled_from([b"a", b"Word ", b"\xc3", b"\xa9", b"\xf0\x9f", b"\xff", b" ", "é".encode(), b"\n"])))
def test_each_byte_that_is_not_utf_8_counts_as_a_replacement_character(parts):
    raw = b"".join(parts)
    repaired = re.sub("[\udc80-\udcff]", "\ufffd", raw.decode("utf-8", "surrogateescape"))
    for tokenizer in TOKENIZERS:
        found = shingle_hashes(np.array([0, len(raw)]), np.frombuffer(raw, np.uint8), *tables(), tokenizer, 2)[1]
        assert found.tolist() == slow.shingle_hashes(repaired, tokenizer, 2)


@many
@given(batches, st.sampled_from(TOKENIZERS))
def test_the_bytes_around_a_text_do_not_matter(values, tokenizer):
    offsets, data = buffers(["é" * 40, *values, "word" * 20])
    _, hashes = shingle_hashes(offsets[1:-1], data, *tables(), tokenizer, 3)
    assert hashes.tolist() == [h for value in values for h in slow.shingle_hashes(value, tokenizer, 3)]


@many
@given(st.text(st.characters(max_codepoint=0x17F, exclude_characters="İ\u00ad"), max_size=100), st.integers(1, 6))
def test_words_of_latin_text_are_those_of_a_regular_expression(value, n):
    words = [slow.hash_token(word.replace("_", "\x7f")) for word in re.findall(r"\w+", value.lower())]
    assert set(shingles_of(value, WORDS, n)) == set(slow.hash_ngrams(words, n))


@pytest.mark.parametrize(
    ("tokenizer", "text", "expected"),
    [
        (WORDS, "Don't stop, 3.5 e-mails!", ["Don", "t", "stop", "3", "5", "e", "mails"]),
        (WORDS, "snake_case __x__", ["snake_case", "__x__"]),
        (WORDS, "中文 word字", ["中", "文", "word", "字"]),
        (WORDS, "ที่นี่", ["ที่", "นี่"]),
        (WORDS, "हिन्दी में", ["हिन्दी", "में"]),
        (WORDS, "co\u00adop\u00ad", ["co\u00adop"]),
        (WORDS, "👍 \u0301!", []),
        (CHARACTERS, " a \n\n b\u00ad ", ["a", " \n\n ", "b"]),
        (CODE, "x_1+=2 # é", ["x_1", "+", "=", "2", "#", "é"]),
    ],
)
def test_tokens_are_what_a_reader_expects(tokenizer, text, expected):
    assert pieces_of(text, tokenizer) == expected


def test_words_that_look_alike_count_as_the_same():
    for one, other in [
        ("ὈΔΥΣΣΕΎΣ", "ὀδυσσεύς"),
        ("co\u00adoperate", "Cooperate"),
        ("_A", "_a"),
        ("İ", "i"),
        ("Ⅷ", "ⅷ"),
    ]:
        assert shingles_of(one, WORDS, 3) == shingles_of(other, WORDS, 3)
    assert shingles_of("a", CODE, 1) != shingles_of("A", CODE, 1)


FUNCTION = """
def sign(x):
>if x < 0:
>>return -1
>if x > 0:

>>return 1
>return 0
print(sign(3))
"""


def test_code_is_the_same_however_it_is_indented():
    indented = [FUNCTION.replace(">", step) for step in ("  ", "    ", "\t", " ")]
    windows = FUNCTION.replace(">", "   ").replace("\n", " \r\n")
    assert len({tuple(shingles_of(text, CODE, 5)) for text in [*indented, windows]}) == 1
    assert shingles_of(FUNCTION.replace(">", ""), CODE, 5) != shingles_of(indented[0], CODE, 5)


def test_layout_tokens_follow_the_indentation_of_lines():
    assert layout_of("a\n  b\n\n    c\n  \n  d\ne\n") == ".NI.NI.ND.ND."
    assert layout_of("a\n        b\n\tc\n    \td\n    e") == ".NI.N.N.NDI."
    assert layout_of("  a") == "I."


def test_levels_of_indentation_are_limited():
    deep = "\n".join(" " * k + "a" for k in range(DEEPEST + 50)) + "\nb"
    assert layout_of(deep) == "." + "NI." * (DEEPEST - 1) + "N." * 50 + "N" + "D" * (DEEPEST - 1) + "."
    assert shingles_of(deep, CODE, 2) == slow.shingle_hashes(deep, CODE, 2)


def test_hashes_are_the_same_on_every_machine():
    text = "The quick brown fox_1 jumps über Straßen, 中文 ok"
    golden = {WORDS: 0xF76B1A8EDE28281A, CHARACTERS: 0x4E22158182A6DC84, CODE: 0xCDC63CEECCC7289E}
    for tokenizer, expected in golden.items():
        assert np.bitwise_xor.reduce(np.array(shingles_of(text, tokenizer, 5), np.uint64)) == expected


def test_both_halves_of_a_hash_are_well_mixed():
    words = " ".join(f"a{i}" for i in range(200_000))
    hashes = np.array(shingles_of(words, WORDS, 1), np.uint64)
    for half in (hashes & np.uint64(0xFFFFFFFF), hashes >> np.uint64(32)):
        n_equal = len(half) - len(np.unique(half))
        assert n_equal < 20  # 4.7 expected of random numbers
        counts = np.bincount((half & np.uint64(0xFF)).astype(int), minlength=256)
        assert ((counts - counts.mean()) ** 2 / counts.mean()).sum() < 360  # chi-squared with 255 degrees: 99.999 %


def test_an_ngram_has_at_least_one_token():
    with pytest.raises(ValueError, match="at least one"):
        shingles_of("a", WORDS, 0)


def test_every_upper_case_character_is_in_the_table_of_lower_case():
    changed = [code for code in range(sys.maxunicode + 1) if chr(code).lower()[0] != chr(code)]
    assert max(changed) in characters.CASED


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["x", "word ", "é", "中", "\n\t", "\n a", "a\u00ad", "\u0301", " ", "\xc3"])
@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_one_text_may_be_very_long(piece, tokenizer):
    raw = piece.encode("latin-1" if piece == "\xc3" else "utf-8")
    data = np.frombuffer(raw * (8_000_000 // len(raw)), np.uint8)
    bounds, hashes = shingle_hashes(np.array([0, len(data)]), data, *tables(), tokenizer, 5)
    assert bounds.tolist() == [0, len(hashes)]
