"""Find texts that share word n-grams with a fixed list of *items*: how many n-grams of each item, and where.

An item of at least n words is found by its n-grams. An item of `shortest` to n - 1 words is found only if all its
words occur in a row; it is looked up by its first `shortest` words. Shorter items are not looked for. N-grams that
occur in too many items, and those that the caller rules out, count for no item.

The work has two steps, because few texts share anything: `sharing` selects those texts at the speed of hashing;
`shared` and `stretches` then look at their words. N-grams are compared by 64-bit hashes. If t n-grams are looked up
in a list of k, t * k / 2**64 false matches are expected: one in 18 trillion words for a million n-grams. A single
false match is rarely enough to count. A plain Python version is in `tests/reference/overlap.py`.
"""

from __future__ import annotations

from collections import namedtuple

import numpy as np
from numba import njit

from curate.kernels.shingles import new_tokens, ngrams, power, roll
from curate.kernels.tokens import AT, WORDS, memory_of, new_state, scan, start_text

Index = namedtuple("Index", "keys slots bits starts items places item_starts item_words is_whole n_grams n shortest")
"""The items, arranged for lookup.

    keys         uint64[k]            n-grams, and the first words of short items, without repeats
    slots        int32[power of two]  open addressing by the lowest bits: an index into `keys`, or -1
    bits         uint64[power of two] a Bloom filter, three bits for each key in one word: it ends most lookups
    starts       int64[k + 1]         bounds of the entries of a key
    items        int32[]              the item of an entry
    places       int32[]              the index of the first word of the entry in the item
    item_starts  int64[n_items + 1]   bounds of the words of an item
    item_words   uint64[]             hashes of the words
    is_whole     bool[n_items]        the item is short and must occur as a whole
    n_grams      int64[n_items]       different n-grams that count (1 for a short item); 0: cannot be found
    n, shortest  int
"""

NONE = np.int32(-1)
KEYS_PER_WORD = 2
"""Most keys for each word of `bits`: about one in 1,000 n-grams that are not in the index passes the filter."""
ONE, SIX, LOW = np.uint64(1), np.uint64(6), np.uint64(63)


def build(item_starts, item_words, sets, n, shortest, max_items, ruled_out=None):
    """Build the index of the items.

    Args:
        item_starts: int64[n_items + 1], bounds of the items in `item_words`.
        item_words: uint64[], hashes of words from `shingles.token_spans`.
        sets: int64[n_items], ascending: the set of each item.
        n, shortest: words of an n-gram, and of the shortest item that is looked for; `1 <= shortest <= n`.
        max_items: an n-gram that occurs in more items of one set than this does not count.
        ruled_out: `(uint64[], bool[n_items])`: n-grams and short items that do not count, or None.
    Returns:
        an `Index`.
    """
    lengths = np.diff(item_starts)
    n_items = len(lengths)
    is_whole = (lengths >= shortest) & (lengths < n)
    bounds, grams = ngrams(item_starts, item_words, n)
    owners = np.repeat(np.arange(n_items), np.diff(bounds))
    rows = np.flatnonzero(lengths[owners] >= n)
    rows = rows[np.lexsort((rows, owners[rows], grams[rows]))]
    same = (grams[rows][1:] == grams[rows][:-1]) & (owners[rows][1:] == owners[rows][:-1])
    rows = rows[~np.concatenate((np.zeros(min(1, len(rows)), bool), same))]
    counts_not = np.isin(grams[rows], _common(grams[rows], sets[owners[rows]], max_items))
    if ruled_out is not None:
        counts_not |= np.isin(grams[rows], ruled_out[0])
        is_whole &= ~ruled_out[1]
    rows = rows[~counts_not]
    short = np.flatnonzero(is_whole)
    anchor_bounds, anchors = ngrams(item_starts, item_words, shortest)
    hashes = np.concatenate((grams[rows], anchors[anchor_bounds[short]]))
    items = np.concatenate((owners[rows], short)).astype(np.int32)
    places = np.concatenate((rows - bounds[owners[rows]], np.zeros(len(short), np.int64))).astype(np.int32)
    order = np.argsort(hashes, kind="stable")
    keys, starts = np.unique(hashes[order], return_index=True)
    slots, bits = _table(keys)
    n_grams = np.bincount(items, minlength=n_items)
    starts = np.append(starts, len(hashes)).astype(np.int64)
    words = np.ascontiguousarray(item_words), n_grams.astype(np.int64)
    return Index(
        keys, slots, bits, starts, items[order], places[order], item_starts, words[0], is_whole, words[1], n, shortest
    )


def _common(grams, sets, max_items):
    """Return the n-grams that occur in more than `max_items` items of one set; the input is sorted by n-gram and item."""
    if not len(grams):
        return grams
    begins = np.flatnonzero(np.concatenate(([True], (grams[1:] != grams[:-1]) | (sets[1:] != sets[:-1]))))
    n_items = np.diff(np.append(begins, len(grams)))
    return grams[begins[n_items > max_items]]


