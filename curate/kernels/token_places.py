"""Where the tokens of a text are: the words and marks that `curate.kernels.words` counts."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.pointers import address_of
from curate.kernels.words import N_COUNTS, TOKENS, scan_words


@njit(cache=True, nogil=True)
def _lengths(data, classes):
    """Return the lengths of the tokens of one text, as `scan_words` writes them: int32[n]."""
    counts = np.zeros(N_COUNTS, np.int64)
    hashes, lengths = np.empty(len(data), np.uint64), np.empty(len(data), np.int32)
    scan_words(address_of(data), address_of(classes), 0, len(data), counts, hashes, lengths)
    return lengths[: counts[TOKENS]].copy()


def token_places(text: str) -> list[tuple[int, int]]:
    """Return where each token of a text begins and ends, in characters.

    Between two tokens there is nothing but white space and invisible characters, so the lengths of the tokens say it.
    """
    table = ch.classes()
    data = np.frombuffer(text.encode(), np.uint8)
    found, at = [], 0
    for length in (_lengths(data, table) >> 1).tolist() if text else ():
        while table[ord(text[at])] & (ch.SPACE | ch.INVISIBLE):
            at += 1
        found.append((at, at + length))
        at += length
    return found
