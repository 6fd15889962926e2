"""How much each block of a page is main text: what people marked, and where they did not, what teachers keep.

* A block that a gold segment covers, or that covers one, is sure: 1 for segments to keep, 0 for those to drop.
* On pages whose whole main text is known, a block is as much main text as the share of its 4-grams found there.
* Everything else is a weighted vote of the teachers, each with the share of the block's 4-grams that it keeps. Votes
  near agreement are drawn to it; blocks on which all agree keep a hard label.

Blocks of fewer than four words are looked for as lines, because `Share` is somewhere in every text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from examples.bundled_models.extraction.pages import Page

VOTES = {"trafilatura": 1.0, "trafilatura_precision": 1.0, "readability": 0.8, "resiliparse": 0.5, "justext": 0.4}
"""How much each teacher's vote counts."""

GOLD_WEIGHT = 10.0
"""How much a block with a gold label counts, against one with votes."""

WHOLE_WEIGHT = 5.0
"""The same on pages whose whole main text is known."""

_TOKEN = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W_]+")
_CUT = re.compile(r"[\u00ad\u200b\ufeff]")


class Labels(NamedTuple):
    """What is known about the n blocks of a page."""

    main: np.ndarray  # float32[n], 0 to 1
    weight: np.ndarray  # float32[n]
    comment: np.ndarray  # float32[n], 0 to 1


def tokens(text: str) -> list[str]:
    """Return the lower-cased words of a text; in scripts without spaces its characters."""
    return _TOKEN.findall(_CUT.sub("", text).lower())


def flat(text: str) -> str:
    """Return a text with single spaces, composed characters (NFC) and without what only hyphenates."""
    return " ".join(unicodedata.normalize("NFC", _CUT.sub("", text)).split())


class Text:
    """A text that blocks are looked for in."""

    def __init__(self, text: str):
        words = tokens(text)
        self.grams = set(zip(words, words[1:], words[2:], words[3:], strict=False))
        self.lines = {tuple(found) for line in text.split("\n") if (found := tokens(line))}
        self.flat = " " + " ".join(words) + " "

    def share(self, words: list[str]) -> float:
        """Return how much of a block is in the text, 0 to 1."""
        if len(words) >= 4:
            grams = list(zip(words, words[1:], words[2:], words[3:], strict=False))
            return sum(gram in self.grams for gram in grams) / len(grams)
        if tuple(words) in self.lines:
            return 1.0
        return 0.5 if len(words) == 3 and f" {' '.join(words)} " in self.flat else 0.0


def label(page: Page, blocks: list[str], answers: Mapping[str, str]) -> Labels:
    """Return the labels of a page's blocks.

    Args:
        page: the page with its gold.
        blocks: the texts of its blocks.
        answers: what each teacher keeps.
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
    """Return which blocks a segment covers, wherever it occurs: half of the block, or half of the segment."""
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
