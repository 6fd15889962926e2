"""Numbers for the names of tags and attributes, and how the byte pass treats each tag.

A name is looked up by a 64-bit hash of its lower-cased bytes. Tags that are not listed are inline: they neither end
a block nor open an element, so an unclosed or unknown one does no harm.
"""

from __future__ import annotations

import numpy as np
from numba import njit

BLOCK = 1  # ends the block of text before it and opens an element
INLINE = 2  # changes how the text inside counts: links, bold, code
SKIPPED = 4  # its content, up to the end tag, is not text
METADATA = 8  # may contain metadata of the page
VOID = 16  # has neither content nor end tag
CLOSES_P = 32  # closes an open paragraph, which cannot contain it
STRUCTURE = 64  # part of a table: its end tag may close an element outside the current cell
READING = 128  # ruby annotation (how to read the characters before it): not text, up to the next tag

_P = BLOCK | CLOSES_P
_HEADINGS = tuple((f"h{level}", _P) for level in range(1, 7))
_KINDS: tuple[tuple[str, int], ...] = (
    ("body", BLOCK), ("article", _P), ("section", _P), ("main", _P), ("div", _P), ("p", _P), *_HEADINGS,
    ("ul", _P), ("ol", _P), ("li", _P), ("dl", _P), ("dt", _P), ("dd", _P), ("table", _P | STRUCTURE),
    ("caption", BLOCK), ("thead", BLOCK | STRUCTURE), ("tbody", BLOCK | STRUCTURE), ("tfoot", BLOCK | STRUCTURE),
    ("tr", BLOCK | STRUCTURE), ("td", BLOCK | STRUCTURE), ("th", BLOCK | STRUCTURE), ("pre", _P), ("blockquote", _P),
    ("figure", _P), ("figcaption", _P), ("aside", _P), ("nav", _P), ("header", _P), ("footer", _P), ("form", _P),
    ("fieldset", _P), ("address", _P), ("details", _P), ("summary", _P), ("button", BLOCK), ("hgroup", _P),
    ("center", _P), ("dir", _P), ("menu", _P), ("dialog", _P), ("search", _P), ("legend", BLOCK),
    ("a", INLINE), ("b", INLINE), ("strong", INLINE), ("i", INLINE), ("em", INLINE), ("code", INLINE), ("kbd", INLINE),
    ("samp", INLINE), ("tt", INLINE), ("time", INLINE | METADATA), ("label", INLINE), ("q", INLINE), ("span", INLINE),
    ("br", VOID), ("hr", VOID | CLOSES_P), ("img", VOID), ("input", VOID), ("wbr", VOID), ("source", VOID),
    ("meta", VOID | METADATA), ("link", VOID | METADATA), ("base", VOID), ("html", METADATA),
    ("title", SKIPPED | METADATA), ("script", SKIPPED | METADATA), ("style", SKIPPED), ("svg", SKIPPED), ("iframe", SKIPPED),
    ("template", SKIPPED), ("textarea", SKIPPED), ("select", SKIPPED), ("datalist", SKIPPED), ("noframes", SKIPPED),
    ("noembed", SKIPPED), ("annotation", SKIPPED), ("rt", READING), ("rp", READING), ("noscript", BLOCK),
)  # fmt: skip

TAGS = ("", *(name for name, _ in _KINDS))
"""All listed tags; the index of a tag is its number, 0 means any other tag."""

N_TAGS = len(TAGS)
KINDS = np.array([0, *(kind for _, kind in _KINDS)], np.uint8)

ATTRIBUTES = (
    "class", "id", "role", "itemprop", "href", "src", "alt", "hidden", "aria-hidden", "style", "datetime", "type",
    "rel", "name", "property", "http-equiv", "content", "lang", "xml:lang",
)  # fmt: skip
"""All attributes that are read; the index of an attribute is its number."""

