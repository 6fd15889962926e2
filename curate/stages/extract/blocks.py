"""Extract the main text of a page by classifying its blocks with a tree model.

A page is parsed into blocks in one pass (`kernels.blocks.read`). The model predicts for each block the probability that
it is main text and the probability that it is a reader's comment. The extractor keeps the blocks that maximise the
expected F score of the page; that score is the confidence. The kernels take linear time and check their bounds, so no
child process is needed. The training data is described in the model file and in its card in `curate/models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

import numpy as np

from curate.kernels import cache
from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.groups import bit_of
from curate.kernels.blocks.layout import LIMITS, Tables, make_tables, with_page
from curate.kernels.blocks.measures import LONG, Measures
from curate.kernels.blocks.model import load, probabilities
from curate.kernels.blocks.read import read_blocks
from curate.kernels.blocks.select_blocks import BETA_SQUARED, LEAST, MOST, select_blocks
from curate.kernels.blocks.tags import PROPERTIES, tag
from curate.kernels.characters import classes
from curate.stages.extract.engines import FAR_FUTURE
from curate.stages.extract.metadata import NO_METADATA, Metadata, read_metadata
from curate.stages.extract.render import render

Form = Literal["text", "markdown"]

MODEL = "extraction.npz"
MODEL_SHA256 = "e85ea20b641b357d2cdccf6c91b082d4d3047cb7c272dbf3b9a0a968ff4bb4ba"
"""Digest of the model file. It is in the code, so that a new model changes the fingerprint and no result is reused."""

BETAS: Mapping[str, float] = {"balance": BETA_SQUARED, "precision": 0.15, "recall": 2.0}
"""`favor` -> the squared weight of recall (beta squared) in the expected F score."""

COMMENT, WANTED_COMMENT = 0.5, 0.08
"""Probability above which a block is treated as a comment: to remove comments, and to keep them. Of the blocks that
trafilatura labels as comments on pages of unseen sites, 0.5 finds half (precision nine in ten) and 0.08 finds three
quarters (precision two in three)."""

_FIGCAPTION, _CAPTION = tag("figcaption"), tag("caption")
_CAPTION_BIT, _BYLINE_BITS = np.uint64(bit_of("caption")), np.uint64(bit_of("byline") | bit_of("date"))


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of a page its text may contain.

    False removes a part. True lets the model decide; for comments, true keeps them.
    """

    title: bool = True
    byline: bool = True
    captions: bool = True
    comments: bool = False
    tables: bool = True


@dataclass(frozen=True, slots=True)
class Extraction:
    """The result of the block extractor for one page.

    Args:
        text: the main text; empty if there is none.
        confidence: the expected F score of the kept blocks, 0 to 1.
        metadata: what the page states about itself.
        exceeded: the drop reason and the limit, if the page exceeds a limit; else None.
    """

    text: str
    confidence: float
    metadata: Metadata = NO_METADATA
    exceeded: tuple[str, int] | None = None


class BlockExtractor:
    """Extracts the main text of single pages.

    Args:
        favor: `balance`, `precision` or `recall`.
        form: `text` or `markdown`.
        parts: the parts of a page that the text may contain.
    """

    def __init__(self, favor: str, form: Form, parts: Parts):
        self.beta_squared = BETAS[favor]
        self.form = form
        self.parts = parts
        self.model = load(files("curate.models") / MODEL)
        self.tables = make_tables(classes())
        with cache.compiling("blocks"):
            self.extract(b"<p>A page.", None, FAR_FUTURE)

    def extract(self, page: bytes, url: str | None, crawl_date: str) -> Extraction:
        """Return the main text and the metadata of a page.

        Args:
            page: the page in UTF-8.
            url: the URL of the page.
            crawl_date: ISO format; later dates are ignored.
        """
        t = with_page(self.tables, page)
        if read_blocks(t) < 0:
            return Extraction("", 0.0, exceeded=LIMITS[int(t.state[at_.FULL])])
        metadata = read_metadata(page, _statements(t), url, crawl_date)
        if not t.state[at_.BLOCKS]:
            return Extraction("", 0.0, metadata)
        main, comment, measures = probabilities(t, self.model)
        kept, confidence = self._choose(t, main, comment, measures)
        return Extraction(render(t, np.flatnonzero(kept), self.form), float(confidence), metadata)

    def _choose(self, t: Tables, main: np.ndarray, comment: np.ndarray, measures: Measures) -> tuple[np.ndarray, float]:
        min_probability = WANTED_COMMENT if self.parts.comments else COMMENT
        is_comment = (comment > min_probability) & (comment > main)
        p = np.where(is_comment, np.float32(self.parts.comments), main).astype(np.float32)
        kept, confidence = select_blocks(p, measures.width, self.beta_squared, LEAST, MOST)
        for is_wanted, is_part in (
            (self.parts.title, _is_title),
            (self.parts.byline, _is_byline),
            (self.parts.captions, _is_caption),
            (self.parts.tables, _is_cell),
        ):
            if not is_wanted:
                kept &= ~is_part(t, measures)
        return kept, confidence


def _statements(t: Tables) -> list[tuple[str, int, int]]:
    return [(PROPERTIES[about], start, end) for about, start, end in t.metadata[: t.state[at_.METADATA]].tolist()]


def _is_title(t: Tables, measures: Measures) -> np.ndarray:
    """Return the mask of the main heading: the first heading of level one. bool[n]"""
    is_title = np.zeros(t.state[at_.BLOCKS], bool)
    is_title[np.flatnonzero(t.blocks[: len(is_title), at_.HEADING] == 1)[:1]] = True
    return is_title


def _is_byline(t: Tables, measures: Measures) -> np.ndarray:
    """Return the mask of short blocks inside or around an element whose class indicates an author or a date. bool[n]"""
    n = int(t.state[at_.BLOCKS])
    inside = ((_own_groups(t) | t.inner[:n]) & _BYLINE_BITS) != 0
    return inside & (measures.width < LONG) & (t.blocks[:n, at_.HEADING] == 0)


def _is_caption(t: Tables, measures: Measures) -> np.ndarray:
    """Return the mask of captions of figures and tables. bool[n]"""
    n = int(t.state[at_.BLOCKS])
    element = t.blocks[:n, at_.ELEMENT]
    own_tag = np.where(element >= 0, t.elements[element, at_.TAG], 0)
    parent = np.where(element >= 0, t.elements[element, at_.PARENT], -1)
    parent_tag = np.where(parent >= 0, t.elements[parent, at_.TAG], 0)
    is_tagged = np.isin(own_tag, (_FIGCAPTION, _CAPTION)) | np.isin(parent_tag, (_FIGCAPTION, _CAPTION))
    return is_tagged | ((_own_groups(t) & _CAPTION_BIT) != 0) & (measures.width < 3 * LONG)


def _is_cell(t: Tables, measures: Measures) -> np.ndarray:
    """Return the mask of blocks in a table row. bool[n]"""
    return t.blocks[: t.state[at_.BLOCKS], at_.ROW] >= 0


def _own_groups(t: Tables) -> np.ndarray:
    """Return for each block the class groups of its element, as bits. uint64[n]"""
    element = t.blocks[: t.state[at_.BLOCKS], at_.ELEMENT]
    return np.where(element >= 0, t.groups[element], np.uint64(0))
