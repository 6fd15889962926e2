"""Cross-validation by site: every page is scored by a model that has seen no page of its site."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from curate.kernels.blocks.model import Model, probabilities
from curate.kernels.blocks.select_blocks import select_blocks
from examples.bundled_models.extraction.examples import Example, read
from examples.bundled_models.extraction.fit import Sizes, fit, fold_of
from examples.bundled_models.extraction.pages import Page
from examples.bundled_models.extraction.scores import gram_score, segment_score


class Held(NamedTuple):
    """Predictions for the blocks of a page by a model that was not trained on its site."""

    main: np.ndarray  # float32[n]
    comment: np.ndarray  # float32[n]
    width: np.ndarray  # float32[n]


def cross_validate(
    examples: Sequence[Example], extra: Sequence[Example], sizes: Sizes, n_folds: int, say: Callable[[str], None]
) -> list[Held]:
    """Return the held-out probabilities of each example, in order.

    Args:
        examples: the pages to score. A page whose labels have weight 0 is never trained on.
        extra: pages that are only trained on; those of a held-out site are held out too.
        sizes, n_folds: the size of the model; the number of parts into which the sites are split.
        say: called with a message after each fold.
    """
    found: list[Held | None] = [None] * len(examples)
    trained = [e for e in (*examples, *extra) if e.labels.weight.any()]
    for fold in range(n_folds):
        model = fit([e for e in trained if fold_of(e.site, n_folds) != fold], sizes)
        for i, example in enumerate(examples):
            if fold_of(example.site, n_folds) == fold:
                found[i] = hold(example, model)
        say(f"fold {fold + 1} of {n_folds}")
    return found


def hold(example: Example, model: Model) -> Held:
    """Return the predictions of a model for a page."""
    main, comment, measures = probabilities(read(example.html), model)
    return Held(main, comment, measures.width.copy())


def kept_texts(
    held: Sequence[Held], blocks: Sequence[Sequence[str]], beta_squared: float, least: float, most: float
) -> list[str]:
    """Return the text that would be kept of each page."""
    texts = []
    for one, parts in zip(held, blocks, strict=True):
        main = np.where((one.comment > 0.5) & (one.comment > one.main), np.float32(0), one.main).astype(np.float32)
        kept, _ = select_blocks(main, one.width, beta_squared, least, most)
        texts.append("\n".join(part for part, is_kept in zip(parts, kept, strict=True) if is_kept))
    return texts


def score(pages: Sequence[Page], texts: Sequence[str]) -> float:
    """Return F over marked segments, or F1 over 4-grams where the whole text is known."""
    if pages[0].text is None:
        return segment_score(pages, texts)[2]
    return gram_score([page.text for page in pages], texts)[2]


def table(pages: Sequence[Page], texts: Mapping[str, Sequence[str]], by: Callable[[Page], str]) -> Iterator[str]:
    """Yield a Markdown table: a row for each group of pages, a column for each extractor.

    Args:
        pages: pages with gold; within a group all of the same sort (segments or whole text).
        texts: the texts that each extractor returns for them.
        by: returns the group of a page.
    """
    yield f"| pages | n | {' | '.join(texts)} |"
    yield f"|---|---|{'---|' * len(texts)}"
    for group in dict.fromkeys(map(by, pages)):
        which = [i for i, page in enumerate(pages) if by(page) == group]
        found = (score([pages[i] for i in which], [text[i] for i in which]) for text in texts.values())
        yield f"| {group} | {len(which)} | {' | '.join(f'{value:.4f}' for value in found)} |"
