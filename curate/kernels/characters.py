"""Character classes of all code points, and UTF-8 decoding; every text kernel uses them.

Classes are bits of a `uint16`, computed once per process from the `unicodedata` of the running Python (about
0.05 s). An older Python treats code points of a newer Unicode as unassigned, so two Python versions give equal
results only for characters that both know.

Functions here read text by address, as `pointers` explains: `text` is the address of UTF-8 bytes, `table` the address
of `classes()`; `at`, `start` and `end` are byte positions in the text.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np
from numba import njit

from curate.kernels.pointers import HIGH, byte_at, eight_at, ones, short_at

LETTER = 1  # categories L*
NUMBER = 2  # N*
EXTEND = 4  # M* and Cf: continue a word, never start one
SPACE = 8  # str.isspace, and the zero-width space
PUNCTUATION = 16  # P*
SYMBOL = 32  # S*
ICON = 64  # So: arrows, dingbats, emoji; never inside a word
UPPER = 128  # Lu
LOWER = 256  # Ll
UNSPACED = 512  # letters and numbers of scripts that write without spaces
SENTENCE_END = 1024  # full stop, question and exclamation mark of any script
GLUE = 2048  # belongs to the word it touches on one side only: @name, -5, pre-
CONTROL = 4096  # control, private and unassigned characters, U+FFFD: no author writes them on purpose
INVISIBLE = 8192  # Cf and Cc: neither word nor mark
SEPARATOR_TOKEN = 16384  # separates the items of a menu or the cells of a table row: | • » › → tab
BREAK = 32768  # ends a line, as in str.splitlines

WORD = LETTER | NUMBER
MARK = PUNCTUATION | SYMBOL

SENTENCE_ENDS = (
    ".!?\u0589\u061d\u061e\u061f\u06d4\u0700\u0701\u0702\u07f9\u0964\u0965\u104a\u104b\u1362\u1367\u1368\u166e"
    "\u17d4\u17d5\u1803\u1809\u203c\u203d\u2047\u2048\u2049\u3002\ua4ff\ufe52\ufe56\ufe57\uff01\uff0e\uff1f\uff61"
)
"""Marks that end a sentence (Unicode property Sentence_Terminal, the scripts used on the web)."""

BREAKS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""Characters that end a line: those of `str.splitlines`."""

SPACES_BESIDE_CATEGORY_Z = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f\x85\u200b"
"""White space for `str.isspace` that Unicode lists as control characters, and the zero-width space."""

GLUES = "-/\\|@^~+"
SEPARATOR_TOKENS = "|•»›→\t"

UNSPACED_RANGES = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # CJK radicals
    (0x3005, 0x3007),  # ideographic iteration mark and zero
    (0x3021, 0x303C),  # Hangzhou numerals
    (0x3041, 0x31FF),  # Hiragana, Katakana, Bopomofo (and compatibility Hangul, which is not used in running text)
    (0x3400, 0x4DBF),  # Han, extension A
    (0x4E00, 0x9FFF),  # Han
    (0xF900, 0xFAFF),  # Han, compatibility
    (0xFF66, 0xFF9F),  # half-width Katakana
    (0x1B000, 0x1B16F),  # Kana supplement
    (0x20000, 0x323AF),  # Han, extensions B to H
)
"""Scripts that are written without spaces, as ranges of code points, both ends included."""

ASSIGNED = (range(0x32400), range(0xE0000, 0xE0200))
"""Ranges with assigned characters; all other code points are unassigned or private and have the same class."""

CASED = range(0x20000)
"""The range that contains all upper-case letters; a test checks that there are none elsewhere."""

_N_CASED = len(CASED)


_BY_CATEGORY = {
    "Lu": LETTER | UPPER, "Ll": LETTER | LOWER, "Lt": LETTER, "Lm": LETTER, "Lo": LETTER,
    "Nd": NUMBER, "Nl": NUMBER, "No": NUMBER, "Mn": EXTEND, "Mc": EXTEND, "Me": EXTEND,
    "Pc": PUNCTUATION, "Pd": PUNCTUATION, "Ps": PUNCTUATION, "Pe": PUNCTUATION, "Pi": PUNCTUATION,
    "Pf": PUNCTUATION, "Po": PUNCTUATION, "Sm": SYMBOL, "Sc": SYMBOL, "Sk": SYMBOL, "So": SYMBOL | ICON,
    "Zs": SPACE, "Zl": SPACE, "Zp": SPACE, "Cf": EXTEND | INVISIBLE, "Cc": INVISIBLE | CONTROL,
    "Cn": CONTROL, "Co": CONTROL, "Cs": CONTROL,
}  # fmt: skip


