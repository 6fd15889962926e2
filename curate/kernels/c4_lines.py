"""Remove lines that are not prose from texts: the line rules of C4, from buffer to buffer."""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.characters import decode, decode_before, strip
from curate.kernels.lines import next_break
from curate.kernels.pointers import EACH, address_of, byte_at, bytes_equal, copy, eight_at, short_at, trailing_zeros
from curate.kernels.template_markers import stands_at

TOO_LONG_WORD, UNENDED, TOO_FEW_WORDS, JAVASCRIPT, POLICY, KEPT, N_OUTCOMES = range(7)
"""The outcome of a line: the first rule that removes it, or KEPT."""

CITATION, END_MARK, SCRIPT, NOTICE = 1, 2, 4, 8
"""Bits that switch the rules on: remove citations, lines need an end mark, `javascript`, policy notices."""

CITATIONS = ("[edit]", "[citation needed]")
"""Markers that Wikipedia pages have between words, in addition to numbers in brackets (C4's code, `c4_utils.py`)."""

PHRASES = (
    "javascript", "lorem ipsum",
    "terms of use", "privacy policy", "cookie policy", "uses cookies", "use of cookies", "use cookies",
)  # fmt: skip
"""The word that removes its line, the phrase that drops the page, and the phrases of policy notices (C4's code)."""

RAREST = "vmmvkkkk"
"""One rare letter of each phrase; the rest of a phrase is compared only where its letter occurs."""

_N, _WIDTH = len(PHRASES), 16
_BYTES = np.frombuffer("".join(phrase.ljust(_WIDTH) for phrase in PHRASES).encode(), np.uint8)
_SIZES = np.array([len(phrase) for phrase in PHRASES])
_SHIFTS = np.array([phrase.index(letter) for phrase, letter in zip(PHRASES, RAREST, strict=True)])
_HAS_SCRIPT, _HAS_LOREM = 1, 2
_HAS_POLICY = (1 << _N) - 4
_HAS_CURLY, _HAS_BRACKET = 1 << _N, 2 << _N

_EDIT = np.frombuffer(CITATIONS[0].encode(), np.uint8)
_NEEDED = np.frombuffer(CITATIONS[1].encode(), np.uint8)


@njit(cache=True, nogil=True)
def drop_lines(offsets, data, classes, rules, min_words, max_word_length):
    """Return the texts without the lines that break a rule; the other lines are stripped and joined by `\\n`.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
        rules: CITATION, END_MARK, SCRIPT and NOTICE, combined by OR.
        min_words: a line needs this many words, separated by white space; 0 switches the rule off. In scripts without
            spaces every letter is a word.
        max_word_length: a line with a longer word, in characters, is removed; -1 switches the rule off.
    Returns:
        `(offsets int64[n + 1], data uint8[k], outcomes int64[N_OUTCOMES])`: the new texts, and the number of lines
        with each outcome. Blank lines are always left out and not counted.
    Cost: 300 to 400 MB/s of English text, one core (`python -m tests.bench.kernels`).
    """
    text, table, n = address_of(data), address_of(classes), len(offsets) - 1
    new_offsets = np.zeros(n + 1, np.int64)
    out = np.empty(offsets[n] - offsets[0] if n else 0, np.uint8)
    outcomes = np.zeros(N_OUTCOMES, np.int64)
    to = np.int64(0)
    for i in range(n):
        at, end, begin = offsets[i], offsets[i + 1], to
        while at < end:
            stop, following = next_break(text, at, end)
            left, right = strip(text, table, at, stop)
            at = following
            if left == right:
                continue
            place = to + (to > begin)
            outcome, kept_to = _try_line(text, table, left, right, out, place, rules, min_words, max_word_length)
            outcomes[outcome] += 1
            if outcome == KEPT and kept_to > place:
                if place > to:
                    out[to] = 0x0A
                to = kept_to
        new_offsets[i + 1] = to
    return new_offsets, out[:to], outcomes


@njit(cache=True, nogil=True)
def _try_line(text, table, start, end, out, place, rules, min_words, max_word_length):
    """Copy a line to `out[place:]` if it breaks no rule; return `(outcome, end of the copy)`."""
    if 0 <= max_word_length < end - start and _has_long_word(text, table, start, end, max_word_length):
        return TOO_LONG_WORD, place
    has_words = _has_words(text, table, start, end, min_words)
    found = find_phrases(text, start, end)
    if rules & CITATION and found & _HAS_BRACKET:
        end = _copy_without_citations(text, start, end, out, place)
        text = address_of(out)
        start, end = strip(text, table, place, end)
        found = find_phrases(text, start, end)
    if rules & END_MARK and not _is_ended(text, table, start, end):
        return UNENDED, place
    if not has_words:
        return TOO_FEW_WORDS, place
    if rules & SCRIPT and found & _HAS_SCRIPT and not found & _HAS_LOREM:
        return JAVASCRIPT, place
    if rules & NOTICE and found & _HAS_POLICY and not found & (_HAS_LOREM | _HAS_CURLY):
        return POLICY, place
    if text != address_of(out) or start != place:
        copy(address_of(out) + place, text + start, end - start)
    return KEPT, place + end - start


