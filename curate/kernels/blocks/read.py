"""The byte pass: read a page once and find its blocks of text. The time is linear in the bytes of any input.

A block is a run of text without a block-level tag inside; two consecutive `<br>` end it too. Only block-level tags
open elements, so there is no tree of inline tags to repair. Closing an element takes constant time, because the depth
of the innermost open element of each tag is stored. If the end tag of a skipped element (a script, say) is not found,
this is stored too, so no search is repeated.
"""

from __future__ import annotations

import numpy as np

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks import tags
from curate.kernels.blocks.attributes import groups_of_tag, read_attributes, read_classes
from curate.kernels.blocks.compiled import compiled, inlined
from curate.kernels.blocks.elements import (
    add_mark,
    close_implied,
    close_inline,
    close_tag,
    close_to,
    end_block,
    equals,
    open_element,
    open_inline,
)
from curate.kernels.blocks.page_metadata import add_metadata, is_licence, read_metadata
from curate.kernels.blocks.tags import KINDS, hash_next, hash_start, lower, tag_of
from curate.kernels.blocks.text import read_text

_A, _BR, _HR, _IMG, _INPUT, _BODY, _PRE = (tags.tag(name) for name in ("a", "br", "hr", "img", "input", "body", "pre"))
_B, _STRONG, _I, _EM = (tags.tag(name) for name in ("b", "strong", "i", "em"))
_CODE, _KBD, _SAMP, _TT = (tags.tag(name) for name in ("code", "kbd", "samp", "tt"))
_SCRIPT, _STYLE, _SVG = (tags.tag(name) for name in ("script", "style", "svg"))

_SPELLINGS = np.zeros((tags.N_TAGS, 16), np.uint8)  # the names of the tags, for finding their end tags
_LENGTHS = np.array([len(name) for name in tags.TAGS], np.int64)
for _number, _name in enumerate(tags.TAGS):
    _SPELLINGS[_number, : len(_name)] = np.frombuffer(_name.encode(), np.uint8)


@compiled
def read_blocks(t):
    """Find the blocks of the page in the tables.

    Args:
        t: `layout.Tables` with a page in place.
    Returns:
        the number of blocks, or -1 if the page does not fit; `t.state[FULL]` is then the reason.
    Cost: 100 to 200 MB/s of pages, one core (`python -m tests.bench.extraction`).
    """
    data, state = t.data, t.state
    at, n = np.int64(0), state[at_.N_BYTES]
    while at < n:
        if data[at] == 0x3C and _begins_markup(data[at + 1]):
            at = _read_markup(t, at)
        else:
            at = read_text(t, at)
        if state[at_.FULL]:
            return np.int64(-1)
    end_block(t)
    close_to(t, 0)
    return np.int64(-1) if state[at_.FULL] else state[at_.BLOCKS]


@inlined
def _begins_markup(byte):
    """Return whether this byte, after a `<`, begins markup: a letter, `/`, `!` or `?`."""
    return 97 <= (byte | 32) <= 122 or byte == 0x2F or byte == 0x21 or byte == 0x3F


@inlined
def _read_markup(t, at):
    """Read the markup that begins with this `<`; return the byte after it."""
    data, n = t.data, t.state[at_.N_BYTES]
    byte = lower(data[at + 1])
    if 97 <= byte <= 122:
        return _read_start_tag(t, at)
    if byte == 0x2F:
        if 97 <= lower(data[at + 2]) <= 122:
            return _read_end_tag(t, at)
        return _behind(data, at + 2, n)
    if byte == 0x21 and data[at + 2] == 0x2D and data[at + 3] == 0x2D:
        return _behind_comment(data, at + 4, n)
    return _behind(data, at + 2, n)


@inlined
def _name(data, at, n):
    """Return `(tag, end of its name)`."""
    value = hash_start()
    while at < n and data[at] > 0x20 and data[at] != 0x2F and data[at] != 0x3E:
        value = hash_next(value, lower(data[at]))
        at += 1
    return tag_of(value), at


@inlined
def _read_start_tag(t, at):
    n = t.state[at_.N_BYTES]
    tag, at = _name(t.data, at + 1, n)
    kind = KINDS[tag]
    at = read_attributes(t, at)
    if kind & tags.BLOCK:
        _open_block_level(t, tag, kind)
    elif kind & tags.VOID:
        _read_void(t, tag, kind)
    elif not kind & tags.SKIPPED:
        _open_inline_level(t, tag)
    tag_end = content_end = at
    if kind & tags.SKIPPED and not (tag == _SVG and t.data[at - 2] == 0x2F):
        content_end, at = _skip(t, tag, at)
    if kind & tags.READING:
        at = next_bracket(t.data, at, n)
    if kind & tags.METADATA:
        read_metadata(t, tag, tag_end, content_end)
    return at


