"""Web pages from crawl files: WARC and ARC."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import fsspec
import pyarrow as pa

from curate.batch import CORE, Batch
from curate.errors import InputError
from curate.stage import Shard, Split
from curate.stages.sources._batch_builder import Rows
from curate.stages.sources._headers import Header
from curate.stages.sources._http import (
    HEAD_BYTES,
    HTML_TYPES,
    TooLarge,
    charset,
    decode_body,
    looks_like_html,
    media_type,
    read_head,
)
from curate.stages.sources._records import Record, records

SCHEMA = pa.schema(
    [
        ("id", CORE["id"]),
        ("url", CORE["url"]),
        ("date", CORE["date"]),
        ("source", CORE["source"]),
        ("html", pa.large_binary()),
        ("content_type", pa.string()),
        ("http_charset", pa.string()),
    ]
)

PAGES = frozenset({"response", "resource"})
"""Kinds of record that hold what a server sent."""

DOCUMENTS = frozenset({*PAGES, "revisit", ""})
"""Kinds of record that become documents, pages or not; those of unknown kind because they might have been one."""

OTHERS = frozenset({"request", "metadata", "warcinfo", "conversion", "continuation"})
"""Kinds that are counted under their name."""


def warc(
    shard: Shard,
    *,
    max_page_mib: float = 10,
) -> Iterator[Batch]:
    """Read the pages of WARC and ARC files, plain or compressed by gzip, zstd or LZ4, as the crawler got them.

    Why: the raw crawl. The id of a page is its file and the byte where its record begins, so the raw bytes
        can always be found again (`+n` follows where one compressed member holds many records). Every response
        gets a fate, also unreadable ones; reading goes on at the next record that can be read.

    The body is without its transfer and content encoding; its charset is for the extraction to find out.
    Requests, metadata and other records that are no pages are counted (`records.request`, ...).

    Args:
        max_page_mib: a larger page is dropped; never is more than this of a page held in memory.
    Makes: url, date, source, html, content_type, http_charset
    Drops:
        unreadable_record: damaged, or no record at all; one row for all up to the next readable record
        truncated_record: the file or the compressed member ends before the record does
        revisit_record: the page was the same at an earlier visit and is stored there only
        http_redirect: status 3xx
        http_error_status: any other status but 2xx
        not_html: another type is stated, or none and the body does not look like a page
        page_too_large: more than `max_page_mib`, decoded
        empty_page: nothing but white space
    Raises:
        InputError: the file holds extracted text (WET), not pages.
    Cost: 2200 responses/s, 21 MB/s of .warc.gz on one core, 3.6 times datatrove's WarcReader (real crawl, half of it pages)
    Source: ISO 28500:2017 (WARC 1.1); ARC 1.0 and 2.0, Internet Archive 1996
    """
    rows = Rows(SCHEMA)
    limit = int(max_page_mib * (1 << 20))
    for split in shard.splits:
        n_texts = n_documents = 0
        with fsspec.open(split.url, "rb") as file:
            for record in records(split, file, lambda header: _n_wanted(header, limit)):
                n_texts += record.header.kind == "conversion"
                n_documents += _add(rows, split, record, limit)
                yield from rows.full()
        if n_texts and not n_documents:
            raise InputError(f"{split.url}: holds extracted text, not pages.  Read it with sources.wet")
    yield from rows.rest()


def _n_wanted(header: Header, limit: int) -> int:
    return limit + HEAD_BYTES if header.kind in PAGES else 0


@dataclass(frozen=True, slots=True)
class _Page:
    """What became of a record: its page, or why there is none."""

    content_type: str = ""
    html: bytes | None = None
    reason: str | None = None
    value: float = math.nan
    evidence: str | None = None


def _add(rows: Rows, split: Split, record: Record, limit: int) -> bool:
    """Add a record to the rows if it is a document, else count it; return whether it is one."""
    header = record.header
    is_lookup = header.url.startswith(("dns:", "whois:"))
    if header.kind not in DOCUMENTS or is_lookup:
        rows.count(f"records.{'lookup' if is_lookup else header.kind if header.kind in OTHERS else 'other'}")
        if record.defect:
            rows.count("records.damaged")
        return False
    page = _page(record, limit)
    known = f"{split.name}/{record.place}", header.url or None, header.date or None, split.source
    row = *known, page.html, page.content_type or None, charset(page.content_type)
    rows.add(row, len(page.html or b""), page.reason, page.value, page.evidence)
    return True


def _page(record: Record, limit: int) -> _Page:
    header, block = record.header, record.block
    if record.defect:
        return _Page(reason=record.defect, evidence=record.message)
    if header.kind == "revisit":
        return _Page(reason="revisit_record", evidence=header.fields[b"warc-refers-to-target-uri"] or None)
    response = read_head(block)
    stated = response.fields[b"content-type"]
    if response.body_at == 0 and not header.content_type.startswith("application/http"):
        stated = header.content_type  # a resource, or a response by another protocol
    if response.status is not None and not 200 <= response.status < 300:
        reason = "http_redirect" if 300 <= response.status < 400 else "http_error_status"
        return _Page(stated, reason=reason, value=response.status)
    kind = media_type(stated)
    if kind and kind not in HTML_TYPES:
        return _Page(stated, reason="not_html", evidence=kind)
    n_body = header.length - response.body_at
    if n_body > limit:
        return _Page(stated, reason="page_too_large", value=n_body / (1 << 20))
    try:
        html = decode_body(block[response.body_at :], response.fields, limit)
    except TooLarge:
        return _Page(stated, reason="page_too_large", value=limit / (1 << 20), evidence="once decoded")
    if not html or html.isspace():
        return _Page(stated, reason="empty_page")
    if not kind and not looks_like_html(html):
        return _Page(stated, reason="not_html", evidence="no type stated")
    return _Page(stated, html)
