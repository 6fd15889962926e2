"""Groups that the classes, ids, roles and itemprops of an element hint at, found by one automaton.

A value is read as words: a capital after a small letter, and any character but a letter, is a boundary, written `-`. A
pattern without boundaries matches anywhere (`related` in `mod-relatedposts`), a pattern with boundaries only at them
(`-ad-` not in `header`). The automaton (Aho-Corasick) reads a value once, whatever the number of patterns.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numba import njit

PATTERNS: dict[str, tuple[str, ...]] = {
    "body": ("articlebody", "article-body", "post-body", "postbody", "entry-content", "post-content", "article-content",
             "article-text", "story-body", "storybody", "post-text", "bodytext", "page-content", "main-content"),
    "article": ("article", "entry", "story", "blogpost", "-post-"),
    "content": ("content", "-main-", "inhalt", "contenu", "contenido"),
    "text": ("text", "paragraph", "prose", "markdown", "richtext", "-rte-", "description"),
    "comment": ("comment", "kommentar", "disqus", "respond", "discussion", "comentario", "commentaire"),
    "related": ("related", "recommend", "similar", "also", "more-", "popular", "trending", "latest", "-next", "-prev",
                "recent", "teaser", "outbrain", "taboola", "mehr"),
    "share": ("share", "sharing", "social", "follow", "tweet", "facebook", "twitter", "whatsapp", "addtoany", "-like-"),
    "nav": ("nav", "menu", "pagination", "pager", "-tabs-", "skip", "-jump"),
    "crumbs": ("breadcrumb", "crumb", "-path-"),
    "footer": ("footer", "bottom", "copyright", "colophon", "impressum", "legal"),
    "header": ("header", "masthead", "banner", "-top-", "topbar", "logo", "branding"),
    "side": ("sidebar", "aside", "-side-", "widget", "-rail-", "secondary", "-right-", "-left-", "marginal"),
    "advert": ("-ad-", "-ads-", "advert", "sponsor", "promo", "anzeige", "werbung", "adsense", "affiliate", "-dfp-"),
    "byline": ("author", "byline", "autor", "-by-", "writer", "contributor", "vcard"),
    "date": ("date", "-time-", "published", "timestamp", "datum", "posted"),
    "caption": ("caption", "credit", "bildunterschrift", "legend", "figure"),
    "title": ("title", "headline", "heading", "-name-", "kicker"),
    "summary": ("summary", "excerpt", "-lead-", "intro", "abstract", "standfirst", "subtitle", "subline", "deck"),
    "tags": ("-tag-", "-tags-", "keyword", "categor", "-cat-", "topics", "labels", "taxonomy"),
    "meta": ("meta", "info", "detail", "stats", "-views"),
    "offer": ("newsletter", "subscribe", "signup", "sign-up", "paywall", "login", "register", "donate", "-cta-", "-abo-"),
    "cookie": ("cookie", "consent", "gdpr", "privacy"),
    "popup": ("modal", "popup", "overlay", "dialog", "tooltip", "dropdown", "alert", "notice"),
    "list": ("list", "item", "grid", "card", "-row-", "results", "catalog"),
    "media": ("gallery", "slider", "carousel", "slide", "image", "photo", "video", "player", "media", "-img-"),
    "forum": ("forum", "thread", "message", "reply", "answer", "question", "topic", "posting", "postrow", "quote"),
    "product": ("product", "price", "-sku-", "-spec", "feature", "cart", "shop", "-buy", "stock", "offer"),
    "code": ("highlight", "-code-", "language-", "syntax", "codehilite", "snippet", "-crayon"),
    "table": ("infobox", "-toc-", "-toc", "table", "contents", "navbox", "reflist", "references"),
    "review": ("review", "rating", "stars", "testimonial"),
    "hidden": ("hidden", "-hide-", "invisible", "screen-reader", "sr-only", "visually", "offscreen", "-print", "noprint"),
    "search": ("search", "suche", "filter", "-sort"),
    "edit": ("editsection", "edit-", "-edit", "button", "btn", "action", "toolbar", "control", "permalink"),
    "docs": ("document", "-docs-", "-doc-", "section", "sphinx", "rst-", "wiki", "mw-", "manual"),
}  # fmt: skip
"""The patterns of each group; a group is a bit, in this order."""

GROUPS = tuple(PATTERNS)
N_GROUPS = len(GROUPS)
HIDDEN_BIT = np.uint64(1 << GROUPS.index("hidden"))

_N_SYMBOLS = 27  # the boundary and the letters


def bit_of(group: str) -> int:
    """Return the bit of a group."""
    return 1 << GROUPS.index(group)


def _build() -> tuple[np.ndarray, np.ndarray]:
    """Return the automaton: next state uint16[n, 27], and groups found on arrival uint64[n]."""
    after, found, fail = [[0] * _N_SYMBOLS], [0], [0]
    for bit, patterns in enumerate(PATTERNS.values()):
        for pattern in patterns:
            state = 0
            for char in pattern:
                symbol = ord(char) - 96 if char != "-" else 0
                if not after[state][symbol]:
                    after[state][symbol] = len(after)
                    after.append([0] * _N_SYMBOLS), found.append(0), fail.append(0)
                state = after[state][symbol]
            found[state] |= 1 << bit
    queue = deque(state for state in after[0] if state)
    while queue:
        state = queue.popleft()
        found[state] |= found[fail[state]]
        for symbol, child in enumerate(after[state]):
            if child:
                fail[child] = after[fail[state]][symbol]
                queue.append(child)
            else:
                after[state][symbol] = after[fail[state]][symbol]
    return np.array(after, np.uint16), np.array(found, np.uint64)


_AFTER, _FOUND = _build()


@njit(cache=True, nogil=True, forceinline=True)
def boundary(state):
    """Return the state of the automaton after a boundary."""
    return np.int64(_AFTER[state, 0])


@njit(cache=True, nogil=True, forceinline=True)
def step(state, byte):
    """Return the state of the automaton after a byte; any byte but an ASCII letter is a boundary."""
    small = byte | 32
    return np.int64(_AFTER[state, small - 96 if 97 <= small <= 122 else 0])


@njit(cache=True, nogil=True, forceinline=True)
def groups_at(state):
    """Return the groups, as bits, whose patterns end at this state."""
    return _FOUND[state]