@njit(cache=True, nogil=True)
def _table(keys):
    n_slots = n_words = 16
    while n_slots < 4 * len(keys):
        n_slots *= 2
    while KEYS_PER_WORD * n_words < len(keys):
        n_words *= 2
    slots, bits = np.full(n_slots, NONE, np.int32), np.zeros(n_words, np.uint64)
    mask, shift = np.uint64(n_slots - 1), _shift(n_words)
    for i in range(len(keys)):
        slot = keys[i] & mask
        while slots[slot] != NONE:
            slot = (slot + ONE) & mask
        slots[slot] = i
        bits[keys[i] >> shift] |= _three(keys[i])
    return slots, bits


@njit(cache=True, nogil=True)
def _shift(n_words):
    """Return the right shift that turns a hash into an index of this many words."""
    shift = 64
    while n_words > 1:
        n_words //= 2
        shift -= 1
    return np.uint64(shift)


@njit(cache=True, nogil=True, forceinline=True)
def _three(hash_):
    """Return a word with three bits set, selected by the lowest bits of a hash."""
    return ONE << (hash_ & LOW) | ONE << (hash_ >> SIX & LOW) | ONE << (hash_ >> SIX >> SIX & LOW)


@njit(cache=True, nogil=True, forceinline=True)
def _find(hash_, keys, slots, bits, shift):
    three = _three(hash_)
    if bits[hash_ >> shift] & three != three:
        return NONE
    mask = np.uint64(len(slots) - 1)
    slot = hash_ & mask
    while slots[slot] != NONE:
        if keys[slots[slot]] == hash_:
            return slots[slot]
        slot = (slot + ONE) & mask
    return NONE


# ------------------------------------------------------------------ which texts


@njit(cache=True, nogil=True)
def sharing(offsets, data, classes, lower, index):
    """Find the texts that have an n-gram of an item, or the first words of a short item.

    Args:
        offsets: int64[n_docs + 1], byte bounds of the texts in `data`; need not begin at 0.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        lower: uint32[len(CASED)], `characters.lower()`.
        index: an `Index`.
    Returns:
        bool[n_docs].
    Cost: about that of `shingles.shingle_hashes` (`python -m tests.bench.decontaminate`).
    """
    memory, n_docs = memory_of(data, classes, lower), len(offsets) - 1
    found = np.zeros(n_docs, np.bool_)
    n, shortest, has_short = index.n, index.shortest, index.is_whole.any()
    tokens, top, state = new_tokens(n), power(n), new_state()
    heads, head_top = new_tokens(shortest), power(shortest)
    room = min(len(tokens) - n, len(heads) - shortest)
    grams = np.empty(len(tokens), np.uint64)
    for i in range(n_docs):
        start_text(state, offsets[i])
        tokens[:n], heads[:shortest] = 0, 0
        value, head, scanned = np.uint64(0), np.uint64(0), 0
        while state[AT] < offsets[i + 1] and not found[i]:
            k = scan(memory, offsets[i + 1], WORDS, state, tokens[n:], None, None)
            if has_short:
                for at in range(0, k, room):
                    part = min(room, k - at)
                    heads[shortest : shortest + part] = tokens[n + at : n + at + part]
                    head, total = roll(heads, shortest, head_top, scanned + at, part, head, grams, 0)
                    found[i] |= _has_one(grams, total, index.keys, index.slots, index.bits)
            value, total = roll(tokens, n, top, scanned, k, value, grams, 0)
            found[i] |= _has_one(grams, total, index.keys, index.slots, index.bits)
            scanned += k
    return found


@njit(cache=True, nogil=True)
def _has_one(grams, total, keys, slots, bits):
    shift = _shift(len(bits))
    for i in range(total):
        three = _three(grams[i])
        if bits[grams[i] >> shift] & three == three and _find(grams[i], keys, slots, bits, shift) != NONE:
            return True
    return False


# ------------------------------------------------------------------ which items


