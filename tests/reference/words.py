"""Words, marks and sentences in plain Python: the definitions of `curate.kernels.words`, one character at a time."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from curate.kernels.characters import BREAKS, GLUES, SENTENCE_ENDS, UNSPACED_RANGES
from curate.kernels.words import ABBREVIATIONS, STOP_WORDS

APOSTROPHES = "'’"


@dataclass
class Token:
    """A word or a mark, as a slice of the text."""

    start: int
    end: int
    is_word: bool
    is_unspaced: bool = False


def category(char: str) -> str:
    return unicodedata.category(char)


def is_space(char: str) -> bool:
    return char.isspace() or char == "\u200b"


def is_extender(char: str) -> bool:
    """Return whether this is a combining or format character, which continues a word."""
    return category(char)[0] == "M" or (category(char) == "Cf" and not is_space(char))


def is_word_char(char: str) -> bool:
    """Return whether this is a letter or number of any script, including those without spaces."""
    return category(char)[0] in "LN"


def is_unspaced(char: str) -> bool:
    """Return whether this is a letter or number of a script that is written without spaces."""
    return is_word_char(char) and any(first <= ord(char) <= last for first, last in UNSPACED_RANGES)


def tokens(text: str) -> list[Token]:
    """Cut a text into words and marks."""
    found: list[Token] = []
    i = 0
    while i < len(text):
        char = text[i]
        after_word = bool(found) and found[-1].end == i and found[-1].is_word
        if is_space(char) or category(char) in ("Cc", "Cf"):
            i += 1
            continue
        if is_word_char(char):
            found.append(_word(text, i, i))
        elif (char in GLUES and not after_word and _is_spaced_word_char(text, i + 1)) or (
            char in APOSTROPHES and after_word and not found[-1].is_unspaced and _is_spaced_word_char(text, i + 1)
        ):
            found.append(_word(text, i, i + 1))
        else:
            end = i + 1
            while char in ".-" and text[end : end + 1] == char:
                end += 1
            found.append(Token(i, end, False))
        i = found[-1].end
    return found


def _is_spaced_word_char(text: str, i: int) -> bool:
    return i < len(text) and is_word_char(text[i]) and not is_unspaced(text[i])


def _word(text: str, start: int, i: int) -> Token:
    n = len(text)
    if is_unspaced(text[i]):
        i += 1
        while i < n and is_extender(text[i]):
            i += 1
        return Token(start, i, True, True)
    while True:
        while i < n and (is_extender(text[i]) or _is_spaced_word_char(text, i)):
            i += 1
        if not _joins(text, i):
            break
        i += 1
    if i < n and text[i] == "." and text[i : i + 2] != ".." and _keeps_point(text, start, i):
        i += 1
    if i < n and text[i] in GLUES and (i + 1 == n or is_space(text[i + 1])):
        i += 1
    return Token(start, i, True)


def _joins(text: str, i: int) -> bool:
    """Return whether the mark at i joins two parts of one word."""
    if i >= len(text) or not _is_spaced_word_char(text, i + 1):
        return False
    char = text[i]
    before, mark, after = (category(char) for char in text[i - 1 : i + 2])
    if mark[0] not in "PS" or mark == "So" or char in APOSTROPHES or char == "…":
        return False
    if char == ".":
        return not (before == "Ll" and after == "Lu")
    if char == ",":
        return before[0] == "N" or after[0] == "N"
    if char == "-":
        return after[0] == "N" and before[0] != "N"
    if char in "+*^":
        return not before[0] == after[0] == "N"
    if char in "–—~:<>=/":
        return after[0] == "N"
    return True


def _keeps_point(text: str, start: int, i: int) -> bool:
    is_initial = category(text[i - 1])[0] == "L" and (i - 1 == start or text[i - 2] == ".")
    return is_initial or text[start:i] in ABBREVIATIONS


def count_sentences(text: str) -> int:
    """Count sentences; a line break always ends one."""
    count, is_open, has_ended, last = 0, False, False, 0
    for token in tokens(text):
        if any(char in BREAKS for char in text[last : token.start]):
            count, is_open, has_ended = count + is_open, False, False
        piece = text[token.start : token.end]
        if not token.is_word and len(piece) == 1 and piece in SENTENCE_ENDS:
            has_ended = True
        elif has_ended and (token.is_word or category(piece[0])[0] != "P"):
            count, has_ended = count + is_open, False
        is_open, last = True, token.end
    return count + is_open


def count_words(text: str) -> list[int]:
    """Return a row of `curate.kernels.words.count_words`."""
    found = tokens(text)
    pieces = [text[token.start : token.end] for token in found]
    words = [piece for piece, token in zip(pieces, found, strict=True) if token.is_word]
    spaced = [piece for piece, token in zip(pieces, found, strict=True) if token.is_word and not token.is_unspaced]
    marks = [piece for piece, token in zip(pieces, found, strict=True) if not token.is_word]
    return [
        len(found),
        len(words),
        sum(any(category(char)[0] == "L" for char in word) for word in words),
        len(spaced),
        sum(map(len, spaced)),
        len(set(spaced) & set(STOP_WORDS)),
        text.count("#"),
        sum(mark == "…" for mark in marks) + sum(len(mark) // 3 for mark in marks if mark[0] == "."),
        count_sentences(text),
        sum(char in BREAKS for char in text) - text.count("\r\n"),
        len(text),
    ]
