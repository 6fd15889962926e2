"""Evaluation sets as texts are compared with them: the index of their n-grams, and what to say of each item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from curate.assets import File
from curate.batch import Batch
from curate.kernels import overlap, shingles
from curate.kernels.characters import classes, lower
from curate.kernels.overlap import Index
from curate.stages.decontaminate import _items

REACH = 100
"""Words before and after a question in which a short answer is looked for."""

ANSWER_SHARE = 0.5
"""Of the n-grams of an answer of n words or more, those in the question aside: as many must be in the document."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of some texts: hashes, their bounds, and where in the text (in bytes) they stand."""

    bounds: np.ndarray  # int64[n_texts + 1]
    hashes: np.ndarray  # uint64[n_words]
    starts: np.ndarray  # int64[n_words]
    ends: np.ndarray  # int64[n_words]

    @classmethod
    def of_buffers(cls, offsets: np.ndarray, data: np.ndarray) -> Words:
        return cls(*shingles.token_spans(offsets, data, classes(), lower(), shingles.WORDS))

    @classmethod
    def of(cls, texts: Iterable[str]) -> Words:
        # A lone surrogate, which JSON can spell, is no text: it separates words as U+FFFD does.
        raw = [text.encode("utf-8", "replace") for text in texts]
        column = pa.array(raw, pa.large_binary())
        return cls.of_buffers(*Batch.from_columns({"id": [""] * len(raw), "text_of": column}).text_buffers("text_of"))

    def __getitem__(self, i: int) -> np.ndarray:
        return self.hashes[self.bounds[i] : self.bounds[i + 1]]


@dataclass(frozen=True, slots=True)
class Sets:
    """The items of all sets, each different text once.

    Args:
        names: of the sets.
        labels, set_of: of each item.
        answers: each way to write the answer, of all items; `answer_starts` says whose.
        counts: how many items each set has, and how many of them are looked for; what became of the others.
    """

    index: Index
    names: tuple[str, ...]
    labels: tuple[str, ...]
    set_of: np.ndarray  # int64[n_items]
    answers: Words
    answer_starts: np.ndarray  # int64[n_items + 1]
    counts: dict[str, int]

    def has_answer(self, words: np.ndarray, place: np.ndarray, item: int) -> bool | None:
        """Say whether a text holds the answer of an item found in it; None if the item has none.

        Args:
            words: the text's words.
            place: where the item stands in it, a row of `overlap.stretches`.
        """
        index, said = self.index, None
        length = index.item_starts[item + 1] - index.item_starts[item]
        start, end = max(place[0] - place[2], 0), min(place[1] + length - place[3], len(words))
        for i in range(self.answer_starts[item], self.answer_starts[item + 1]):
            wanted = self.answers[i]
            if len(wanted) >= index.n:
                asked = index.item_words[index.item_starts[item] : index.item_starts[item + 1]]
                own = _grams(wanted, index.n) - _grams(asked, index.n)
                is_there = len(own & _grams(words, index.n)) >= max(ANSWER_SHARE * len(own), 1)
            else:
                is_there = (
                    overlap.find_words(words, end, min(end + REACH, len(words)), wanted) >= 0
                    or overlap.find_words(words, max(start - REACH, 0), start, wanted) >= 0
                )
            if len(wanted):
                said = bool(said or is_there)
        return said


def _grams(words: np.ndarray, n: int) -> set[int]:
    return set(shingles.ngrams(np.array([0, len(words)]), words, n)[1].tolist())


def load(
    files: Sequence[File], allow: Sequence[File], fields: tuple[Sequence[str], Sequence[str]],
    n: int, shortest: int, max_items: int,
) -> Sets:  # fmt: skip
    """Read evaluation sets and make their index.

    Args:
        files, allow: the sets, and the texts whose n-grams do not count.
        fields: names of those with a question, and of those with an answer.
        n, shortest, max_items: as of `overlap.build`.
    """
    found = _items.find(files)
    names = tuple(found)
    items = list(_items.read(found, *fields))
    words = Words.of(item.text for item in items)
    kept = _different(words)
    counts = {}
    is_twin = np.ones(len(items), bool)
    is_twin[kept] = False
    items_kept = [items[i] for i in kept]
    words_kept = _taken(words, kept)
    set_of = np.array([item.set for item in items_kept], np.int64)
    index = overlap.build(words_kept.bounds, words_kept.hashes, set_of, n, shortest, max_items)
    ruled_out = _in_texts(_items.read_texts(_items.find(allow), fields[0]), index)
    if ruled_out is not None:
        index = overlap.build(words_kept.bounds, words_kept.hashes, set_of, n, shortest, max_items, ruled_out)
    is_short = np.diff(words_kept.bounds) < shortest
    is_shared = ~is_short & (index.n_grams == 0)
    all_sets = np.array([item.set for item in items], np.int64)
    for what, of_items in (
        ("items", all_sets), ("items_repeated", all_sets[is_twin]), ("items_too_short", set_of[is_short]),
        ("items_without_words_of_their_own", set_of[is_shared]),
    ):  # fmt: skip
        counts |= {f"{what}.{names[s]}": int(k) for s, k in zip(*np.unique(of_items, return_counts=True), strict=True)}
    answers = Words.of(answer for item in items_kept for answer in item.answers)
    answer_starts = np.concatenate(([0], np.cumsum([len(item.answers) for item in items_kept]))).astype(np.int64)
    labels = tuple(item.label for item in items_kept)
    return Sets(index, names, labels, set_of, answers, answer_starts, counts)


def _different(words: Words) -> list[int]:
    """Return the first of each group of texts with the same words."""
    first: dict[bytes, int] = {}
    for i in range(len(words.bounds) - 1):
        first.setdefault(words[i].tobytes(), i)
    return sorted(first.values())


def _taken(words: Words, kept: list[int]) -> Words:
    parts = [words[i] for i in kept]
    hashes = np.concatenate([np.zeros(0, np.uint64), *parts])
    bounds = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
    return Words(bounds, hashes, words.starts[:0], words.ends[:0])


def _in_texts(texts: Iterable[str], index: Index) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the n-grams of texts, and which short items stand in them; None if there are no texts."""
    words = Words.of(texts)
    if len(words.bounds) == 1:
        return None
    is_there = np.zeros(len(index.n_grams), bool)
    is_there[overlap.shared(words.bounds, words.hashes, index)[1]] = True
    return shingles.ngrams(words.bounds, words.hashes, index.n)[1], is_there & index.is_whole
