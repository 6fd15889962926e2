"""Lines and paragraphs are hashed and removed as by the slow twin, on random Unicode and within bounds."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels import line_hashes
from curate.kernels.characters import classes, lower
from tests.kernels import guarded
from tests.kernels.texts import buffers, texts
from tests.reference import line_hashes as slow
from tests.reference.shingles import MASK, mix

HOW = (st.booleans(), st.booleans(), st.sampled_from([1, 3, 12]))
spaced = st.lists(
    st.sampled_from(["Plain words here", "a1b2", "12", " ", "  ", "\t", "eight678", "X" * 9, "\n", "\n\n", "é", "\u00ad", "\x7f", "[@`{"]),
    max_size=25,
).map("".join)  # fmt: skip
many = settings(max_examples=200, deadline=None)


def keys_of(values: list[str], paragraph: bool, one_number: bool, least: int, salts: np.ndarray) -> list[list[int]]:
    bounds, keys = line_hashes.unit_keys(*buffers(values), classes(), lower(), (paragraph, one_number, least), salts)
    return [keys[a:b].tolist() for a, b in pairwise(bounds)]


@many
@given(st.lists(st.one_of(texts, spaced), max_size=4), *HOW)
def test_keys_are_those_of_the_slow_twin(values, paragraph, one_number, least):
    salts = np.arange(len(values), dtype=np.uint64) * np.uint64(1 << 62)
    expected = []
    for value, salt in zip(values, salts.tolist(), strict=True):
        contents = [piece.content for piece in slow.pieces(value, "paragraph" if paragraph else "line")]
        counted = [c for c in contents if c and slow.counts(c, one_number=one_number, least=least)]
        hashes = [slow.hash_unit(slow.normal(content, one_number=one_number)) for content in counted]
        expected.append(list(dict.fromkeys(mix(hash_ + salt & MASK) for hash_ in hashes)))
    assert keys_of(values, paragraph, one_number, least, salts) == expected


@many
@given(st.lists(st.one_of(texts, spaced), min_size=1, max_size=4), *HOW, st.randoms(use_true_random=False))
def test_what_is_left_is_what_the_slow_twin_leaves(values, paragraph, one_number, least, chance):
    salts = np.zeros(len(values), np.uint64)
    chosen = [
        sorted(k for k in keys if chance.random() < 0.5)
        for keys in keys_of(values, paragraph, one_number, least, salts)
    ]
    bounds = np.cumsum([0, *map(len, chosen)])
    flat = np.array([key for keys in chosen for key in keys], np.uint64)
    offsets, data, removed = line_hashes.drop_units(
        *buffers(values), classes(), lower(), (paragraph, one_number, least), salts, bounds, flat
    )
    for i, (value, keys) in enumerate(zip(values, chosen, strict=True)):

        def is_removed(content: str, keys: list[int] = keys) -> bool:
            is_counted = slow.counts(content, one_number=one_number, least=least)
            return is_counted and mix(slow.hash_unit(slow.normal(content, one_number=one_number))) in keys

        text, *numbers = slow.without(value, "paragraph" if paragraph else "line", is_removed)
        assert data[offsets[i] : offsets[i + 1]].tobytes().decode() == text
        assert removed[i].tolist() == (numbers if keys else [0, 0, 0])


def test_the_first_unit_with_a_key_is_found():
    text = b"one line\n  Two Lines \nthree\ntwo lines"
    keys = np.sort(
        np.array([keys_of([t], False, False, 3, np.zeros(1, np.uint64))[0][0] for t in ("two  lines", "four")])
    )
    spans = line_hashes.find_units(
        np.frombuffer(text, np.uint8), classes(), lower(), (False, False, 3), np.uint64(0), keys
    )
    assert sorted(text[a:b] for a, b in spans) == [b"", b"Two Lines"]


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("All Rights  Reserved", " all rights\treserved ", True), ("co\u00adokie", "cookie", True), ("ΌΣΟΣ", "όσος", True),
        ("a b", "ab", False), ("page 3", "page 12", False), ("abc", "abc\0", False), ("abcdefgh", "abcdefgh\0", False),
        ("resume", "résumé", False),
    ],
)  # fmt: skip
def test_two_lines_are_the_same_as_the_docstring_says(one, other, is_same):
    a, b = keys_of([one, other], False, False, 1, np.zeros(2, np.uint64))
    assert (a == b) == is_same


def test_all_numbers_are_equal_if_requested():
    assert (
        len(
            {
                *map(
                    tuple,
                    keys_of(["Page 3 of 9", "page 12 of ٣", "page Ⅷ of ½"], False, True, 1, np.zeros(3, np.uint64)),
                )
            }
        )
        == 1
    )
    a, b = keys_of(["page 1 2", "page 12"], False, True, 1, np.zeros(2, np.uint64))
    assert a != b


def test_a_letter_of_a_script_without_spaces_counts_as_two():
    assert [
        len(k) for k in keys_of(["版权所有", "版权所", "abcdefgh", "abcdefg"], False, False, 8, np.zeros(4, np.uint64))
    ] == [1, 0, 1, 0]


def measure(data: np.ndarray, chance: random.Random) -> None:
    """Run the kernels on one buffer, as one text and as two."""
    middle = chance.randrange(len(data) + 1)
    for offsets in (np.array([0, len(data)]), np.array([0, middle, len(data)])):
        how = (classes(), lower(), (chance.random() < 0.5, chance.random() < 0.5, 2))
        salts = np.zeros(len(offsets) - 1, np.uint64)
        bounds, keys = line_hashes.unit_keys(offsets, data, *how, salts)
        for a, b in pairwise(bounds):
            keys[a:b].sort()
        line_hashes.drop_units(offsets, data, *how, salts, bounds, keys)
        line_hashes.find_units(data, *how, np.uint64(0), np.sort(keys))


@pytest.mark.skipif(sys.platform == "win32", reason="needs mprotect")
def test_kernels_read_no_byte_before_or_after_the_text():
    run = subprocess.run([sys.executable, "-m", "tests.kernels.test_line_hashes"], capture_output=True, text=True)
    assert (run.returncode, run.stdout) == (0, "done\n"), run.stderr


if __name__ == "__main__":
    guarded.measure = measure
    guarded.main(1)
    print("done")
