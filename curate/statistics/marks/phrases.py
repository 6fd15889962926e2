"""Mark words and phrases: those that are repeated, and those of a kind. Tokens are those of `curate.kernels.words`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from curate.kernels import characters as ch
from curate.kernels.repetition import DUPLICATE, TOP
from curate.kernels.token_places import token_places
from curate.kernels.vocabulary import FUNCTION_WORDS
from curate.kernels.words import STOP_WORDS
from curate.statistics.marks.marker import Marker, Span, joined


@dataclass(frozen=True)
class MostFrequent(Marker):
    """Marks all copies of the most frequent phrase of n words."""

    name: str
    shows: str
    n: int
    signals: tuple[str, ...] = ()

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        places = token_places(text)
        words = [text[start:end] for start, end in places]
        phrases = [tuple(words[i : i + self.n]) for i in range(len(words) - self.n + 1)]
        most = Counter(phrases).most_common(1)  # of equally frequent ones the first
        if not most or most[0][1] < 2:
            return []
        found = [i for i, phrase in enumerate(phrases) if phrase == most[0][0]]
        return joined((places[i][0], places[i + self.n - 1][1]) for i in found)


@dataclass(frozen=True)
class RepeatedPhrases(Marker):
    """Marks the phrases of n words that stood before, from left to right, no word twice."""

    name: str
    shows: str
    n: int
    signals: tuple[str, ...] = ()

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        places = token_places(text)
        words = [text[start:end] for start, end in places]
        seen: set[tuple[str, ...]] = set()
        found, i = [], 0
        while i + self.n <= len(words):
            phrase = tuple(words[i : i + self.n])
            if phrase in seen:
                found.append((places[i][0], places[i + self.n - 1][1]))
                i += self.n
            else:
                seen.add(phrase)
                i += 1
        return found


@dataclass(frozen=True)
class Words(Marker):
    """Marks the words that fit."""

    name: str
    shows: str
    fits: Callable[[str], bool]
    signals: tuple[str, ...] = ()

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        return [(start, end) for start, end in token_places(text) if self.fits(text[start:end])]


@dataclass(frozen=True)
class FunctionWords(Marker):
    """Marks English function words; the words are those of `curate.kernels.vocabulary`."""

    name: str = "function_words"
    shows: str = "function words"
    signals: tuple[str, ...] = ("words.function_share",)

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        return [match.span() for match in re.finditer(r"\w+", text) if match[0].lower() in FUNCTION_WORDS]


def _is_word_without_letter(token: str) -> bool:
    classes = ch.classes()
    union = 0
    for character in token:
        union |= int(classes[ord(character)])
    return bool(union & ch.WORD) and not union & ch.LETTER


def _is_without_letter(token: str) -> bool:
    return not any(ch.classes()[ord(character)] & ch.LETTER for character in token)


MARKERS: tuple[Marker, ...] = (
    *(MostFrequent(f"phrase_of_{n}", f"the most frequent phrase of {n} words", n, (f"repetition.top_{n}_gram_share",)) for n in TOP),
    *(RepeatedPhrases(f"repeated_{n}_grams", f"phrases of {n} words that stood before", n, (f"repetition.duplicate_{n}_gram_share",)) for n in DUPLICATE),
    RepeatedPhrases("repeated_words", "words that stood before", 1, ("words.unique_share",)),
    Words("words_without_letters", "words without a letter", _is_word_without_letter, ("words.lettered_share",)),
    Words("tokens_without_letters", "words and marks without a letter", _is_without_letter, ("words.alpha_share",)),
    Words("stop_words", "the stop words that count", STOP_WORDS.__contains__, ("words.stop_words",)),
    FunctionWords(),
)  # fmt: skip
