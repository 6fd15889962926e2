"""Compute the features of blocks: numbers for the trees, independent of the language.

They describe the block itself, its neighbours, how far up an enclosing element has a certain tag or class group, how
much text these elements contain, the position of the block on the page, and the log odds of its classes and words (from
tables that were learned on other sites).
"""

from __future__ import annotations

import numpy as np
from numba import njit

from curate.kernels import characters as ch
from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.compiled import compiled, inlined
from curate.kernels.blocks.groups import GROUPS, N_GROUPS
from curate.kernels.blocks.position_features import POSITION, position_features
from curate.kernels.blocks.tags import TAGS, tag

OWN = (
    "width", "link_share", "links", "bold_share", "code_share", "upper_share", "digit_share", "mark_share", "stops",
    "width_each_stop", "ends_sentence", "ends_colon", "first_kind", "heading", "pre", "lists", "in_row", "quotes",
    "images", "inputs", "breaks", "separators", "unspaced_share", "letters_each_word", "copyright", "in_title", "of_title",
    "copies", "word_odds_mean", "word_odds_least", "word_odds_most", "title_equal",
)  # fmt: skip
NEAR = ("width", "link_share", "stops", "heading", "same_element", "same_tag", "long")
OFFSETS = (-2, -1, 1, 2)
AROUND = (
    "p", "li", "ul", "ol", "td", "th", "table", "article", "section", "main", "aside", "nav", "header", "footer", "form",
    "figure", "figcaption", "blockquote", "pre", "dl", "dd", "button", "details", "address", "div", "caption", "fieldset",
    "noscript",
)  # fmt: skip
BOXES = ("row", "cell", "table", "list")
OF_BOX = ("blocks", "width", "link_share", "long_share", "page_share")
LEVELS = 6
OF_LEVEL = ("mass", "link_share", "long_share", "page_share", "blocks")
CLASSES = ("odds_own", "odds_parent", "odds_sum", "odds_least", "odds_most")

FEATURES = (
    *OWN,
    *(f"{name}@{offset:+d}" for offset in OFFSETS for name in NEAR),
    *(f"in_{name}" for name in AROUND),
    *(f"in_.{name}" for name in GROUPS),
    *(f"{name}^{level}" for level in range(LEVELS) for name in OF_LEVEL),
    *(f"{name}_of_{box}" for box in BOXES for name in OF_BOX),
    *CLASSES,
    *POSITION,
)
"""The name of each column."""

N_FEATURES = len(FEATURES)

_NEAR_AT = len(OWN)
_AROUND_AT = _NEAR_AT + len(OFFSETS) * len(NEAR)
_GROUPS_AT = _AROUND_AT + len(AROUND)
_LEVELS_AT = _GROUPS_AT + N_GROUPS
_BOXES_AT = _LEVELS_AT + LEVELS * len(OF_LEVEL)
_CLASSES_AT = _BOXES_AT + len(BOXES) * len(OF_BOX)
_POSITION_AT = _CLASSES_AT + len(CLASSES)
_COLUMN_OF_TAG = np.array([AROUND.index(name) if name in AROUND else -1 for name in TAGS], np.int64)
_FAR, _UP = 16, 15  # the distance if there is no such element; how many elements up are examined
_TABLE, _UL, _OL, _DL = tag("table"), tag("ul"), tag("ol"), tag("dl")


@njit(cache=True, nogil=True)
def block_features(t, m, words, bounds, title, word_odds, token_odds):
    """Compute the features of all blocks of a page.

    Args:
        t: `layout.Tables` after `read_blocks`.
        m: their `measure_blocks`.
        words, bounds, title: uint32[k], int64[n + 1] and uint32[j], their `short_words`.
        word_odds: float32[k], log odds of main text for each word, 0 if unknown.
        token_odds: float32[t.state[TOKENS]], the same for each class or id.
    Returns:
        float32[n, N_FEATURES], one row for each block.
    """
    n = t.state[at_.BLOCKS]
    found = np.zeros((n, N_FEATURES), np.float32)
    for i in range(n):
        _own(t, m, i, found[i])
        _word_features(words[bounds[i] : bounds[i + 1]], word_odds[bounds[i] : bounds[i + 1]], title, found[i])
    for i in range(n):
        _near(t, m, i, found)
        _around(t, m, i, found[i], token_odds)
    position_features(t, m, found, _POSITION_AT)
    return found


@compiled
def _own(t, m, i, row):
    block = t.blocks[i]
    characters = max(np.float32(block[at_.CHARACTERS]), np.float32(1))
    width = m.width[i]
    row[0], row[1], row[2] = np.log1p(width), m.linked[i] / max(width, 1.0), np.log1p(block[at_.LINKS])
    row[3], row[4] = block[at_.BOLD] / characters, block[at_.CODED] / characters
    row[5], row[6] = block[at_.UPPERS] / characters, block[at_.DIGITS] / characters
    row[7], row[8] = block[at_.MARKS] / characters, np.log1p(block[at_.STOPS])
    row[9] = np.log1p(width / (block[at_.STOPS] + 1))
    last, first = np.int64(t.classes[block[at_.LAST]]), np.int64(t.classes[block[at_.FIRST]])
    row[10], row[11] = (last & ch.SENTENCE_END) != 0, block[at_.LAST] == 0x3A or block[at_.LAST] == 0xFF1A
    row[12] = (
        1 if first & ch.LOWER else 2 if first & ch.UPPER else 3 if first & ch.NUMBER else 4 if first & ch.LETTER else 0
    )
    row[13], row[14], row[15] = block[at_.HEADING], block[at_.PRE], block[at_.LIST]
    row[16], row[17] = block[at_.ROW] >= 0, block[at_.QUOTED]
    row[18], row[19], row[20] = block[at_.IMAGES], block[at_.INPUTS], block[at_.BREAKS]
    row[21], row[22] = block[at_.SEPARATORS], block[at_.UNSPACED] / characters
    row[23] = (block[at_.CHARACTERS] - block[at_.UNSPACED] - block[at_.MARKS]) / max(block[at_.WORDS], 1)
    row[24], row[27] = block[at_.FIRST] == 0xA9, np.log1p(m.copies[i])


