"""Words that name groups of people. A classifier that learned them as signs of toxicity finds harmless texts toxic."""

from __future__ import annotations

import re

GROUPS = {
    "women": "woman women girl girls female",
    "men": "man men boy boys male",
    "Black people": "black african african-american",
    "white people": "white caucasian",
    "Asian people": "asian chinese japanese korean indian",
    "Latin American people": "latino latina hispanic mexican",
    "Jewish people": "jew jews jewish",
    "Muslims": "muslim muslims islam islamic",
    "Christians": "christian christians catholic",
    "gay, lesbian and transgender people": "gay lesbian bisexual queer transgender trans lgbt lgbtq",
    "immigrants": "immigrant immigrants refugee refugees",
    "people with disabilities": "disabled disability blind deaf autistic",
    "old and young people": "elderly old teenager teenagers",
    "named in Chinese": "女人 女性 男人 男性 黑人 白人 犹太 穆斯林 同性恋 移民 残疾 老人",
}
"""Words by group, in lower case. Some have other meanings (white, old, trans): figures about a group are figures about
texts that contain these words, not about texts on the group."""


def mentions(text: str) -> set[str]:
    """Return the groups that a text names."""
    return {group for group, pattern in _PATTERNS.items() if pattern.search(text)}


def _pattern(words: str) -> re.Pattern:
    plain = "|".join(re.escape(word) for word in words.split())
    return re.compile(plain if not words.isascii() else rf"\b(?:{plain})\b", re.IGNORECASE)


_PATTERNS = {group: _pattern(words) for group, words in GROUPS.items()}
