"""The slow twin of `text.mask_pii`: every pattern over the whole text, and a mark on each byte that is taken."""

from __future__ import annotations

from collections.abc import Sequence

from curate.stages.text._pii import Finder
from curate.stages.text.mask_pii import FINDERS, placeholder


def find_pii(text: str, finders: Sequence[Finder] = FINDERS) -> list[tuple[int, int, str]]:
    """Return `(start, end, type)` of what is found, in bytes and in order."""
    raw = text.encode()
    taken = bytearray(len(raw))
    found = []
    for finder in finders:
        for start, end in finder.find(raw, 0, len(raw)):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append((start, end, finder.type))
    return sorted(found)


def mask_pii(text: str, finders: Sequence[Finder] = FINDERS) -> str:
    """Return the text with placeholders."""
    raw = text.encode()
    for start, end, type in reversed(find_pii(text, finders)):
        raw = raw[:start] + placeholder(type).encode() + raw[end:]
    return raw.decode()
