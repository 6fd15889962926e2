"""Which documents of a data set are measured: a sample, random by place, without reading the rest.

Places are drawn over the bytes of all files (JSON Lines) or over their row groups (parquet), at equal distances from a random
start, so that an ordered data set is sampled evenly. In each place all documents that begin in a window of bytes are taken, or
some rows drawn at random: every document has the same chance, however long it is. Files that can only be read from their
beginning are read whole, and documents are drawn from the stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import fsspec
import numpy as np
from pyarrow import ArrowException, parquet

from curate import formats, inputs
from curate.errors import InputError
from curate.formats import JSONL, PARQUET
from curate.formats.parquet import row_groups
from curate.inputs import InputFile
from curate.stage import Split

PLACES = 256
"""In how many places a data set is looked at, at most."""

LEAST_PLACES = 16
"""In how many at least, if it has so many row groups."""

READ_BYTES = 512 << 20
"""About how much is read of a parquet data set whose row groups are large."""

PROBES, PROBE_BYTES = 8, 256 << 10
"""Where and how much is read of JSON Lines to see how long a document is."""

PART = 16 << 20
"""Bytes of a file that are one place if all documents are measured, about."""

MOST_FILES = 256
"""Parquet files whose footers are read, and files that are read whole, at most."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where documents are taken from.

    Args:
        splits: parts of files; all documents that begin there.
        rows: which of these are taken, by number, ascending; None for all.
    """

    splits: tuple[Split, ...]
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """Which documents are measured.

    Args:
        places: where they are.
        n_drawn: how many are drawn from what is in the places; 0 for all.
        is_everything: the places hold every document of the data set.
        n_documents: of the whole data set; None if that is not known. is_estimate: it is an estimate.
        how: how the documents were chosen, for readers.
        share: of all documents that the places are expected to hold, which says how many there are; 0 if `n_documents` does.
        is_each_drawn: each document was drawn by itself from all of them, or from each part of them its share.
    """

    places: tuple[Place, ...]
    n_drawn: int
    is_everything: bool
    n_documents: int | None
    is_estimate: bool
    how: str
    share: float = 0.0
    is_each_drawn: bool = False


def draw(files: Sequence[InputFile], n: int, seed: int) -> Sample:
    """Draw a sample of about n documents.

    Args:
        files: of the data set, all read by one source.
        n: more than 0.
        seed: of the generator of random numbers.

    Raises:
        InputError: a file cannot be read.
    """
    random = np.random.default_rng(seed)
    kinds = {formats.of_file(file.name) for file in files}
    if kinds == {PARQUET}:
        return _of_parquet(files, n, random)
    if kinds == {JSONL} and all(JSONL.is_splittable(file.name) for file in files):
        return _of_lines(files, n, random)
    return of_streams(files, n, random)


def everything(files: Sequence[InputFile]) -> Sample:
    """Return all documents of files, in places of about `PART` bytes."""
    places = tuple(Place((split,)) for shard in inputs.cut(files, PART) for split in shard.splits)
    return Sample(places, 0, True, None, False, f"all documents of {_of_files(len(files), len(files))}")


def of_streams(files: Sequence[InputFile], n: int, random: np.random.Generator) -> Sample:
    """Return a sample of files that are read from their beginning: n documents of all of them, or of some of many."""
    chosen = _some(files, random)
    how = f"drawn from all documents of {_of_files(len(chosen), len(files))}"
    places = tuple(Place((whole(file),)) for file in chosen)
    return Sample(places, n, len(chosen) == len(files), None, False, how, is_each_drawn=True)


def whole(file: InputFile) -> Split:
    """Return all of a file."""
    return Split(file.url, file.name, 0, file.size, file.size, file.source, file.mark, file.is_source_given)


def _of_files(n: int, n_all: int) -> str:
    files = "1 file" if n_all == 1 else f"{n_all:,} files"
    return files if n == n_all else f"{n:,} of {files}, chosen at random"


def _some(files: Sequence[InputFile], random: np.random.Generator) -> list[InputFile]:
    if len(files) <= MOST_FILES:
        return list(files)
    return [files[k] for k in sorted(random.choice(len(files), MOST_FILES, replace=False).tolist())]


def _spread(total: float, n: int, random: np.random.Generator) -> np.ndarray:
    """Return n numbers from 0 to total at equal distances, from a random start."""
    return (random.random() + np.arange(n)) * total / n


# ---------------------------------------------------------------------- parquet


def _of_parquet(files: Sequence[InputFile], n: int, random: np.random.Generator) -> Sample:
    looked = _some(files, random)
    with ThreadPoolExecutor(16) as pool:
        groups = [group for found in pool.map(_groups, looked) for group in found]
    rows = np.array([n_rows for _, n_rows, _ in groups], np.int64)
    is_all = len(looked) == len(files)
    share = sum(file.size for file in looked) / max(1, sum(file.size for file in files))
    n_documents = round(int(rows.sum()) / max(share, 1e-9))
    if n >= rows.sum():
        places = tuple(Place((split,)) for split, _, _ in groups)
        return Sample(
            places, 0, is_all, n_documents, not is_all, f"all documents of {_of_files(len(looked), len(files))}"
        )
    n_places = READ_BYTES * len(groups) // max(1, sum(size for _, _, size in groups))
    n_places = max(LEAST_PLACES, min(PLACES, n_places, n))
    is_each_drawn = is_all and len(groups) <= n_places
    if is_each_drawn:  # every row group gives its share of the documents
        taken = _hits(rows, n, random)
    else:
        taken = np.round(_hits(rows, n_places, random) * n / n_places).astype(np.int64)
    places = []
    for (split, n_rows, _), n_taken in zip(groups, taken.tolist(), strict=True):
        if n_taken:
            chosen = np.sort(random.choice(n_rows, min(n_rows, n_taken), replace=False))
            places.append(Place((split,), tuple(chosen.tolist())))
    how = f"random rows of {len(places):,} of {len(groups):,} row groups in {_of_files(len(looked), len(files))}"
    return Sample(tuple(places), 0, False, n_documents, not is_all, how, is_each_drawn=is_each_drawn)


def _hits(rows: np.ndarray, n: int, random: np.random.Generator) -> np.ndarray:
    """Return how many of n numbers at equal distances, from a random start, lie in each row group."""
    ends = np.cumsum(rows)
    return np.bincount(np.searchsorted(ends, _spread(ends[-1], n, random), "right"), minlength=len(rows))


def _groups(file: InputFile) -> list[tuple[Split, int, int]]:
    """Return the row groups of a file: a split that holds nothing else, rows, bytes."""
    try:
        with fsspec.open(file.url, "rb") as opened:
            found = row_groups(parquet.read_metadata(opened))
    except (ArrowException, OSError) as error:
        raise InputError(f"{file.url}: not a parquet file, or cut off: {error}") from None
    return [
        (replace(whole(file), start=start, end=start + 1), n_rows, end - start)
        for start, end, _, n_rows in found
        if n_rows
    ]


# ---------------------------------------------------------------------- JSON Lines


def _of_lines(files: Sequence[InputFile], n: int, random: np.random.Generator) -> Sample:
    starts = np.cumsum([0, *(file.size for file in files)])
    total = int(starts[-1])
    length = _mean_length(files, starts, random)
    if n * length >= total:
        places = tuple(Place((whole(file),)) for file in files)
        return Sample(places, 0, True, None, False, f"all documents of {_of_files(len(files), len(files))}")
    n_places = min(PLACES, n)
    width = max(1, round(n * length / n_places))
    places = tuple(
        Place(tuple(_parts(files, starts, int(at), int(at) + width))) for at in _spread(total, n_places, random)
    )
    how = f"all that begin in {n_places:,} random places of {_of_files(len(files), len(files))}"
    return Sample(places, 0, False, None, True, how, n_places * width / total)


def _mean_length(files: Sequence[InputFile], starts: np.ndarray, random: np.random.Generator) -> float:
    """Return about how many bytes a line has."""
    n_bytes = n_lines = 0
    for at in _spread(float(starts[-1]), PROBES, random):
        k = int(np.searchsorted(starts, at, "right")) - 1
        try:
            with fsspec.open(files[k].url, "rb") as file:
                file.seek(int(at) - int(starts[k]))
                found = file.read(PROBE_BYTES)
        except OSError as error:
            raise InputError(f"{files[k].url}: cannot be read: {error.strerror or error}.  Check the file.") from error
        n_bytes, n_lines = n_bytes + len(found), n_lines + found.count(b"\n")
    return n_bytes / max(1, n_lines)


def _parts(files: Sequence[InputFile], starts: np.ndarray, start: int, end: int) -> list[Split]:
    """Return a window over the bytes of all files, one after the other; behind the last one it goes on with the first."""
    total = int(starts[-1])
    if end > total:
        return [*_parts(files, starts, start, total), *_parts(files, starts, 0, end - total)]
    first, last = (int(np.searchsorted(starts, at, side)) for at, side in ((start, "right"), (end, "left")))
    found = []
    for k in range(first - 1, last):
        low, high = max(start, int(starts[k])) - int(starts[k]), min(end, int(starts[k + 1])) - int(starts[k])
        if low < high:
            found.append(replace(whole(files[k]), start=low, end=high))
    return found
