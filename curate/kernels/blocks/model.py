"""The trained model as arrays, and the probabilities it gives the blocks of a page."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numba import njit

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.context_features import context_features
from curate.kernels.blocks.features import block_features
from curate.kernels.blocks.measures import Measures, measure_blocks
from curate.kernels.blocks.smooth_groups import smooth_groups
from curate.kernels.blocks.trees import Trees, predict
from curate.kernels.blocks.words import short_words

ODDS_SCALE = 32.0
"""Log odds are stored as int8, in steps of 1 / ODDS_SCALE of a natural logarithm."""


class Model(NamedTuple):
    """Three ensembles of trees and two tables of log odds.

    Args:
        first: the probability of main text, from the features of a block.
        second: the same, from these features and the first-stage probabilities of the blocks around.
        comments: the probability that a block is a reader's comment, from the same input as `second`.
        token_odds: int8[2**k], log odds of classes and ids, indexed by the low bits of their hash.
        word_odds: int8[2**k], log odds of the words of short blocks.
    """

    first: Trees
    second: Trees
    comments: Trees
    token_odds: np.ndarray
    word_odds: np.ndarray


def load(path: Path) -> Model:
    """Read a model from the file that the training wrote."""
    with np.load(path) as stored:
        trees = [Trees(*(stored[f"{part}_{field}"] for field in Trees._fields)) for part in Model._fields[:3]]
        return Model(*trees, stored["token_odds"], stored["word_odds"])


def save(model: Model, path: Path) -> None:
    """Write a model to a file."""
    arrays = {
        f"{part}_{field}": getattr(getattr(model, part), field) for part in Model._fields[:3] for field in Trees._fields
    }
    np.savez_compressed(path, **arrays, token_odds=model.token_odds, word_odds=model.word_odds)


def features(t, token_odds: np.ndarray, word_odds: np.ndarray) -> tuple[np.ndarray, Measures]:
    """Compute the first-stage features of the blocks of a page, and the measures of the page.

    Args:
        t: `layout.Tables` after `read_blocks`.
        token_odds, word_odds: int8[2**k] each, as in `Model`.
    Returns:
        `(float32[n, N_FEATURES], Measures)`.
    """
    words, bounds, title = short_words(t)
    tokens = t.tokens[: t.state[at_.TOKENS]]
    measures = measure_blocks(t)
    odds = [look_up(word_odds, words), look_up(token_odds, tokens)]
    return block_features(t, measures, words, bounds, title, *odds), measures


@njit(cache=True, nogil=True)
def look_up(table, hashes):
    """Return the log odds of hashes (uint32[n]) as float32[n]; `table` is int8[2**k]."""
    found, mask = np.empty(len(hashes), np.float32), np.uint32(len(table) - 1)
    for i in range(len(hashes)):
        found[i] = np.float32(table[hashes[i] & mask]) / np.float32(ODDS_SCALE)
    return found


def probabilities(t, model: Model) -> tuple[np.ndarray, np.ndarray, Measures]:
    """Compute for each block the probability that it is main text, and that it is a comment.

    Returns:
        `(main float32[n], comment float32[n], Measures)`.
    """
    first, measures = features(t, model.token_odds, model.word_odds)
    both = np.concatenate([first, context_features(t, measures, predict(model.first, first))], axis=1)
    main = smooth_groups(t, measures, predict(model.second, both))
    return main, predict(model.comments, both), measures
