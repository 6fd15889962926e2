"""The byte pass over a page in plain Python: over characters, with lists and regular expressions."""

from __future__ import annotations

import html.entities
import re
from dataclasses import dataclass, field

from curate.kernels.blocks import layout as at_
from curate.kernels.blocks.tags import BLOCK, CLOSES_P, KINDS, READING, SKIPPED, STRUCTURE, TAGS

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
INLINE = {"b": "bold", "strong": "bold", "code": "code", "kbd": "code", "samp": "code", "tt": "code"}
SPACE = "\0\t\n\x0c\r\x0b\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f" + "".join(map(chr, range(16, 33)))
NAMED = {name[:-1]: value for name, value in html.entities.html5.items() if name.endswith(";") and len(value) == 1}
OPEN = {name for name in NAMED if name in html.entities.html5}


@dataclass
class Block:
    """The values that the byte pass gives for a block."""

    text: str
    tag: str
    heading: int
    lists: int
    is_pre: bool
    linked: int
    bold: int
    coded: int
    images: int


@dataclass
class Page:
    """A page while it is read: its open elements, the depths of open inline tags, and the block being written."""

    blocks: list[Block] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    inline: dict[str, int] = field(default_factory=dict)  # link, bold, code -> number of elements open around it
    pre: int | None = None
    text: str = ""
    waiting: str = ""
    was_break: bool = False
    counts: dict[str, int] = field(default_factory=dict)


def read_blocks(source: str) -> list[Block]:
    """Return the blocks of a page."""
    page, at, endless = Page(), 0, set()
    while at < len(source):
        rest = source[at:]
        if re.match(r"<[A-Za-z]", rest):
            at = _start_tag(page, source, at, endless)
        elif re.match(r"</[A-Za-z]", rest):
            name = re.match(r"</([^\x00-\x20/>]*)", rest)[1]
            _end_tag(page, _lower(name))
            at = _behind(source, at + 2 + len(name))
        elif rest.startswith("<!--"):
            match = re.compile(r"(?<=--)!?>").search(source, at + 2)
            while match and (match[0] == "!>" and match.start() < at + 4):  # `<!--!>` does not end a comment
                match = re.compile(r"(?<=--)!?>").search(source, match.start() + 1)
            at = match.end() if match else len(source)
        elif rest.startswith(("</", "<!", "<?")):
            at = _behind(source, at + 2)
        else:
            end = source.find("<", at + 1)
            end = len(source) if end < 0 else end
            _text(page, source[at:end])
            at = end
    _end_block(page)
    return page.blocks


def _lower(name: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in name)


def _behind(source: str, at: int) -> int:
    end = source.find(">", at)
    return len(source) if end < 0 else end + 1


def _kind(name: str) -> int:
    return int(KINDS[TAGS.index(name)]) if name in TAGS else 0


def _attributes(source: str, at: int) -> tuple[dict[str, str], int]:
    found, n = {}, len(source)
    while at < n:
        if source[at] == ">":
            return found, at + 1
        if source[at] == "/" or source[at] in SPACE:
            at += 1
            continue
        match = re.compile(r"[^\x00-\x20][^\x00-\x20=>/]*").match(source, at)
        name, at = _lower(match[0]), match.end()
        at = re.compile(r"[\x00-\x20]*").match(source, at).end()
        value = ""
        if source[at : at + 1] == "=":
            at = re.compile(r"[\x00-\x20]*").match(source, at + 1).end()
            if source[at : at + 1] and source[at] in "\"'":
                end = source.find(source[at], at + 1)
                value, at = (source[at + 1 :], n) if end < 0 else (source[at + 1 : end], end + 1)
            else:
                match = re.compile(r"[^\x00-\x20>]*").match(source, at)
                value, at = match[0], match.end()
        found.setdefault(name, value)
    return found, n


def _start_tag(page: Page, source: str, at: int, endless: set[str]) -> int:
    name = re.compile(r"[^\x00-\x20/>]*").match(source, at + 1)[0]
    attributes, end = _attributes(source, at + 1 + len(name))
    name = _lower(name)
    kind = _kind(name)
    if kind & BLOCK:
        _end_block(page)
        if name == "body" and "body" in page.open:
            return end
        _close_implied(page, name, bool(kind & CLOSES_P))
        page.open.append(name)
        if name == "pre" and page.pre is None:
            page.pre = len(page.open)
    elif name == "br":
        _break(page)
    elif name == "hr":
        _end_block(page)
        _close_implied(page, name, True)
    elif name == "img":
        page.counts["images"] = page.counts.get("images", 0) + 1
    elif name == "a":
        page.inline.pop("link", None)
        if "href" in attributes:
            page.inline["link"] = len(page.open)
    elif name in INLINE:
        page.inline.setdefault(INLINE[name], len(page.open))
    if kind & SKIPPED and not (name == "svg" and source[end - 2] == "/"):
        match = None
        if name not in endless:
            match = re.compile(rf"</{name}(?=[\x00-\x20/>]|$)", re.IGNORECASE | re.ASCII).search(source, end)
        if match:
            return _behind(source, match.end())
        endless.add(name)
        return len(source) if name in ("script", "style") else end
    if kind & READING:
        following = source.find("<", end)
        return len(source) if following < 0 else following
    return end


def _end_tag(page: Page, name: str) -> None:
    kind = _kind(name)
    if kind & BLOCK:
        _end_block(page)
        if name != "body":
            _close_tag(page, name, bool(kind & STRUCTURE))
    elif name == "br":
        _break(page)
    elif name == "a":
        page.inline.pop("link", None)
    elif name in INLINE:
        page.inline.pop(INLINE[name], None)


