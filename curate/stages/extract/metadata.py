"""Read what a page states about itself: title, date, author, canonical URL, language, licence, and the source of each.

The sources are found during block parsing (`kernels.blocks.page_metadata`), so the page is not searched again: `<title>`,
`<meta>`, `<link>`, `<html lang>`, `<time>` and JSON-LD. If several sources state a field, the first one in the order of
`SOURCES` is used: first sources for machines (Open Graph, JSON-LD), then sources for people. Dates after the crawl date
are ignored.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

MAX_JSON_BYTES = 262_144
"""Longer JSON-LD scripts are ignored; they are usually product catalogues."""

MAX_OBJECTS = 100
"""Maximum number of JSON-LD objects that are read."""

MAX_LENGTH = 500
"""Maximum number of characters of a title or name; longer ones are usually errors of the page."""

_DATE = re.compile(r"((?:19|20)\d\d)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_DATE_IN_URL = re.compile(r"/((?:19|20)\d\d)/(0[1-9]|1[0-2])/(?:(0[1-9]|[12]\d|3[01])(?=/|$))?")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,3}")

SOURCES: Mapping[str, Sequence[str]] = {
    "title": ("og:title", "json-ld", "twitter:title", "dc.title", "title"),
    "date": ("article:published_time", "json-ld", "datepublished", "date", "dc.date", "dcterms.created", "dcterms.date",
             "pubdate", "publishdate", "citation_publication_date", "sailthru.date", "time", "url"),
    "author": ("author", "json-ld", "article:author", "dc.creator", "dcterms.creator", "citation_author",
               "parsely-author"),
    "canonical_url": ("canonical", "og:url"),
    "language": ("lang", "content-language", "json-ld", "og:locale", "dc.language"),
    "licence": ("license", "json-ld", "dcterms.license", "dc.rights", "link"),
}  # fmt: skip
"""Field -> its sources, the most trusted first."""

FIELD_OF_SOURCE: Mapping[str, str] = {
    source: name for name, sources in SOURCES.items() for source in sources if source not in ("json-ld", "url")
}
"""Source -> field, for the sources found during block parsing that state one field. JSON-LD states several."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page states about itself; None for a field that it does not state.

    Args:
        title: the title, one line.
        date: the publication date, ISO format.
        author: names, separated by commas.
        canonical_url: the canonical URL; absolute if the URL of the page is known.
        language: the language tag as in the page, such as `de` or `en-US`.
        licence: a URL or a name.
        stated_by: field -> the tag or property that states it; None if the engine does not report it.
    """

    title: str | None = None
    date: str | None = None
    author: str | None = None
    canonical_url: str | None = None
    language: str | None = None
    licence: str | None = None
    stated_by: Mapping[str, str] | None = None


NO_METADATA = Metadata()


def read_metadata(
    page: bytes, statements: Sequence[tuple[str, int, int]], url: str | None, crawl_date: str
) -> Metadata:
    """Read what a page states about itself.

    Args:
        page: the page in UTF-8.
        statements: `(source, start, end)` in page order; start and end are byte offsets.
        url: the URL of the page.
        crawl_date: ISO format; later dates are ignored.
    """
    stated: dict[tuple[str, str], str] = {}  # (field, source) -> value
    for source, start, end in statements:
        name = FIELD_OF_SOURCE.get(source)
        if name is not None and (name, source) not in stated:
            value = html.unescape(page[start:end].decode("utf-8", "replace"))
            if checked := _CHECKS[name](value, url, crawl_date):
                stated[name, source] = checked
    for name, value in _json_ld(page, statements):
        if (name, "json-ld") not in stated and (checked := _CHECKS[name](value, url, crawl_date)):
            stated[name, "json-ld"] = checked
    if url and (match := _DATE_IN_URL.search(url)):
        day = "-".join(part for part in match.groups() if part)
        if len(day) == 10 and day <= crawl_date:
            stated["date", "url"] = day
    values, stated_by = {}, {}
    for name, sources in SOURCES.items():
        source = next((source for source in sources if (name, source) in stated), None)
        if source is not None:
            values[name], stated_by[name] = stated[name, source], source
    return Metadata(**values, stated_by=stated_by)


# ---------------------------------------------------------------------- JSON-LD


def _json_ld(page: bytes, statements: Sequence[tuple[str, int, int]]) -> Iterator[tuple[str, str]]:
    """Yield `(field, value)` from the JSON-LD scripts of a page."""
    import orjson

    for source, start, end in statements:
        if source != "json-ld" or end - start > MAX_JSON_BYTES:
            continue
        try:
            script = orjson.loads(page[start:end].strip())
        except orjson.JSONDecodeError:
            continue
        for item in _objects(script):
            yield from _fields(item)


def _objects(script: Any) -> Iterator[dict]:
    """Yield the top-level objects (one object, a list of them, or a graph), articles first."""
    waiting, found = [script], []
    while waiting and len(found) < MAX_OBJECTS:
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting[:0] = item[:MAX_OBJECTS]
        elif isinstance(item, dict):
            found.append(item)
            graph = item.get("@graph")
            if isinstance(graph, list):
                waiting.extend(graph[:MAX_OBJECTS])
    yield from sorted(found, key=lambda item: not ("headline" in item or "datePublished" in item))


def _fields(item: dict) -> Iterator[tuple[str, str]]:
    for name, key in (("title", "headline"), ("date", "datePublished"), ("language", "inLanguage")):
        if isinstance(item.get(key), str):
            yield name, item[key]
    if "headline" in item or "datePublished" in item or "articleBody" in item:
        authors = [author for author in _author_names(item.get("author")) if author]
        if authors:
            yield "author", ", ".join(dict.fromkeys(authors))
    licence = item.get("license")
    if isinstance(licence, dict):
        licence = licence.get("url") or licence.get("@id") or licence.get("name")
    if isinstance(licence, str):
        yield "licence", licence


def _author_names(author: Any) -> Iterator[str]:
    for one in author if isinstance(author, list) else [author]:
        name = one.get("name") if isinstance(one, dict) else one
        if isinstance(name, str):
            yield name


# ---------------------------------------------------------------------- validation


def _line(value: str, url: str | None, crawl_date: str) -> str | None:
    line = " ".join(value.encode("utf-8", "ignore").decode().split())
    return line if 0 < len(line) <= MAX_LENGTH else None


def _author(value: str, url: str | None, crawl_date: str) -> str | None:
    line = _line(value, url, crawl_date)
    return None if line is None or line.startswith(("http://", "https://", "www.")) else line


def _date(value: str, url: str | None, crawl_date: str) -> str | None:
    match = _DATE.match(value.strip().replace("/", "-"))
    return match[0] if match and match[0] <= crawl_date[:10] else None


def _absolute_url(value: str, url: str | None, crawl_date: str) -> str | None:
    try:
        absolute = urljoin(url or "", value.strip())
    except ValueError:
        return None
    return absolute if absolute.startswith(("http://", "https://")) and len(absolute) <= 2000 else None


def _language(value: str, url: str | None, crawl_date: str) -> str | None:
    match = _LANGUAGE.fullmatch(value.strip())
    return match[0].replace("_", "-") if match else None


_CHECKS: Mapping[str, Callable[[str, str | None, str], str | None]] = {
    "title": _line, "date": _date, "author": _author, "canonical_url": _absolute_url, "language": _language,
    "licence": _line,
}  # fmt: skip
"""Field -> `(value, url, crawl_date) -> cleaned value`, or None if the value is not valid."""
