"""Find the entries of word lists in texts: a trie over folded characters, walked from each byte where a word may begin.

*Folding*: a character becomes its lower case, after NFKC where that gives one character (full-width letters,
mathematical letters); a run of white space is one space; format characters (soft hyphen, zero-width joiner) are skipped.

*Word boundaries*: an entry begins and ends at a word boundary. There is a boundary between any two characters, except
between two letters or numbers of scripts with spaces, and before a combining mark. So in scripts without spaces (Han,
Kana, Thai, Lao, Khmer, Myanmar) an entry may occur anywhere. Matching goes from left to right: the longest entry that
begins at a character is taken, and the search continues after it.

*Why no failure links*: an Aho-Corasick automaton also continues inside words, where no entry may begin. A walk here
ends after two or three characters as a rule and after `LONGEST` at worst, so the time is linear in the text. A plain
Python version is in `tests/reference/word_trie.py`.
"""

from __future__ import annotations

import unicodedata
from collections import namedtuple
from functools import lru_cache

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.characters import decode
from curate.kernels.pointers import address_of, byte_at, eight_at, short_at

WordTrie = namedtuple("WordTrie", "ids first opens slots accepts lists n_words")
"""The entries, arranged for lookup. A state is a trie node.

    ids      uint16[0x110000]      the number of the folded character; SKIPPED, SPACE, or 0 if no entry contains it
    first    int64[n_ids]          the state after the first character of an entry, 0 for none
    opens    uint64[power of two]  a Bloom filter with one bit for each first word in a script with spaces; it ends
                                   most searches
    slots    uint64[power of two]  open addressing: a state (24 bits), a character number (16), the next state (24)
    accepts  int64[n_states]       the entry that ends at a state, or -1
    lists    uint64[n_entries]     the lists that contain an entry, as bits
    n_words  int64[n_entries]      the number of its words, as `count_entries` counts them
"""

SKIPPED, SPACE = 0xFFFF, 1
LONGEST = 100
"""The length of the longest entry, in characters."""

MOST_STATES = 1 << 24
WORDS, MATCHES, COVERED, DISTINCT, TOP, TOP_MATCHES, N_COUNTS = range(7)
"""Columns of the counts; N_COUNTS is the number of columns."""

BITS_PER_ENTRY = 16
"""Least bits of `opens` for each entry: about one in twenty words that begin no entry passes the filter."""

_MIX, _SEED = np.uint64(0x9E3779B97F4A7C15), np.uint64(0x2545F4914F6CDD1D)
_NEXT, _TO_KEY = np.uint64(0xFFFFFF), np.uint64(24)
_SPACED = ch.WORD | ch.UNSPACED
_IN_WORDS = (ch.LETTER, ch.NUMBER)


@lru_cache(maxsize=1)
def folds() -> np.ndarray:
    """Return the folded form of every code point, as code points: uint32[0x110000]."""
    found = np.arange(0x110000, dtype=np.uint32)
    lower = ch.lower()
    for block in ch.ASSIGNED:
        for code in block:
            form = (
                unicodedata.normalize("NFKC", chr(code)) if code > 0x7F and not 0xD800 <= code < 0xE000 else chr(code)
            )
            found[code] = ord(form) if len(form) == 1 else code
    cased = found < len(lower)
    found[cased] = lower[found[cased]]
    found.flags.writeable = False
    return found


def fold(entry: str) -> str:
    """Return an entry in the form in which it is compared."""
    classes, table = ch.classes(), folds()
    seen = [c for c in unicodedata.normalize("NFKC", entry) if not _is_skipped(classes[ord(c)])]
    return " ".join("".join(" " if classes[ord(c)] & ch.SPACE else chr(table[ord(c)]) for c in seen).split())


def _is_skipped(bits: int) -> bool:
    return bits & (ch.EXTEND | ch.INVISIBLE) == ch.EXTEND | ch.INVISIBLE


