"""Plain text in lines of a readable length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence


def wrapped(words: Sequence[str], indent: str, width: int = 100, joint: str = ",") -> Iterator[str]:
    """Yield words as lines of at most `width` characters; a longer word has a line of its own.

    Args:
        indent: what each line begins with.
        joint: what follows each word but the last.
    """
    line = indent
    for k, word in enumerate(words):
        word += joint if k + 1 < len(words) else ""
        if len(line) + len(word) > width and line.strip():
            yield line.rstrip()
            line = indent
        line += word + " "
    if line.strip():
        yield line.rstrip()


def sentences(*texts: str) -> Iterator[str]:
    """Yield sentences, those that are not empty, as indented lines."""
    for text in filter(None, texts):
        yield from wrapped(text.split(" "), "    ", joint="")
