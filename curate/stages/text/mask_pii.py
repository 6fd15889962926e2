"""`text.mask_pii`: personal data and secrets give way to placeholders.

A kernel passes over the bytes of a batch and returns spots where something may stand; only there are patterns tried,
so that a text without such spots costs one look at each byte, and one without finds keeps its buffer.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import groupby
from typing import Literal

import numpy as np
import pyarrow as pa

from curate.batch import Batch
from curate.kernels import spots
from curate.stages.text import _pii_addresses, _pii_keys, _pii_numbers, _pii_phones
from curate.stages.text._pii import Finder

Type = Literal["email", "phone", "ip_address", "card", "iban", "national_id", "key"]
TYPES: tuple[Type, ...] = ("email", "phone", "ip_address", "card", "iban", "national_id", "key")

FINDERS = (*_pii_keys.FINDERS, *_pii_numbers.FINDERS, *_pii_addresses.FINDERS, *_pii_phones.FINDERS)
"""All there is to find. Where finds overlap, that of the finder which stands first is taken."""


def mask_pii(batch: Batch, *, types: list[Type] = list(TYPES)) -> Batch:  # noqa: B006
    """Replace personal data and secrets by placeholders such as <EMAIL>."""
    offsets, data = batch.text_buffers()
    finders = [finder for finder in FINDERS if finder.type in types]
    covers, count = find_pii(offsets, data, finders)
    found = np.bincount(covers[:, 2], minlength=len(TYPES))
    batch = batch.with_columns({"pii_count": pa.array(count, pa.int32())})
    if len(covers):
        offsets, data = spots.cover(offsets, data, covers, *_placeholders())
        batch = batch.with_text(pa.LargeStringArray.from_buffers(len(batch), pa.py_buffer(offsets), pa.py_buffer(data)))
    return batch.counted({f"pii.{type}": found[k] for k, type in enumerate(TYPES) if type in types})


def find_pii(
    offsets: np.ndarray, data: np.ndarray, finders: Sequence[Finder] = FINDERS
) -> tuple[np.ndarray, np.ndarray]:
    """Find personal data in texts.

    Args:
        offsets, data: int64[n + 1] and uint8[m], see `Batch.text_buffers`.
        finders: what to look for; where finds overlap, the first of these wins.
    Returns:
        `(covers int64[k, 3], count int32[n])`: byte bounds in the data and the number of the type in `TYPES`, in
        order, none overlapping; how many each text has.
    """
    by_sign = [
        [(rank, finder) for rank, finder in enumerate(finders) if finder.sign == sign] for sign in range(spots.N_SIGNS)
    ]
    count = np.zeros(len(offsets) - 1, np.int32)
    covers: list[tuple[int, int, int]] = []
    places = spots.find_spots(offsets, data, spots.CLASSES).tolist()
    for row, of_row in groupby(places, key=lambda place: place[spots.TEXT]):
        first = int(offsets[row])
        text = data[first : offsets[row + 1]].tobytes()
        found = [
            (rank, start, stop)
            for _, left, right, sign, digits in of_row
            for rank, finder in by_sign[sign]
            if digits >= finder.digits
            for start, stop in finder.find(text, left - first, right - first)
        ]
        taken = _apart(found)
        count[row] = len(taken)
        covers += [(first + start, first + stop, TYPES.index(finders[rank].type)) for start, stop, rank in taken]
    return np.array(covers, np.int64).reshape(-1, 3), count


def _apart(found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Return `(start, stop, rank)` of finds that do not overlap, in order; those of lower rank go first, then the left."""
    taken: list[tuple[int, int, int]] = []
    for rank, start, stop in sorted(found):
        at = bisect(taken, (start, stop, rank))
        if (at == 0 or taken[at - 1][1] <= start) and (at == len(taken) or stop <= taken[at][0]):
            taken.insert(at, (start, stop, rank))
    return taken


def placeholder(type: Type) -> str:
    """Return what stands for personal data of a type."""
    return f"<{type.upper()}>"


def _placeholders() -> tuple[np.ndarray, np.ndarray]:
    names = [placeholder(type).encode() for type in TYPES]
    return np.frombuffer(b"".join(names), np.uint8), np.cumsum([0, *map(len, names)])