N_ATTRIBUTES = len(ATTRIBUTES)
(
    CLASS, ID, ROLE, ITEMPROP, HREF, SRC, ALT, HIDDEN, ARIA_HIDDEN, STYLE, DATETIME, TYPE, REL, NAME, PROPERTY, HTTP_EQUIV,
    CONTENT, LANG, XML_LANG,
) = range(N_ATTRIBUTES)  # fmt: skip

PROPERTIES = (
    "og:title", "twitter:title", "dc.title", "article:published_time", "datepublished", "date", "dc.date",
    "dcterms.created", "dcterms.date", "pubdate", "publishdate", "citation_publication_date", "sailthru.date", "author",
    "article:author", "dc.creator", "dcterms.creator", "citation_author", "parsely-author", "og:url", "content-language",
    "og:locale", "dc.language", "dcterms.license", "dc.rights", "license", "canonical",
    "title", "lang", "time", "link", "json-ld",
)  # fmt: skip
"""What metadata of a page can be about: properties of `<meta>` and `<link>`, then the content of other tags."""

LICENSE, CANONICAL, TITLE, HTML_LANG, TIME, LICENCE_LINK, JSON_LD = range(len(PROPERTIES) - 7, len(PROPERTIES))

_OFFSET = np.uint64(0xCBF29CE484222325)  # FNV-1a, 64 bits
_PRIME = np.uint64(0x100000001B3)
_SLOTS = 512


def tag(name: str) -> int:
    """Return the number of a listed tag."""
    return TAGS.index(name)


@njit(cache=True, nogil=True, forceinline=True)
def lower(byte):
    """Return the lower case of an ASCII capital, and any other byte unchanged."""
    return byte + 32 if 65 <= byte <= 90 else byte


@njit(cache=True, nogil=True, forceinline=True)
def hash_start():
    """Return the hash of zero bytes."""
    return _OFFSET


@njit(cache=True, nogil=True, forceinline=True)
def hash_next(value, byte):
    """Return the hash of the bytes hashed so far and one more byte."""
    return (value ^ np.uint64(byte)) * _PRIME


def _hash(name: str) -> int:
    value = int(_OFFSET)
    for byte in name.encode():
        value = (value ^ byte) * int(_PRIME) % (1 << 64)
    return value


def _table(names: tuple[str, ...]) -> np.ndarray:
    """Return uint64[_SLOTS, 2]: hash and number + 1 of each name, with linear probing."""
    slots = np.zeros((_SLOTS, 2), np.uint64)
    for number, name in enumerate(names):
        slot = _hash(name) % _SLOTS
        while slots[slot, 1]:
            slot = (slot + 1) % _SLOTS
        slots[slot] = _hash(name), number + 1
    return slots


_TAG_TABLE = _table(TAGS)
_ATTRIBUTE_TABLE = _table(ATTRIBUTES)
_PROPERTY_TABLE = _table(PROPERTIES[:TITLE])


@njit(cache=True, nogil=True, forceinline=True)
def tag_of(value):
    """Return the number of the tag whose name has this hash, 0 if there is none."""
    return max(_number(_TAG_TABLE, value), 0)


@njit(cache=True, nogil=True, forceinline=True)
def attribute_of(value):
    """Return the number of the attribute whose name has this hash, -1 if there is none."""
    return _number(_ATTRIBUTE_TABLE, value)


@njit(cache=True, nogil=True, forceinline=True)
def property_of(value):
    """Return the number of the `<meta>` or `<link>` property whose name has this hash, -1 if there is none."""
    return _number(_PROPERTY_TABLE, value)


@njit(cache=True, nogil=True, forceinline=True)
def _number(table, value):
    slot = np.int64(value & np.uint64(_SLOTS - 1))
    while table[slot, 1]:
        if table[slot, 0] == value:
            return np.int64(table[slot, 1]) - 1
        slot = (slot + 1) & (_SLOTS - 1)
    return np.int64(-1)
