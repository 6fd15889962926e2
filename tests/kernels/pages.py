"""Random pages that are difficult for the byte pass, and how to read its result."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.layout import Tables, make_tables, with_page
from curate.kernels.blocks.read import read_blocks
from curate.kernels.blocks.tags import TAGS
from curate.kernels.characters import classes

BLOCKS = [
    "body",
    "div",
    "p",
    "article",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "tr",
    "td",
    "th",
    "tbody",
    "caption",
    "pre",
    "h1",
    "h2",
    "blockquote",
    "button",
    "figure",
]
OTHERS = [
    "a",
    "b",
    "strong",
    "i",
    "code",
    "span",
    "br",
    "hr",
    "img",
    "input",
    "svg",
    "script",
    "style",
    "title",
    "noscript",
    "rt",
    "iframe",
    "made-up",
]
ATTRIBUTES = (
    "", " class=a", ' class="post-12 main"', " href=/x", ' href="?a=1&b=2"', " id='x'", " hidden", " style='display:none'",
    ' alt="a>b"', " class=", ' x="', " =a", " / ", "\n", " class=a class=b", " src=a.png alt=ship",
)  # fmt: skip
TEXTS = (
    "word", " ", "\n", "A sentence.", "&amp;", "&amp", "&copy 2020", "&notit;", "&#228;", "&#xe4", "&#128;", "&#0;", "&#", "&",
    "&x=1", "&copy=1", "&nbsp;", "ü", "漢字", "ภาษา", "\u00ad", "\u200b", "😀", "<", "< b", "</", "</ >", "<>", "<!", "<?xml?>", ">",
    "<!-- c -->", "<!-->", "<!--->", "<!--", "--!>", "<!-- > -- -->", "<![CDATA[x]]>", "\t", "\r\n", "</p>", "</br>", "<br/>",
    "<br><br>", "</script", "</script >", "<svg/>", "a\0b", "\x07", "\x85", "12 345", "|",
)  # fmt: skip

openings = st.builds("<{}{}>".format, st.sampled_from([*BLOCKS, *OTHERS, "DIV", "P"]), st.sampled_from(ATTRIBUTES))
closings = st.builds("</{}>".format, st.sampled_from([*BLOCKS, *OTHERS, "Td"]))
pages = st.one_of(
    st.builds("".join, st.lists(st.one_of(openings, closings, st.sampled_from(TEXTS)), max_size=40)),
    st.builds(
        "".join,
        st.lists(
            st.sampled_from(["<", ">", "/", "!", "-", "p", "a", " ", "=", '"', "&", ";", "#", "script"]), max_size=60
        ),
    ),
)


def read(page: bytes) -> Tables:
    """Return the tables of a page, which must fit."""
    t = with_page(_tables(), page)
    assert read_blocks(t) == t.state[at_.BLOCKS]
    return t


def found_in(t: Tables) -> list[dict]:
    """Return the blocks in the form of the slow twin."""
    found = []
    for row in t.blocks[: t.state[at_.BLOCKS]]:
        element = row[at_.ELEMENT]
        found.append(
            {
                "text": t.text[row[at_.START] : row[at_.END]].tobytes().decode(),
                "tag": TAGS[t.elements[element, at_.TAG]] if element >= 0 else "",
                "heading": int(row[at_.HEADING]),
                "lists": int(row[at_.LIST]),
                "is_pre": bool(row[at_.PRE]),
                "linked": int(row[at_.LINKED]),
                "bold": int(row[at_.BOLD]),
                "coded": int(row[at_.CODED]),
                "images": int(row[at_.IMAGES]),
            }
        )
    return found


_MADE: list[Tables] = []


def _tables() -> Tables:
    if not _MADE:
        _MADE.append(make_tables(classes()))
    return _MADE[0]


def no_odds(t: Tables) -> tuple[np.ndarray, np.ndarray]:
    """Return tables of log odds that are all 0."""
    return np.zeros(1 << 14, np.int8), np.zeros(1 << 15, np.int8)