@njit(cache=True, nogil=True)
def find_phrases(text, start, end):
    """Find which of PHRASES a stretch of text contains, in upper or lower case.

    Args:
        text: address of uint8[m], UTF-8.
        start, end: byte bounds.
    Returns:
        one bit for each phrase, then one bit for `{` and one for `[`.
    """
    found = 0
    at = start
    while at + 8 <= end:
        eight = eight_at(text, at) | EACH * np.uint64(0x20)
        hits = bytes_equal(eight, 0x76) | bytes_equal(eight, 0x6B) | bytes_equal(eight, 0x6D) | bytes_equal(eight, 0x7B)
        while hits:
            found |= _phrases_around(text, start, at + (trailing_zeros(hits) >> 3), end)
            hits &= hits - np.uint64(1)
        at += 8
    for last in range(at, end):
        found |= _phrases_around(text, start, last, end)
    return found


@njit(cache=True, nogil=True)
def _phrases_around(text, start, at, end):
    """Return the bits of the phrases around one of the letters of RAREST."""
    byte = byte_at(text, at)
    if byte == 0x7B:
        return _HAS_CURLY
    if byte == 0x5B:
        return _HAS_BRACKET
    if at == start or at + 1 == end:
        return 0
    before, after = byte_at(text, at - 1) | 0x20, byte_at(text, at + 1) | 0x20
    phrases, found = address_of(_BYTES), 0
    for k in range(_N):
        near = phrases + _WIDTH * k + _SHIFTS[k]
        if byte | 0x20 == byte_at(near, 0) and before == byte_at(near, -1) and after == byte_at(near, 1):
            first = at - _SHIFTS[k]
            if first >= start and stands_at(text, first, end, phrases + _WIDTH * k, _SIZES[k]):
                found |= 1 << k
    return found


@njit(cache=True, nogil=True)
def _is_ended(text, table, start, end):
    if start == end:
        return False
    code, _ = decode_before(text, end, start)
    if code == 0x2E:
        return not (end - start >= 3 and byte_at(text, end - 2) == 0x2E and byte_at(text, end - 3) == 0x2E)
    return code == 0x22 or code == 0x27 or short_at(table, code) & ch.SENTENCE_END != 0


@njit(cache=True, nogil=True)
def _has_words(text, table, at, end, least):
    """Return whether there are at least `least` words between white space (a letter of an unspaced script is a word)."""
    inside = False
    count = 0
    while at < end and count < least:
        code, size = decode(text, at, end)
        bits = short_at(table, code)
        if bits & ch.SPACE:
            inside = False
        elif bits & ch.UNSPACED and bits & ch.WORD:
            count += 1
            inside = False
        elif not inside and not bits & ch.EXTEND:
            count += 1
            inside = True
        at += size
    return count >= least


@njit(cache=True, nogil=True)
def _has_long_word(text, table, at, end, most):
    length = 0
    while at < end:
        code, size = decode(text, at, end)
        bits = short_at(table, code)
        length = 0 if bits & (ch.SPACE | ch.UNSPACED) else length + 1
        if length > most:
            return True
        at += size
    return False


@njit(cache=True, nogil=True)
def _copy_without_citations(text, at, end, out, to):
    """Copy bytes without `[12]`, `[]`, `[edit]` and `[citation needed]`; return the end of the copy."""
    while at < end:
        if byte_at(text, at) == 0x5B:
            after = at + 1
            while after < end and 0x30 <= byte_at(text, after) <= 0x39:
                after += 1
            if after < end and byte_at(text, after) == 0x5D:
                at = after + 1
                continue
            if _stands_exactly(text, at, end, address_of(_EDIT), len(_EDIT)):
                at += len(_EDIT)
                continue
            if _stands_exactly(text, at, end, address_of(_NEEDED), len(_NEEDED)):
                at += len(_NEEDED)
                continue
        out[to] = byte_at(text, at)
        at += 1
        to += 1
    return to


@njit(cache=True, nogil=True)
def _stands_exactly(text, at, end, phrase, size):
    if at + size > end:
        return False
    same = 0
    while same < size and byte_at(text, at + same) == byte_at(phrase, same):
        same += 1
    return same == size
