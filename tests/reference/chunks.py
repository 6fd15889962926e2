"""Cut chunks in plain Python: the definition of `curate.kernels.chunks`, on strings."""

from __future__ import annotations

import math
import unicodedata

from curate.kernels.characters import BREAKS, SENTENCE_ENDS
from tests.reference.words import category, is_space

LINE, SENTENCE, WORD, NOWHERE = 3, 2, 1, 0


def cut(text: str, size: int) -> list[str]:
    """Return the chunks of a text."""
    if all(is_space(char) or category(char) in ("Cf", "Cc") for char in text):
        return []
    chunks = []
    while text:
        n_chunks = math.ceil(len(text) / size) if size else 1
        target = math.ceil(len(text) / n_chunks)
        end = len(text) if target == len(text) else _end(text, target)
        chunks.append(text[:end])
        text = text[end:]
    return chunks


def _end(text: str, target: int) -> int:
    places = [k for k in range(1, target + 1) if 2 * k >= target]
    best = max(_kind(text, k) for k in places)
    end = max(k for k in places if _kind(text, k) == best) if best else target
    while end < len(text) and is_space(text[end]):
        end += 1
    return end


def _kind(text: str, k: int) -> int:
    """Return what ends before place k."""
    last = text[k - 1]
    if last in BREAKS:
        return LINE
    if is_space(last):
        before = k - 2
        while before >= 0 and text[before] not in SENTENCE_ENDS and unicodedata.category(text[before])[0] == "P":
            before -= 1
        return SENTENCE if before >= 0 and text[before] in SENTENCE_ENDS else WORD
    return SENTENCE if last in SENTENCE_ENDS and ord(last) > 0x2E80 else NOWHERE
