"""Open and close the elements and blocks of a page during the byte pass; each step takes constant time."""

from __future__ import annotations

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.compiled import compiled, inlined
from curate.kernels.blocks.tags import lower, tag

_TD, _TH, _CAPTION, _TABLE, _TR = tag("td"), tag("th"), tag("caption"), tag("table"), tag("tr")
_UL, _OL, _DL, _MENU, _LI, _DT, _DD = tag("ul"), tag("ol"), tag("dl"), tag("menu"), tag("li"), tag("dt"), tag("dd")
_H1, _H6, _P, _PRE, _QUOTE, _BUTTON = tag("h1"), tag("h6"), tag("p"), tag("pre"), tag("blockquote"), tag("button")
_THEAD, _TFOOT = tag("thead"), tag("tfoot")
_ROOT = -1


@inlined
def end_block(t):
    """Close the open block of text, if there is one, and discard pending white space."""
    if t.state[at_.BLOCK_AT] >= 0:
        _write_block(t)
    else:
        _forget(t)


@inlined
def _forget(t):
    """Reset the counters and the pending white space."""
    t.state[at_.SPACE] = t.state[at_.WORD] = t.state[at_.BREAK] = 0
    t.now[at_.IMAGES] = t.now[at_.INPUTS] = t.now[at_.LINKS] = 0  # everything that is counted outside of text
    t.inner_now[0] = 0


@compiled
def _write_block(t):
    state, now = t.state, t.now
    out, start = state[at_.OUT], state[at_.BLOCK_AT]
    while out > start and (t.text[out - 1] == 32 or 9 <= t.text[out - 1] <= 10):
        out -= 1
    n = state[at_.BLOCKS]
    if n == at_.MAX_BLOCKS:
        state[at_.FULL] = at_.TOO_MANY_BLOCKS
        return
    state[at_.OUT], state[at_.BLOCK_AT] = out, -1
    now[at_.START], now[at_.END] = start, out
    now[at_.PRE] = t.last[_PRE] > 0
    now[at_.ELEMENT] = now[at_.ROW] = now[at_.CELL] = _ROOT
    if state[at_.DEPTH] > 0:
        element = t.stack[state[at_.DEPTH] - 1, 0]
        around = t.elements[element]
        now[at_.ELEMENT], now[at_.HEADING], now[at_.LIST] = element, around[at_.IN_HEADING], around[at_.IN_LISTS]
        now[at_.ROW], now[at_.CELL] = around[at_.IN_ROW], around[at_.IN_CELL]
        now[at_.QUOTED] = around[at_.IN_QUOTES]
    for column in range(at_.N_BLOCK):
        t.blocks[n, column] = now[column]
    t.inner[n] = t.inner_now[0]
    state[at_.BLOCKS] = n + 1
    now[:] = 0
    _forget(t)


@inlined
def open_element(t, tag):
    """Open an element inside the innermost open one; `attributes.read_classes` adds its classes."""
    state, last = t.state, t.last
    n, depth = state[at_.ELEMENTS], state[at_.DEPTH]
    if n == at_.MAX_ELEMENTS:
        state[at_.FULL] = at_.TOO_MANY_ELEMENTS
        return
    if depth == at_.MAX_DEPTH:
        state[at_.FULL] = at_.TOO_DEEP
        return
    own = t.elements[n]
    own[:] = 0
    own[at_.PARENT] = own[at_.IN_ROW] = own[at_.IN_CELL] = _ROOT
    if depth > 0:
        parent = t.stack[depth - 1, 0]
        own[at_.PARENT] = parent
        for column in range(at_.IN_HEADING, at_.N_ELEMENT):
            own[column] = t.elements[parent, column]
    own[at_.TAG], own[at_.FIRST_BLOCK] = tag, state[at_.BLOCKS]
    own[at_.FIRST_TOKEN] = own[at_.END_TOKEN] = state[at_.TOKENS]
    _place(t, own, n, tag)
    t.groups[n] = 0
    t.stack[depth, 0], t.stack[depth, 1], t.stack[depth, 2] = n, tag, last[tag]
    last[tag] = depth + 1
    state[at_.ELEMENTS], state[at_.DEPTH] = n + 1, depth + 1


@inlined
def _place(t, own, n, tag):
    """Set for an element what its position means for its blocks: heading level, list depth, row, cell, item number."""
    if _H1 <= tag <= _H6:
        own[at_.IN_HEADING] = tag - _H1 + 1
    elif tag in (_UL, _OL, _DL, _MENU):
        own[at_.IN_LISTS] += 1
    elif tag == _QUOTE:
        own[at_.IN_QUOTES] += 1
    elif tag == _TABLE:
        own[at_.IN_ROW] = own[at_.IN_CELL] = _ROOT
    elif tag == _TR:
        own[at_.IN_ROW] = n
    elif tag in (_TD, _TH):
        own[at_.IN_CELL] = n
    elif tag == _LI:
        depth = max(t.last[_UL], t.last[_OL], t.last[_MENU])
        if depth > 0:
            around = t.elements[t.stack[depth - 1, 0]]
            around[at_.ENTRIES] += 1
            own[at_.ORDER] = around[at_.ENTRIES] if around[at_.TAG] == _OL else 0


