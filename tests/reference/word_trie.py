"""Find the entries of word lists in plain Python: the definitions of `curate.kernels.word_trie`."""

from __future__ import annotations

import unicodedata

from tests.reference.words import category, is_extender, is_space, is_unspaced, is_word_char


def is_skipped(char: str) -> bool:
    return category(char) == "Cf" and not is_space(char)


def folded(char: str) -> str:
    form = unicodedata.normalize("NFKC", char)
    char = form if len(form) == 1 else char
    lower = char.lower()[0]
    return "σ" if lower == "ς" else lower


def is_spaced(char: str) -> bool:
    return is_word_char(char) and not is_unspaced(char)


def reduced(text: str) -> list[tuple[str, str]]:
    """Return the characters that are compared, each folded and as it is; a run of white space is one space."""
    found: list[tuple[str, str]] = []
    for char in text:
        if is_skipped(char):
            continue
        if is_space(char):
            if not found or found[-1][0] != " ":
                found.append((" ", " "))
        else:
            found.append((folded(char), char))
    return found


def matches(text: str, entries: list[str]) -> tuple[list[str], int, int]:
    """Return the entries found, the number of words in them, and the number of words of the text."""
    chars = reduced(text)
    bounds = [_is_bound(chars, at) for at in range(len(chars) + 1)]
    found, at, inside = [], 0, []
    while at < len(chars):
        best = max(
            (e for e in entries if bounds[at] and _matches(chars, at, e) and bounds[at + len(e)]), key=len, default=""
        )
        if best:
            found.append(best)
            inside += [(at, at + len(best))]
        at += len(best) or 1
    starts = [at for at in range(len(chars)) if is_word_char(chars[at][1]) and bounds[at]]
    return found, sum(a <= start < b for start in starts for a, b in inside), len(starts)


def _matches(chars: list[tuple[str, str]], at: int, entry: str) -> bool:
    return [c for c, _ in chars[at : at + len(entry)]] == list(entry)


def _is_bound(chars: list[tuple[str, str]], at: int) -> bool:
    """Return whether an entry may begin or end before this place."""
    if at == len(chars):
        return True
    if is_extender(chars[at][1]):
        return False
    before = at - 1
    while before >= 0 and is_extender(chars[before][1]):
        before -= 1
    return not (before >= 0 and is_spaced(chars[before][1]) and is_spaced(chars[at][1]))
