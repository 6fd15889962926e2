"""Label each block of a page as main text or not: from the marks of people, and elsewhere from votes of the teachers.

* A block that contains a gold segment, or is contained in one, is certain: 1 for segments to keep, 0 for those to drop.
* If the whole main text of a page is known, the label of a block is the share of its 4-grams that occur in it.
* All other labels are weighted votes of the teachers; the vote is the share of the 4-grams of the block that a teacher
  keeps. Votes close to 0 or 1 are moved closer; blocks on which all agree are exactly 0 or 1.

Blocks of fewer than four words are compared with whole lines, because `Share` occurs somewhere in every text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from examples.bundled_models.extraction.pages import Page

VOTES = {"trafilatura": 1.0, "trafilatura_precision": 1.0, "readability": 0.8, "resiliparse": 0.5, "justext": 0.4}
"""The weight of the vote of each teacher."""

GOLD_WEIGHT = 10.0
"""The weight of a block with a gold label, relative to one with votes."""

WHOLE_WEIGHT = 5.0
"""The same on pages whose whole main text is known."""

_TOKEN = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+")
_CUT = re.compile(r"[\u00ad\u200b\ufeff]")


class Labels(NamedTuple):
    """The labels of the n blocks of a page, and how much they weigh."""

    main: np.ndarray  # float32[n], 0 to 1
    weight: np.ndarray  # float32[n]
    comment: np.ndarray  # float32[n], 0 to 1


def tokens(text: str) -> list[str]:
    """Return the lower-cased words of a text; in scripts without spaces its characters."""
    return _TOKEN.findall(_CUT.sub("", text).lower())


def flat(text: str) -> str:
    """Return a text with single spaces, composed characters (NFC) and without soft hyphens and the like."""
    return " ".join(unicodedata.normalize("NFC", _CUT.sub("", text)).split())


class Text:
    """A text in which blocks are looked up."""

    def __init__(self, text: str):
        words = tokens(text)
        self.grams = set(zip(words, words[1:], words[2:], words[3:], strict=False))
        self.lines = {tuple(found) for line in text.split("\n") if (found := tokens(line))}
        self.flat = " " + " ".join(words) + " "

    def share(self, words: list[str]) -> float:
        """Return how much of a block occurs in the text, 0 to 1."""
        if len(words) >= 4:
            grams = list(zip(words, words[1:], words[2:], words[3:], strict=False))
            return sum(gram in self.grams for gram in grams) / len(grams)
        if tuple(words) in self.lines:
            return 1.0
        return 0.5 if len(words) == 3 and f" {' '.join(words)} " in self.flat else 0.0


def label(page: Page, blocks: list[str], answers: Mapping[str, str]) -> Labels:
    """Return the labels of the blocks of a page.

    Args:
        page: the page with its gold.
        blocks: the texts of its blocks.
        answers: the text that each teacher keeps.
    """
    words = [tokens(block) for block in blocks]
    main, weight = _votes(words, answers)
    comments = Text(answers.get("trafilatura_comments", ""))
    comment = np.array([comments.share(w) for w in words], np.float32)
    if page.text is not None:
        whole = Text(page.text)
        main = np.array([whole.share(w) for w in words], np.float32)
        weight = np.full(len(blocks), WHOLE_WEIGHT, np.float32)
    kept, dropped = _covered(blocks, page.keep), _covered(blocks, page.drop)
    main[kept & ~dropped], main[dropped & ~kept] = 1.0, 0.0
    weight[kept ^ dropped] = GOLD_WEIGHT
    comment[kept] = 0.0
    return Labels(main, weight, comment)


def _votes(words: list[list[str]], answers: Mapping[str, str]) -> tuple[np.ndarray, np.ndarray]:
    total, most = np.zeros(len(words), np.float32), 1e-6
    for teacher, vote in VOTES.items():
        if len(answers.get(teacher, "")) < 50:
            continue
        text = Text(answers[teacher])
        total += vote * np.array([text.share(w) for w in words], np.float32)
        most += vote
    share = total / most
    sharpened = share**2 / (share**2 + (1 - share) ** 2)
    return sharpened.astype(np.float32), (0.3 + 0.7 * np.abs(2 * sharpened - 1)).astype(np.float32)


def _covered(blocks: list[str], segments: Iterable[str]) -> np.ndarray:
    """Return which blocks a segment covers, wherever it occurs: at least half of the block or of the segment."""
    texts = [flat(block) for block in blocks]
    starts = np.cumsum([0, *(len(text) + 1 for text in texts)])
    page, found = " ".join(texts), np.zeros(len(blocks), bool)
    for segment in map(flat, segments):
        at = page.find(segment) if segment else -1
        while at >= 0:
            end = at + len(segment)
            first = int(np.searchsorted(starts, at, "right")) - 1
            for i in range(first, len(blocks)):
                if starts[i] >= end:
                    break
                common = min(end, starts[i] + len(texts[i])) - max(at, starts[i])
                found[i] |= common > 0 and 2 * common >= min(len(texts[i]), len(segment))
            at = page.find(segment, at + 1)
    return found
