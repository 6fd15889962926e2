"""Damage real text on purpose, as extraction and bad writing do: each operation has a name and a strength.

An operation is a function `(text, strength, random, others) -> text`; it may take words from the texts `others`.
`strength` is 0 to 1. The same seed gives the same text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import NamedTuple

Operation = Callable[[str, float, Random, Sequence[str]], str]
FUNCTION_WORDS = frozenset(
    [
        "the",
        "a",
        "an",
        "of",
        "to",
        "in",
        "and",
        "is",
        "was",
        "for",
        "on",
        "with",
        "as",
        "by",
        "at",
        "from",
        "that",
        "it",
        "his",
        "her",
        "are",
        "be",
        "this",
        "which",
        "or",
        "had",
        "he",
        "she",
        "they",
    ]
)
MENU = [
    "Home",
    "About us",
    "Contact",
    "Login",
    "Register",
    "Search",
    "Sitemap",
    "News",
    "Archive",
    "Next",
    "Previous",
    "Print",
    "Share",
    "Top",
    "Help",
    "FAQ",
    "Privacy",
    "Terms of use",
    "Subscribe",
    "RSS",
    "My account",
    "Cart",
    "English",
    "Read more",
    "Comments (0)",
    "Reply",
    "Tweet",
    "Back",
    "Categories",
    "Gallery",
    "Links",
]


class Damaged(NamedTuple):
    """A damaged text, and which operation of which strength was applied."""

    text: str
    operation: str
    strength: float


def damage(texts: Sequence[str], operations: Sequence[str], n: int, seed: int) -> list[Damaged]:
    """Return `n` texts with one operation applied to each: operations in turn, strengths from 0.3 to 1."""
    random, found = Random(seed), []
    for i in range(n):
        name, strength = operations[i % len(operations)], round(random.uniform(0.3, 1), 2)
        text = texts[random.randrange(len(texts))]
        found.append(Damaged(OPERATIONS[name](text, strength, random, texts), name, strength))
    return found


def shuffled_words(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Shuffle the words within windows of 4 to 24."""
    words, size = text.split(), 4 + int(20 * strength)
    parts = [words[i : i + size] for i in range(0, len(words), size)]
    for part in parts:
        random.shuffle(part)
    return " ".join(word for part in parts for word in part)


def word_salad(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Build sentences of words from other texts."""
    pool = [w.strip(".,;:!?\"'()") for other in random.choices(others, k=8) for w in other.split()]
    sentences = [
        " ".join(random.choices(pool, k=random.randint(5, 18))).capitalize() for _ in range(3 + int(5 * strength))
    ]
    return ". ".join(sentences) + "."


def menu(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Mix menu entries with titles cut from other texts."""
    entries = random.sample(MENU, 6 + int(14 * strength))
    for _ in range(4 + int(12 * strength)):
        words = random.choice(others).split()
        at = random.randrange(max(1, len(words) - 5))
        entries.append(" ".join(words[at : at + random.randint(1, 4)]).strip(".,").title())
    random.shuffle(entries)
    return random.choice(["\n", " | ", " ", "\n- ", " » "]).join(entries)


def stuffed(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Repeat a few words of the text many times."""
    words = [w.strip(".,").lower() for w in text.split() if len(w) > 4] or ["offer"]
    keys = [" ".join(random.sample(words, min(len(words), random.randint(1, 3)))) for _ in range(3)]
    extra = ["best", "cheap", "online", "free", "buy", "top", "new", "near me"]
    return ", ".join(f"{random.choice(extra)} {random.choice(keys)}" for _ in range(10 + int(30 * strength)))


def without_function_words(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Drop articles, prepositions and forms of `be`."""
    return " ".join(w for w in text.split() if w.lower() not in FUNCTION_WORDS or random.random() > strength)


def cut_lines(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Keep only the beginnings of sentences, like teasers."""
    sentences = re.split(r"(?<=[.!?])\s+", text)
    mark = random.choice(["...", " ...", "…", " [...]", " Read more"])
    return "\n".join(s[: random.randint(15, 70 - int(30 * strength))].strip() + mark for s in sentences)


def repeated(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Repeat a fragment of 3 to 12 words inside the text."""
    words = text.split()
    at = random.randrange(max(1, len(words) - 12))
    fragment = words[at : at + random.randint(3, 12)]
    return " ".join(words[:at] + fragment * (3 + int(6 * strength)) + words[at : at + 20])


def misdecoded(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Decode UTF-8 as Windows-1252, with some replacement characters."""
    marks = {"'": "’", '"': "”", "-": "–", "e": "é", "a": "ä", "o": "ó"}
    changed = "".join(marks[c] if c in marks and random.random() < 0.3 * strength else c for c in text)
    wrong = changed.encode("utf-8").decode("cp1252", "replace")
    return "".join("\ufffd" if c == " " and random.random() < 0.03 * strength else c for c in wrong)


def spaced_letters(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Insert spaces inside words, as PDF extraction does."""
    return "".join(c + (" " if c.isalpha() and random.random() < 0.35 * strength else "") for c in text)


def joined_words(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Remove spaces between words."""
    return "".join("" if c == " " and random.random() < 0.5 * strength else c for c in text)


def swapped_words(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Swap neighbouring words."""
    words = text.split()
    for i in range(0, len(words) - 1, 2):
        if random.random() < strength:
            words[i], words[i + 1] = words[i + 1], words[i]
    return " ".join(words)


def spun(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Replace words by words of other texts, as spinning programs do with wrong synonyms."""
    pool = [w for other in random.choices(others, k=8) for w in other.split()]
    return " ".join(random.choice(pool) if random.random() < 0.6 * strength else w for w in text.split())


def typos(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Drop, double or swap letters."""
    letters = list(text)
    for i in range(len(letters) - 1):
        if letters[i].isalpha() and random.random() < 0.15 * strength:
            letters[i], letters[i + 1] = random.choice(
                [(letters[i + 1], letters[i]), ("", letters[i + 1]), (letters[i] * 2, letters[i + 1])]
            )
    return "".join(letters)


def reversed_order(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Reverse the order of the words of each line."""
    return "\n".join(" ".join(reversed(line.split())) for line in text.split("\n"))


def mixed_halves(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Join parts of sentences from different texts."""
    parts = [other.split() for other in random.choices(others, k=6)]
    return " ".join(" ".join(words[: random.randint(3, 6)]) for words in parts * (1 + int(2 * strength)))


def table(text: str, strength: float, random: Random, others: Sequence[str]) -> str:
    """Write table rows of words, numbers and separators."""
    words = [w.strip(".,") for w in text.split() if w[:1].isupper()] or ["Total"]
    rows = [
        " | ".join([random.choice(words), *(str(random.randrange(10 ** random.randint(1, 5))) for _ in range(4))])
        for _ in range(5 + int(12 * strength))
    ]
    return "\n".join(rows)


TRAINED = (shuffled_words, word_salad, menu, stuffed, without_function_words, cut_lines, repeated, misdecoded,
           spaced_letters, joined_words)  # fmt: skip
HELD_OUT = (swapped_words, spun, typos, reversed_order, mixed_halves, table)
"""Operations that no model is trained on."""

OPERATIONS: dict[str, Operation] = {operation.__name__: operation for operation in (*TRAINED, *HELD_OUT)}
