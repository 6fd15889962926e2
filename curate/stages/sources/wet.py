"""Text from crawl files: WET, as Common Crawl extracts it."""

from __future__ import annotations

from collections.abc import Iterator

import fsspec
import pyarrow as pa

from curate.batch import CORE, Batch
from curate.errors import InputError
from curate.stage import Shard
from curate.stages.sources._batch_builder import Rows
from curate.stages.sources._http import media_type
from curate.stages.sources._records import Record, records

SCHEMA = pa.schema([(name, CORE[name]) for name in ("id", "text", "url", "date", "source")])

OTHERS = frozenset({"warcinfo", "metadata", "request", "response", "resource", "revisit", "continuation"})
"""Kinds of record that are counted under their name."""


def wet(
    shard: Shard,
    *,
    max_page_mib: float = 10,
) -> Iterator[Batch]:
    """Read the extracted text of WET files: conversion records, plain or compressed by gzip, zstd or LZ4.

    Why: a tenth of the download of the pages themselves, at the price of menus and notices between the text.

    Args:
        max_page_mib: a longer text is dropped.
    Makes: text, url, date, source
    Drops:
        unreadable_record: damaged, not UTF-8, or no record at all; one row for all up to the next readable one
        truncated_record: the file or the compressed member ends before the record does
        not_text: a conversion to something else than plain text
        page_too_large: more than `max_page_mib`
        empty_page: nothing but white space
    Raises:
        InputError: the file holds pages (WARC), not extracted text.
    Cost: 77 MB/s of text from .wet.gz on one core
    Source: ISO 28500:2017, 6.7 (conversion records)
    """
    rows = Rows(SCHEMA)
    limit = int(max_page_mib * (1 << 20))
    for split in shard.splits:
        n_pages = n_documents = 0
        with fsspec.open(split.url, "rb") as file:
            for record in records(split, file, lambda header: limit if header.kind == "conversion" else 0):
                header = record.header
                if header.kind not in ("conversion", ""):
                    n_pages += header.kind == "response"
                    rows.count(f"records.{header.kind if header.kind in OTHERS else 'other'}")
                    continue
                n_documents += 1
                text, reason, evidence = (
                    (None, record.defect, record.message) if record.defect else _text(record, limit)
                )
                row = f"{split.name}/{record.place}", text, header.url or None, header.date or None, split.source
                rows.add(row, len(record.block), reason, evidence=evidence)
                yield from rows.full()
        if n_pages and not n_documents:
            raise InputError(f"{split.url}: holds pages, not extracted text.  Read it with sources.warc")
    yield from rows.rest()


def _text(record: Record, limit: int) -> tuple[str | None, str | None, str | None]:
    """Return the text, or the reason why there is none and its evidence."""
    kind = media_type(record.header.content_type)
    if kind not in ("text/plain", ""):
        return None, "not_text", kind
    if record.header.length > limit:
        return None, "page_too_large", f"{record.header.length} bytes"
    try:
        text = record.block.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, "unreadable_record", str(error)
    return (text, None, None) if text and not text.isspace() else (None, "empty_page", None)
