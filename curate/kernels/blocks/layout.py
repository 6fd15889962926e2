"""What the byte pass fills in: its tables and their columns.

Tables are flat and of fixed size, made once and used for page after page, so that reading a page allocates nothing but
its text. A page that does not fit is refused as a whole (`FULL` in the state), never cut in silence.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from curate.kernels.blocks.tags import N_ATTRIBUTES, N_TAGS

ROOM = 1 << 20
"""Bytes of a page that is read into memory used before; touching new memory takes longer than reading a page."""

PAD = 64
"""Zero bytes behind a page, so that looking a few bytes ahead needs no question."""

MAX_BLOCKS = 32_768
MAX_ELEMENTS = 131_072
MAX_DEPTH = 2_048
MAX_TOKENS = 4 * MAX_ELEMENTS
MAX_MARKS = 65_536
MAX_HEADS = 512
TOKENS_EACH = 8
"""How many classes and ids of one element are looked at."""

(
    START, END, ELEMENT, SOURCE, CHARACTERS, WORDS, UNSPACED, UPPERS, DIGITS, MARKS, STOPS, FIELDS, LINKED, BOLD, CODED,
    LINKS, IMAGES, INPUTS, BREAKS, FIRST, LAST, HEADING, PRE, LIST, ROW, CELL, QUOTED, N_BLOCK,
) = range(28)  # fmt: skip
"""Columns of a block: its bytes in the text; the element it stands in; where it began in the source; its visible
characters, words of scripts with spaces, characters of scripts without, capitals, digits, punctuation, ends of
sentences and separators; characters in links, bold and code; links, images and inputs; line breaks; the first and the
last character; the level of the heading, whether in `pre`, the depth of lists; the elements of the table row and cell
(-1), the depth of quotes."""

(
    PARENT, TAG, FIRST_BLOCK, END_BLOCK, FIRST_TOKEN, END_TOKEN, SIGNATURE, CLASS_START, CLASS_END, ENTRIES, ORDER,
    IN_HEADING, IN_LISTS, IN_ROW, IN_CELL, IN_QUOTES, N_ELEMENT,
) = range(17)  # fmt: skip
"""Columns of an element: the element around it; its tag; its blocks as a range; its classes and ids as a range of the
tokens; a number that elements of the same tag and class share; the class in the source; how many entries a list has
so far, and which entry of a numbered one this is (0: none); the level of heading, the depth of lists, the row, the cell
(-1) and the depth of quotes in which what it holds stands."""

MARK_AT, MARK_KIND, MARK_START, MARK_END, MARK_ALT_START, MARK_ALT_END, N_MARK = range(7)
"""Columns of a mark: where in the text; its kind; the target of a link or image and the alt text in the source."""

LINK_OPENS, LINK_CLOSES, BOLD_OPENS, BOLD_CLOSES, ITALIC_OPENS, ITALIC_CLOSES, CODE_OPENS, CODE_CLOSES, IMAGE = range(9)

HEAD_PROPERTY, HEAD_START, HEAD_END, N_HEAD = range(4)
"""Columns of what the page says about itself: which of `tags.PROPERTIES`; the bytes in the source that say it."""

(
    N_BYTES, OUT, BLOCKS, ELEMENTS, TOKENS, N_MARKS, HEADS, DEPTH, FULL, BLOCK_AT, SPACE, LINE, LINK, BOLD_AT, ITALIC_AT,
    CODE_AT, PRE_AT, WORD, BREAK, SOURCE_AT, BARRIER, N_STATE,
) = range(22)  # fmt: skip
"""Numbers that change during the pass: bytes of the page and of text so far; how many rows each table has; the open
elements; what was full; where the open block began in the text (-1); whether white space and line breaks wait; the
depth at which a link, bold, italic, code and `pre` were opened (-1); whether a word is open; whether a `<br>` was
last; the source of the open block; the depth of the innermost table cell (-1)."""

TOO_MANY_BLOCKS, TOO_MANY_ELEMENTS, TOO_DEEP = 1, 2, 3

LIMITS = {
    TOO_MANY_BLOCKS: ("too_many_blocks", MAX_BLOCKS),
    TOO_MANY_ELEMENTS: ("too_many_elements", MAX_ELEMENTS),
    TOO_DEEP: ("nested_too_deep", MAX_DEPTH),
}
"""What was full, as a defect of the page, and the limit."""


class Tables(NamedTuple):
    """Everything the byte pass reads and writes."""

    data: np.ndarray  # uint8[N_BYTES + PAD], the page, UTF-8
    text: np.ndarray  # uint8[N_BYTES + PAD], the text of all blocks
    classes: np.ndarray  # uint16[0x110000], `characters.classes()`
    blocks: np.ndarray  # int32[MAX_BLOCKS, N_BLOCK]
    inner: np.ndarray  # uint64[MAX_BLOCKS], groups of the inline elements in a block
    elements: np.ndarray  # int32[MAX_ELEMENTS, N_ELEMENT]
    groups: np.ndarray  # uint64[MAX_ELEMENTS], groups of an element's own classes
    tokens: np.ndarray  # uint32[MAX_TOKENS], hashes of classes and ids
    marks: np.ndarray  # int32[MAX_MARKS, N_MARK]
    heads: np.ndarray  # int32[MAX_HEADS, N_HEAD]
    stack: np.ndarray  # int32[MAX_DEPTH, 3]: the element, its tag, the depth + 1 of the last such tag before it
    last: np.ndarray  # int32[N_TAGS], the depth + 1 of the innermost open element of each tag, 0 if none
    endless: np.ndarray  # uint8[N_TAGS], 1 where no end tag follows any more
    values: np.ndarray  # int32[N_ATTRIBUTES, 2], where the values of the current tag's attributes are; -1
    now: np.ndarray  # int64[N_BLOCK], counts of the open block
    inner_now: np.ndarray  # uint64[1]
    state: np.ndarray  # int64[N_STATE]


def make_tables(classes: np.ndarray) -> Tables:
    """Return tables for any number of pages, one after another; `with_page` puts one in."""
    return Tables(
        np.zeros(ROOM + PAD, np.uint8), np.zeros(ROOM + PAD, np.uint8), classes,
        np.zeros((MAX_BLOCKS, N_BLOCK), np.int32), np.zeros(MAX_BLOCKS, np.uint64),
        np.zeros((MAX_ELEMENTS, N_ELEMENT), np.int32), np.zeros(MAX_ELEMENTS, np.uint64),
        np.zeros(MAX_TOKENS, np.uint32), np.zeros((MAX_MARKS, N_MARK), np.int32), np.zeros((MAX_HEADS, N_HEAD), np.int32),
        np.zeros((MAX_DEPTH, 3), np.int32), np.zeros(N_TAGS, np.int32), np.zeros(N_TAGS, np.uint8),
        np.full((N_ATTRIBUTES, 2), -1, np.int32), np.zeros(N_BLOCK, np.int64), np.zeros(1, np.uint64),
        np.zeros(N_STATE, np.int64),
    )  # fmt: skip


def with_page(tables: Tables, page: bytes) -> Tables:
    """Return the tables with a page of UTF-8 in place and nothing read yet. The page before it is gone."""
    size = len(page) + PAD
    data, text = (old[:size] if size <= len(old) else np.empty(size, np.uint8) for old in (tables.data, tables.text))
    data[: len(page)], data[len(page) :] = np.frombuffer(page, np.uint8), 0
    state = tables.state
    state[:] = 0
    state[N_BYTES] = len(page)
    state[[BLOCK_AT, LINK, BOLD_AT, ITALIC_AT, CODE_AT, PRE_AT]] = -1
    for table in (tables.last, tables.endless, tables.now, tables.inner_now):
        table[:] = 0
    return tables._replace(data=data, text=text)
