"""The block extractor: bytes, blocks, features, trees, text. In this process: its kernels are linear and checked.

A page is read once (`kernels.blocks.read`), each block gets the probability that it is main text and that it is a
reader's comment, and the blocks are kept that make the expected F of the page largest. That F is the page's
confidence. The model file says what it was trained on; its card is beside it in `curate/models`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Literal

import numpy as np

from curate import kernels
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
from curate.stages.extract.metadata import Metadata, read_metadata
from curate.stages.extract.render import render

Form = Literal["text", "markdown"]

MODEL = "extraction.npz"
MODEL_SHA256 = "e85ea20b641b357d2cdccf6c91b082d4d3047cb7c272dbf3b9a0a968ff4bb4ba"
"""The digest of the model file. It is code, so that another model makes other fingerprints and nothing is reused."""

BETAS: Mapping[str, float] = {"balance": BETA_SQUARED, "precision": 0.15, "recall": 2.0}
"""What the expected F weighs recall with, squared, for each `favor`."""

COMMENT, WANTED_COMMENT = 0.5, 0.08
"""The probability from which a block is left out as a reader's comment, or kept as one where they are wanted. Of the blocks
that trafilatura takes for comments on pages of unseen sites half are found at 0.5 (nine of ten found are such), three
quarters at 0.08 (two of three)."""

_FIGCAPTION, _CAPTION = tag("figcaption"), tag("caption")
_CAPTION_BIT, _BYLINE_BITS = np.uint64(bit_of("caption")), np.uint64(bit_of("byline") | bit_of("date"))


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of a page may be in its text. False leaves them out; true leaves it to the model, but comments in."""

    title: bool = True
    byline: bool = True
    captions: bool = True
    comments: bool = False
    tables: bool = True


@dataclass(frozen=True, slots=True)
class Found:
    """What the block extractor found on a page.

    Args:
        text: empty if there is no main text.
        confidence: the F that is to be expected of the kept blocks, 0 to 1.
        metadata: what the page states about itself.
        full: if the page does not fit: the defect and the limit.
    """

    text: str
    confidence: float
    metadata: Metadata = field(default_factory=Metadata)
    full: tuple[str, int] | None = None


class BlockExtractor:
    """Extracts pages one after another.

    Args:
        favor: `balance`, `precision` or `recall`.
        form: `text` or `markdown`.
        parts: what may be in the text.
    """

    def __init__(self, favor: str, form: Form, parts: Parts):
        self.beta_squared = BETAS[favor]
        self.form = form
        self.parts = parts
        self.model = load(files("curate.models") / MODEL)
        self.tables = make_tables(classes())
        with kernels.compiling("blocks"):
            self.extract(b"<p>A page.", None, FAR_FUTURE)

    def extract(self, page: bytes, url: str | None, crawl_date: str) -> Found:
        """Return the main text of a page in UTF-8 and what it says about itself."""
        t = with_page(self.tables, page)
        if read_blocks(t) < 0:
            return Found("", 0.0, full=LIMITS[int(t.state[at_.FULL])])
        metadata = read_metadata(page, _statements(t), url, crawl_date)
        if not t.state[at_.BLOCKS]:
            return Found("", 0.0, metadata)
        main, comment, measures = probabilities(t, self.model)
        kept, confidence = self._choose(t, main, comment, measures)
        return Found(render(t, np.flatnonzero(kept), self.form), float(confidence), metadata)

    def _choose(self, t: Tables, main: np.ndarray, comment: np.ndarray, measures: Measures) -> tuple[np.ndarray, float]:
        least = WANTED_COMMENT if self.parts.comments else COMMENT
        is_comment = (comment > least) & (comment > main)
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
    """Return which blocks are the page's main heading: the first of level one. bool[n]"""
    is_title = np.zeros(t.state[at_.BLOCKS], bool)
    is_title[np.flatnonzero(t.blocks[: len(is_title), at_.HEADING] == 1)[:1]] = True
    return is_title


def _is_byline(t: Tables, measures: Measures) -> np.ndarray:
    """Return which blocks are short and in, or around, something whose class says author or date. bool[n]"""
    n = int(t.state[at_.BLOCKS])
    inside = ((_own_groups(t) | t.inner[:n]) & _BYLINE_BITS) != 0
    return inside & (measures.width < LONG) & (t.blocks[:n, at_.HEADING] == 0)


def _is_caption(t: Tables, measures: Measures) -> np.ndarray:
    """Return which blocks are the caption of a figure or table. bool[n]"""
    n = int(t.state[at_.BLOCKS])
    element = t.blocks[:n, at_.ELEMENT]
    own_tag = np.where(element >= 0, t.elements[element, at_.TAG], 0)
    parent = np.where(element >= 0, t.elements[element, at_.PARENT], -1)
    parent_tag = np.where(parent >= 0, t.elements[parent, at_.TAG], 0)
    is_tagged = np.isin(own_tag, (_FIGCAPTION, _CAPTION)) | np.isin(parent_tag, (_FIGCAPTION, _CAPTION))
    return is_tagged | ((_own_groups(t) & _CAPTION_BIT) != 0) & (measures.width < 3 * LONG)


def _is_cell(t: Tables, measures: Measures) -> np.ndarray:
    """Return which blocks stand in a row of a table. bool[n]"""
    return t.blocks[: t.state[at_.BLOCKS], at_.ROW] >= 0


def _own_groups(t: Tables) -> np.ndarray:
    """Return the groups of the element each block stands in. uint64[n]"""
    element = t.blocks[: t.state[at_.BLOCKS], at_.ELEMENT]
    return np.where(element >= 0, t.groups[element], np.uint64(0))