@lru_cache(maxsize=1)
def classes() -> np.ndarray:
    """Return the class of every code point: uint16[0x110000]."""
    found = np.full(0x110000, CONTROL, np.uint16)
    for block in ASSIGNED:
        found[block.start : block.stop] = [_BY_CATEGORY[unicodedata.category(chr(code))] for code in block]
    found[[ord(char) for char in SPACES_BESIDE_CATEGORY_Z]] = SPACE
    found[0xFFFD] |= CONTROL
    for chars, bit in (
        (SENTENCE_ENDS, SENTENCE_END),
        (GLUES, GLUE),
        (SEPARATOR_TOKENS, SEPARATOR_TOKEN),
        (BREAKS, BREAK),
    ):
        found[[ord(char) for char in chars]] |= bit
    for first, last in UNSPACED_RANGES:
        part = found[first : last + 1]
        part[(part & WORD) != 0] |= UNSPACED
    found.flags.writeable = False
    return found


@lru_cache(maxsize=1)
def lower() -> np.ndarray:
    """Return the lower case of the code points in CASED, as code points: uint32[len(CASED)].

    Every character becomes exactly one, whatever its neighbours are: Σ and ς are both σ. The only character whose
    lower case is two characters, İ (i and a dot above), becomes i.
    """
    found = np.array([ord(chr(code).lower()[0]) for code in CASED], np.uint32)
    found[ord("ς")] = ord("σ")
    found.flags.writeable = False
    return found


@njit(cache=True, nogil=True, forceinline=True)
def decode(text, at, end):
    """Decode the character at a byte position; bytes at `end` and after it are never read.

    Args:
        text: address of uint8[m], UTF-8.
        at, end: byte position of the character, and the end of the text.
    Returns:
        `(code point, number of bytes)`; `(0xFFFD, 1)` where the bytes are not UTF-8.
    """
    first = byte_at(text, at)
    if first < 0x80:
        return first, 1
    size = 2 if 0xC2 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF5 else 1
    if size == 1 or at + size > end:
        return np.int64(0xFFFD), 1
    code = first & (0x7F >> size)
    for k in range(1, size):
        byte = byte_at(text, at + k)
        if byte & 0xC0 != 0x80:
            return np.int64(0xFFFD), 1
        code = code << 6 | (byte & 0x3F)
    if code > 0x10FFFF:
        return np.int64(0xFFFD), 1
    return code, size


@njit(cache=True, nogil=True, forceinline=True)
def to_lower(lower, code):
    """Return the lower case of a code point; `lower` is the address of `lower()`, uint32[len(CASED)]."""
    if code >= _N_CASED:
        return code
    return short_at(lower, 2 * code) | short_at(lower, 2 * code + 1) << 16


@njit(cache=True, nogil=True, forceinline=True)
def decode_before(text, at, start):
    """Decode the character that ends right before a byte position.

    Args:
        text: address of uint8[m], UTF-8.
        at, start: byte position, and the beginning of the text; `at > start`.
    Returns:
        `(code point, number of bytes)`; `(0xFFFD, 1)` where the bytes are not UTF-8.
    """
    first = at - 1
    while first > start and at - first < 4 and byte_at(text, first) & 0xC0 == 0x80:
        first -= 1
    code, size = decode(text, first, at)
    if first + size != at:
        return np.int64(0xFFFD), 1
    return code, size


@njit(cache=True, nogil=True)
def count_characters(text, start, end):
    """Count characters: the bytes that do not continue one.

    Args:
        text: address of uint8[m], UTF-8.
        start, end: byte bounds.
    Returns:
        the number of characters.
    """
    count = end - start
    while start + 8 <= end:
        eight = eight_at(text, start)
        count -= ones(eight & ~(eight << np.uint64(1)) & HIGH)  # 10xxxxxx continues a character
        start += 8
    for at in range(start, end):
        count -= byte_at(text, at) & 0xC0 == 0x80
    return count


@njit(cache=True, nogil=True, forceinline=True)
def strip(text, table, start, end):
    """Leave out the white space at both ends, as `str.strip` does.

    Args:
        text, table: addresses of uint8[m], UTF-8, and uint16[0x110000], `classes()`.
        start, end: byte bounds.
    Returns:
        `(start, end)` of the rest.
    """
    while start < end:
        code, size = decode(text, start, end)
        if not short_at(table, code) & SPACE:
            break
        start += size
    while end > start:
        code, size = decode_before(text, end, start)
        if not short_at(table, code) & SPACE:
            break
        end -= size
    return start, end
