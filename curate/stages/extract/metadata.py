"""What a page says about itself: title, date, author, canonical URL, language, licence, each with who said it.

Read from what the byte pass points out (`kernels.blocks.heads`), so the page is not searched again: `<title>`, `<meta>`,
`<link>`, `<html lang>`, `<time>` and JSON-LD. Where several speak, the first in this order is believed: what is meant for other
machines (Open Graph, JSON-LD), then what is meant for people. Dates later than the crawl are not believed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

MAX_JSON = 262_144
"""Bytes of one JSON-LD script; longer ones are shop catalogues."""

MAX_OBJECTS = 100
"""How many objects of JSON-LD are looked at."""

MAX_LENGTH = 500
"""Characters of a title or name; longer ones are mistakes."""

_DATE = re.compile(r"((?:19|20)\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_DATE_IN_URL = re.compile(r"/((?:19|20)\d\d)/(0[1-9]|1[0-2])/(?:(0[1-9]|[12]\d|3[01])(?=/|$))?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")

_NAMES: Mapping[str, Sequence[str]] = {
    "title": ("og:title", "json-ld", "twitter:title", "dc.title", "title"),
    "date": ("article:published_time", "json-ld", "datepublished", "date", "dc.date", "dcterms.created", "dcterms.date",
             "pubdate", "publishdate", "citation_publication_date", "sailthru.date", "time", "url"),
    "author": ("author", "json-ld", "article:author", "dc.creator", "dcterms.creator", "citation_author",
               "parsely-author"),
    "canonical_url": ("canonical", "og:url"),
    "language": ("lang", "content-language", "json-ld", "og:locale", "dc.language"),
    "licence": ("license", "json-ld", "dcterms.license", "dc.rights", "link"),
}  # fmt: skip
"""Who may speak about what, the most trusted first."""

_ABOUT: Mapping[str, str] = {
    name: about for about, names in _NAMES.items() for name in names if name not in ("json-ld", "url")
}
"""What each of the properties that the byte pass notes speaks about, but for JSON-LD, which speaks about several."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page states; None where it states nothing.

    Args:
        title: one line.
        date: ISO, the day of publication.
        author: names, separated by commas.
        canonical_url: absolute where the page's URL is known.
        language: as written, `de` or `en-US`.
        licence: a URL, or words.
        stated_by: for each of these that is known, the tag or property that said so.
    """

    title: str | None = None
    date: str | None = None
    author: str | None = None
    canonical_url: str | None = None
    language: str | None = None
    licence: str | None = None
    stated_by: Mapping[str, str] = field(default_factory=dict)


def read_metadata(
    page: bytes, statements: Sequence[tuple[str, int, int]], url: str | None, crawl_date: str
) -> Metadata:
    """Return what a page states about itself.

    Args:
        page: UTF-8.
        statements: `(who says something, where it begins, where it ends)`, in page order.
        url: the page's own.
        crawl_date: ISO; a stated date is at most this one.
    """
    said: dict[tuple[str, str], str] = {}
    for name, start, end in statements:
        about = _ABOUT.get(name)
        if about is not None and (about, name) not in said:
            value = html.unescape(page[start:end].decode("utf-8", "replace"))
            if checked := _CHECKS[about](value, url, crawl_date):
                said[about, name] = checked
    for about, value in _json_ld(page, statements):
        if (about, "json-ld") not in said and (checked := _CHECKS[about](value, url, crawl_date)):
            said[about, "json-ld"] = checked
    if url and (match := _DATE_IN_URL.search(url)):
        day = "-".join(part for part in match.groups() if part)
        if len(day) == 10 and day <= crawl_date:
            said["date", "url"] = day
    found, stated_by = {}, {}
    for about, names in _NAMES.items():
        by = next((name for name in names if (about, name) in said), None)
        if by is not None:
            found[about], stated_by[about] = said[about, by], by
    return Metadata(**found, stated_by=stated_by)


# ---------------------------------------------------------------------- JSON-LD


def _json_ld(page: bytes, statements: Sequence[tuple[str, int, int]]) -> Iterator[tuple[str, str]]:
    import orjson

    for name, start, end in statements:
        if name != "json-ld" or end - start > MAX_JSON:
            continue
        try:
            said = orjson.loads(page[start:end].strip())
        except orjson.JSONDecodeError:
            continue
        for thing in _things(said):
            yield from _said_of(thing)


def _things(said: Any) -> Iterator[dict]:
    """Yield the objects at the top: one, a list of them, or a graph; articles before everything else."""
    waiting, found = [said], []
    while waiting and len(found) < MAX_OBJECTS:
        thing = waiting.pop(0)
        if isinstance(thing, list):
            waiting[:0] = thing[:MAX_OBJECTS]
        elif isinstance(thing, dict):
            found.append(thing)
            graph = thing.get("@graph")
            if isinstance(graph, list):
                waiting.extend(graph[:MAX_OBJECTS])
    yield from sorted(found, key=lambda thing: not ("headline" in thing or "datePublished" in thing))


def _said_of(thing: dict) -> Iterator[tuple[str, str]]:
    for about, key in (("title", "headline"), ("date", "datePublished"), ("language", "inLanguage")):
        if isinstance(thing.get(key), str):
            yield about, thing[key]
    if "headline" in thing or "datePublished" in thing or "articleBody" in thing:
        names = [name for name in _names(thing.get("author")) if name]
        if names:
            yield "author", ", ".join(dict.fromkeys(names))
    licence = thing.get("license")
    if isinstance(licence, dict):
        licence = licence.get("url") or licence.get("@id") or licence.get("name")
    if isinstance(licence, str):
        yield "licence", licence


def _names(author: Any) -> Iterator[str]:
    for one in author if isinstance(author, list) else [author]:
        name = one.get("name") if isinstance(one, dict) else one
        if isinstance(name, str):
            yield name


# ---------------------------------------------------------------------- checks


def _line(value: str, url: str | None, crawl_date: str) -> str | None:
    line = " ".join(value.encode("utf-8", "ignore").decode().split())
    return line if 0 < len(line) <= MAX_LENGTH else None


def _author(value: str, url: str | None, crawl_date: str) -> str | None:
    line = _line(value, url, crawl_date)
    return None if line is None or line.startswith(("http://", "https://", "www.")) else line


def _day(value: str, url: str | None, crawl_date: str) -> str | None:
    match = _DATE.match(value.strip().replace("/", "-"))
    return match[0] if match and match[0] <= crawl_date[:10] else None


def _address(value: str, url: str | None, crawl_date: str) -> str | None:
    try:
        whole = urljoin(url or "", value.strip())
    except ValueError:
        return None
    return whole if whole.startswith(("http://", "https://")) and len(whole) <= 2000 else None


def _language(value: str, url: str | None, crawl_date: str) -> str | None:
    match = _LANGUAGE.fullmatch(value.strip())
    return match[0].replace("_", "-") if match else None


_CHECKS: Mapping[str, Callable[[str, str | None, str], str | None]] = {
    "title": _line, "date": _day, "author": _author, "canonical_url": _address, "language": _language, "licence": _line,
}  # fmt: skip
