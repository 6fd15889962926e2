"""Read a run of text between two tags: decode it, collapse its white space, count its characters."""

from __future__ import annotations

import numpy as np

from curate.kernels import characters as ch
from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.compiled import inlined
from curate.kernels.blocks.entities import reference_at

_NOT_TEXT = ch.INVISIBLE | ch.CONTROL
_SOFT_HYPHEN, _BYTE_ORDER_MARK = 0xAD, 0xFEFF


@inlined
def read_text(t, at):
    """Copy text up to the next `<`, and return where it ends; the byte at `at` is text, whatever it is.

    Bytes that are not UTF-8 are copied as `?`; control characters, soft hyphens and byte order marks are left out. The
    output never takes more bytes than the input.
    """
    state, data, text, now = t.state, t.data, t.text, t.now
    n, out, space, is_pre = state[at_.N_BYTES], state[at_.OUT], state[at_.SPACE], state[at_.PRE_AT] >= 0
    is_open, in_word, last = state[at_.BLOCK_AT] >= 0, state[at_.WORD] == 1, now[at_.LAST]
    characters = words = unspaced = uppers = digits = marks = stops = separators = 0
    first = at
    while at < n:
        byte = np.int64(data[at])
        if byte == 0x3C and at > first:
            break
        code, size = byte, 1
        if byte >= 0x80:
            code, size = _decode(data, at, n)
        elif byte == 0x26:
            code, size = reference_at(data, at, n)
        bits = np.int64(t.classes[code])
        at += size
        if bits & ch.SPACE:
            in_word = False
            if is_pre and is_open and code != 0x0D:
                out = _write(text, out, 0x0A if code == 0x0A else 0x09 if code == 0x09 else 0x20)
                now[at_.BREAKS] += code == 0x0A
            else:
                space = max(space, 1)
            continue
        if bits & _NOT_TEXT == _NOT_TEXT or code in (_SOFT_HYPHEN, _BYTE_ORDER_MARK):
            continue
        if not is_open:
            is_open = True
            state[at_.BLOCK_AT], now[at_.FIRST], now[at_.SOURCE] = out, code, at - size
        elif space:
            out = _write(text, out, 0x0A if space == 2 else 0x20)
        space = 0
        out = _write(text, out, code)
        last = code
        characters += 1
        if bits & ch.WORD:
            if bits & ch.UNSPACED:
                unspaced += 1
                in_word = False
            elif not in_word:
                words += 1
                in_word = True
            uppers += (bits & ch.UPPER) != 0
            digits += (bits & ch.NUMBER) != 0
        elif not bits & ch.EXTEND:
            in_word = False
            marks += 1
            stops += (bits & ch.SENTENCE_END) != 0
            separators += (bits & ch.SEPARATOR_TOKEN) != 0
    state[at_.OUT], state[at_.SPACE], state[at_.WORD] = out, space, in_word
    if characters:
        now[at_.LAST], state[at_.BREAK] = last, 0
        for column, count in (
            (at_.CHARACTERS, characters), (at_.WORDS, words), (at_.UNSPACED, unspaced), (at_.UPPERS, uppers),
            (at_.DIGITS, digits), (at_.MARKS, marks), (at_.STOPS, stops), (at_.SEPARATORS, separators),
            (at_.LINKED, characters * (state[at_.LINK] >= 0)), (at_.BOLD, characters * (state[at_.BOLD_AT] >= 0)),
            (at_.CODED, characters * (state[at_.CODE_AT] >= 0)),
        ):  # fmt: skip
            now[column] += count
    return at


@inlined
def _decode(data, at, end):
    """Return `(code point, number of bytes)` of a character beyond ASCII; `?` for a byte that cannot begin one."""
    first = np.int64(data[at])
    size = 2 if 0xC2 <= first < 0xE0 else 3 if 0xE0 <= first < 0xF0 else 4 if 0xF0 <= first < 0xF5 else 1
    if size == 1 or at + size > end:
        return np.int64(0x3F), 1
    code = first & (0x7F >> size)
    for k in range(1, size):
        byte = np.int64(data[at + k])
        if byte & 0xC0 != 0x80:
            return np.int64(0x3F), 1
        code = code << 6 | (byte & 0x3F)
    is_whole = code >= (0x80, 0x800, 0x10000)[size - 2] and code <= 0x10FFFF and not 0xD800 <= code < 0xE000
    return (code, size) if is_whole else (np.int64(0x3F), 1)


@inlined
def _write(text, out, code):
    """Write a character as UTF-8; return the position after it."""
    if code < 0x80:
        text[out] = code
        return out + 1
    if code < 0x800:
        text[out], text[out + 1] = 0xC0 | code >> 6, 0x80 | code & 0x3F
        return out + 2
    if code < 0x10000:
        text[out], text[out + 1], text[out + 2] = 0xE0 | code >> 12, 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
        return out + 3
    text[out], text[out + 1] = 0xF0 | code >> 18, 0x80 | code >> 12 & 0x3F
    text[out + 2], text[out + 3] = 0x80 | code >> 6 & 0x3F, 0x80 | code & 0x3F
    return out + 4
