"""The line rules of C4 in plain Python: the definitions of `curate.kernels.c4_lines`."""

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
    """Return the text with ASCII letters in lower case."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def words(line: str) -> list[str]:
    """Return the parts between white space; every letter of a script without spaces is a word."""
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
    """Return the most characters between white space or letters of scripts without spaces."""
    return max(map(len, "".join(" " if is_space(char) or is_unspaced(char) else char for char in line).split(" ")))


def try_line(line: str, rules: int, min_words: int, max_word_length: int) -> tuple[int, str]:
    """Return the outcome of a stripped line, and the line to keep."""
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
    """Return the remaining text, and the outcome of each line."""
    tried = [try_line(strip(line), rules, min_words, max_word_length) for line in text.splitlines() if strip(line)]
    return "\n".join(line for outcome, line in tried if outcome == KEPT and line), [outcome for outcome, _ in tried]