def build(entries: list[str], lists: np.ndarray) -> WordTrie:
    """Build a trie.

    Args:
        entries: folded, without repeats, none empty, none longer than LONGEST.
        lists: uint64[n_entries], the lists that contain each entry, as bits.
    Raises:
        ValueError: the entries have too many characters, or too many different ones.
    """
    alphabet = sorted({c for entry in entries for c in entry if c != " "})
    if len(alphabet) > SKIPPED - SPACE - 1:
        raise ValueError(f"{len(alphabet):,} different characters, expected at most {SKIPPED - SPACE - 1:,}")
    numbers = np.zeros(0x110000, np.uint16)
    numbers[[ord(c) for c in alphabet]] = np.arange(SPACE + 1, SPACE + 1 + len(alphabet))
    ids = numbers[folds()]
    classes = ch.classes()
    ids[classes & ch.SPACE != 0] = SPACE
    ids[classes & (ch.EXTEND | ch.INVISIBLE) == ch.EXTEND | ch.INVISIBLE] = SKIPPED
    codes = np.array([ord(c) for entry in entries for c in entry], np.int64)
    bounds = np.concatenate(([0], np.cumsum([len(entry) for entry in entries]))).astype(np.int64)
    if len(codes) >= MOST_STATES:
        raise ValueError(f"{len(codes):,} characters, expected fewer than {MOST_STATES:,}")
    numbers = ids[codes]
    first, slots, accepts = _trie(bounds, numbers, SPACE + 1 + len(alphabet))
    opens = _opens(bounds, codes, numbers, classes)
    data = np.frombuffer("".join(entries).encode(), np.uint8)
    spans = np.concatenate(([0], np.cumsum([len(entry.encode()) for entry in entries]))).astype(np.int64)
    none = WordTrie(ids, first[:0], opens, slots, accepts, lists[:0], np.zeros(0, np.int64))
    counts, _ = count_entries(spans, data, classes, none, np.zeros(len(entries), np.uint64))
    return WordTrie(ids, first, opens, slots, accepts, lists, counts[:, WORDS].copy())


@njit(cache=True, nogil=True)
def _trie(bounds, ids, n_ids):
    n_slots = 16
    while n_slots < 3 * len(ids):
        n_slots *= 2
    slots, first = np.zeros(n_slots, np.uint64), np.zeros(n_ids, np.int64)
    accepts = np.full(len(ids) + 1, -1, np.int64)
    n_states = 1
    for i in range(len(bounds) - 1):
        state = np.int64(0)
        for at in range(bounds[i], bounds[i + 1]):
            number = np.int64(ids[at])
            if at == bounds[i]:
                if first[number] == 0:
                    first[number] = n_states
                    n_states += 1
                state = np.int64(first[number])
                continue
            slot = _slot(address_of(slots), len(slots) - 1, state, number)
            if slots[slot] == 0:
                slots[slot] = _key(state, number) << _TO_KEY | np.uint64(n_states)
                n_states += 1
            state = np.int64(slots[slot] & _NEXT)
        accepts[state] = i
    return first, slots, accepts[:n_states].copy()


