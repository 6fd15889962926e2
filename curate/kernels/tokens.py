"""Cut texts into the tokens of n-grams and hash them, one block of tokens at a time.

* `WORDS`: runs of letters, numbers and underscores of any script, in lower case; all other characters are dropped.
  Combining marks belong to the word they are in or follow; format characters (soft hyphen, zero-width joiner)
  neither split nor change a word. In scripts without spaces (Han, Kana, Thai, Lao, Khmer, Myanmar) every
  letter, with its marks, is a word, so that word n-grams are character n-grams there. On English text these
  are the words of `re.findall(r"\\w+", text.lower())`.
* `CHARACTERS`: characters in lower case, every run of white space as one space, no white space at either end.
  Format characters are dropped.
* `CODE`: words as above, but with their case; every other visible character alone; and layout: NEWLINE between
  two lines that are not blank; INDENT before a line that is indented deeper than the last one; DEDENT before a
  line that is indented less, one for each level it closes, plus an INDENT if it stops between two levels. A tab
  extends to the next multiple of 8. So two spaces, four spaces and a tab give the same tokens. Levels beyond
  `DEEPEST` count as `DEEPEST`.

Lower case is `characters.lower()`. The hash of a token is computed from its UTF-8 bytes, eight at a time. Where letters
become lower case, the underscore is hashed as 0x7F: then lower case is one OR for eight ASCII characters. A plain Python
version is in `tests/reference/shingles.py`.

Functions read text by address, as `pointers` explains; `limit` is the end of the memory that may be read.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from curate.kernels import characters as ch
from curate.kernels.characters import decode, to_lower
from curate.kernels.hashing import MIX_B, mix
from curate.kernels.pointers import ALL, EACH, address_of, byte_at, eight_at, short_at, trailing_zeros

WORDS, CHARACTERS, CODE = range(3)
"""The tokenizers."""

DEEPEST = 256
"""How many levels of indentation are distinguished."""

BLOCK = 1024
"""Tokens scanned at a time, so that their hashes stay in the first-level cache however long a text is."""

AT, SEEN, SPACE_FROM, OPEN, WIDTH, DEPTH, LEVELS = range(7)
"""Indices into the state of a scan: the byte to go on from; whether a token was found; where the white space before
this byte begins, or -1; whether a token was found in this line; the width of the line so far, in columns; the number
of open levels of indentation; from LEVELS on, the width of each level, the first of them 0.
"""

ONE = np.uint64(1)
FOLD = np.uint64(0x20) * EACH  # makes ASCII letters lower case, leaves digits alone, turns the underscore into 0x7F
NEWLINE, INDENT, DEDENT = 0x0A, 0x09, 0x08
"""Code points that are hashed for layout; CODE has no other tokens with these hashes."""


@njit(cache=True, nogil=True)
def new_state():
    """Return the state of a scan: int64[LEVELS + DEEPEST]."""
    return np.zeros(LEVELS + DEEPEST, np.int64)


@njit(cache=True, nogil=True)
def start_text(state, start):
    """Set the state to the beginning of a text, at byte `start`."""
    state[: LEVELS + 1] = 0
    state[AT], state[SPACE_FROM] = start, -1


@njit(cache=True, nogil=True)
def memory_of(data, classes, lower):
    """Return the addresses that `scan` reads from; the caller keeps the arrays alive.

    Args:
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        lower: uint32[len(CASED)], `characters.lower()`.
    Returns:
        `(address of data, of classes, of lower, m)`.
    """
    return address_of(data), address_of(classes), address_of(lower), len(data)


@njit(cache=True, nogil=True)
def scan(memory, end, tokenizer, state, hashes, starts, ends):
    """Hash the next tokens of a text.

    Args:
        memory: what `memory_of` returned.
        end: byte where the text ends.
        tokenizer: WORDS, CHARACTERS or CODE.
        state: int64[LEVELS + DEEPEST], as `start_text` or the last call left it; `state[AT]` is `end` or more when all
            is scanned.
        hashes: uint64[>= BLOCK], written.
        starts, ends: int64[as many], written: byte bounds of each token; or both None.
    Returns:
        the number of tokens.
    """
    text, table, lower, limit = memory
    if tokenizer == WORDS:
        return _scan_words(text, table, lower, end, limit, state, hashes, starts, ends)
    if tokenizer == CHARACTERS:
        return _scan_characters(text, table, lower, end, state, hashes, starts, ends)
    return _scan_code(text, table, lower, end, limit, state, hashes, starts, ends)


@njit(cache=True, nogil=True)
def _scan_words(text, table, lower, end, limit, state, hashes, starts, ends):
    at, n, room = state[AT], 0, len(hashes) - 32
    is_plain = limit >= 64
    while at < end and n < room:
        if not is_plain:
            at, first, last, value = _word_or_step(text, table, lower, at, end, FOLD)
            if last:
                hashes[n] = value
                if starts is not None:
                    starts[n], ends[n] = first, last
                n += 1
            is_plain = limit >= 64 and at + 1 < end and byte_at(text, at) < 0x80 and byte_at(text, at + 1) < 0x80
            continue
        # 64 bytes at a time, as bits: which belong to words, and where the ASCII characters of this text end.
        back = max(at + 64 - limit, 0)
        words = word_bits(text, at - back) >> np.uint64(back)
        stop = min(trailing_zeros(high_bits(text, at - back) >> np.uint64(back)), end - at)
        words &= ALL >> np.uint64(64 - stop) if stop > 0 else np.uint64(0)
        edges = words ^ (words << ONE)
        whole = 64 if at + stop == end else stop - 1
        next_at = at + stop
        while edges != 0:
            low = trailing_zeros(edges)
            edges &= edges - ONE
            high = trailing_zeros(edges)
            edges &= edges - ONE
            if high > whole:  # the word may be longer
                next_at = at + low
                break
            hashes[n] = _hash_plain(text, at + low, at + high, limit, FOLD)
            if starts is not None:
                starts[n], ends[n] = at + low, at + high
            n += 1
        is_plain = stop == 64 and next_at > at
        at = next_at
    state[AT] = at
    return n


@njit(cache=True, nogil=True)
def _scan_characters(text, table, lower, end, state, hashes, starts, ends):
    at, n, room = state[AT], 0, len(hashes) - 1
    seen, space = state[SEEN], state[SPACE_FROM]
    while at < end and n < room:
        code, size = decode(text, at, end)
        bits = short_at(table, code)
        if bits & ch.SPACE:
            space = at if space < 0 else space
        elif not (bits & ch.EXTEND and bits & ch.INVISIBLE):
            if space >= 0:
                hashes[n] = hash_character(0x20)
                if starts is not None:
                    starts[n], ends[n] = space, at
                n += seen
            seen, space = 1, -1
            hashes[n] = hash_character(to_lower(lower, code))
            if starts is not None:
                starts[n], ends[n] = at, at + size
            n += 1
        at += size
    state[AT], state[SEEN], state[SPACE_FROM] = at, seen, space
    return n


@njit(cache=True, nogil=True)
def _scan_code(text, table, lower, end, limit, state, hashes, starts, ends):
    at, n, room = state[AT], 0, len(hashes) - DEEPEST - 2
    while at < end and n < room:
        code, size = decode(text, at, end)
        bits = short_at(table, code)
        if bits & ch.BREAK:
            state[OPEN] = state[WIDTH] = 0
            at += size
            continue
        if bits & (ch.SPACE | ch.INVISIBLE):
            if bits & ch.SPACE:
                state[WIDTH] += 8 - (state[WIDTH] & 7) if code == 0x09 else 1
            at += size
            continue
        if not state[OPEN]:
            before = n
            n = _lay_out(state, hashes, n)
            if starts is not None:
                starts[before:n] = at
                ends[before:n] = at
        first, last = at, at + _plain_word(text, at, end, limit)
        if last > first:
            at, value = last, _hash_plain(text, first, last, limit, np.uint64(0))
        else:
            at, first, last, value = _word_or_step(text, table, lower, at, end, np.uint64(0))
            if not last:
                first, last, value = at - size, at, hash_character(code)
        hashes[n] = value
        if starts is not None:
            starts[n], ends[n] = first, last
        n += 1
    state[AT] = at
    return n


@njit(cache=True, nogil=True)
def _lay_out(state, hashes, n):
    """Append the layout tokens that come before a line whose indentation is WIDTH."""
    if state[SEEN]:
        hashes[n] = hash_character(NEWLINE)
        n += 1
    state[SEEN] = state[OPEN] = 1
    while state[LEVELS + state[DEPTH]] > state[WIDTH]:
        state[DEPTH] -= 1
        hashes[n] = hash_character(DEDENT)
        n += 1
    if state[LEVELS + state[DEPTH]] < state[WIDTH] and state[DEPTH] < DEEPEST - 1:
        state[DEPTH] += 1
        state[LEVELS + state[DEPTH]] = state[WIDTH]
        hashes[n] = hash_character(INDENT)
        n += 1
    return n


# ------------------------------------------------------------------ one token


@njit(cache=True, nogil=True)
def _word_or_step(text, table, lower, at, end, fold):
    """Read one word of any characters, or skip one character that cannot begin a word; `fold` is FOLD or 0.

    Returns `(byte to go on from, first byte of the word, byte after its last, hash)`; without a word the last three are 0.
    """
    code, size = decode(text, at, end)
    bits = short_at(table, code)
    if not (bits & ch.WORD or code == 0x5F):
        return at + size, 0, 0, np.uint64(0)
    first, last, alone = at, at, bits & ch.UNSPACED
    value, eight, filled = MIX_B, np.uint64(0), 0
    while True:
        if not bits & ch.INVISIBLE:
            if fold:
                code = code | 0x20 if code < 0x80 else to_lower(lower, code)
            utf8, length = encode(code)
            if filled == 8:
                value, eight, filled = mix(value ^ eight), np.uint64(0), 0
            eight |= utf8 << np.uint64(8 * filled)
            filled += length
            if filled > 8:
                value, filled = mix(value ^ eight), filled - 8
                eight = utf8 >> np.uint64(8 * (length - filled))
            last = at + size
        at += size
        if at >= end:
            break
        code, size = decode(text, at, end)
        bits = short_at(table, code)
        if not bits & ch.EXTEND and (alone or bits & ch.UNSPACED or not (bits & ch.WORD or code == 0x5F)):
            break
    return at, first, last, mix(value ^ eight)


@njit(cache=True, nogil=True, forceinline=True)
def _hash_plain(text, at, end, limit, fold):
    """Return the hash of the bytes of an ASCII word; `fold` is FOLD or 0."""
    value = MIX_B
    while end - at > 8:
        value = mix(value ^ (eight_at(text, at) | fold))
        at += 8
    eight = np.uint64(0)
    if at + 8 <= limit:
        eight = eight_at(text, at)
    else:
        for k in range(end - at):
            eight |= np.uint64(byte_at(text, at + k)) << np.uint64(8 * k)
    return mix(value ^ ((eight | fold) & (ALL >> np.uint64(64 - 8 * (end - at)))))


@njit(cache=True, nogil=True, forceinline=True)
def _plain_word(text, at, end, limit):
    """Return the length of the word that begins here if it is all ASCII, under 64 bytes and ends before `end`, else 0."""
    if at + 64 > limit:
        return 0
    length = trailing_zeros(~word_bits(text, at))
    return length if length < 64 and at + length < end and byte_at(text, at + length) < 0x80 else 0


@njit(cache=True, nogil=True, forceinline=True)
def hash_character(code):
    """Return the hash of a token of one character."""
    return mix(MIX_B ^ encode(code)[0])


@njit(cache=True, nogil=True, forceinline=True)
def encode(code):
    """Return `(UTF-8 bytes as a little-endian uint64, number of bytes)` of a code point."""
    bits = np.uint64(code)
    low = bits & np.uint64(0x3F) | np.uint64(0x80)
    if code < 0x80:
        return bits, 1
    if code < 0x800:
        return bits >> np.uint64(6) | np.uint64(0xC0) | low << np.uint64(8), 2
    middle = bits >> np.uint64(6) & np.uint64(0x3F) | np.uint64(0x80)
    if code < 0x10000:
        return bits >> np.uint64(12) | np.uint64(0xE0) | middle << np.uint64(8) | low << np.uint64(16), 3
    high = bits >> np.uint64(12) & np.uint64(0x3F) | np.uint64(0x80)
    return (
        bits >> np.uint64(18) | np.uint64(0xF0) | high << np.uint64(8) | middle << np.uint64(16) | low << np.uint64(24),
        4,
    )


# ------------------------------------------------------------------ 64 bytes as bits


def _load_64(builder, arguments):
    kind = ir.VectorType(ir.IntType(8), 64)
    bytes_ = builder.load(builder.inttoptr(builder.add(*arguments), kind.as_pointer()))
    bytes_.align = 1
    return bytes_


def _each(value: int):
    return ir.Constant(ir.VectorType(ir.IntType(8), 64), [value] * 64)


@intrinsic
def word_bits(typing_context, address, at):
    """Return which of the 64 bytes from `at` on are ASCII letters, digits or underscores, as bits of a `uint64`."""

    def generate(context, builder, signature, arguments):
        found = _load_64(builder, arguments)
        letter = builder.icmp_unsigned("<", builder.sub(builder.or_(found, _each(0x20)), _each(0x61)), _each(26))
        digit = builder.icmp_unsigned("<", builder.sub(found, _each(0x30)), _each(10))
        bar = builder.icmp_unsigned("==", found, _each(0x5F))
        return builder.bitcast(builder.or_(builder.or_(letter, digit), bar), ir.IntType(64))

    return types.uint64(types.intp, types.intp), generate


@intrinsic
def high_bits(typing_context, address, at):
    """Return which of the 64 bytes from `at` on are not ASCII, as bits of a `uint64`."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(builder.icmp_signed("<", _load_64(builder, arguments), _each(0)), ir.IntType(64))

    return types.uint64(types.intp, types.intp), generate