def _break(page: Page) -> None:
    if page.was_break:
        _end_block(page)
    elif page.text:
        page.was_break, page.waiting = True, "\n"


def _last(page: Page, *names: str) -> int:
    return max((i + 1 for i, name in enumerate(page.open) if name in names), default=0)


def _close_to(page: Page, depth: int) -> None:
    del page.open[depth:]
    page.inline = {kind: opened for kind, opened in page.inline.items() if opened <= depth}
    if page.pre is not None and page.pre > depth:
        page.pre = None


def _close_implied(page: Page, name: str, closes_p: bool) -> None:
    scope = _last(page, "table", "td", "th", "caption")
    inner = 0
    if name == "li":
        inner, beyond = _last(page, "li"), max(scope, _last(page, "ul", "ol", "menu"))
    elif name in ("dt", "dd"):
        inner, beyond = _last(page, "dt", "dd"), max(scope, _last(page, "dl"))
    elif name in ("td", "th", "caption"):
        inner, beyond = _last(page, "td", "th", "caption"), _last(page, "table", "tr")
    elif name == "tr":
        inner, beyond = _last(page, "tr"), _last(page, "table")
    elif name in ("thead", "tbody", "tfoot"):
        inner, beyond = _last(page, "thead", "tbody", "tfoot"), _last(page, "table")
    elif name in HEADINGS and page.open and page.open[-1] in HEADINGS:
        inner, beyond = len(page.open), 0
    if inner and inner > beyond:
        _close_to(page, inner - 1)
    if closes_p and _last(page, "p") > max(scope, _last(page, "button")):
        _close_to(page, _last(page, "p") - 1)


def _close_tag(page: Page, name: str, is_structure: bool) -> None:
    inner = _last(page, name) or (_last(page, *HEADINGS) if name in HEADINGS else 0)
    if inner and (is_structure or inner > _last(page, "td", "th", "caption")):
        _close_to(page, inner - 1)


def _characters(text: str):
    """Yield the characters of a text, with character references decoded."""
    at = 0
    while at < len(text):
        if text[at] == "&":
            if match := re.compile(r"&#(?:([0-9]{1,8})|[xX]([0-9A-Fa-f]{1,8}));?").match(text, at):
                code, at = int(match[1]) if match[1] else int(match[2], 16), match.end()
                if 128 <= code < 160:
                    yield bytes([code]).decode("cp1252", "replace")
                else:
                    yield "\ufffd" if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000 else chr(code)
                continue
            match = re.compile(r"&([0-9A-Za-z]{1,32})(;?)").match(text, at)
            needs_none = match and match[1] in OPEN and text[match.end() : match.end() + 1] != "="
            if match and match[1] in NAMED and (match[2] or needs_none):
                yield NAMED[match[1]]
                at = match.end()
                continue
        yield text[at]
        at += 1


def _text(page: Page, text: str) -> None:
    import unicodedata

    for char in _characters(text):
        if char.isspace() or char == "\u200b":
            if page.pre is not None and page.text and char != "\r":
                page.text += char if char in "\n\t" else " "
            else:
                page.waiting = page.waiting or " "
            continue
        if unicodedata.category(char) == "Cc" or char in "\u00ad\ufeff":
            continue
        page.text += page.waiting if page.text else ""
        page.text += char
        page.waiting, page.was_break = "", False
        for kind in page.inline:
            page.counts[kind] = page.counts.get(kind, 0) + 1


def _end_block(page: Page) -> None:
    if page.text:
        heading = next((int(name[1]) for name in reversed(page.open) if name in HEADINGS), 0)
        page.blocks.append(
            Block(
                page.text.rstrip(" \t\n"), page.open[-1] if page.open else "", heading,
                sum(name in ("ul", "ol", "dl", "menu") for name in page.open), "pre" in page.open,
                *(page.counts.get(kind, 0) for kind in ("link", "bold", "code", "images")),
            )
        )  # fmt: skip
    page.text, page.waiting, page.was_break, page.counts = "", "", False, {}


def smooth_groups(t, m, p) -> list[float]:
    """Return the probabilities of blocks; all blocks of one list or data table get their mean."""
    groups: dict[int, list[int]] = {}
    for i, block in enumerate(t.blocks[: len(p)]):
        element = block[at_.ELEMENT] if block[at_.LIST] or block[at_.ROW] >= 0 else -1
        while element >= 0 and TAGS[t.elements[element, at_.TAG]] not in ("table", "ul", "ol", "dl"):
            element = t.elements[element, at_.PARENT]
        if element >= 0:
            groups.setdefault(int(element), []).append(i)
    smoothed = [float(one) for one in p]
    for element, inside in groups.items():
        weight = [float(m.width[i]) + 1 for i in inside]
        rows = [int(t.blocks[i, at_.ROW]) for i in inside]
        n_rows = sum(row != before for row, before in zip(rows, [-1, *rows], strict=False))
        is_data = TAGS[t.elements[element, at_.TAG]] != "table" or n_rows >= 3
        long = sum(w for i, w in zip(inside, weight, strict=True) if m.is_long[i])
        if len(inside) >= 8 and is_data and long <= 0.3 * sum(weight):
            mean = sum(w * float(p[i]) for i, w in zip(inside, weight, strict=True)) / sum(weight)
            smoothed = [mean if i in inside else one for i, one in enumerate(smoothed)]
    return smoothed
