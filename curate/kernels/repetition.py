"""Measure how much of a text is repeated word n-grams.

An n-gram is identified by the index of the first equal n-gram, and is found from the two (n-1)-grams it consists
of, so that comparing two n-grams means comparing two pairs of numbers. An n-gram can only be repeated if both of
its (n-1)-grams are. In prose few 3-grams and hardly any 5-grams are, so that all nine lengths cost little more
than the first one.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels.hashing import EMPTY, MIX_A, MIX_B, mix, number_equal, slots_for
from curate.kernels.pointers import address_of
from curate.kernels.words import N_COUNTS, TOKENS, scan_words

TOP = (2, 3, 4)
"""Lengths for which the most frequent n-gram is measured (Rae et al. 2021, table A1)."""

DUPLICATE = (5, 6, 7, 8, 9, 10)
"""Lengths for which all repeated n-grams are measured (table A1)."""

LONGEST = DUPLICATE[-1]


@njit(cache=True, nogil=True)
def count_repetition(offsets, data, classes):
    """Count the words of texts as `words.count_words` does, and measure their repeated n-grams.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
    Returns:
        `(counts int64[n, words.N_COUNTS], repeated int64[n, LONGEST + 1])`; column 0 of `repeated` is the number of
        different tokens, columns 2 to 10 are the characters that `measure_repetition` counts, column 1 is unused.
    Cost: about 85 MB/s of English text, words included, one core (`python -m tests.bench.kernels`).
    """
    text, table, n = address_of(data), address_of(classes), len(offsets) - 1
    counts = np.zeros((n, N_COUNTS), np.int64)
    repeated = np.zeros((n, LONGEST + 1), np.int64)
    hashes, lengths = np.empty(1024, np.uint64), np.empty(1024, np.int32)
    scratch = new_scratch(len(hashes))
    for i in range(n):
        scan_words(text, table, offsets[i], offsets[i + 1], counts[i], hashes, lengths)
        if counts[i, TOKENS] > len(hashes):
            room = 2 * counts[i, TOKENS]
            hashes, lengths, scratch = np.empty(room, np.uint64), np.empty(room, np.int32), new_scratch(room)
            scan_words(text, table, offsets[i], offsets[i + 1], counts[i], hashes, lengths)
        repeated[i, 0] = measure_repetition(hashes, lengths, counts[i, TOKENS], scratch, repeated[i])
    return counts, repeated


@njit(cache=True, nogil=True)
def new_scratch(n):
    """Return scratch arrays for `n` tokens: `(slots, ends, gaps, names, next_names, times, places, next_places)`.

    Returns:
        int32[slots_for(n)], int64[n + 1], int32[n + 1] and five int32[n].
    """
    return (
        np.empty(slots_for(n), np.int32), np.empty(n + 1, np.int64), np.empty(n + 1, np.int32),
        np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32), np.empty(n, np.int32),
        np.empty(n, np.int32),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def measure_repetition(hashes, lengths, n, scratch, characters):
    """Measure the repeated n-grams of one text.

    Args:
        hashes: uint64[>= n], one for each token.
        lengths: int32[>= n], twice the characters of each token, plus 1 if a space follows it in an n-gram.
        n: the number of tokens.
        scratch: what `new_scratch` returned for at least `n` tokens.
        characters: int64[LONGEST + 1], written: at 2 to 4 the characters in all copies of the most frequent
            n-gram (of equally frequent ones the first; in scripts with spaces its words are joined by single spaces),
            0 if none is repeated; at 5 to 10 the characters of n-grams that occurred earlier in the text, counted from
            left to right, no token twice (without spaces).
    Returns:
        the number of different tokens.
    """
    slots, ends, gaps, names, next_names, times, places, next_places = scratch
    characters[:] = 0
    if n == 0:
        return 0
    different = number_equal(hashes, n, slots, names)
    ends[0] = gaps[0] = 0
    for i in range(n):
        ends[i + 1] = ends[i] + (lengths[i] >> 1)
        gaps[i + 1] = gaps[i] + (lengths[i] & 1)
        times[i] = 0
    for i in range(n):
        times[names[i]] += 1
    k = 0
    for i in range(n):
        places[k] = i
        k += times[names[i]] > 1
    for length in range(2, LONGEST + 1):
        k = _lengthen(names, next_names, times, places, k, next_places, slots)
        names, next_names = next_names, names
        places, next_places = next_places, places
        if k == 0:
            break
        if length <= TOP[-1]:
            characters[length] = _most_frequent(names, times, places, k, ends, gaps, length)
        else:
            characters[length] = _repeated_characters(names, times, places, k, ends, length)
    return different


@njit(cache=True, nogil=True)
def _lengthen(names, longer, times, places, k, kept, slots):
    """Identify the n-grams made of neighbouring (n-1)-grams; keep those that occur more than once.

    `times[name]` becomes the number of occurrences. Returns how many places were kept.
    """
    m = 0
    for j in range(k - 1):
        kept[m] = places[j]
        m += places[j + 1] == places[j] + 1
    size = slots_for(m)
    slots[:size] = EMPTY
    mask = np.uint64(size - 1)
    for j in range(m):
        i = kept[j]
        left, right = names[i], names[i + 1]
        slot = mix(np.uint64(left) * MIX_A ^ np.uint64(right) * MIX_B) & mask
        other = slots[slot]
        while other != EMPTY and (names[other] != left or names[other + 1] != right):
            slot = (slot + np.uint64(1)) & mask
            other = slots[slot]
        name = i if other == EMPTY else other
        slots[slot] = name
        longer[i] = name
        times[i] = 0
        times[name] += 1
    repeated = 0
    for j in range(m):
        i = kept[j]
        kept[repeated] = i
        repeated += times[longer[i]] > 1
    return repeated


@njit(cache=True, nogil=True)
def _most_frequent(names, times, places, k, ends, gaps, length):
    best, count = 0, 0
    for j in range(k):
        i = places[j]
        if names[i] == i and times[i] > count:
            best, count = i, times[i]
    return (ends[best + length] - ends[best] + gaps[best + length - 1] - gaps[best]) * count


@njit(cache=True, nogil=True)
def _repeated_characters(names, times, places, k, ends, length):
    total = 0
    free = 0
    for j in range(k):
        i = places[j]
        if i < free:
            continue
        name = names[i]
        if times[name] < 0:
            total += ends[i + length] - ends[i]
            free = i + length
        else:
            times[name] = -times[name]
    for j in range(k):
        times[names[places[j]]] = abs(times[names[places[j]]])
    return total