@njit(cache=True, nogil=True)
def _opens(bounds, codes, numbers, classes):
    n_bits = 1024
    while n_bits < BITS_PER_ENTRY * len(bounds):
        n_bits *= 2
    opens = np.zeros(n_bits // 64, np.uint64)
    for i in range(len(bounds) - 1):
        value, at = _SEED, bounds[i]
        while at < bounds[i + 1] and (classes[codes[at]] & ch.EXTEND or classes[codes[at]] & _SPACED in _IN_WORDS):
            value = _stepped(value, np.int64(numbers[at]))
            at += 1
        bit = _bit(value, n_bits - 1)
        opens[bit >> 6] |= np.uint64(1) << np.uint64(bit & 63)
    return opens


@njit(cache=True, nogil=True, forceinline=True)
def _stepped(value, number):
    return (value ^ np.uint64(number)) * _MIX


@njit(cache=True, nogil=True, forceinline=True)
def _bit(value, mask):
    return np.int64((value ^ value >> np.uint64(29)) * _MIX >> np.uint64(32)) & mask


@njit(cache=True, nogil=True, forceinline=True)
def _key(state, number):
    return np.uint64(state) << np.uint64(16) | np.uint64(number)


@njit(cache=True, nogil=True, forceinline=True)
def _slot(slots, mask, state, number):
    """Return the slot of the step from a state by a character, or the free slot for it; `slots` is an address."""
    key = _key(state, number)
    slot = np.int64(key * _MIX >> np.uint64(20)) & mask
    while True:
        step = eight_at(slots, 8 * slot)
        if step == 0 or step >> _TO_KEY == key:
            return slot
        slot = (slot + 1) & mask


# ------------------------------------------------------------------ texts


@njit(cache=True, nogil=True)
def count_entries(offsets, data, classes, trie, wanted):
    """Count the entries in texts.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`; need not begin at 0.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        trie: a `WordTrie`.
        wanted: uint64[n], the lists that count for each text, as bits.
    Returns:
        `(counts int64[n, N_COUNTS], lists uint64[n])`. Counts: WORDS of the text (in scripts without spaces every letter
        is one); MATCHES; COVERED, words inside matches; DISTINCT entries; TOP, the most frequent entry (of equal ones the
        first), -1 for none; TOP_MATCHES, its matches. Lists: those that contain a matched entry, as bits.
    Cost: see `python -m tests.bench lists`.
    """
    n, n_entries = len(offsets) - 1, len(trie.lists)
    counts, lists = np.zeros((n, N_COUNTS), np.int64), np.zeros(n, np.uint64)
    times = np.zeros(n_entries, np.int64)
    met = np.empty(n_entries, np.int64)
    text, table, of_entry, n_words = (
        address_of(data),
        address_of(classes),
        address_of(trie.lists),
        address_of(trie.n_words),
    )
    memory = _memory_of(trie)
    for i in range(n):
        at, end, n_met = offsets[i], offsets[i + 1], 0
        words = matches = covered = 0
        while at < end:
            entry, at, bits = _step(text, table, memory, at, end, wanted[i])
            if bits & ch.EXTEND:
                continue
            words += bits & ch.WORD != 0
            if entry >= 0:
                inside = np.int64(eight_at(n_words, 8 * entry))
                matches += 1
                covered += inside
                words += inside - (bits & ch.WORD != 0)
                lists[i] |= eight_at(of_entry, 8 * entry) & wanted[i]
                if times[entry] == 0:
                    met[n_met] = entry
                    n_met += 1
                times[entry] += 1
        counts[i, WORDS], counts[i, MATCHES], counts[i, COVERED], counts[i, DISTINCT] = words, matches, covered, n_met
        counts[i, TOP] = -1
        for k in range(n_met):
            if times[met[k]] > counts[i, TOP_MATCHES]:
                counts[i, TOP], counts[i, TOP_MATCHES] = met[k], times[met[k]]
            times[met[k]] = 0
    return counts, lists


@njit(cache=True, nogil=True)
def find_entries(data, classes, trie, wanted):
    """Find the entries in one text, as `count_entries` counts them.

    Args:
        data, classes, trie: as for `count_entries`; the data is one text.
        wanted: uint64, the lists that count, as bits.
    Returns:
        int64[k, 2], the bytes at which each match begins and ends.
    """
    text, table, memory = address_of(data), address_of(classes), _memory_of(trie)
    places = np.empty((len(data), 2), np.int64)
    n, at = 0, 0
    while at < len(data):
        start = at
        entry, at, _ = _step(text, table, memory, at, len(data), wanted)
        if entry >= 0:
            places[n, 0], places[n, 1] = start, at
            n += 1
    return places[:n].copy()


@njit(cache=True, nogil=True, forceinline=True)
def _memory_of(trie):
    """Return where the arrays of a trie are; the caller keeps it alive."""
    arrays = address_of(trie.slots), len(trie.slots) - 1, address_of(trie.accepts), address_of(trie.lists)
    opens = address_of(trie.opens), 64 * len(trie.opens) - 1
    return address_of(trie.ids), address_of(trie.first), opens, arrays, len(trie.lists)


@njit(cache=True, nogil=True, forceinline=True)
def _step(text, table, memory, at, end, wanted):
    """Return `(entry that begins here or -1, where to go on, classes of the character here)`."""
    ids, first, opens, arrays, n_entries = memory
    code, size = byte_at(text, at), 1
    if code >= 0x80:
        code, size = decode(text, at, end)
    bits = short_at(table, code)
    entry, after = np.int64(-1), at + size
    if bits & ch.EXTEND:
        return entry, after, bits
    is_spaced, is_open = bits & _SPACED in _IN_WORDS, True
    if is_spaced:
        after, value = _word(text, table, ids, at, end)
        bit = _bit(value, opens[1])
        is_open = eight_at(opens[0], bit >> 6 << 3) >> np.uint64(bit & 63) & np.uint64(1) != 0
    if is_open and n_entries and not bits & ch.SPACE:
        number = short_at(ids, code)
        state = np.int64(eight_at(first, 8 * number)) if number else np.int64(0)
        if state:
            entry, entry_end = _longest(text, table, ids, at + size, end, state, is_spaced, arrays, wanted)
            if entry >= 0:
                after = entry_end
    return entry, after, bits


@njit(cache=True, nogil=True, forceinline=True)
def _word(text, table, ids, at, end):
    """Return `(end of the word that begins here, its hash for `opens`)`, in a script with spaces."""
    value = _SEED
    while at < end:
        code, size = byte_at(text, at), 1
        if code >= 0x80:
            code, size = decode(text, at, end)
        bits = short_at(table, code)
        if not bits & ch.EXTEND and bits & _SPACED not in _IN_WORDS:
            break
        at += size
        if bits & (ch.EXTEND | ch.INVISIBLE) != ch.EXTEND | ch.INVISIBLE:
            value = _stepped(value, short_at(ids, code))
    return at, value


@njit(cache=True, nogil=True, forceinline=True)
def _longest(text, table, ids, at, end, state, is_spaced, arrays, wanted):
    """Return `(entry, its end)` of the longest entry that matches, or -1; `at` is the byte after its first character."""
    slots, mask, accepts, lists = arrays
    entry, after = np.int64(-1), at
    while True:
        code, size, bits = np.int64(0), 0, ch.SPACE
        while at < end:
            code, size = byte_at(text, at), 1
            if code >= 0x80:
                code, size = decode(text, at, end)
            bits = short_at(table, code)
            if bits & (ch.EXTEND | ch.INVISIBLE) != ch.EXTEND | ch.INVISIBLE:
                break
            at += size
        if at >= end:
            bits = ch.SPACE
        found = np.int64(eight_at(accepts, 8 * state))
        if found >= 0 and eight_at(lists, 8 * found) & wanted:
            goes_on = bits & ch.EXTEND or (is_spaced and bits & _SPACED in _IN_WORDS)
            if not goes_on:
                entry, after = found, at
        if at >= end:
            return entry, after
        number = short_at(ids, code)
        if number == 0:
            return entry, after
        step = eight_at(slots, 8 * _slot(slots, mask, state, number))
        if step == 0:
            return entry, after
        state = np.int64(step & _NEXT)
        at += size
        if number == SPACE:
            while at < end:
                code, size = decode(text, at, end)
                skipped = short_at(table, code)
                if not skipped & ch.SPACE and skipped & (ch.EXTEND | ch.INVISIBLE) != ch.EXTEND | ch.INVISIBLE:
                    break
                at += size
        if not bits & ch.EXTEND:
            is_spaced = bits & _SPACED in _IN_WORDS
