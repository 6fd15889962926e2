"""Fit the two stages and the comment trees, and convert the trees of the trainer to complete ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from curate.kernels.blocks.context_features import context_features
from curate.kernels.blocks.measures import measure_blocks
from curate.kernels.blocks.model import Model
from curate.kernels.blocks.trees import Trees, predict
from examples.bundled_models.extraction.examples import TOKEN_BITS, WORD_BITS, Example, Odds, read, rows_of

INNER_FOLDS = 2
"""The second stage is trained on first-stage probabilities of pages that the first stage was not trained on."""


MOST_ROWS = 200
"""Most blocks of one page that are used in training; a list of 3,000 items teaches no more than a part of it."""


class Sizes(NamedTuple):
    """The sizes of the ensembles."""

    depth: int = 6
    first: int = 160
    second: int = 160
    comments: int = 30
    learning_rate: float = 0.07


def fold_of(site: str, n_folds: int, seed: int = 0) -> int:
    """Return the fold of a site; the same on every machine."""
    import hashlib

    return int.from_bytes(hashlib.sha256(f"{seed} {site}".encode()).digest()[:4], "big") % n_folds


def fit(examples: Sequence[Example], sizes: Sizes, seed: int = 0) -> Model:
    """Return a model trained on all examples."""
    token_odds, word_odds = Odds(examples, "tokens", TOKEN_BITS), Odds(examples, "words", WORD_BITS)
    rows = rows_of(examples, token_odds, word_odds)
    main = [example.labels.main for example in examples]
    weight = [_row_weight(example) for example in examples]
    _thin_out(weight, np.random.default_rng(seed))
    folds = np.array([fold_of(example.site, INNER_FOLDS, seed + 1) for example in examples])
    p: list[np.ndarray] = [np.zeros(0, np.float32)] * len(examples)
    for fold in range(INNER_FOLDS):
        inside = [i for i in range(len(examples)) if folds[i] != fold]
        trees = boost(*(_stack(part, inside) for part in (rows, main, weight)), sizes.first, sizes, seed)
        for i in np.flatnonzero(folds == fold):
            p[i] = predict(trees, rows[i])
    every = list(range(len(examples)))
    first = boost(*(_stack(part, every) for part in (rows, main, weight)), sizes.first, sizes, seed)
    for i, example in enumerate(examples):
        t = read(example.html)
        rows[i] = np.concatenate([rows[i], context_features(t, measure_blocks(t), p[i])], axis=1)
    x, w = _stack(rows, every), _stack(weight, every)
    second = boost(x, _stack(main, every), w, sizes.second, sizes, seed)
    comments = boost(x, _stack([e.labels.comment for e in examples], every), w, sizes.comments, sizes, seed)
    return Model(first, second, comments, token_odds.table(), word_odds.table())


def _thin_out(weight: list[np.ndarray], chance: np.random.Generator) -> None:
    """Set the weight of all but MOST_ROWS blocks of a large page to 0; training skips those."""
    for one in weight:
        if len(one) > MOST_ROWS:
            is_kept = np.zeros(len(one), bool)
            is_kept[chance.permutation(len(one))[:MOST_ROWS]] = True
            one *= np.where(is_kept, len(one) / MOST_ROWS, 0).astype(np.float32)


def _stack(parts: Sequence[np.ndarray], which: Sequence[int]) -> np.ndarray:
    return np.concatenate([parts[i] for i in which])


def _row_weight(example: Example) -> np.ndarray:
    """Return the weights of blocks: the root of the width, scaled so that a page weighs the root of its sum."""
    weight = np.sqrt(np.minimum(example.width, 1000) + 10)
    return (example.labels.weight * weight / np.sqrt(weight.sum() + 1)).astype(np.float32)


def boost(x: np.ndarray, y: np.ndarray, weight: np.ndarray, n_trees: int, sizes: Sizes, seed: int = 0) -> Trees:
    """Return boosted trees for labels between 0 and 1.

    Args:
        x, y, weight: float32[n, m], float32[n] and float32[n].
        n_trees, sizes: the number of trees, and their depth.
    """
    import lightgbm

    x, y, weight = x[weight > 0], y[weight > 0], weight[weight > 0]
    data = lightgbm.Dataset(x, y, weight=weight, free_raw_data=True, params={"verbose": -1, "max_bin": 63})
    params = {
        "objective": "cross_entropy", "max_depth": sizes.depth, "num_leaves": 1 << sizes.depth, "verbose": -1,
        "learning_rate": sizes.learning_rate, "min_data_in_leaf": 60, "feature_fraction": 0.3, "bagging_fraction": 0.8,
        "bagging_freq": 1, "lambda_l2": 5.0, "num_threads": 1, "seed": seed, "deterministic": True, "force_row_wise": True,
        "max_bin": 63,
    }  # fmt: skip
    return complete_trees(lightgbm.train(params, data, n_trees).dump_model()["tree_info"], sizes.depth)


def complete_trees(dumped: Sequence[dict], depth: int) -> Trees:
    """Return the trees of the trainer with every leaf at the same depth; the sums of leaves are exactly the same.

    Thresholds are rounded down to float32: a float32 value is at most the original threshold exactly if it is at most the
    rounded one.
    """
    n, inner = len(dumped), (1 << depth) - 1
    trees = Trees(
        np.zeros((n, inner), np.uint16), np.full((n, inner), np.inf, np.float32), np.zeros((n, inner + 1), np.float32)
    )
    for k, tree in enumerate(dumped):
        _fill(trees, k, tree["tree_structure"], 0)
    return trees


def _fill(trees: Trees, k: int, node: dict, place: int) -> None:
    inner = trees.feature.shape[1]
    if place >= inner:
        trees.leaf[k, place - inner] = node["leaf_value"]
        return
    if "leaf_value" in node:  # a leaf above the last level: all leaves below it have its value
        _fill(trees, k, node, 2 * place + 1), _fill(trees, k, node, 2 * place + 2)
        return
    exact = node["threshold"]
    threshold = np.float32(exact)
    trees.feature[k, place] = node["split_feature"]
    trees.threshold[k, place] = threshold if float(threshold) <= exact else np.nextafter(threshold, np.float32(-np.inf))
    _fill(trees, k, node["left_child"], 2 * place + 1)
    _fill(trees, k, node["right_child"], 2 * place + 2)
