"""Record which tags of a page contain metadata, and where; `extract.metadata` interprets it."""

from __future__ import annotations

import numpy as np

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks import tags
from curate.kernels.blocks.compiled import compiled, inlined
from curate.kernels.blocks.elements import equals
from curate.kernels.blocks.tags import hash_next, hash_start, lower, property_of

_META, _LINK, _HTML, _TITLE, _TIME, _SCRIPT = map(tags.tag, ("meta", "link", "html", "title", "time", "script"))
_DATE_PUBLISHED = tags.PROPERTIES.index("datepublished")
_LD_JSON = np.frombuffer(b"ld+json", np.uint8).copy()
_LICENSES = np.frombuffer(b"//creativecommons.org/licenses/", np.uint8).copy()
_PUBLIC_DOMAIN = np.frombuffer(b"//creativecommons.org/publicdomain/", np.uint8).copy()


@compiled
def read_metadata(t, tag, tag_end, content_end):
    """Record the metadata of the current tag, if any; most `<meta>` and `<link>` have none of interest.

    Args:
        t: `layout.Tables`.
        tag: the number of the tag.
        tag_end: the byte after the tag.
        content_end: the end of its content.
    """
    if tag == _META:
        for name in (tags.PROPERTY, tags.NAME, tags.ITEMPROP, tags.HTTP_EQUIV):
            _read_properties(t, name, tags.CONTENT, 0)
    elif tag == _LINK:
        _read_properties(t, tags.REL, tags.HREF, tags.LICENSE)  # and the property after it: the canonical URL
    elif tag == _TITLE:
        add_metadata(t, tags.TITLE, tag_end, content_end)
    elif tag == _TIME:
        _read_time(t)
    elif tag == _HTML:
        name = tags.LANG if t.values[tags.LANG, 1] > t.values[tags.LANG, 0] else tags.XML_LANG
        add_metadata(t, tags.HTML_LANG, t.values[name, 0], t.values[name, 1])
    elif tag == _SCRIPT and _is_ld_json(t):
        add_metadata(t, tags.JSON_LD, tag_end, content_end)


@compiled
def add_metadata(t, about, start, end):
    """Record that a range of the source is the value of a property; empty values, and those that do not fit, are left out.

    Args:
        t: `layout.Tables`.
        about: an index into `tags.PROPERTIES`.
        start, end: byte bounds in the source.
    """
    n = t.state[at_.METADATA]
    if start >= 0 and start < end and n < at_.MAX_METADATA:
        row = t.metadata[n]
        row[at_.METADATA_PROPERTY], row[at_.METADATA_START], row[at_.METADATA_END] = about, start, end
        t.state[at_.METADATA] = n + 1


@inlined
def is_licence(t, start, end):
    """Return whether the target of a link is a Creative Commons licence: `https://creativecommons.org/...`, or without scheme.

    Args:
        t: `layout.Tables`.
        start, end: byte bounds of the target in the source.
    """
    for at in range(start, min(start + 7, end - len(_LICENSES))):
        if t.data[at] == 0x2F:
            return equals(t.data, at, _LICENSES) or equals(t.data, at, _PUBLIC_DOMAIN)
    return False


@compiled
def _read_properties(t, name, content, first):
    """Record the value of `content` for each property, from number `first` on, that the attribute `name` lists."""
    data, at, end = t.data, t.values[name, 0], t.values[name, 1]
    while 0 <= at < end:
        value = hash_start()
        while at < end and data[at] > 0x20:
            value = hash_next(value, lower(data[at]))
            at += 1
        about = property_of(value)
        if about >= first:
            add_metadata(t, about, t.values[content, 0], t.values[content, 1])
        at += 1


@inlined
def _read_time(t):
    """Record a `<time>` that is the date of publication, or has no itemprop."""
    start, end = t.values[tags.DATETIME, 0], t.values[tags.DATETIME, 1]
    if t.values[tags.ITEMPROP, 0] < 0:
        add_metadata(t, tags.TIME, start, end)
        return
    value = hash_start()
    for at in range(t.values[tags.ITEMPROP, 0], t.values[tags.ITEMPROP, 1]):
        value = hash_next(value, lower(t.data[at]))
    if property_of(value) == _DATE_PUBLISHED:
        add_metadata(t, _DATE_PUBLISHED, start, end)


@inlined
def _is_ld_json(t):
    start, end = t.values[tags.TYPE, 0], t.values[tags.TYPE, 1]
    for at in range(start, end - len(_LD_JSON) + 1):  # noqa: SIM110 (numba does not compile generators)
        if equals(t.data, at, _LD_JSON):
            return True
    return False