@inlined
def close_to(t, depth):
    """Close the innermost elements until only `depth` are open, and the inline tags that were opened inside them."""
    if t.state[at_.DEPTH] > depth:
        _pop_to(t, depth)


@compiled
def _pop_to(t, depth):
    state = t.state
    while state[at_.DEPTH] > depth:
        top = state[at_.DEPTH] - 1
        t.elements[t.stack[top, 0], at_.END_BLOCK] = state[at_.BLOCKS]
        t.last[t.stack[top, 1]] = t.stack[top, 2]
        state[at_.DEPTH] = top
    for kind, mark in (
        (at_.LINK, at_.LINK_CLOSES), (at_.BOLD_AT, at_.BOLD_CLOSES), (at_.ITALIC_AT, at_.ITALIC_CLOSES),
        (at_.CODE_AT, at_.CODE_CLOSES),
    ):  # fmt: skip
        if state[kind] > depth:
            close_inline(t, kind, mark)
    if state[at_.PRE_AT] > depth:
        state[at_.PRE_AT] = -1


@inlined
def close_implied(t, tag, closes_p):
    """Close the elements that the HTML standard closes before a tag opens: an open paragraph, list item, row or cell.

    Args:
        t: `layout.Tables`.
        tag: the number of the tag that opens.
        closes_p: whether the tag closes an open paragraph.
    """
    last = t.last
    scope = max(last[_TABLE], last[_TD], last[_TH], last[_CAPTION])
    if tag == _LI and last[_LI] > max(scope, last[_UL], last[_OL], last[_MENU]):
        close_to(t, last[_LI] - 1)
    elif tag in (_DT, _DD):
        inner = max(last[_DT], last[_DD])
        if inner > max(scope, last[_DL]):
            close_to(t, inner - 1)
    elif tag in (_TD, _TH, _CAPTION):
        inner = max(last[_TD], last[_TH], last[_CAPTION])
        if inner > max(last[_TABLE], last[_TR]):
            close_to(t, inner - 1)
    elif tag == _TR and last[_TR] > last[_TABLE]:
        close_to(t, last[_TR] - 1)
    elif _THEAD <= tag <= _TFOOT:
        inner = max(last[_THEAD], last[_THEAD + 1], last[_TFOOT])
        if inner > last[_TABLE]:
            close_to(t, inner - 1)
    elif _H1 <= tag <= _H6 and t.state[at_.DEPTH] > 0 and _H1 <= t.stack[t.state[at_.DEPTH] - 1, 1] <= _H6:
        close_to(t, t.state[at_.DEPTH] - 1)
    if closes_p and last[_P] > max(scope, last[_BUTTON]):
        close_to(t, last[_P] - 1)


@inlined
def close_tag(t, tag, is_structure):
    """Close the innermost element of a tag, unless it is outside the table cell of the end tag.

    Args:
        t: `layout.Tables`.
        tag: the number of the tag.
        is_structure: whether the tag is part of a table: then elements outside the cell are closed too.
    """
    last = t.last
    inner = last[tag]
    if _H1 <= tag <= _H6 and inner == 0:  # the end tag of any heading closes any heading
        for other in range(_H1, _H6 + 1):
            inner = max(inner, last[other])
    if inner > 0 and (is_structure or inner > max(last[_TD], last[_TH], last[_CAPTION])):
        close_to(t, inner - 1)


@compiled
def open_inline(t, kind, mark, start, end):
    """Begin a link, bold, italic or code, unless one of this kind is open.

    Args:
        t: `layout.Tables`.
        kind: the column of the state: LINK, BOLD_AT, ITALIC_AT or CODE_AT.
        mark: the kind of mark to add.
        start, end: byte bounds of the target in the source.
    """
    if t.state[kind] < 0:
        t.state[kind] = t.state[at_.DEPTH]
        add_mark(t, mark, start, end, 0, 0)


@compiled
def close_inline(t, kind, mark):
    """End a link, bold, italic or code, if one is open.

    Args:
        t: `layout.Tables`.
        kind: the column of the state.
        mark: the kind of mark to add.
    """
    if t.state[kind] >= 0:
        t.state[kind] = -1
        add_mark(t, mark, 0, 0, 0, 0)


@compiled
def add_mark(t, kind, start, end, alt_start, alt_end):
    """Record a mark at the current position of the text; on a page with too many marks the later ones are left out.

    Args:
        t: `layout.Tables`.
        kind: LINK_OPENS to IMAGE.
        start, end: byte bounds of the target in the source.
        alt_start, alt_end: byte bounds of the alt text in the source.
    """
    n = t.state[at_.N_MARKS]
    if n < at_.MAX_MARKS:
        mark = t.marks[n]
        mark[at_.MARK_AT], mark[at_.MARK_KIND] = t.state[at_.OUT], kind
        mark[at_.MARK_START], mark[at_.MARK_END] = start, end
        mark[at_.MARK_ALT_START], mark[at_.MARK_ALT_END] = alt_start, alt_end
        t.state[at_.N_MARKS] = n + 1


@inlined
def equals(data, at, word):
    """Return whether bytes, in lower case, are equal to a word; never reads past the padding.

    Args:
        data: uint8[n], the page with its padding.
        at: byte position.
        word: uint8[k], in lower case.
    """
    for k in range(len(word)):  # noqa: SIM110 (numba does not compile generators)
        if lower(data[at + k]) != word[k]:
            return False
    return True
