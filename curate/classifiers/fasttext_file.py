"""Check a fastText file before the library reads it: every count in it is compared with the bytes that follow.

Layout, little-endian: magic and version (int32); twelve int32 and a double of arguments; the dictionary (counts, then
a word, its frequency and its type for each entry, then pairs of pruned n-grams); whether the input is quantised, the
input matrix, whether the output is, the output matrix.
"""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

import numpy as np

from curate.errors import InputError

MAGIC, VERSIONS, SUPERVISED = 793712314, (11, 12), 3
"""Of fasttext.cc: FASTTEXT_FILEFORMAT_MAGIC_INT32, the versions of it, and `model_name::sup`."""

PREFIX, LABEL = "__label__", 1
"""With which labels begin, and how the dictionary marks them: `entry_type::label`."""

MOST_TIMES = 10**15
"""fastText's hierarchical softmax uses this as infinity; larger or negative counts make it read outside its tree."""


class _Walk:
    """A position in the file that only moves forward, and never past the end."""

    def __init__(self, data: mmap.mmap):
        self.data = data
        self.at = 0

    def take(self, layout: str) -> tuple:
        layout = f"<{layout}"
        start = self.skip(struct.calcsize(layout))
        return struct.unpack_from(layout, self.data, start)

    def skip(self, n: int) -> int:
        """Move forward by n bytes and return where they begin."""
        if n < 0 or self.at + n > len(self.data):
            raise _Damaged(f"it ends at byte {len(self.data):,}, where at least {self.at + max(n, 0):,} are expected")
        start, self.at = self.at, self.at + n
        return start

    def word(self) -> bytes:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise _Damaged("its dictionary has no end")
        word, self.at = self.data[self.at : end], end + 1
        return word


class _Damaged(Exception):
    pass


def has_magic(path: Path) -> bool:
    """Return whether a file begins as fastText's files do."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(4) == MAGIC.to_bytes(4, "little")


def check(path: str | Path) -> None:
    """Check that the fastText library can load a file without crashing.

    Raises:
        InputError: the file cannot be read, is cut off, is inconsistent, or does not contain a classifier.
    """
    try:
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _check(_Walk(data))
    except _Damaged as error:
        raise InputError(f"{path} is not a valid fastText model: {error}.  Copy it again, or train it again.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def labels(path: str | Path) -> tuple[str, ...]:
    """Return the labels of a classifier, without their prefix, in their order.

    Raises:
        InputError: as of `check`.
    """
    check(path)
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        walk = _Walk(data)
        walk.take("ii12id")
        size, *_ = walk.take("iiiqq")
        entries = [(walk.word(), walk.take("qb")[1]) for _ in range(size)]
    return tuple(word.decode("utf-8", "replace").removeprefix(PREFIX) for word, kind in entries if kind == LABEL)


def _check(walk: _Walk) -> None:
    magic, version = walk.take("ii")
    if magic != MAGIC or version not in VERSIONS:
        raise _Damaged(f"it begins with format {magic}, version {version}; expected format {MAGIC}, version 11 or 12")
    dim, _, _, _, _, n_grams, loss, kind, bucket, shortest, longest, _, _ = walk.take("12id")
    if kind != SUPERVISED:
        raise _Damaged("it contains word vectors, not a classifier")
    if not (
        0 < dim <= 1 << 16
        and 0 < n_grams <= 64
        and 1 <= loss <= 4
        and bucket >= 0
        and shortest >= 0
        and 0 <= longest <= 64
    ):
        raise _Damaged("its arguments are out of range")
    if bucket == 0 and (n_grams > 1 or longest > 0):
        raise _Damaged("it has n-grams, but no buckets to hash them into")
    n_words, n_labels, n_pruned = _dictionary(walk)
    is_quantised = _flag(walk)
    rows = n_words + (n_pruned if n_pruned >= 0 else bucket)
    if n_pruned >= 0 and not is_quantised:
        raise _Damaged("its dictionary is pruned, but its matrix is not")
    _matrix(walk, is_quantised, rows, dim, "input")
    _matrix(walk, _flag(walk) and is_quantised, n_labels, dim, "output")
    if walk.at != len(walk.data):
        raise _Damaged(f"{len(walk.data) - walk.at:,} bytes follow its end")


def _dictionary(walk: _Walk) -> tuple[int, int, int]:
    size, n_words, n_labels, _, n_pruned = walk.take("iiiqq")
    if not (n_words >= 0 and n_labels > 0 and size == n_words + n_labels and n_pruned >= -1):
        raise _Damaged(f"its dictionary counts {size} entries, {n_words} words and {n_labels} labels")
    seen, n_times = [0, 0], 0
    for _ in range(size):
        word = walk.word()
        count, kind = walk.take("qb")
        n_times += count
        if count < 0 or n_times >= MOST_TIMES:
            raise _Damaged(f"its dictionary counts an entry {count:,} times")
        if kind not in (0, 1) or not word or (kind == 0 and seen[1]):
            raise _Damaged("its dictionary has an entry that is neither word nor label")
        try:
            word.decode()
        except UnicodeDecodeError:
            if kind == 1:
                raise _Damaged("a label is not UTF-8") from None
        seen[kind] += 1
    if seen != [n_words, n_labels]:
        raise _Damaged(
            f"its dictionary should have {n_words} words and {n_labels} labels, but has {seen[0]} and {seen[1]}"
        )
    if n_pruned > 0:
        start = walk.skip(8 * n_pruned)
        pairs = np.frombuffer(walk.data[start : walk.at], np.int32).reshape(-1, 2)
        if (pairs[:, 1] < 0).any() or (pairs[:, 1] >= n_pruned).any():
            raise _Damaged("a pruned n-gram points outside the matrix")
    return n_words, n_labels, n_pruned


def _flag(walk: _Walk) -> bool:
    (value,) = walk.take("B")
    if value not in (0, 1):
        raise _Damaged("a byte that must be 0 or 1 is neither")
    return bool(value)


def _matrix(walk: _Walk, is_quantised: bool, rows: int, dim: int, which: str) -> None:
    has_norms = _flag(walk) if is_quantised else False
    m, n = walk.take("qq")
    if (m, n) != (rows, dim):
        raise _Damaged(f"its {which} matrix is {m} x {n}, expected {rows} x {dim}")
    if not is_quantised:
        walk.skip(4 * m * n)
        return
    (n_codes,) = walk.take("i")
    walk.skip(n_codes)
    n_parts = _quantiser(walk, n)
    if n_codes != m * n_parts:
        raise _Damaged(f"its {which} matrix has {n_codes} codes, expected {m * n_parts}")
    if has_norms:
        walk.skip(m)
        _quantiser(walk, 1)


def _quantiser(walk: _Walk, n: int) -> int:
    dim, n_parts, width, last = walk.take("4i")
    if dim != n or width < 1 or n_parts != -(-dim // width) or last != dim - (n_parts - 1) * width:
        raise _Damaged("its quantiser does not fit the matrix")
    walk.skip(4 * dim * 256)
    return n_parts