@inlined
def _open_block_level(t, tag, kind):
    end_block(t)
    if tag == _BODY and t.last[_BODY]:
        return
    close_implied(t, tag, kind & tags.CLOSES_P)
    open_element(t, tag)
    if t.state[at_.FULL]:
        return
    read_classes(t, t.state[at_.ELEMENTS] - 1)
    if tag == _PRE and t.state[at_.PRE_AT] < 0:
        t.state[at_.PRE_AT] = t.state[at_.DEPTH]


@compiled
def _read_void(t, tag, kind):
    state = t.state
    if tag == _BR:
        if state[at_.BREAK]:
            end_block(t)
        elif state[at_.BLOCK_AT] >= 0:
            state[at_.BREAK], state[at_.SPACE], state[at_.WORD] = 1, 2, 0
            t.now[at_.BREAKS] += 1
    elif tag == _HR:
        end_block(t)
        close_implied(t, tag, kind & tags.CLOSES_P)
    elif tag == _IMG:
        t.now[at_.IMAGES] += 1
        values = t.values
        add_mark(
            t, at_.IMAGE, values[tags.SRC, 0], values[tags.SRC, 1], values[tags.ALT, 0], values[tags.ALT, 1]
        )  # fmt: skip
    elif tag == _INPUT:
        t.now[at_.INPUTS] += 1


@inlined
def _open_inline_level(t, tag):
    t.inner_now[0] |= groups_of_tag(t)
    start, end = t.values[tags.HREF, 0], t.values[tags.HREF, 1]
    if tag == _A:
        close_inline(t, at_.LINK, at_.LINK_CLOSES)
        if start >= 0:
            open_inline(t, at_.LINK, at_.LINK_OPENS, start, end)
            t.now[at_.LINKS] += 1
            if is_licence(t, start, end):
                add_metadata(t, tags.LICENCE_LINK, start, end)
    elif tag in (_B, _STRONG):
        open_inline(t, at_.BOLD_AT, at_.BOLD_OPENS, 0, 0)
    elif tag in (_I, _EM):
        open_inline(t, at_.ITALIC_AT, at_.ITALIC_OPENS, 0, 0)
    elif _CODE <= tag <= _TT:
        open_inline(t, at_.CODE_AT, at_.CODE_OPENS, 0, 0)


@inlined
def _read_end_tag(t, at):
    data, n = t.data, t.state[at_.N_BYTES]
    tag, at = _name(data, at + 2, n)
    kind = KINDS[tag]
    if kind & tags.BLOCK:
        end_block(t)
        if tag != _BODY:
            close_tag(t, tag, kind & tags.STRUCTURE)
    elif tag == _BR:  # browsers read </br> as <br>
        _read_void(t, tag, kind)
    elif tag == _A:
        close_inline(t, at_.LINK, at_.LINK_CLOSES)
    elif tag in (_B, _STRONG):
        close_inline(t, at_.BOLD_AT, at_.BOLD_CLOSES)
    elif tag in (_I, _EM):
        close_inline(t, at_.ITALIC_AT, at_.ITALIC_CLOSES)
    elif _CODE <= tag <= _TT:
        close_inline(t, at_.CODE_AT, at_.CODE_CLOSES)
    return _behind(data, at, n)


@compiled
def _skip(t, tag, at):
    """Return `(end of the content of a skipped tag, byte to go on from)`.

    Without an end tag, scripts and styles extend to the end of the page, as in browsers; other tags have no content.
    """
    data, n = t.data, t.state[at_.N_BYTES]
    length, place = _LENGTHS[tag], at
    while not t.endless[tag]:
        place = next_bracket(data, place, n)
        if place == n:
            t.endless[tag] = 1
        elif data[place + 1] == 0x2F and equals(data, place + 2, _SPELLINGS[tag, :length]):
            behind = data[place + 2 + length]
            if behind == 0x3E or behind == 0x2F or behind <= 0x20:
                return place, _behind(data, place + 2 + length, n)
            place += 2
        else:
            place += 1
    return (n, n) if tag in (_SCRIPT, _STYLE) else (at, at)


@compiled
def next_bracket(data, at, n):
    """Return the position of the next `<`, or `n`.

    Args:
        data: uint8[>= n].
        at, n: byte position, and the end of the page.
    """
    while at + 32 <= n:
        found = False
        for k in range(32):  # without an early exit, so that the compiler compares 32 bytes at once
            found |= data[at + k] == 0x3C
        if found:
            break
        at += 32
    while at < n and data[at] != 0x3C:
        at += 1
    return min(at, n)


@inlined
def _behind(data, at, n):
    """Return the position after the next `>`, or `n`."""
    while at < n and data[at] != 0x3E:
        at += 1
    return min(at + 1, n)


@inlined
def _behind_comment(data, at, n):
    """Return the position after `-->`, or `n`; `<!-->` and `<!--->` are complete comments."""
    at -= 2
    while at < n:
        if data[at] == 0x3E and data[at - 1] == 0x2D and data[at - 2] == 0x2D:
            return at + 1
        if data[at] == 0x3E and data[at - 1] == 0x21 and data[at - 2] == 0x2D and data[at - 3] == 0x2D:
            return at + 1
        at += 1
    return n
