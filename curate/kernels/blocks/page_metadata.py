"""What a page says about itself: which tags of it do, and where. What it means is for `extract.metadata` to judge."""

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
def read_statements(t, tag, tag_end, content_end):
    """Note what the current tag says about the page, if anything. Most `<meta>` and `<link>` say nothing of interest."""
    if tag == _META:
        for name in (tags.PROPERTY, tags.NAME, tags.ITEMPROP, tags.HTTP_EQUIV):
            _read_properties(t, name, tags.CONTENT, 0)
    elif tag == _LINK:
        _read_properties(t, tags.REL, tags.HREF, tags.LICENSE)  # and what follows it: the canonical URL
    elif tag == _TITLE:
        add_statement(t, tags.TITLE, tag_end, content_end)
    elif tag == _TIME:
        _read_time(t)
    elif tag == _HTML:
        name = tags.LANG if t.values[tags.LANG, 1] > t.values[tags.LANG, 0] else tags.XML_LANG
        add_statement(t, tags.HTML_LANG, t.values[name, 0], t.values[name, 1])
    elif tag == _SCRIPT and _is_ld_json(t):
        add_statement(t, tags.JSON_LD, tag_end, content_end)


@compiled
def add_statement(t, about, start, end):
    """Note that these bytes of the source say something; what is empty, or one too many, is left out."""
    n = t.state[at_.HEADS]
    if start >= 0 and start < end and n < at_.MAX_HEADS:
        t.heads[n, at_.HEAD_PROPERTY], t.heads[n, at_.HEAD_START], t.heads[n, at_.HEAD_END] = about, start, end
        t.state[at_.HEADS] = n + 1


@inlined
def is_licence(t, start, end):
    """Say whether a link's target is a Creative Commons licence: `https://creativecommons.org/...`, or without scheme."""
    for at in range(start, min(start + 7, end - len(_LICENSES))):
        if t.data[at] == 0x2F:
            return equals(t.data, at, _LICENSES) or equals(t.data, at, _PUBLIC_DOMAIN)
    return False


@compiled
def _read_properties(t, name, content, first):
    """Note the value of one attribute under each property, from number `first` on, that another one names."""
    data, at, end = t.data, t.values[name, 0], t.values[name, 1]
    while 0 <= at < end:
        value = hash_start()
        while at < end and data[at] > 0x20:
            value = hash_next(value, lower(data[at]))
            at += 1
        about = property_of(value)
        if about >= first:
            add_statement(t, about, t.values[content, 0], t.values[content, 1])
        at += 1


@inlined
def _read_time(t):
    """Note when a `<time>` is that of publication, or that of nothing in particular."""
    start, end = t.values[tags.DATETIME, 0], t.values[tags.DATETIME, 1]
    if t.values[tags.ITEMPROP, 0] < 0:
        add_statement(t, tags.TIME, start, end)
        return
    value = hash_start()
    for at in range(t.values[tags.ITEMPROP, 0], t.values[tags.ITEMPROP, 1]):
        value = hash_next(value, lower(t.data[at]))
    if property_of(value) == _DATE_PUBLISHED:
        add_statement(t, _DATE_PUBLISHED, start, end)


@inlined
def _is_ld_json(t):
    start, end = t.values[tags.TYPE, 0], t.values[tags.TYPE, 1]
    for at in range(start, end - len(_LD_JSON) + 1):  # noqa: SIM110 (numba knows no generators)
        if equals(t.data, at, _LD_JSON):
            return True
    return False
