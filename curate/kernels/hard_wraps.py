"""Hard-wrapped text: find the line breaks that a program put between two words, and replace them by spaces.

Mail programs, text editors and the makers of plain-text books break a paragraph at a fixed width: a word goes to the
next line if it does not fit any more. Such a break can be recognised, because the line is at most as long as the width
and would be longer with the next line's first word. Lines of lists, poems, menus and programs end where their author
ended them, and for hardly any width most of them have this property.

* A line break *may be a wrap* if neither line is blank, the next line is not an item (it does not begin with one of
  ITEM_MARKS, nor with a number and `.` or `)`), does not begin with a word of a script without spaces or a word longer than
  LONGEST_WORD and is not indented further (except after the first line of an item), and neither line is in a fence of
  Markdown (``` or ~~~).
* It *is a wrap at a width* if the line, with its indentation, has at most that many characters, and more than that with a
  space and the first word of the next line.
* A text is *hard-wrapped* at the width, out of WIDTHS, at which most breaks are wraps, if these are at least MIN_WRAPS and
  half of all that may be; and if half of them stand inside a sentence: the line ends in a letter, a number or a comma, and
  the next one begins with a letter that is not a capital.
* Lines that were edited afterwards may be shorter or longer: in such a text a break inside a sentence is a wrap, too, if the
  length of the line is within a quarter of the width.
* Wraps are joined in those paragraphs in which half of the breaks that may be wraps are.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.characters import count_characters, decode, decode_before, strip
from curate.kernels.lines import BULLETS, next_break
from curate.kernels.pointers import address_of, byte_at, copy, short_at

WIDTHS = range(40, 121)
"""Widths in characters. Columns of print are narrower, paragraphs of one line longer."""

MIN_WRAPS = 4
"""So many wraps at least, since three lines may be equally long by chance."""

LONGEST_WORD = 20
"""Before a longer word (an address, an expression of a program) almost any line is full, which says nothing."""

ITEM_MARKS = BULLETS + "+#>|"
"""Marks that begin a list item, a heading, a quotation or a row of a table."""

FENCES = ("```", "~~~")
"""They begin and end a block of code in Markdown."""

DASHES = "-\u2010\u2013\u2014"
"""A line that ends in one of these right after a word is joined without a space. Hyphenation is not undone."""

START, END, LENGTH, INDENT, FIRST_WORD, KIND, N_FIELDS = range(7)
"""What is known of a line: its bounds in bytes without white space at the ends; characters in it, with indentation (0: it
is blank); characters of its indentation and of its first word (0: no wrap stands before it); its KIND."""

_ITEM, _FENCED, _SMALL, _OPEN, _JOINED = 1, 2, 4, 8, 16
"""Bits of KIND: begins an item; is in a fence; begins with a letter that is not a capital; ends in a letter, a number or a
comma; is joined to the line before."""

_ITEM_MARKS = np.array(sorted(map(ord, ITEM_MARKS)), np.int64)
_DASHES = np.array(sorted(map(ord, DASHES)), np.int64)
_FENCE_BYTES = np.array([ord(fence[0]) for fence in FENCES], np.int64)
_NARROWEST, _WIDEST = WIDTHS.start, WIDTHS.stop - 1


@njit(cache=True, nogil=True)
def join_wraps(offsets, data, classes):
    """Replace the hard wraps in texts by spaces.

    Args:
        offsets: int64[n + 1], byte bounds of the texts in `data`.
        data: uint8[m], UTF-8.
        classes: uint16[0x110000], `characters.classes()`.
    Returns:
        `(offsets int64[n + 1], data uint8[k], joined int64[n])`: the new texts, and the number of wraps that were
        replaced in each. If there are none at all, the new texts are not written and k is 0.
    Cost: 2,400 MB/s of English text in long lines, 450 MB/s where lines are joined, one core (`python -m tests.bench.kernels`).
    """
    text, table, n = address_of(data), address_of(classes), len(offsets) - 1
    joined = np.zeros(n, np.int64)
    new_offsets = np.zeros(n + 1, np.int64)
    out = np.empty(0, np.uint8)
    lines, votes = np.empty((256, N_FIELDS), np.int64), np.empty(_WIDEST + 2, np.int64)
    to = np.int64(0)
    for i in range(n):
        start, end = offsets[i], offsets[i + 1]
        n_lines = _scan_lines(text, table, start, end, lines)
        if n_lines > len(lines):
            lines = np.empty((2 * n_lines, N_FIELDS), np.int64)
            _scan_lines(text, table, start, end, lines)
        joined[i] = _find_wraps(lines, n_lines, votes)
        if joined[i] and len(out) == 0:
            out = np.empty(offsets[n] - offsets[0], np.uint8)
            to = start - offsets[0]
            copy(address_of(out), text + offsets[0], to)
        if joined[i]:
            to = _copy_joined(text, table, start, end, lines, n_lines, address_of(out), to)
        else:
            if len(out):
                copy(address_of(out) + to, text + start, end - start)
            to += end - start
        new_offsets[i + 1] = to
    return new_offsets, out[:to], joined


@njit(cache=True, nogil=True)
def _scan_lines(text, table, at, end, lines):
    """Write what is known of each line, as many as there is room for; return the number of lines."""
    n, fenced = 0, False
    while at < end:
        stop, following = next_break(text, at, end)
        left, right = strip(text, table, at, stop)
        if n < len(lines):
            if left == right:
                lines[n, LENGTH], lines[n, KIND] = 0, _FENCED * fenced
            else:
                is_fence = _is_fence(text, left, right)
                indent = count_characters(text, at, left)
                lines[n, START], lines[n, END], lines[n, INDENT] = left, right, indent
                lines[n, LENGTH] = indent + count_characters(text, left, right)
                _look_at_ends(text, table, left, right, lines[n])
                lines[n, KIND] |= _FENCED * (fenced or is_fence)
                fenced ^= is_fence
        n += 1
        at = following
    return n


@njit(cache=True, nogil=True)
def _is_fence(text, left, right):
    if right - left < 3:
        return False
    byte = byte_at(text, left)
    is_mark = False
    for fence in _FENCE_BYTES:
        is_mark |= byte == fence
    return is_mark and byte_at(text, left + 1) == byte and byte_at(text, left + 2) == byte


@njit(cache=True, nogil=True)
def _look_at_ends(text, table, left, right, line):
    """Write FIRST_WORD and KIND of a line that is not blank."""
    code, size = decode(text, left, right)
    bits = short_at(table, code)
    kind = _SMALL * (bits & ch.LETTER != 0 and bits & ch.UPPER == 0)
    for mark in _ITEM_MARKS:
        kind |= _ITEM * (code == mark)
    characters, at, unspaced = 0, left, False
    while at < right:
        code, size = decode(text, at, right)
        bits = short_at(table, code)
        if bits & ch.SPACE:
            break
        unspaced |= bits & ch.UNSPACED != 0 and bits & ch.WORD != 0
        characters += 1
        at += size
    kind |= _ITEM * _is_item_number(text, left, at)
    code, _ = decode_before(text, right, left)
    kind |= _OPEN * (short_at(table, code) & ch.WORD != 0 or code == 0x2C)
    line[FIRST_WORD], line[KIND] = 0 if unspaced or characters > LONGEST_WORD else characters, kind


@njit(cache=True, nogil=True)
def _is_item_number(text, left, right):
    """Return whether these bytes are one to three digits and a full stop or a closing bracket."""
    if not 2 <= right - left <= 4:
        return False
    for at in range(left, right - 1):
        if not 0x30 <= byte_at(text, at) <= 0x39:
            return False
    last = byte_at(text, right - 1)
    return last == 0x2E or last == 0x29


@njit(cache=True, nogil=True, forceinline=True)
def _may_wrap(line, after):
    return (
        line[LENGTH] > 0
        and after[LENGTH] > 0
        and after[FIRST_WORD] > 0
        and not after[KIND] & _ITEM
        and not (line[KIND] | after[KIND]) & _FENCED
        and (after[INDENT] <= line[INDENT] or line[KIND] & _ITEM != 0)
    )


@njit(cache=True, nogil=True, forceinline=True)
def _wraps_at(line, after, width):
    return line[LENGTH] <= width <= line[LENGTH] + after[FIRST_WORD]


@njit(cache=True, nogil=True, forceinline=True)
def _is_inside_a_sentence(line, after):
    return line[KIND] & _OPEN != 0 and after[KIND] & _SMALL != 0


@njit(cache=True, nogil=True, forceinline=True)
def _is_wrap(line, after, width):
    """Return whether a break is a wrap in a text that is hard-wrapped at a width."""
    if not _may_wrap(line, after):
        return False
    is_near = 3 * width <= 4 * line[LENGTH] <= 5 * width
    return _wraps_at(line, after, width) or (is_near and _is_inside_a_sentence(line, after))


@njit(cache=True, nogil=True)
def _find_wraps(lines, n, votes):
    """Mark the lines that are joined to the one before, and return how many there are."""
    width = _width_of(lines, n, votes)
    joined = first = 0
    if width == 0:
        return joined
    for i in range(n + 1):
        if i < n and lines[i, LENGTH]:
            continue
        possible = wraps = 0
        for k in range(first, i - 1):
            possible += _may_wrap(lines[k], lines[k + 1])
            wraps += _is_wrap(lines[k], lines[k + 1], width)
        if wraps and 2 * wraps >= possible:
            joined += wraps
            for k in range(first, i - 1):
                if _is_wrap(lines[k], lines[k + 1], width):
                    lines[k + 1, KIND] |= _JOINED
        first = i + 1
    return joined


@njit(cache=True, nogil=True)
def _width_of(lines, n, votes):
    """Return the width at which a text is hard-wrapped, 0 if it is not. A wrap votes for a range of widths."""
    votes[:] = 0
    possible = 0
    for k in range(n - 1):
        if _may_wrap(lines[k], lines[k + 1]):
            possible += 1
            length = lines[k, LENGTH]
            if length <= _WIDEST:
                votes[length] += 1
                votes[min(length + lines[k + 1, FIRST_WORD], _WIDEST) + 1] -= 1
    width = wraps = count = 0
    for at in range(_WIDEST + 1):
        count += votes[at]
        if at >= _NARROWEST and count > wraps:
            width, wraps = at, count
    if wraps < MIN_WRAPS or 2 * wraps < possible:
        return 0
    inside = 0
    for k in range(n - 1):
        if _may_wrap(lines[k], lines[k + 1]) and _wraps_at(lines[k], lines[k + 1], width):
            inside += _is_inside_a_sentence(lines[k], lines[k + 1])
    return width if 2 * inside >= wraps else 0


@njit(cache=True, nogil=True)
def _copy_joined(text, table, at, end, lines, n, out, to):
    """Copy a text without its wraps to `out + to`; return the end of the copy."""
    for k in range(1, n):
        if lines[k, KIND] & _JOINED:
            stop = lines[k - 1, END]
            copy(out + to, text + at, stop - at)
            to += stop - at
            if not _ends_in_a_dash(text, table, lines[k - 1, START], stop):
                copy(out + to, address_of(_SPACE), 1)
                to += 1
            at = lines[k, START]
    copy(out + to, text + at, end - at)
    return to + end - at


_SPACE = np.array([0x20], np.uint8)


@njit(cache=True, nogil=True)
def _ends_in_a_dash(text, table, left, right):
    """Return whether a line ends in a dash right after another character."""
    code, size = decode_before(text, right, left)
    is_dash = False
    for dash in _DASHES:
        is_dash |= code == dash
    if not is_dash or right - size <= left:
        return False
    code, _ = decode_before(text, right - size, left)
    return short_at(table, code) & ch.SPACE == 0
