"""Entries of word lists are found in the same places as by the slow twin."""

from __future__ import annotations

import string

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.kernels import characters as ch
from curate.kernels import word_trie
from tests.kernels.texts import PIECES, buffers, texts
from tests.reference import word_trie as slow

SMALL = st.text(st.sampled_from("abA B中文字\u0301\u00ad-. ก\u0e34é１ａ"), max_size=40)
ENTRIES = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(st.sampled_from("ab 中文字é-ก\u0e34"), min_size=1, max_size=5)),
    min_size=1,
    max_size=12,
)


def usable(entries: list[str]) -> list[str]:
    folded = {word_trie.fold(entry)[: word_trie.LONGEST].strip() for entry in entries}
    return sorted(e for e in folded if e and not ch.classes()[ord(e[0])] & ch.EXTEND)


def count(values: list[str], entries: list[str], lists=None, wanted=None):
    made = word_trie.build(entries, np.ones(len(entries), np.uint64) if lists is None else np.array(lists, np.uint64))
    chosen = np.ones(len(values), np.uint64) if wanted is None else np.array(wanted, np.uint64)
    return word_trie.count_entries(*buffers(values), ch.classes(), made, chosen)


@settings(max_examples=300)
@given(st.lists(st.one_of(texts, SMALL), max_size=3), ENTRIES)
def test_entries_are_those_of_the_slow_twin(values, entries):
    entries = usable(entries)
    counts, lists = count(values, entries)
    for row, flag, value in zip(counts.tolist(), lists.tolist(), values, strict=True):
        found, covered, words = slow.matches(value, entries)
        top = max(dict.fromkeys(found), key=found.count) if found else None
        expected = [words, len(found), covered, len(set(found)), entries.index(top) if found else -1, found.count(top)]
        assert row == expected
        assert flag == bool(found)


@pytest.mark.parametrize(
    ("text", "n"),
    [
        ("a class, an ass", 1),
        ("Ass!ASS", 2),
        ("ａｓｓ a\u00adss as\u200ds", 3),
        ("asś as\u0301s ass\u0301", 0),
        ("big\n \tdeal, bigdeal", 1),
        ("这是成人教育", 1),
        ("ass成人ass", 3),
        ("ΣΟΦΌΣ σοφός", 2),
    ],
)
def test_an_entry_is_found_only_between_word_boundaries(text, n):
    assert count([text], usable(["ass", "big deal", "成人", "σοφός"]))[0][0, word_trie.MATCHES] == n


def test_only_requested_lists_count_and_a_shorter_entry_is_found_where_a_longer_one_does_not_count():
    counts, lists = count(["hot dog"] * 3, ["dog", "hot", "hot dog"], [1, 1, 2], [1, 2, 0])
    assert counts[:, word_trie.MATCHES].tolist() == [2, 1, 0]
    assert lists.tolist() == [1, 2, 0]


def test_folding_gives_one_lower_case_character_for_each_letter():
    assert word_trie.fold("  Straße\u00a0 DER\tＷＥＬＴ \ufb01\u00ad ") == "straße der welt fi"
    table = word_trie.folds()
    assert all(chr(table[ord(c)]) == slow.folded(c) for c in string.printable + "ÀẞſΣςİıДＺ𝐩ｶ㎏²")


def test_the_worst_text_takes_time_in_proportion_to_its_length():
    entries = ["的" * (word_trie.LONGEST - 1) + "x", "a " * 49 + "b"]
    counts, _ = count(["的" * 30_000 + "a " * 30_000], entries)
    assert counts[0, word_trie.MATCHES] == 0
    assert counts[0, word_trie.WORDS] == 60_000
