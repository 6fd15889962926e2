"""The line rules of C4 the slow way, and what a template leaves behind."""

from __future__ import annotations

import re

from curate.kernels.c4_lines import (  # fmt: skip
    CITATION,
    END_MARK,
    JAVASCRIPT,
    KEPT,
    NOTICE,
    PHRASES,
    POLICY,
    SCRIPT,
    TOO_FEW_WORDS,
    TOO_LONG_WORD,
    UNENDED,
)
from curate.kernels.characters import SENTENCE_ENDS
from tests.reference.lines import strip
from tests.reference.words import is_extender, is_space, is_unspaced

CITATIONS = re.compile(r"\[[0-9]*\]|\[edit\]|\[citation needed\]")


def lower(text: str) -> str:
    """Lower-case ASCII only."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def words(line: str) -> list[str]:
    """What stands between white space; a letter of a script without spaces is a word of its own."""
    found, inside = [], False
    for char in line:
        if is_space(char):
            inside = False
        elif is_unspaced(char):
            found.append(char)
            inside = False
        elif inside:
            found[-1] += char
        elif not is_extender(char):
            found.append(char)
            inside = True
    return found


def longest_word(line: str) -> int:
    """Characters between white space or letters of scripts without spaces."""
    return max(map(len, "".join(" " if is_space(char) or is_unspaced(char) else char for char in line).split(" ")))


def try_line(line: str, rules: int, min_words: int, max_word_length: int) -> tuple[int, str]:
    """Return what becomes of a stripped line, and the line to keep."""
    count = len(words(line))
    if 0 <= max_word_length < longest_word(line):
        return TOO_LONG_WORD, ""
    if rules & CITATION:
        line = strip(CITATIONS.sub("", line))
    is_ended = line.endswith((*SENTENCE_ENDS, '"', "'")) and not line.endswith("...")
    if rules & END_MARK and not is_ended:
        return UNENDED, ""
    if count < min_words:
        return TOO_FEW_WORDS, ""
    low = lower(line)
    script, lorem, *policies = PHRASES
    if rules & SCRIPT and script in low and lorem not in low:
        return JAVASCRIPT, ""
    if rules & NOTICE and any(p in low for p in policies) and lorem not in low and "{" not in low:
        return POLICY, ""
    return KEPT, line


def drop_lines(text: str, rules: int, min_words: int, max_word_length: int) -> tuple[str, list[int]]:
    """Return the text that is left and what became of its lines."""
    tried = [try_line(strip(line), rules, min_words, max_word_length) for line in text.splitlines() if strip(line)]
    return "\n".join(line for fate, line in tried if fate == KEPT and line), [fate for fate, _ in tried]


def count_leftovers(text: str) -> list[int]:
    """Return a row of `curate.kernels.template_markers.count_leftovers`."""
    return [text.count("{"), lower(text).count(PHRASES[1])]
