"""Pages as training examples, and tables of log odds of class names and words, counted by site.

A site counts once for each class or word, with the share of its text there that is main text, so a large site does
not dominate the table. The site of a page is left out of the odds for its own features; otherwise the table would
reveal to the trees the labels that they are to learn.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.layout import Tables, make_tables, with_page
from curate.kernels.blocks.measures import measure_blocks
from curate.kernels.blocks.model import ODDS_SCALE, features
from curate.kernels.blocks.read import read_blocks
from curate.kernels.blocks.words import short_words
from curate.kernels.characters import classes
from examples.bundled_models.extraction.labels import Labels
from examples.bundled_models.extraction.made import COMMENT, MAIN, Made
from examples.bundled_models.extraction.transfer import transfer

TOKEN_BITS, WORD_BITS = 14, 15
PRIOR, STRENGTH = 0.35, 3.0
"""Before any site is counted: the share of main text, and the number of sites that this prior weighs."""

MIN_SITES = 3
"""A class or word of fewer sites has no odds."""


MADE_WEIGHT = 1.0
"""The weight of a block of a generated page; a block with votes has the same."""


class Example(NamedTuple):
    """A page ready for training."""

    site: str
    html: bytes
    labels: Labels
    width: np.ndarray  # float32[n], widths of the blocks
    tokens: tuple[np.ndarray, np.ndarray]  # for classes: the bucket, and the site's share of main text
    words: tuple[np.ndarray, np.ndarray]  # the same for words


_TABLES: list[Tables] = []


def read(html: bytes) -> Tables | None:
    """Return the tables of a page, valid until the next page is read; None if the page does not fit."""
    if not _TABLES:
        _TABLES.append(make_tables(classes()))
    t = with_page(_TABLES[0], html)
    return t if read_blocks(t) >= 0 else None


def block_texts(t: Tables) -> list[str]:
    """Return the texts of the blocks."""
    text = t.text.tobytes()
    return [text[s:e].decode("utf-8") for s, e in t.blocks[: t.state[at_.BLOCKS], [at_.START, at_.END]].tolist()]


def make_example(site: str, html: bytes, t: Tables, labels: Labels) -> Example:
    """Return the example for the page that was just read."""
    width = measure_blocks(t).width.copy()
    return Example(site, html, labels, width, _token_shares(t, labels, width), _word_shares(t, labels))


def made_example(made: Made) -> Example:
    """Return the example for a generated page."""
    marked = block_texts(read(made.marked.encode()))
    main = np.array([MAIN in block for block in marked], np.float32)
    comment = np.array([COMMENT in block for block in marked], np.float32)
    page = made.page.html.encode()
    return make_example(
        made.page.site, page, read(page), Labels(main, np.full(len(main), MADE_WEIGHT, np.float32), comment)
    )


def moved_example(example: Example, script: str) -> Example | None:
    """Return an example with its words in another script; None if that changed the blocks."""
    page = transfer(example.html.decode(), script).encode()
    t = read(page)
    if t is None or t.state[at_.BLOCKS] != len(example.width):
        return None
    return make_example(example.site, page, t, example.labels)


def _token_shares(t: Tables, labels: Labels, width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    mass = np.concatenate([[0], np.cumsum(width)])
    main = np.concatenate([[0], np.cumsum(width * labels.main)])
    buckets, shares = [], []
    for element in t.elements[: t.state[at_.ELEMENTS]].tolist():
        first, end = element[at_.FIRST_BLOCK], element[at_.END_BLOCK]
        total = mass[end] - mass[first]
        if total <= 0:
            continue
        for token in t.tokens[element[at_.FIRST_TOKEN] : element[at_.END_TOKEN]].tolist():
            buckets.append(token & ((1 << TOKEN_BITS) - 1))
            shares.append((total, main[end] - main[first]))
    return _by_bucket(buckets, shares)


def _word_shares(t: Tables, labels: Labels) -> tuple[np.ndarray, np.ndarray]:
    hashes, bounds, _ = short_words(t)
    block = np.repeat(np.arange(len(bounds) - 1), np.diff(bounds))
    buckets = (hashes & np.uint32((1 << WORD_BITS) - 1)).tolist()
    return _by_bucket(buckets, [(1.0, main) for main in labels.main[block].tolist()])


def _by_bucket(buckets: list[int], shares: list[tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    if not buckets:
        return np.zeros(0, np.int64), np.zeros((0, 2))
    unique, inverse = np.unique(np.array(buckets), return_inverse=True)
    sums = np.zeros((len(unique), 2))
    np.add.at(sums, inverse, np.array(shares))
    return unique, sums


class Odds:
    """Tables of log odds from examples, with or without one site."""

    def __init__(self, examples: Sequence[Example], kind: str, bits: int):
        self.n_sites, self.main, self.own = np.zeros(1 << bits), np.zeros(1 << bits), {}
        by_site: dict[str, list] = {}
        for example in examples:
            by_site.setdefault(example.site, []).append(getattr(example, kind))
        for site, parts in by_site.items():
            sums = np.zeros((1 << bits, 2))
            for buckets, values in parts:
                sums[buckets] += values
            buckets = np.flatnonzero(sums[:, 0])
            share = sums[buckets, 1] / sums[buckets, 0]
            self.n_sites[buckets] += 1
            self.main[buckets] += share
            self.own[site] = buckets, share

    def table(self, without: str | None = None) -> np.ndarray:
        """Return the log odds as int8, as in the model; the site `without` is left out."""
        n, main = self.n_sites, self.main
        if without in self.own:
            buckets, share = self.own[without]
            n, main = n.copy(), main.copy()
            n[buckets] -= 1
            main[buckets] -= share
        odds = np.log((main + STRENGTH * PRIOR) / (n - main + STRENGTH * (1 - PRIOR))) - np.log(PRIOR / (1 - PRIOR))
        odds = np.where(n >= MIN_SITES, odds, 0)
        return np.clip(np.round(odds * ODDS_SCALE), -127, 127).astype(np.int8)


def rows_of(examples: Iterable[Example], token_odds: Odds, word_odds: Odds) -> list[np.ndarray]:
    """Return the first-stage features of each example; its own site is left out of the odds."""
    found, tables = [], {}
    for example in examples:
        if example.site not in tables:
            tables = {example.site: (token_odds.table(example.site), word_odds.table(example.site))}
        t = read(example.html)
        found.append(features(t, *tables[example.site])[0])
    return found
