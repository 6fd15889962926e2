"""A probe: parts of the input, drawn at random from all of it, from which the cost of a run is estimated.

The input is divided into cells of about `CELL_BYTES`; a file that cannot be entered in the middle is one cell, as is a row group
of parquet. Cells are drawn with equal chances, and dealt into groups, each of which is spread over the whole input. What differs between groups
says how far the estimate may be off (random groups: Wolter, Introduction to Variance Estimation, chapter 2).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from curate import formats
from curate.formats import Format
from curate.stage import Shard, Split

CELL_BYTES = 64 << 10
"""Stored bytes of a cell, about."""

GROUPS = 16
"""Groups of cells, of all inputs together, at least `FEWEST` of each."""

FEWEST = 4

MOST_BYTES = 256 << 20
"""Fewer cells are drawn if these are so large that together they would be more than this, but not fewer than `FEWEST`."""

MOST_LOOKED_INTO = 64
"""Of files that have to be opened to know their cells, no more than so many are; spread evenly over all."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a probe reads of one input.

    Args:
        input: its name.
        shards: a group of cells each; the probe's shards of all inputs are numbered in the order of the inputs.
        read_bytes, all_bytes: stored bytes that they have, and that the input has.
        is_all: whether the groups together are the whole input.
    """

    input: str
    shards: tuple[Shard, ...]
    read_bytes: int
    all_bytes: int
    is_all: bool


def draw(found: Sequence[Shard], n_cells: int, seed: int, kinds: Sequence[Format]) -> list[Probe]:
    """Return what a probe reads of each input.

    Args:
        found: the shards of the whole run, with splits of files.
        n_cells: how many cells are drawn of all inputs together.
        seed: of the draw.
        kinds: the formats known; they say which files can be entered in the middle.
    """
    names = list(dict.fromkeys(shard.input for shard in found))
    n_groups = max(FEWEST, GROUPS // len(names))
    random = np.random.default_rng(seed)
    probes = []
    for name in names:
        splits = [split for shard in found if shard.input == name for split in shard.splits if split.end > split.start]
        probes.append(_of_input(name, splits, max(n_groups, n_cells // len(names)), n_groups, random, kinds))
    total = sum(len(probe.shards) for probe in probes)
    start = 0
    for k, probe in enumerate(probes):
        numbered = [replace(shard, index=start + i, n_shards=total) for i, shard in enumerate(probe.shards)]
        probes[k] = replace(probe, shards=tuple(numbered))
        start += len(numbered)
    return probes


def _of_input(
    name: str,
    splits: Sequence[Split],
    n: int,
    n_groups: int,
    random: np.random.Generator,
    kinds: Sequence[Format],
) -> Probe:
    n_bytes = sum(split.end - split.start for split in splits)
    looked = [split for split in splits if not _is_cut_anywhere(split, kinds)]
    step = -(-len(looked) // MOST_LOOKED_INTO) or 1
    splits = [part for split in looked[::step] for part in _inside(split, kinds)] + [
        split for split in splits if _is_cut_anywhere(split, kinds)
    ]
    counts = np.array([_n_cells(split, kinds) for split in splits], np.int64)
    ends = np.cumsum(counts)
    n_all = int(ends[-1]) if len(ends) else 0
    size = sum(split.end - split.start for split in splits) / max(1, n_all)
    n = max(FEWEST, min(n, int(MOST_BYTES / max(1.0, size))))
    drawn = range(n_all) if n >= n_all else _spread(n, n_all, random)
    groups: list[list[Split]] = [[] for _ in range(min(n_groups, len(drawn)))]
    for i, cell in enumerate(drawn):
        at = int(np.searchsorted(ends, cell, side="right"))
        groups[i % len(groups)].append(_cell(splits[at], cell - int(ends[at] - counts[at]), int(counts[at])))
    shards = tuple(Shard(k, len(groups), tuple(group), input=name) for k, group in enumerate(groups))
    read = sum(split.end - split.start for group in groups for split in group)
    return Probe(name, shards, read, n_bytes, read == n_bytes)


def _spread(n: int, n_all: int, random: np.random.Generator) -> list[int]:
    """Return n of the numbers below n_all: one of each of n equal parts, by chance."""
    bounds = np.linspace(0, n_all, n + 1)
    return sorted({int(at) for at in bounds[:-1] + random.random(n) * np.diff(bounds)})


def _n_cells(split: Split, kinds: Sequence[Format]) -> int:
    kind = formats.of_file(split.name, kinds)
    is_entered = kind is not None and kind.is_splittable(split.name) and kind.is_cut_anywhere
    return max(1, round((split.end - split.start) / CELL_BYTES)) if is_entered else 1


def _is_cut_anywhere(split: Split, kinds: Sequence[Format]) -> bool:
    kind = formats.of_file(split.name, kinds)
    return kind is None or kind.is_cut_anywhere or not kind.is_splittable(split.name)


def _inside(split: Split, kinds: Sequence[Format]) -> Iterator[Split]:
    """Yield the parts of a split of a file that has to be opened to know where it can be cut."""
    bounds = formats.of_file(split.name, kinds).bounds(split.url, split.size, max(1, split.size // CELL_BYTES))
    inside = [split.start, *(at for at in bounds if split.start < at < split.end), split.end]
    yield from (replace(split, start=start, end=end) for start, end in itertools.pairwise(inside))


def _cell(split: Split, k: int, n: int) -> Split:
    """Return the k-th of n parts of a split."""
    size = split.end - split.start
    return replace(split, start=split.start + size * k // n, end=split.start + size * (k + 1) // n)
