"""Score extracted text: F over marked segments, F1 over bags of 4-grams."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from examples.bundled_models.extraction.labels import flat, tokens
from examples.bundled_models.extraction.pages import Page


def segment_score(pages: Sequence[Page], texts: Sequence[str]) -> tuple[float, float, float]:
    """Return precision (gold among all segments kept), recall (gold segments kept) and F over all marked segments.

    White space, soft hyphens and the Unicode composition of characters are ignored.
    """
    kept = wrong = missed = 0
    for page, text in zip(pages, texts, strict=True):
        found = flat(text)
        n = sum(flat(segment) in found for segment in page.keep)
        kept, missed = kept + n, missed + len(page.keep) - n
        wrong += sum(flat(segment) in found for segment in page.drop)
    p, r = kept / max(kept + wrong, 1), kept / max(kept + missed, 1)
    return p, r, 2 * p * r / max(p + r, 1e-9)


def gram_score(gold: Sequence[str], texts: Sequence[str]) -> tuple[float, float, float]:
    """Return precision and recall over bags of 4-grams, each the mean over pages, and the F1 of the two means."""
    pairs = [page_score(expected, text) for expected, text in zip(gold, texts, strict=True)]
    p, r = (sum(values) / max(len(pairs), 1) for values in zip(*pairs, strict=True))
    return p, r, 2 * p * r / max(p + r, 1e-9)


def page_score(gold: str, text: str) -> tuple[float, float]:
    """Return precision and recall over the bag of 4-grams of one page; in scripts without spaces, of characters."""
    expected, found = _grams(gold), _grams(text)
    common = (expected & found).total()
    return common / max(found.total(), 1), common / max(expected.total(), 1)


def _grams(text: str) -> Counter:
    words = tokens(text)
    return Counter(zip(words, words[1:], words[2:], words[3:], strict=False)) or Counter([tuple(words)])
