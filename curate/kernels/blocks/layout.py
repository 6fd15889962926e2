"""The tables that the byte pass fills, and their columns.

Tables are flat and of fixed size, allocated once and used for page after page, so that reading a page allocates only
its text. A page that does not fit is refused as a whole (`FULL` in the state), never cut silently.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from curate.kernels.blocks.tags import N_ATTRIBUTES, N_TAGS

ROOM = 1 << 20
"""A page of up to this many bytes reuses memory; writing to new memory takes longer than reading a page."""

PAD = 64
"""Zero bytes after a page, so that reading a few bytes ahead needs no bounds check."""

MAX_BLOCKS = 32_768
MAX_ELEMENTS = 131_072
MAX_DEPTH = 2_048
MAX_TOKENS = 4 * MAX_ELEMENTS
MAX_MARKS = 65_536
MAX_METADATA = 512
TOKENS_EACH = 8
"""How many classes and ids of one element are read."""

(
    START, END, ELEMENT, SOURCE, CHARACTERS, WORDS, UNSPACED, UPPERS, DIGITS, MARKS, STOPS, SEPARATORS, LINKED, BOLD, CODED,
    LINKS, IMAGES, INPUTS, BREAKS, FIRST, LAST, HEADING, PRE, LIST, ROW, CELL, QUOTED, N_BLOCK,
) = range(28)  # fmt: skip
"""Columns of a block: its bytes in the text; its element; where it begins in the source; its visible
characters, words of scripts with spaces, characters of scripts without, capitals, digits, punctuation, ends of
sentences and separators of menus and tables; characters in links, bold and code; links, images and inputs; line breaks;
the first and the last character; the level of the heading, whether it is in `pre`, the depth of lists; the elements of
the table row and cell (-1 if none), the depth of quotes.
"""

(
    PARENT, TAG, FIRST_BLOCK, END_BLOCK, FIRST_TOKEN, END_TOKEN, SIGNATURE, CLASS_START, CLASS_END, ENTRIES, ORDER,
    IN_HEADING, IN_LISTS, IN_ROW, IN_CELL, IN_QUOTES, N_ELEMENT,
) = range(17)  # fmt: skip
"""Columns of an element: the parent element; its tag; its range of blocks; its classes and ids as a range of the
tokens; a number that elements of the same tag and classes share; the class attribute in the source; the number of
items of a list so far; the number of this item in a numbered list (0: none); and for its content the level of heading,
the depth of lists, the row and cell (-1 if none) and the depth of quotes.
"""

MARK_AT, MARK_KIND, MARK_START, MARK_END, MARK_ALT_START, MARK_ALT_END, N_MARK = range(7)
"""Columns of a mark: position in the text; its kind; byte bounds in the source of the target and of the alt text."""

LINK_OPENS, LINK_CLOSES, BOLD_OPENS, BOLD_CLOSES, ITALIC_OPENS, ITALIC_CLOSES, CODE_OPENS, CODE_CLOSES, IMAGE = range(9)

METADATA_PROPERTY, METADATA_START, METADATA_END, N_METADATA_COLUMNS = range(4)
"""Columns of metadata: which of `tags.PROPERTIES`; byte bounds of the value in the source."""

(
    N_BYTES, OUT, BLOCKS, ELEMENTS, TOKENS, N_MARKS, METADATA, DEPTH, FULL, BLOCK_AT, SPACE, LINE, LINK, BOLD_AT, ITALIC_AT,
    CODE_AT, PRE_AT, WORD, BREAK, SOURCE_AT, BARRIER, N_STATE,
) = range(22)  # fmt: skip
"""The state of the pass: bytes of the page, and of the text so far; the number of rows of each table; the number of open
elements; what was full; where the open block begins in the text (-1 if none); whether white space and line breaks are
pending; the depth at which a link, bold, italic, code and `pre` were opened (-1 if not open); whether a word is open;
whether a `<br>` came last; the source of the open block; the depth of the innermost table cell (-1 if none).
"""

TOO_MANY_BLOCKS, TOO_MANY_ELEMENTS, TOO_DEEP = 1, 2, 3

LIMITS = {
    TOO_MANY_BLOCKS: ("too_many_blocks", MAX_BLOCKS),
    TOO_MANY_ELEMENTS: ("too_many_elements", MAX_ELEMENTS),
    TOO_DEEP: ("nested_too_deep", MAX_DEPTH),
}
"""What was full, named as a defect of the page, and the limit."""


class Tables(NamedTuple):
    """All arrays that the byte pass reads and writes."""

    data: np.ndarray  # uint8[N_BYTES + PAD], the page, UTF-8
    text: np.ndarray  # uint8[N_BYTES + PAD], the text of all blocks
    classes: np.ndarray  # uint16[0x110000], `characters.classes()`
    blocks: np.ndarray  # int32[MAX_BLOCKS, N_BLOCK]
    inner: np.ndarray  # uint64[MAX_BLOCKS], groups of the inline elements in a block
    elements: np.ndarray  # int32[MAX_ELEMENTS, N_ELEMENT]
    groups: np.ndarray  # uint64[MAX_ELEMENTS], groups of the classes of each element
    tokens: np.ndarray  # uint32[MAX_TOKENS], hashes of classes and ids
    marks: np.ndarray  # int32[MAX_MARKS, N_MARK]
    metadata: np.ndarray  # int32[MAX_METADATA, N_METADATA_COLUMNS]
    stack: np.ndarray  # int32[MAX_DEPTH, 3]: the element, its tag, the depth + 1 of the next outer element of this tag
    last: np.ndarray  # int32[N_TAGS], the depth + 1 of the innermost open element of each tag, 0 if none
    endless: np.ndarray  # uint8[N_TAGS], 1 if the rest of the page has no end tag of this name
    values: np.ndarray  # int32[N_ATTRIBUTES, 2], byte bounds of the attribute values of the current tag; -1 if absent
    now: np.ndarray  # int64[N_BLOCK], counts of the open block
    inner_now: np.ndarray  # uint64[1]
    state: np.ndarray  # int64[N_STATE]


def make_tables(classes: np.ndarray) -> Tables:
    """Return tables that are used for one page after another; `classes` is uint16[0x110000]; `with_page` puts a page in."""
    return Tables(
        np.zeros(ROOM + PAD, np.uint8), np.zeros(ROOM + PAD, np.uint8), classes,
        np.zeros((MAX_BLOCKS, N_BLOCK), np.int32), np.zeros(MAX_BLOCKS, np.uint64),
        np.zeros((MAX_ELEMENTS, N_ELEMENT), np.int32), np.zeros(MAX_ELEMENTS, np.uint64),
        np.zeros(MAX_TOKENS, np.uint32), np.zeros((MAX_MARKS, N_MARK), np.int32), np.zeros((MAX_METADATA, N_METADATA_COLUMNS), np.int32),
        np.zeros((MAX_DEPTH, 3), np.int32), np.zeros(N_TAGS, np.int32), np.zeros(N_TAGS, np.uint8),
        np.full((N_ATTRIBUTES, 2), -1, np.int32), np.zeros(N_BLOCK, np.int64), np.zeros(1, np.uint64),
        np.zeros(N_STATE, np.int64),
    )  # fmt: skip


def with_page(tables: Tables, page: bytes) -> Tables:
    """Return the tables with a page of UTF-8 in place and nothing read yet; the page before it is overwritten."""
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
