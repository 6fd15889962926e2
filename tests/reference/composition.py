"""Kinds of characters in plain Python: the definitions of `curate.kernels.composition`."""

from __future__ import annotations

from collections import Counter
from itertools import groupby, pairwise

from curate.kernels.characters import SEPARATOR_TOKENS
from curate.kernels.composition import RUN
from tests.reference.words import category, is_space

SOUTHEAST_ASIAN = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF))


def is_control(char: str) -> bool:
    return char == "\ufffd" or (category(char) in ("Cc", "Cn", "Co", "Cs") and not is_space(char))


def is_mojibake(before: str, char: str) -> bool:
    return (before in "\u00c2\u00c3\u00e2" and 0x80 <= ord(char) < 0xC0) or before + char == "\u00e2\u20ac"


def ends_a_phrase(before: str, char: str) -> bool:
    return char == " " and any(first <= ord(before) <= last for first, last in SOUTHEAST_ASIAN)


def count_composition(text: str) -> list[int]:
    """Return a row of `curate.kernels.composition.count_composition`."""
    kinds = [category(char) for char in text]
    visible = [char for char, kind in zip(text, kinds, strict=True) if not is_space(char) and kind not in ("Cc", "Cf")]
    runs = [(char, len(list(same))) for char, same in groupby(text) if category(char)[0] in "PS"]
    buckets = Counter(ord(char) if ord(char) < 128 else 128 + ord(char) % 896 for char in visible)
    return [
        len(text),
        len(visible),
        sum(kind[0] in "LM" for kind in kinds),
        sum(kind[0] == "N" for kind in kinds),
        sum(kind[0] == "P" for kind in kinds) + sum(ends_a_phrase(*pair) for pair in pairwise(text)),
        sum(kind[0] == "S" for kind in kinds),
        sum(map(is_control, text)),
        2 * sum(is_mojibake(*pair) for pair in pairwise(text)),
        sum(char in SEPARATOR_TOKENS for char in text),
        sum(n for _, n in runs if n >= RUN),
        sum(n - 1 for _, n in runs),
        max(buckets.values(), default=0),
    ]
