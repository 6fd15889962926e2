"""Index the n-grams of evaluation sets, and look for their answers in documents."""

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
"""How many words before and after a question are searched for a short answer."""

ANSWER_SHARE = 0.5
"""Share of the n-grams of a long answer (n words or more), without those of the question, that a document must contain."""


@dataclass(frozen=True, slots=True)
class Words:
    """The words of some texts as hashes, with the bounds of each text and the byte offsets of each word in its text."""

    bounds: np.ndarray  # int64[n_texts + 1]
    hashes: np.ndarray  # uint64[n_words]
    starts: np.ndarray  # int64[n_words]
    ends: np.ndarray  # int64[n_words]

    @classmethod
    def of_buffers(cls, offsets: np.ndarray, data: np.ndarray) -> Words:
        return cls(*shingles.token_spans(offsets, data, classes(), lower(), shingles.WORDS))

    @classmethod
    def of(cls, texts: Iterable[str]) -> Words:
        # JSON can contain lone surrogates, which UTF-8 cannot encode; like U+FFFD, they separate words.
        raw = [text.encode("utf-8", "replace") for text in texts]
        column = pa.array(raw, pa.large_binary())
        return cls.of_buffers(*Batch.from_columns({"id": [""] * len(raw), "text_of": column}).text_buffers("text_of"))

    def __getitem__(self, i: int) -> np.ndarray:
        return self.hashes[self.bounds[i] : self.bounds[i + 1]]


@dataclass(frozen=True, slots=True)
class Sets:
    """The items of all sets, each distinct text once.

    Args:
        index: the n-grams of the items.
        names: the names of the sets.
        labels: the label of each item, see `_items.Item`.
        set_of: the set of each item, an index into `names`.
        answers: the spellings of all answers, item after item.
        answer_starts: `answers[answer_starts[i]:answer_starts[i + 1]]` belong to item i.
        counts: ledger counts: items per set, and how many of them are not compared, by reason.
    """

    index: Index
    names: tuple[str, ...]
    labels: tuple[str, ...]
    set_of: np.ndarray  # int64[n_items]
    answers: Words
    answer_starts: np.ndarray  # int64[n_items + 1]
    counts: dict[str, int]

    def has_answer(self, words: np.ndarray, place: np.ndarray, item: int) -> bool | None:
        """Return whether a text contains the answer of an item that was found in it; None if the item has no answer.

        Args:
            words: the hashes of the text's words.
            place: the position of the item in the text, a row of `overlap.stretches`.
            item: the index of the item.
        """
        index, has_one = self.index, None
        length = index.item_starts[item + 1] - index.item_starts[item]
        start, end = max(place[0] - place[2], 0), min(place[1] + length - place[3], len(words))
        for i in range(self.answer_starts[item], self.answer_starts[item + 1]):
            wanted = self.answers[i]
            if len(wanted) >= index.n:
                question = index.item_words[index.item_starts[item] : index.item_starts[item + 1]]
                own = _grams(wanted, index.n) - _grams(question, index.n)
                is_there = len(own & _grams(words, index.n)) >= max(ANSWER_SHARE * len(own), 1)
            else:
                is_there = (
                    overlap.find_words(words, end, min(end + REACH, len(words)), wanted) >= 0
                    or overlap.find_words(words, max(start - REACH, 0), start, wanted) >= 0
                )
            if len(wanted):
                has_one = bool(has_one or is_there)
        return has_one


def _grams(words: np.ndarray, n: int) -> set[int]:
    return set(shingles.ngrams(np.array([0, len(words)]), words, n)[1].tolist())


def load(
    files: Sequence[File], allow: Sequence[File], fields: tuple[Sequence[str], Sequence[str]],
    n: int, shortest: int, max_items: int,
) -> Sets:  # fmt: skip
    """Read evaluation sets and build their index.

    Args:
        files: the sets.
        allow: texts whose n-grams are ignored.
        fields: the names of the question fields, and of the answer fields.
        n, shortest, max_items: see `overlap.build`.

    Raises:
        InputError: see `_items.read`.
    """
    file_of = _items.find(files)
    names = tuple(file_of)
    items = list(_items.read(file_of, *fields))
    words = Words.of(item.text for item in items)
    kept = _distinct(words)
    counts = {}
    is_repeat = np.ones(len(items), bool)
    is_repeat[kept] = False
    items_kept = [items[i] for i in kept]
    words_kept = _select(words, kept)
    set_of = np.array([item.set for item in items_kept], np.int64)
    index = overlap.build(words_kept.bounds, words_kept.hashes, set_of, n, shortest, max_items)
    allowed = _in_texts(_items.read_texts(_items.find(allow), fields[0]), index)
    if allowed is not None:
        index = overlap.build(words_kept.bounds, words_kept.hashes, set_of, n, shortest, max_items, allowed)
    is_short = np.diff(words_kept.bounds) < shortest
    is_shared = ~is_short & (index.n_grams == 0)
    all_sets = np.array([item.set for item in items], np.int64)
    for name, sets in (
        ("items", all_sets), ("items_repeated", all_sets[is_repeat]), ("items_too_short", set_of[is_short]),
        ("items_without_words_of_their_own", set_of[is_shared]),
    ):  # fmt: skip
        counts |= {f"{name}.{names[s]}": int(k) for s, k in zip(*np.unique(sets, return_counts=True), strict=True)}
    answers = Words.of(answer for item in items_kept for answer in item.answers)
    answer_starts = np.concatenate(([0], np.cumsum([len(item.answers) for item in items_kept]))).astype(np.int64)
    labels = tuple(item.label for item in items_kept)
    return Sets(index, names, labels, set_of, answers, answer_starts, counts)


def _distinct(words: Words) -> list[int]:
    """Return the index of the first text of each group with the same words, ascending."""
    first: dict[bytes, int] = {}
    for i in range(len(words.bounds) - 1):
        first.setdefault(words[i].tobytes(), i)
    return sorted(first.values())


def _select(words: Words, kept: list[int]) -> Words:
    parts = [words[i] for i in kept]
    hashes = np.concatenate([np.zeros(0, np.uint64), *parts])
    bounds = np.concatenate(([0], np.cumsum([len(part) for part in parts]))).astype(np.int64)
    return Words(bounds, hashes, words.starts[:0], words.ends[:0])


def _in_texts(texts: Iterable[str], index: Index) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the n-grams of texts, and which short items occur in them; None if there are no texts."""
    words = Words.of(texts)
    if len(words.bounds) == 1:
        return None
    is_there = np.zeros(len(index.n_grams), bool)
    is_there[overlap.shared(words.bounds, words.hashes, index)[1]] = True
    return shingles.ngrams(words.bounds, words.hashes, index.n)[1], is_there & index.is_whole
