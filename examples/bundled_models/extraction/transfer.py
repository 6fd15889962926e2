"""Write a page in another script: markup and labels stay, words are replaced.

Real gold is nearly all in Latin letters. Main text differs from the rest mostly in the structure of a page, so a page
whose words became Chinese, Thai or Arabic characters, with the spacing and punctuation of that script, keeps its labels.
The words have no meaning, but no feature depends on meaning.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

_PARTS = re.compile(
    r"<script\b.*?</script\s*>|<style\b.*?</style\s*>|<!--.*?-->|<[a-zA-Z/!?][^>]*>", re.DOTALL | re.IGNORECASE
)
_WORD = re.compile(r"&#?\w+;|[A-Za-z\u00c0-\u024f]+")
_MARKS = str.maketrans({".": "。", ",": "，", "?": "？", "!": "！", ":": "：", ";": "；"})

_ALPHABETS = {
    "cyrillic": "абвгдежзиклмнопрстуфхцчшэюя",
    "greek": "αβγδεζηθικλμνξοπρστυφχψω",
    "arabic": "ابتثجحخدذرزسشصضطظعغفقكلمنهوي",
    "hebrew": "אבגדהוזחטיכלמנסעפצקרשת",
    "devanagari": "कखगघचछजझटठडढतथदधनपफबभमयरलवसह",
}
_UNSPACED = {"han": (0x4E00, 3000), "kana": (0x3042, 80), "thai": (0x0E01, 46)}
_SYLLABLES = (0xAC00, 11000)

SCRIPTS = (*_UNSPACED, *_ALPHABETS, "hangul")
"""The scripts in which a page can be written."""


def transfer(page: str, script: str) -> str:
    """Return the page with the words of its text in another script."""
    word = _writer(script)
    found, at = [], 0
    for match in _PARTS.finditer(page):
        found += [_moved(page[at : match.start()], script, word), match[0]]
        at = match.end()
    return "".join(found) + _moved(page[at:], script, word)


def _moved(text: str, script: str, word: Callable[[str], str]) -> str:
    moved = _WORD.sub(lambda match: match[0] if match[0][0] == "&" else word(match[0]), text)
    if script in _UNSPACED:
        if script != "thai":
            moved = moved.translate(_MARKS)
        moved = re.sub(r"(?<=[^\s<>]) (?=[^\s<>])", "", moved)
    return moved


def _writer(script: str) -> Callable[[str], str]:
    """Return a function that writes one word in the script: always the same for a word, and of a realistic length."""
    if script in _ALPHABETS:
        letters = _ALPHABETS[script]
        return lambda word: "".join(letters[ord(char) * 7 % len(letters)] for char in word)
    (first, size), each = (_UNSPACED[script], 2.5) if script in _UNSPACED else (_SYLLABLES, 2.2)
    each = 0.9 if script == "thai" else each

    def characters(word: str) -> str:
        n, seed = max(1, round(len(word) / each)), zlib.crc32(word.lower().encode())
        return "".join(chr(first + (seed >> 3 * k) % size) for k in range(n))

    return characters
