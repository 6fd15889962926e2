"""Random texts that are difficult for text kernels, and the buffers in which kernels read them."""

from __future__ import annotations

import textwrap

import numpy as np
from hypothesis import strategies as st

PIECES = [
    "the", "be", "to", "of", "and", "The", "word", "Words", "naïve", "Straße", "U.S.", "e.g.", "Mr.", "J. Smith",
    "1,234.5", "10:30", "1990-1995", "don't", "l’été", "well-known", "and/or", "@name", "-5", "C++", "end.Start",
    "a@b.org", "http://a.b/c?d=e", "R-410A", "...", "…", "....", "--", "-", "•", "*", "#", "##", "!", "?", "?!", '."',
    ".)", "[12]", "[edit]", "[citation needed]", "[", "]", "{", "}", "JavaScript", "javascript", "lorem ipsum", "Lorem Ipsum",
    "Terms of Use", "privacy policy", "uses cookies", "use of cookies", "use cookies", "cookie policy", "mm", "k", "v",
    "中文", "漢字。", "かな", "カタカナ", "ภาษาไทย", "ที่นี่", "ລາວ", "မြန်မာ", "ខ្មែរ", "한국어", "हिन्दी", "।", "العربية", "؟", "שלום",
    "é", "e\u0301", "\u0301", "👍🏽", "👩\u200d👩\u200d👧", "𝔘", "𠀀", "\u200f", "\u00ad", "\u200b", "\ufeff", "\ufffd", "\ue000",
    "Ã©", "â€™", "Â\u00a0", "\x00", "\x07", "²", "½", "Ⅷ", "$", "€5", "5%", "→", "|", "»", "_", "____", "====",
    " ", "  ", "\t", "\u00a0", "\u3000", "\n", "\n\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1f", "\x85", "\u2028", "\u2029",
    "x" * 40, "The quick brown fox jumps over the lazy dog.",
]  # fmt: skip
"""Pieces that each exercise a rule of some kernel."""

pieces = st.lists(st.sampled_from(PIECES), max_size=40)
texts = st.one_of(
    st.builds("".join, pieces),
    st.builds(" ".join, pieces),
    st.builds("".join, st.lists(st.sampled_from(["a b", " ", "\n", "c.", "中", "word ", "- "]), max_size=60)),
    st.text(st.characters(codec="utf-8"), max_size=60),
)


ODD_PIECES = [
    "The", "1.", "-", ">", "```", "x--y", "end.", "中文", "well-", "—", "été", "extraordinarily-long-and-odd", "#",
    "\n", "\n  ", "\r\n", "\n\n",
]  # fmt: skip
"""What hard-wrapped text has between its words, or at the ends of its lines."""

PLAIN_WORDS = [
    "a",
    "of",
    "the",
    "house",
    "and",
    "under",
    "was,",
    "whether",
    "it",
    "rained",
    "or",
    "not;",
    "nobody",
    "in",
    "that",
    "harbour",
    "had",
    "ever",
    "slept",
]


@st.composite
def wrapped_texts(draw) -> str:
    """Draw one to three paragraphs of up to 150 words, broken at a width of 35 to 125 characters."""
    chance, odd = draw(st.randoms(use_true_random=False)), draw(st.sampled_from([0, 0.02, 0.1]))
    width, between = draw(st.integers(35, 125)), draw(st.sampled_from(["\n", "\n\n", "\n> "]))
    paragraphs = [
        " ".join(
            chance.choice(ODD_PIECES if chance.random() < odd else PLAIN_WORDS) for _ in range(chance.randrange(150))
        )
        for _ in range(chance.randrange(1, 4))
    ]
    keeps_breaks = draw(st.booleans())
    return between.join(
        textwrap.fill(paragraph, width, break_long_words=False, replace_whitespace=not keeps_breaks)
        for paragraph in paragraphs
    )


def buffers(values: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return texts as `(offsets int64[n + 1], data uint8[m])`."""
    encoded = [value.encode() for value in values]
    offsets = np.concatenate(([0], np.cumsum([len(value) for value in encoded]))).astype(np.int64)
    return offsets, np.frombuffer(b"".join(encoded), np.uint8)
