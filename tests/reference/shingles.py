"""Tokens and n-grams in plain Python: the definitions of `curate.kernels.tokens` and `shingles`."""

from __future__ import annotations

from dataclasses import dataclass

from curate.kernels.characters import BREAKS
from curate.kernels.tokens import CODE, DEEPEST, WORDS
from tests.reference.words import category, is_extender, is_space, is_unspaced, is_word_char

MASK = 2**64 - 1
NEWLINE, INDENT, DEDENT = "\n", "\t", "\b"


@dataclass
class Token:
    """The text that is hashed, and its bounds in characters."""

    key: str
    start: int
    end: int


def tokens(text: str, tokenizer: int) -> list[Token]:
    """Cut a text into tokens."""
    if tokenizer == WORDS:
        return _words(text)
    return _code(text) if tokenizer == CODE else _characters(text)


def lower(char: str) -> str:
    """Return the lower case as one character; final sigma becomes sigma."""
    return char.lower()[0].replace("ς", "σ")


def is_format(char: str) -> bool:
    return category(char) == "Cf" and not is_space(char)


def _words(text: str) -> list[Token]:
    found, i = [], 0
    while i < len(text):
        end = _end_of_word(text, i)
        if end > i:
            key = "".join("\x7f" if char == "_" else lower(char) for char in text[i:end] if not is_format(char))
            found.append(_without_trailing_format(Token(key, i, end), text))
        i = max(end, i + 1)
    return found


def _end_of_word(text: str, i: int) -> int:
    """Return the end of the word that begins at i; i if none begins there."""
    if not _begins_word(text[i]):
        return i
    end = i + 1
    while end < len(text):
        char = text[end]
        if not is_extender(char) and (is_unspaced(text[i]) or is_unspaced(char) or not _begins_word(char)):
            break
        end += 1
    return end


def _begins_word(char: str) -> bool:
    return is_word_char(char) or char == "_"


def _without_trailing_format(token: Token, text: str) -> Token:
    while is_format(text[token.end - 1]):
        token.end -= 1
    return token


def _characters(text: str) -> list[Token]:
    found: list[Token] = []
    space = None
    for i, char in enumerate(text):
        if is_space(char):
            space = i if space is None else space
        elif not is_format(char):
            if space is not None and found:
                found.append(Token(" ", space, i))
            space = None
            found.append(Token(lower(char), i, i + 1))
    return found


def _code(text: str) -> list[Token]:
    found: list[Token] = []
    levels = [0]
    start = 0
    while start < len(text):
        end = next((i for i in range(start, len(text)) if text[i] in BREAKS), len(text))
        line = _code_of_line(text, start, end)
        if line:
            keys = [NEWLINE] if found else []
            keys += _change_of_level(text[start : line[0].start], levels)
            found += [Token(key, line[0].start, line[0].start) for key in keys] + line
        start = end + 1
    return found


def _code_of_line(text: str, i: int, end: int) -> list[Token]:
    found = []
    while i < end:
        after = max(_end_of_word(text, i), i + 1)
        if not (is_space(text[i]) or category(text[i]) in ("Cc", "Cf")):
            key = "".join(char for char in text[i:after] if not is_format(char))
            found.append(_without_trailing_format(Token(key, i, after), text))
        i = after
    return found


def _change_of_level(before: str, levels: list[int]) -> list[str]:
    width = 0
    for char in before:
        if char == "\t":
            width += 8 - width % 8
        elif is_space(char):
            width += 1
    keys = []
    while levels[-1] > width:
        levels.pop()
        keys.append(DEDENT)
    if levels[-1] < width and len(levels) < DEEPEST:
        levels.append(width)
        keys.append(INDENT)
    return keys


# ------------------------------------------------------------------ hashes


def mix(value: int) -> int:
    """Return a number in which every bit depends on all 64."""
    value = (value ^ value >> 32) * 0xD6E8FEB86659FD93 & MASK
    value = (value ^ value >> 29) * 0x9E3779B97F4A7C15 & MASK
    return value ^ value >> 32


def hash_token(key: str) -> int:
    """Return the hash of the UTF-8 bytes, eight at a time, the last ones padded with zeros."""
    raw = key.encode("utf-8", "surrogatepass")
    value = 0xD6E8FEB86659FD93
    for at in range(0, len(raw), 8):
        value = mix(value ^ int.from_bytes(raw[at : at + 8], "little"))
    return value


def hash_ngrams(hashes: list[int], n: int) -> list[int]:
    """Return the hashes of n consecutive tokens at every place, or of all tokens if there are fewer than n."""
    grams = [hashes[i : i + n] for i in range(max(len(hashes) - n + 1, min(len(hashes), 1)))]
    return [mix(polynomial(gram)) for gram in grams]


def polynomial(hashes: list[int]) -> int:
    """Return the polynomial with these coefficients at BASE."""
    value = 0
    for hash_ in hashes:
        value = (value * 0x2545F4914F6CDD1D + hash_) & MASK
    return value


def shingle_hashes(text: str, tokenizer: int, n: int) -> list[int]:
    """Return the hashes that `curate.kernels.shingles.shingle_hashes` gives for one text."""
    return hash_ngrams([hash_token(token.key) for token in tokens(text, tokenizer)], n)


def token_spans(text: str, tokenizer: int) -> list[tuple[int, int, int]]:
    """Return `(hash, first byte, byte after the last)` of each token."""
    return [
        (hash_token(token.key), len(text[: token.start].encode()), len(text[: token.end].encode()))
        for token in tokens(text, tokenizer)
    ]
