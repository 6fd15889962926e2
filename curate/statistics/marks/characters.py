"""Mark characters of a kind, which are what `curate.kernels.composition` and its neighbours count."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from curate.kernels import characters as ch
from curate.kernels.composition import RUN
from curate.kernels.template_markers import PLACEHOLDER
from curate.statistics.marks.marker import Marker, Span, joined


@dataclass(frozen=True)
class Characters(Marker):
    """Marks the characters of some classes.

    Args:
        classes: bits of `curate.kernels.characters`.
    """

    name: str
    shows: str
    classes: int
    signals: tuple[str, ...] = ()

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        table = ch.classes()
        bits = (int(table[ord(character)]) for character in text)
        return joined((i, i + 1) for i, each in enumerate(bits) if each & self.classes)


@dataclass(frozen=True)
class NotLetters(Marker):
    """Marks visible characters that are no letters."""

    name: str = "not_letters"
    shows: str = "what is no letter"
    signals: tuple[str, ...] = ("text.letter_share", "text.nonletter_share")

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        table = ch.classes()
        hidden = ch.LETTER | ch.EXTEND | ch.SPACE | ch.INVISIBLE
        return joined((i, i + 1) for i, character in enumerate(text) if not table[ord(character)] & hidden)


@dataclass(frozen=True)
class Pattern(Marker):
    """Marks what a regular expression finds."""

    name: str
    shows: str
    pattern: re.Pattern[str]
    signals: tuple[str, ...] = ()

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        return joined(match.span() for match in self.pattern.finditer(text))


@dataclass(frozen=True)
class Found(Marker):
    """Marks what a function finds."""

    name: str
    shows: str
    find: Callable[[str], Iterator[Span]]
    signals: tuple[str, ...] = ()

    def spans(self, text: str, params: Mapping[str, Any]) -> list[Span]:
        return joined(self.find(text))


def _runs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the runs of equal marks."""
    table, start = ch.classes(), 0
    for i in range(1, len(text) + 1):
        if i == len(text) or text[i] != text[start]:
            if table[ord(text[start])] & ch.MARK:
                yield start, i
            start = i


def _separators(text: str) -> Iterator[Span]:
    return ((start, end) for start, end in _runs(text) if end - start >= RUN)


def _repeated_marks(text: str) -> Iterator[Span]:
    return ((start + 1, end) for start, end in _runs(text) if end - start > 1)


def _commonest(text: str) -> Iterator[Span]:
    table = ch.classes()
    visible = [character for character in text if not table[ord(character)] & (ch.SPACE | ch.INVISIBLE)]
    most = Counter(visible).most_common(1)
    return ((i, i + 1) for i, character in enumerate(text) if most and character == most[0][0])


MARKERS: tuple[Marker, ...] = (
    NotLetters(),
    Characters("numbers", "digits and other numbers", ch.NUMBER, ("text.number_share",)),
    Characters("symbols", "symbols", ch.SYMBOL, ("text.symbol_share",)),
    Characters("broken_characters", "characters that nobody writes on purpose", ch.CONTROL, ("text.control_share",)),
    Characters("punctuation", "punctuation", ch.PUNCTUATION, ("punctuation.share",)),
    Characters("menu_separators", "separators of menus and tables", ch.SEPARATOR_TOKEN, ("text.separator_token_share",)),
    Pattern("mojibake", "characters that UTF-8 leaves behind when it is read as Latin-1", re.compile("[\u00c2\u00c3\u00e2][\u0080-\u00bf]|\u00e2\u20ac"), ("text.mojibake_share",)),
    Pattern("curly_brackets", "opening curly brackets", re.compile(r"\{"), ("text.curly_brackets",)),
    Pattern("placeholders", "placeholder text", re.compile(PLACEHOLDER, re.I | re.A), ("text.placeholders",)),
    Pattern("hash_signs", "hash signs", re.compile("#"), ("words.hashes_per_word",)),
    Pattern("ellipses", "ellipses", re.compile("\\.{3,}+|\u2026"), ("words.ellipses_per_word",)),
    Pattern("hash_signs_and_ellipses", "hash signs and ellipses", re.compile("#|\\.{3,}+|\u2026"), ("words.symbols_per_word",)),
    Found("separators", f"runs of {RUN} or more equal marks", _separators, ("text.separator_share",)),
    Found("repeated_marks", "marks that follow an equal one", _repeated_marks, ("punctuation.repeated_share",)),
    Found("commonest_character", "the most frequent character", _commonest, ("text.commonest_share",)),
)  # fmt: skip
