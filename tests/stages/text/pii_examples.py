"""The labelled set: sentences with synthetic personal data (`pii_with.txt`) and with similar text that is not personal
data (`pii_without.txt`), one sentence per line.

`{name}` in a sentence is replaced by the value of the function `name` in `pii_values`. If `TYPE_OF` has a type for the
name, the value must be found; everything else must not change. A line break in a sentence is written `\\n`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.stages.text import pii_values as values

TYPE_OF = {
    "email": "email", "disguised": "email", "phone": "phone", "called_phone": "phone", "ip": "ip_address", "ip4": "ip_address", "card": "card",
    "iban": "iban", "person": "national_id", "ssn": "national_id", "nino": "national_id", "indian": "national_id",
    "chinese": "national_id", "brazilian": "national_id", "key": "key", "login": "key",
}  # fmt: skip


class Example(NamedTuple):
    """A text and the expected matches: `(type, start, end)` in characters."""

    text: str
    spans: tuple[tuple[str, int, int], ...]


_FIELD = re.compile(
    r"\{("
    + "|".join([*TYPE_OF, "version", "private", "day", "isbn", "digest", "uuid", "wrong_card", "blank_key"])
    + r")\}"
)


def examples(seed: int = 7, positives: int = 9, negatives: int = 3) -> Iterator[Example]:
    """Yield each sentence with data several times; sentences without data several times only if they have a field."""
    chance = Random(seed)
    for sentence in _sentences("pii_with.txt"):
        for _ in range(positives):
            yield _filled(sentence, chance)
    for sentence in _sentences("pii_without.txt"):
        for _ in range(negatives if _FIELD.search(sentence) else 1):
            yield _filled(sentence, chance)


def _sentences(name: str) -> list[str]:
    lines = (Path(__file__).parent / name).read_text(encoding="utf-8").removesuffix("\n").split("\n")
    return [line.replace("\\n", "\n") for line in lines]


def _filled(sentence: str, chance: Random) -> Example:
    text, spans, at = "", [], 0
    for field in _FIELD.finditer(sentence):
        text += sentence[at : field.start()]
        value = _made(field[1], chance)
        if field[1] in TYPE_OF:
            spans.append((TYPE_OF[field[1]], len(text), len(text) + len(value)))
        text += value
        at = field.end()
    return Example(text + sentence[at:], tuple(spans))


def _made(name: str, chance: Random) -> str:
    if name == "person":
        return chance.choice(values.PEOPLE)(chance)
    return getattr(values, {"private": "private_ip"}.get(name, name))(chance)
