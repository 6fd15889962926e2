"""`sources.warc`: read web pages from crawl files in WARC or ARC format."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from curate.batch import CORE, Batch
from curate.lookup import StoredRecord
from curate.params import AboveZero
from curate.stage import Shard, Split
from curate.stages.sources._batch_builder import BatchBuilder
from curate.stages.sources._bodies import BodyTooLarge, decode_body
from curate.stages.sources._headers import Header
from curate.stages.sources._http import HEAD_BYTES, HTML_TYPES, charset, looks_like_html, media_type, read_head
from curate.stages.sources._magic import binary_format
from curate.stages.sources._record_stream import DRAIN
from curate.stages.sources._records import Record, check_records, counter_name, read_records, record_at

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
"""Record types that hold what a server sent."""

PAGES_OR_REVISITS = PAGES | {"revisit"}
"""Record types that say what a server sent, now or before."""

DOCUMENTS = PAGES_OR_REVISITS | {""}
"""Record types that become a document, kept or dropped; "" is an unreadable record, which may have been a page."""


class warc:
    """Read the web pages of WARC and ARC files, uncompressed or compressed with gzip, zstd, LZ4, bzip2 or xz.

    Transfer encoding and content encoding of the body are removed, content encoding also if no header declares it; of a
    body that is cut, the part before is kept and counted (`bodies.truncated`). Extraction decodes the charset.
    Requests, metadata and other records that are not pages are counted (`records.request`, ...). Every response
    becomes a document, kept or dropped. After damaged data, reading continues at the next readable record.

    Why: it is the raw crawl. The id of a page is its file and the byte offset of its record, so the raw bytes can
        always be found again. If a compressed member holds several records, `+n` follows: the offset in the member.

    Args:
        max_page_mib: larger pages are dropped (MiB, decoded); at most this much of a page is held in memory.
    Makes: url, date, source, html, content_type, http_charset
    Drops:
        unreadable_record: damaged data or not a record; one document for everything up to the next readable record
        truncated_record: the file or the compressed member ends before the record does
        revisit_record: the page had not changed since an earlier visit, and is stored only in the record of that visit
        http_redirect: status 3xx
        http_error_status: any other status outside 2xx
        not_html: the Content-Type is not HTML, or it is missing and the body does not look like HTML, or the body is of
            a binary format whatever its type; evidence: the type or format
        header_too_large: status line and headers are longer than 1 MiB; value: 1
        undecodable_body: the body is compressed, and nothing of it can be decompressed; evidence: why
        page_too_large: the decoded page is larger than `max_page_mib`
        empty_page: the page is empty or white space
    Raises:
        InputError: a file holds extracted text (WET), or is of another format (JSON Lines, parquet, ZIP ...), or its
            first zstd frame needs a window over 128 MiB.
    Cost: 2200 responses/s, 21 MB/s of .warc.gz on one core, 3.6 times as fast as datatrove's WarcReader (on a real
        crawl in which half of the responses are pages)
    Source: ISO 28500:2017 (WARC 1.1); ARC 1.0 and 2.0, Internet Archive 1996
    """

    def __init__(self, *, max_page_mib: AboveZero = 10):
        self.limit = int(max_page_mib * (1 << 20))

    def check_input(self, split: Split) -> None:
        """Look whether the beginning of a file holds anything but pages.

        Raises:
            InputError: it holds extracted text, or is of another format.
        """
        check_records(split, PAGES_OR_REVISITS, "conversion", "pages (WARC)", "extracted text (WET)", "sources.wet")

    def __call__(self, shard: Shard) -> Iterator[Batch]:
        builder = BatchBuilder(SCHEMA)
        for split in shard.splits:
            n_pages = 0
            for record in read_records(split, self._n_kept):
                n_pages += record.header.kind in PAGES_OR_REVISITS
                _add(builder, split, record, self.limit)
                yield from builder.pop_full()
            if split.start == 0 and not n_pages:
                self.check_input(split)
        yield from builder.flush()

    def record_of(self, split: Split, id: str) -> StoredRecord | None:
        """Return the record of a page; the page is without transfer and content encoding, as far as these can be removed.

        Raises:
            InputError: there is no readable record at the position that the id names.
        """
        found = record_at(split, id)
        if found is None:
            return None
        data, record = found
        response = read_head(record.block)
        try:
            page = decode_body(record.block[response.body_at :], response.fields, DRAIN).data
        except BodyTooLarge:
            page = None
        is_page = record.header.kind in PAGES
        return StoredRecord(f"byte {record.position}", data, page if is_page else None)

    def _n_kept(self, header: Header) -> int:
        return self.limit + HEAD_BYTES if header.kind in PAGES else 0


@dataclass(frozen=True, slots=True)
class _Page:
    """The page of a record, or the reason why it has none."""

    content_type: str = ""
    html: bytes | None = None
    reason: str | None = None
    value: float = math.nan
    evidence: str | None = None
    is_cut: bool = False


def _add(builder: BatchBuilder, split: Split, record: Record, limit: int) -> None:
    """Add a record as a document, or count it if it is not one."""
    header = record.header
    is_lookup = header.url.startswith(("dns:", "whois:"))
    if header.kind not in DOCUMENTS or is_lookup:
        builder.count("records.lookup" if is_lookup else counter_name(header))
        if record.defect:
            builder.count("records.damaged")
        return
    page = _page(record, limit)
    origin = f"{split.name}/{record.position}", header.url or None, header.date or None, split.source
    if page.is_cut:
        builder.count("bodies.truncated")
    row = *origin, page.html, page.content_type or None, charset(page.content_type)
    builder.add(row, len(page.html or b""), page.reason, page.value, page.evidence)


def _page(record: Record, limit: int) -> _Page:
    header, block = record.header, record.block
    if record.defect:
        return _Page(reason=record.defect, evidence=record.message)
    if header.kind == "revisit":
        return _Page(reason="revisit_record", evidence=header.fields[b"warc-refers-to-target-uri"] or None)
    response = read_head(block)
    content_type = response.fields[b"content-type"]
    if response.body_at == 0 and not header.content_type.startswith("application/http"):
        content_type = header.content_type  # a resource record, or a response of another protocol
    if response.status is not None and not 200 <= response.status < 300:
        reason = "http_redirect" if 300 <= response.status < 400 else "http_error_status"
        return _Page(content_type, reason=reason, value=response.status)
    if response.is_cut:
        return _Page(content_type, reason="header_too_large", value=HEAD_BYTES / (1 << 20))
    kind = media_type(content_type)
    if kind and kind not in HTML_TYPES:
        return _Page(content_type, reason="not_html", evidence=kind)
    n_body = header.length - response.body_at
    if n_body > limit:
        return _Page(content_type, reason="page_too_large", value=n_body / (1 << 20))
    try:
        body = decode_body(block[response.body_at :], response.fields, limit)
    except BodyTooLarge:
        return _Page(content_type, reason="page_too_large", value=limit / (1 << 20), evidence="after decoding")
    if body.defect and not body.data:
        return _Page(content_type, reason="undecodable_body", evidence=body.defect)
    if not body.data or body.data.isspace():
        return _Page(content_type, reason="empty_page")
    if binary := binary_format(body.data):
        return _Page(content_type, reason="not_html", evidence=binary)
    if not kind and not looks_like_html(body.data):
        return _Page(content_type, reason="not_html", evidence="no Content-Type")
    return _Page(content_type, body.data, is_cut=body.defect is not None)