@njit(cache=True, nogil=True)
def shared(bounds, words, index):
    """Count the n-grams that texts share with each item.

    Args:
        bounds: int64[n_docs + 1], bounds of the texts in `words`, from 0.
        words: uint64[], hashes of words from `shingles.token_spans`.
        index: an `Index`.
    Returns:
        `(docs int64[m], items int64[m], n_found int64[m])`: every pair of text and item that share an n-gram, in the order
        of the texts, then of the items; the number of different n-grams of the item in the text, 1 for a short item.
    """
    n_docs = len(bounds) - 1
    out, total = np.empty((64, 3), np.int64), 0
    if n_docs == 0:
        return out[:0, 0].copy(), out[:0, 1].copy(), out[:0, 2].copy()
    counts = np.zeros(len(index.n_grams), np.int64)
    last = np.full(len(index.keys), np.int64(-1))  # the text in which an n-gram was last counted
    met = np.empty(len(index.n_grams), np.int64)
    long_bounds, grams = ngrams(bounds, words, index.n)
    short_bounds, heads = ngrams(bounds, words, index.shortest)
    shift = _shift(len(index.bits))
    for i in range(n_docs):
        n_met = 0
        for at in range(long_bounds[i], long_bounds[i + 1]):
            key = _find(grams[at], index.keys, index.slots, index.bits, shift)
            if key != NONE and last[key] != i:
                last[key] = i
                for entry in range(index.starts[key], index.starts[key + 1]):
                    item = index.items[entry]
                    if not index.is_whole[item]:
                        if counts[item] == 0:
                            met[n_met], n_met = item, n_met + 1
                        counts[item] += 1
        for at in range(short_bounds[i], short_bounds[i + 1]):
            key = _find(heads[at], index.keys, index.slots, index.bits, shift)
            if key != NONE:
                for entry in range(index.starts[key], index.starts[key + 1]):
                    item = index.items[entry]
                    if index.is_whole[item] and counts[item] == 0:
                        place = bounds[i] + at - short_bounds[i]
                        if _stands_at(words, place, bounds[i + 1], index.item_starts, index.item_words, item):
                            met[n_met], n_met = item, n_met + 1
                            counts[item] = 1
        if total + n_met > len(out):
            larger = np.empty((max(2 * len(out), total + n_met), 3), np.int64)
            larger[:total] = out[:total]
            out = larger
        for item in np.sort(met[:n_met]):
            out[total, 0], out[total, 1], out[total, 2] = i, item, counts[item]
            counts[item] = 0
            total += 1
    return out[:total, 0].copy(), out[:total, 1].copy(), out[:total, 2].copy()


@njit(cache=True, nogil=True)
def _stands_at(words, at, end, item_starts, item_words, item):
    start, length = item_starts[item], item_starts[item + 1] - item_starts[item]
    wanted = item_words[start : start + length]
    return at + length <= end and find_words(words, at, at + length, wanted) == at


# ------------------------------------------------------------------ where


@njit(cache=True, nogil=True)
def stretches(bounds, words, docs, items, index):
    """Find the stretch of a text that has the most n-grams of an item; of equal ones the first.

    A gap of up to n words, as one or two changed words cause, does not end a stretch.

    Args:
        bounds: int64[n_docs + 1], as in `shared`.
        words: uint64[], as in `shared`.
        docs, items: int64[m] each, pairs that `shared` returned.
        index: an `Index`.
    Returns:
        int64[m, 4]: the first word of the stretch in the text and the word after its last, then the same two as
        indices into the words of the item.
    """
    out, shift = np.zeros((len(docs), 4), np.int64), _shift(len(index.bits))
    for pair in range(len(docs)):
        start, end, item = bounds[docs[pair]], bounds[docs[pair] + 1], items[pair]
        length = index.item_starts[item + 1] - index.item_starts[item] if index.is_whole[item] else index.n
        step = np.array([start, end])
        gram_bounds, grams = ngrams(step, words, index.shortest if index.is_whole[item] else index.n)
        first, best, n_here = np.int64(-1), 0, 0
        current = np.zeros(4, np.int64)
        for at in range(gram_bounds[1]):
            place = _place(grams[at], item, index, shift)
            if place < 0 or (
                index.is_whole[item]
                and not _stands_at(words, start + at, end, index.item_starts, index.item_words, item)
            ):
                continue
            if first < 0 or at > current[1] + index.n:
                first, n_here = at, 0
                current[0], current[2] = at, place
            n_here += 1
            current[1], current[3] = at + length, place + length
            if n_here > best:
                best = n_here
                out[pair] = current
    return out


@njit(cache=True, nogil=True)
def _place(hash_, item, index, shift):
    """Return the index of the first word of an n-gram in an item, -1 if the item does not have it."""
    key = _find(hash_, index.keys, index.slots, index.bits, shift)
    if key != NONE:
        for entry in range(index.starts[key], index.starts[key + 1]):
            if index.items[entry] == item:
                return index.places[entry]
    return NONE


@njit(cache=True, nogil=True)
def find_words(words, start, end, wanted):
    """Find a sequence of words in a range of other words.

    Args:
        words: uint64[m], hashes of words.
        start, end: the range of `words`.
        wanted: uint64[k], the sequence.
    Returns:
        the index in `words` of its first word; -1 if it does not occur or is empty.
    """
    for at in range(start, end - len(wanted) + 1 if len(wanted) else start):
        k = 0
        while k < len(wanted) and words[at + k] == wanted[k]:
            k += 1
        if k == len(wanted):
            return at
    return -1
