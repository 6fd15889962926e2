"""Words, marks and sentences: one pass over a text that finds all three.

What is a word?

* In scripts with spaces: a run of letters and numbers of any script, with the combining and format characters
  inside. A single mark between two of them joins them into one word (`U.S`, `1,234.5`, `10:30`, `R-410A`, `B&B`,
  `a@b.org`), with these exceptions: a full stop between a lower-case and a capital letter (`end.Start`), a comma
  between letters, a hyphen, dash, colon, slash or comparison sign before a letter (`well-known`, `and/or`),
  a hyphen or operator between numbers (`1990-1995`), an ellipsis, a pictograph.
* An apostrophe between letters begins a new word: `don't` is `don` and `'t`.
* One of `- / \\ | @ ^ ~ +` that touches a word on one side only belongs to it: `@name`, `-5`, `/etc`, `C+`.
* A full stop after a single letter or a common English abbreviation belongs to the word: `J.`, `U.S.`, `Mr.`.
* In scripts without spaces (Han, Kana, Thai, Lao, Khmer, Myanmar) every letter, with its combining marks, is a
  word, so that word n-grams are character n-grams there.

Every other visible character is a *mark* and a token of its own, except that a run of full stops or hyphens is
one token. Words and marks together are *tokens*.

A sentence ends after a single mark such as `.`, `?`, `!` or `。` and the punctuation that follows it, or at the end
of the line. With these definitions, shares and counts agree with the rule-based English tokenizer that the published
Gopher, C4 and FineWeb pipelines count with.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.characters import count_characters, decode
from curate.kernels.hashing import hash_bytes, tail64
from curate.kernels.pointers import (
    EACH,
    HIGH,
    address_of,
    byte_at,
    count_byte,
    eight_at,
    ones,
    short_at,
    trailing_zeros,
)

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")
"""Eight English words; a page of prose contains at least two of them (Rae et al. 2021, section A.1.1)."""

ABBREVIATIONS = (
    "Adm", "Bros", "Co", "Corp", "Dr", "Gen", "Gov", "Inc", "Jr", "Lt", "Ltd", "Messrs", "Mr", "Mrs", "Ms", "Mt",
    "Prof", "Rep", "Rev", "Sen", "Sgt", "Sr", "St", "vs",
    "Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Aug", "Sep", "Sept", "Oct", "Nov", "Dec",
)  # fmt: skip
"""English abbreviations whose full stop does not end a sentence."""

(
    TOKENS, WORDS, LETTERED, SPACED, SPACED_CHARACTERS, STOPS, HASH_SIGNS, ELLIPSES, SENTENCES, BREAKS, CHARACTERS,
    N_COUNTS,
) = range(12)  # fmt: skip
"""Columns of the counts; N_COUNTS is the number of columns."""

_STOP_KEYS = tuple(np.uint64(int.from_bytes(word.encode(), "little")) for word in STOP_WORDS)
_SHORT_KEYS = np.sort(np.array([int.from_bytes(word.encode(), "little") for word in ABBREVIATIONS], np.uint64))
_SPACED = ch.WORD | ch.UNSPACED


@njit(cache=True, nogil=True)
def count_words(offsets, data, classes):
    """Count the words, marks and sentences of texts.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
    Returns:
        int64[n, N_COUNTS], one row for each text: TOKENS; WORDS; LETTERED, words with a letter; SPACED, words of
        scripts with spaces, and SPACED_CHARACTERS, the characters in them; STOPS, how many of STOP_WORDS occur;
        HASH_SIGNS; ELLIPSES; SENTENCES; BREAKS, line breaks; CHARACTERS of the whole text.
    Cost: about 160 MB/s of English text, one core (`python -m tests.bench.kernels`).
    """
    text, table, n = address_of(data), address_of(classes), len(offsets) - 1
    counts = np.zeros((n, N_COUNTS), np.int64)
    hashes, lengths = np.empty(0, np.uint64), np.empty(0, np.int32)
    for i in range(n):
        scan_words(text, table, offsets[i], offsets[i + 1], counts[i], hashes, lengths)
    return counts


@njit(cache=True, nogil=True)
def scan_words(text, table, start, end, counts, hashes, lengths):
    """Find the words, marks and sentences of one text.

    Args:
        text, table: addresses of uint8[m] and uint16[0x110000], see `characters`.
        start, end: byte bounds of the text.
        counts: int64[N_COUNTS], written.
        hashes: uint64[k], written for the first k tokens: the hash of the bytes of each token.
        lengths: int32[k], written for the same tokens: twice the number of characters, plus 1 in scripts with spaces.
    """
    room = len(hashes)
    n = words = lettered = spaced = spaced_characters = stops = ellipses = sentences = breaks = 0
    is_open = has_ended = False
    word_end = spaced_end = -1
    at = start
    while at < end:
        code, size = byte_at(text, at), 1
        if code >= 0x80:
            code, size = decode(text, at, end)
        bits = short_at(table, code)
        if bits & (ch.SPACE | ch.INVISIBLE):
            if bits & ch.BREAK:
                breaks += not (code == 0x0A and at > start and byte_at(text, at - 1) == 0x0D)
                sentences += is_open
                is_open = has_ended = False
            at += size
            continue
        first = at
        at, characters, union = _end_of_token(text, table, first, end, code, size, bits, word_end, spaced_end)
        if union & ch.WORD:
            words += 1
            lettered += union & ch.LETTER  # LETTER is 1
            word_end = at
            if not union & ch.UNSPACED:
                spaced += 1
                spaced_characters += characters
                spaced_end = at
                if at - first <= 4 and stops != 0xFF:
                    stops |= _stop_bit(tail64(text, first, at, end))
        else:
            ellipses += characters // 3 if code == 0x2E else code == 0x2026
        if union & ch.SENTENCE_END:
            has_ended = True
        elif has_ended and not union & ch.PUNCTUATION:
            sentences += is_open
            has_ended = False
        is_open = True
        if n < room:
            hashes[n] = hash_bytes(text, first, at, end)
            lengths[n] = 2 * characters + (union & ch.UNSPACED == 0)
        n += 1
    counts[TOKENS], counts[WORDS], counts[LETTERED], counts[SPACED] = n, words, lettered, spaced
    counts[SPACED_CHARACTERS], counts[STOPS], counts[ELLIPSES] = spaced_characters, ones(np.uint64(stops)), ellipses
    counts[SENTENCES], counts[BREAKS] = sentences + is_open, breaks
    counts[HASH_SIGNS], counts[CHARACTERS] = count_byte(text, start, end, 0x23), count_characters(text, start, end)


@njit(cache=True, nogil=True, forceinline=True)
def _end_of_token(text, table, first, end, code, size, bits, word_end, spaced_end):
    """Return `(end of the token, its characters, union of classes)`; for a mark only the class of the mark, never WORD.

    `code`, `size` and `bits` describe the first character; `word_end` and `spaced_end` are the ends of the last word
    and of the last word of a script with spaces. A run of marks does not end a sentence.
    """
    known = _letters_at(text, first, end) if bits & ch.LETTER else 0
    if known and byte_at(text, first + known) == 0x20:
        return first + known, known, ch.LETTER
    opens = 0 if bits & ch.WORD else _opening(text, table, first, end, code, size, bits, word_end, spaced_end)
    if bits & ch.WORD or opens:
        at, more, union = _end_of_word(text, table, first, first + opens, first + known, end)
        return at, at - first - more, union
    at = first + size
    if code == 0x2E or code == 0x2D:
        while at < end and byte_at(text, at) == code:
            at += 1
        if at - first > 1:
            return at, at - first, ch.PUNCTUATION
    return at, 1, bits


@njit(cache=True, nogil=True, forceinline=True)
def _opening(text, table, at, end, code, size, bits, word_end, spaced_end):
    """Return the bytes of a mark that begins a word (GLUE, or an apostrophe right after a word), else 0."""
    if bits & ch.GLUE:
        if at == word_end:
            return 0
    elif not (code == 0x27 or code == 0x2019) or at != spaced_end:
        return 0
    if at + size >= end:
        return 0
    after, _ = decode(text, at + size, end)
    return size if short_at(table, after) & _SPACED in (ch.LETTER, ch.NUMBER) else 0


@njit(cache=True, nogil=True, forceinline=True)
def _end_of_word(text, table, first, letters, at, end):
    """Return `(end of the word, number of continuation bytes, union of classes)`.

    `letters` is where the letters begin; the bytes up to `at` are known to be ASCII letters.
    """
    union = last = 0
    more = letters - first - 1 if letters > first else 0
    if at > letters:
        last = short_at(table, byte_at(text, at - 1))
        union = last
    at = max(at, letters)
    last_at = at - 1
    while at < end:
        byte = byte_at(text, at)
        bits = short_at(table, byte)
        if byte < 0x80 and bits & ch.WORD:
            union |= bits
            last, last_at = bits, at
            at += 1
            continue
        size = 1
        if byte >= 0x80:
            byte, size = decode(text, at, end)
            bits = short_at(table, byte)
        if bits & ch.SPACE:
            break
        if bits & ch.UNSPACED and bits & ch.WORD:
            if at > letters or letters > first:
                break
            return _end_of_unspaced(text, table, at + size, end, size - 1, bits)
        if bits & (ch.WORD | ch.EXTEND):
            union |= bits
        else:
            size = _joint(text, table, at, end, last)
            if size == 0:
                break
        last, last_at = bits, at
        at += size
        more += size - 1
    if at < end and byte_at(text, at) == 0x2E and (at + 1 == end or byte_at(text, at + 1) != 0x2E):
        initial = last & ch.LETTER and (last_at == first or byte_at(text, last_at - 1) == 0x2E)
        at += initial or _is_abbreviation(text, first, at, end)
    if at < end and short_at(table, byte_at(text, at) & 0x7F) & ch.GLUE and byte_at(text, at) < 0x80:
        if at + 1 == end:
            at += 1
        else:
            code, _ = decode(text, at + 1, end)
            at += short_at(table, code) & ch.SPACE != 0
    return at, more, union


@njit(cache=True, nogil=True, forceinline=True)
def _end_of_unspaced(text, table, at, end, more, union):
    while at < end:
        code, size = decode(text, at, end)
        bits = short_at(table, code)
        if not bits & ch.EXTEND:
            break
        at += size
        more += size - 1
    return at, more, union


@njit(cache=True, nogil=True, forceinline=True)
def _joint(text, table, at, end, last):
    """Return the bytes of the mark at `at` if it joins two parts of one word, else 0."""
    code, size = decode(text, at, end)
    bits = short_at(table, code)
    if not bits & ch.MARK or bits & ch.ICON or at + size >= end:
        return 0
    if code == 0x27 or code == 0x2019 or code == 0x2026:
        return 0
    after, _ = decode(text, at + size, end)
    following = short_at(table, after)
    if not following & ch.WORD or following & ch.UNSPACED:
        return 0
    if code == 0x2E:
        return 0 if last & ch.LOWER and following & ch.UPPER else size
    if code == 0x2C:
        return size if (last | following) & ch.NUMBER else 0
    if code == 0x2D:
        return size if following & ch.NUMBER and not last & ch.NUMBER else 0
    if code == 0x2B or code == 0x2A or code == 0x5E:
        return 0 if last & following & ch.NUMBER else size
    if code in (0x2F, 0x3A, 0x3C, 0x3D, 0x3E, 0x7E, 0x2013, 0x2014):
        return size if following & ch.NUMBER else 0
    return size


@njit(cache=True, nogil=True, forceinline=True)
def _letters_at(text, at, end):
    """Return the number of ASCII letters from `at` on, if it is 1 to 7 and eight bytes can be read, else 0."""
    if at + 8 > end:
        return 0
    eight = eight_at(text, at)
    small = (eight | EACH * np.uint64(0x20)) & ~HIGH
    # A byte of `small` is a letter if adding 0x1F reaches 0x80 ("a" is 0x61) and adding 0x05 does not ("z" is 0x7A).
    letters = (small + EACH * np.uint64(0x1F)) & ~(small + EACH * np.uint64(0x05)) & ~eight & HIGH
    return (trailing_zeros(~letters & HIGH) >> 3) & 7


@njit(cache=True, nogil=True, forceinline=True)
def _stop_bit(key):
    """Return the bit of the English stop word that has these bytes (four at most), or 0."""
    for k, stop_key in enumerate(_STOP_KEYS):
        if key == stop_key:
            return 1 << k
    return 0


@njit(cache=True, nogil=True, forceinline=True)
def _is_abbreviation(text, first, last, end):
    if last - first > 6:
        return False
    key = tail64(text, first, last, end)
    low, high = 0, len(_SHORT_KEYS)
    while low < high:
        middle = (low + high) >> 1
        if _SHORT_KEYS[middle] < key:
            low = middle + 1
        else:
            high = middle
    return low < len(_SHORT_KEYS) and _SHORT_KEYS[low] == key
