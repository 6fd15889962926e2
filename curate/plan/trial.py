"""A trial: a limited number of documents, spread over the whole input, in few shards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from curate import formats
from curate.formats import Format
from curate.stage import Shard, Split

DOCS_PER_SHARD = 1000
"""A trial has a shard for each of so many documents, at most as many as the whole run."""

PLACES = 32
"""In how many places of its input a shard of a trial reads at the same time, at most."""

PART_BYTES = 256 << 10
"""A file is not cut into smaller parts, to have a place in each of them."""


def shards(found: Sequence[Shard], limit: int, kinds: Sequence[Format]) -> list[Shard]:
    """Return the shards of a trial; each says how many documents it may have.

    Each has splits from all over the input, and what it reads from some it may read from others if these have too little.
    So a trial that fits into one shard has exactly as many documents as it may have, if they are there.

    Args:
        found: the shards of the whole run, with splits of files, or without them those of a datatrove reader.
        limit: documents of all shards together, more than 0; every input of a recipe has the same part of it.
        kinds: the formats known; they say which files can be entered in the middle.
    """
    names = list(dict.fromkeys(shard.input for shard in found))
    parts = [
        _of_input([shard for shard in found if shard.input == name], _share(limit, len(names), k), kinds)
        for k, name in enumerate(names)
    ]
    few = [shard for part in parts for shard in part]
    return [replace(shard, index=k, n_shards=len(few)) for k, shard in enumerate(few)]


def _of_input(found: Sequence[Shard], limit: int, kinds: Sequence[Format]) -> list[Shard]:
    if not limit:
        return []
    splits = [split for shard in found for split in shard.splits]
    if not splits:
        few = list(found[:limit])
        return [replace(shard, n_ranks=len(few), limit=_share(limit, len(few), k)) for k, shard in enumerate(few)]
    n = min(len(found), -(-limit // DOCS_PER_SHARD))
    parts = [part for split in splits for part in _parts(split, -(-PLACES * n // len(splits)), kinds)]
    order = _spread(len(parts))
    return [
        replace(
            found[k], limit=_share(limit, n, k),
            splits=tuple(parts[i] for i in _in_waves(order[k::n], places(_share(limit, n, k)))),
        )
        for k in range(n)
    ]  # fmt: skip


def places(limit: int) -> int:
    """Return from how many of its splits a shard reads at the same time, the first of them first."""
    return min(PLACES, limit)


def _share(limit: int, n: int, k: int) -> int:
    return limit // n + (k < limit % n)


def _parts(split: Split, n: int, kinds: Sequence[Format]) -> Iterator[Split]:
    """Yield up to n parts of a split, in which a reader can begin."""
    kind = formats.of_file(split.name, kinds)
    size = split.end - split.start
    n = min(n, size // PART_BYTES) if kind and kind.is_splittable(split.name) else 1
    for k in range(max(1, n)):
        start, end = (split.start + size * i // max(1, n) for i in (k, k + 1))
        yield replace(split, start=start, end=end)


def _spread(n: int) -> list[int]:
    """Return the numbers below n such that the first ones, however many, are spread evenly: 0, 4, 2, 6, 1, 5, 3, 7."""
    width = max(1, (n - 1).bit_length())
    return sorted(range(n), key=lambda i: f"{i:0{width}b}"[::-1])


def _in_waves(order: Sequence[int], n: int) -> Iterator[int]:
    """Yield the numbers such that those of each n that are read at the same time ascend."""
    for start in range(0, len(order), n):
        yield from sorted(order[start : start + n])
