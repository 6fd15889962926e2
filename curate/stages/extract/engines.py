"""The engines of `extract.html` that run in a sandbox, because they parse HTML with a library written in C.

An engine is a function from a decoded page to a `Page`. `ENGINES` lists the function that opens each engine; to add
an engine, add an entry. Libraries are imported when an engine is opened, which happens only in the child process.
The engine `blocks` runs in the main process; see `blocks.py`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from curate.stages.extract.charset import Decoded, decode
from curate.stages.extract.sandbox_worker import Message

Engine = Callable[[str, str | None, str | None], "Page"]
"""`(html, url, crawl_date) -> Page`; `url` and `crawl_date` may be None."""

Favor = Literal["balance", "precision", "recall", "speed"]

FAR_FUTURE = "2100-01-01"
"""The latest accepted page date if the crawl date is unknown. It is fixed, so that two runs give the same result."""

MANY_UNREADABLE = 0.1
"""A page is undecodable if more than this share of its characters is unreadable (`Decoded.unreadable_share`)."""


@dataclass(frozen=True, slots=True)
class Page:
    """The result of an engine: the main text, one line per block, and the title and date if the page states them."""

    text: str
    title: str | None = None
    date: str | None = None


def open_extractor(engine: str, favor: Favor, comments: bool, tables: bool) -> Callable[[Message], Message]:
    """Return the function that `extract.html` calls in the sandbox.

    It takes `(html, content_type, http_charset, url, crawl_date)` and returns `(reason, value, text, title, page_date,
    charset, charset_source, n_replaced)`.
    """
    extract = ENGINES[engine](favor, comments, tables)

    def read(request: Message) -> Message:
        decoded, unreadable, url, date = decode_request(request)
        decoding = (decoded.charset, decoded.source, str(decoded.n_replaced))
        if unreadable > MANY_UNREADABLE:
            return _encoded("undecodable_page", str(unreadable), None, None, None, *decoding)
        page = extract(decoded.text, url, date)
        reason = None if page.text else "no_main_text"
        return _encoded(reason, None, page.text, page.title, page.date, *decoding)

    return read


def decode_fields(fields: Message) -> list[str | None]:
    """Return the fields of a message as text."""
    return [None if field is None else field.decode("utf-8", "replace") for field in fields]


def decode_request(request: Message) -> tuple[Decoded, float, str | None, str | None]:
    """Return the decoded page without NUL, the share of unreadable characters, the URL and the crawl date."""
    html, *about = request
    content_type, http_charset, url, date = decode_fields(about)
    decoded = decode(html, content_type, http_charset)
    n_null = decoded.text.count("\0")
    unreadable = decoded.unreadable_share(n_null, len(decoded.text))
    if n_null:
        decoded = replace(decoded, text=decoded.text.replace("\0", ""))
    return decoded, unreadable, url, date


def open_trafilatura(favor: Favor, comments: bool, tables: bool) -> Engine:
    """Open trafilatura: slow and precise; one line per paragraph, heading, list item and table row."""
    import trafilatura
    from htmldate import find_date

    logging.disable(logging.CRITICAL)  # it logs every page without text
    options = {
        "fast": favor == "speed", "favor_precision": favor == "precision", "favor_recall": favor == "recall",
        "include_comments": comments, "include_tables": tables,
    }  # fmt: skip

    def extract(html: str, url: str | None, date: str | None) -> Page:
        tree = trafilatura.load_html(html)
        if tree is None:
            return Page("")
        title = next(iter(tree.xpath(_OG_TITLE_XPATH)), None) or tree.findtext(".//title")
        # The simple search reads the URL, the head and marked-up dates; the extensive search guesses from the text.
        stated = find_date(tree, extensive_search=False, original_date=True, url=url, max_date=date or FAR_FUTURE)
        text = trafilatura.extract(tree, **options) or ""
        return Page(_tidy(text), _one_line(title), stated)

    return extract


def open_resiliparse(favor: Favor, comments: bool, tables: bool) -> Engine:
    """Open resiliparse: many times faster than trafilatura, keeps more boilerplate; the same lines."""
    from resiliparse.extract.html2text import extract_plain_text
    from resiliparse.parse.html import HTMLTree

    skip = [] if tables else ["table"]

    def extract(html: str, url: str | None, date: str | None) -> Page:
        tree = HTMLTree.parse(html)
        if tree.body is None:
            return Page("")
        og_title = tree.document.query_selector('meta[property="og:title"]')
        title = (og_title.getattr("content") if og_title else None) or tree.title
        stated = _stated_date(tree.document)
        text = extract_plain_text(
            tree, main_content=favor != "recall", preserve_formatting=True, comments=comments, alt_texts=False,
            list_bullets=True, skip_elements=skip,
        )  # fmt: skip
        return Page(_tidy(text), _one_line(title), stated)

    return extract


ENGINES: Mapping[str, Callable[[Favor, bool, bool], Engine]] = {
    "trafilatura": open_trafilatura,
    "resiliparse": open_resiliparse,
}

FAVORS: Mapping[str, tuple[Favor, ...]] = {
    "blocks": ("balance", "precision", "recall"),
    "trafilatura": ("balance", "precision", "recall", "speed"),
    "resiliparse": ("balance", "recall"),
}
"""The values of `favor` that each engine supports."""

_OG_TITLE_XPATH = './/meta[@property="og:title"]/@content'
_DATE_SELECTORS = (
    ('meta[property="article:published_time"]', "content"),
    ('meta[itemprop="datePublished"]', "content"),
    ('meta[name="date"]', "content"),
    ("time[datetime]", "datetime"),
)
_ISO_DATE = re.compile(r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])")
_LINE_BREAK = re.compile(r"(?<!\s)[^\S\n]*+\n\s*+")
"""White space that holds a newline, as a whole."""


def _stated_date(document) -> str | None:
    for selector, attribute in _DATE_SELECTORS:
        element = document.query_selector(selector)
        if element and (match := _ISO_DATE.match(element.getattr(attribute) or "")):
            return match[0]
    return None


def _tidy(text: str) -> str:
    """Put exactly one newline between lines; engines mark paragraphs differently."""
    return _LINE_BREAK.sub(_one_newline, text).strip("\n") if "\n" in text else text


def _one_newline(found: re.Match) -> str:
    """Return one newline for blank lines and the white space around them, or for blanks before a single newline."""
    before, _, after = found[0].partition("\n")
    return "\n" if "\n" in after else before.rstrip(" \t") + "\n" + after


def _one_line(title: str | None) -> str | None:
    return " ".join(title.split()) or None if title else None


def _encoded(*fields: str | None) -> Message:
    # An entity such as &#xD800; can produce a lone surrogate, which UTF-8 cannot encode.
    return [None if field is None else field.encode("utf-8", "replace") for field in fields]