@compiled
def _word_features(words, odds, title, row):
    n, common = len(words), 0
    if n == 0:
        return
    least, most, total = np.float32(0), np.float32(0), np.float32(0)
    for k in range(n):
        total += odds[k]
        least, most = min(least, odds[k]), max(most, odds[k])
        for other in title:
            if other == words[k]:
                common += 1
                break
    row[28], row[29], row[30] = total / n, least, most
    if len(title) > 0:
        row[25], row[26] = common / n, common / len(title)
        row[31] = common == n and 2 * n >= len(title)


@compiled
def _near(t, m, i, found):
    n, own, column = t.state[at_.BLOCKS], t.blocks[i, at_.ELEMENT], _NEAR_AT
    for offset in OFFSETS:
        j = i + offset
        if 0 <= j < n:
            other = t.blocks[j, at_.ELEMENT]
            found[i, column], found[i, column + 1] = found[j, 0], found[j, 1]
            found[i, column + 2], found[i, column + 3] = found[j, 8], found[j, 13]
            found[i, column + 4] = own == other
            if own >= 0 and other >= 0:
                found[i, column + 4] += t.elements[own, at_.PARENT] == t.elements[other, at_.PARENT]
                found[i, column + 5] = t.elements[own, at_.SIGNATURE] == t.elements[other, at_.SIGNATURE]
            found[i, column + 6] = m.is_long[j]
        else:
            found[i, column] = -1
        column += len(NEAR)


@compiled
def _around(t, m, i, row, token_odds):
    row[_AROUND_AT:_LEVELS_AT] = _FAR
    seen, in_table, in_list = np.uint64(0), False, False
    _box(t, m, t.blocks[i, at_.ROW], row, _BOXES_AT)
    _box(t, m, t.blocks[i, at_.CELL], row, _BOXES_AT + len(OF_BOX))
    if t.inner[i]:
        seen = _see(t.inner[i], seen, -1, row)
    n, element, level = t.state[at_.BLOCKS], t.blocks[i, at_.ELEMENT], 0
    page = max(m.sums[n, 0], 1.0)
    while element >= 0 and level < _UP:
        own = t.elements[element]
        column = _COLUMN_OF_TAG[own[at_.TAG]]
        if column >= 0 and row[_AROUND_AT + column] == _FAR:
            row[_AROUND_AT + column] = level
        if t.groups[element] & ~seen:
            seen = _see(t.groups[element], seen, level, row)
        if level < LEVELS:
            start, end, column = own[at_.FIRST_BLOCK], own[at_.END_BLOCK], _LEVELS_AT + level * len(OF_LEVEL)
            mass = m.sums[end, 0] - m.sums[start, 0]
            row[column], row[column + 3] = np.log1p(mass), mass / page
            row[column + 1] = (m.sums[end, 1] - m.sums[start, 1]) / max(mass, 1.0)
            row[column + 2] = (m.sums[end, 2] - m.sums[start, 2]) / max(mass, 1.0)
            row[column + 4] = np.log1p(end - start)
        if not in_table and own[at_.TAG] == _TABLE:
            in_table = True
            _box(t, m, element, row, _BOXES_AT + 2 * len(OF_BOX))
        elif not in_list and own[at_.TAG] in (_UL, _OL, _DL):
            in_list = True
            _box(t, m, element, row, _BOXES_AT + 3 * len(OF_BOX))
        _class_odds(own, token_odds, level, row)
        element, level = own[at_.PARENT], level + 1


@compiled
def _box(t, m, element, row, column):
    """Write how much text an element contains; nothing if there is no element."""
    if element < 0:
        return
    first, end = t.elements[element, at_.FIRST_BLOCK], t.elements[element, at_.END_BLOCK]
    mass = m.sums[end, 0] - m.sums[first, 0]
    row[column], row[column + 1] = np.log1p(end - first), np.log1p(mass / max(end - first, 1))
    row[column + 2] = (m.sums[end, 1] - m.sums[first, 1]) / max(mass, 1.0)
    row[column + 3] = (m.sums[end, 2] - m.sums[first, 2]) / max(mass, 1.0)
    row[column + 4] = mass / max(m.sums[t.state[at_.BLOCKS], 0], 1.0)


@inlined
def _see(groups, seen, level, row):
    """Write the distance of the groups that no inner element has; return all groups seen."""
    fresh = groups & ~seen
    for k in range(N_GROUPS):
        if fresh >> np.uint64(k) & np.uint64(1):
            row[_GROUPS_AT + k] = level
    return seen | fresh


@inlined
def _class_odds(own, token_odds, level, row):
    total = np.float32(0)
    for k in range(own[at_.FIRST_TOKEN], own[at_.END_TOKEN]):
        total += token_odds[k]
        row[_CLASSES_AT + 3] = min(row[_CLASSES_AT + 3], token_odds[k])
        row[_CLASSES_AT + 4] = max(row[_CLASSES_AT + 4], token_odds[k])
    if level < 2:
        row[_CLASSES_AT + level] = total
    row[_CLASSES_AT + 2] += total
