"""`sources.wet`: read extracted text from WET files, as Common Crawl publishes them."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from curate.batch import CORE, Batch
from curate.lookup import StoredRecord
from curate.params import AboveZero
from curate.stage import Shard, Split
from curate.stages.sources._batch_builder import BatchBuilder
from curate.stages.sources._headers import Header
from curate.stages.sources._http import media_type
from curate.stages.sources._records import Record, check_records, counter_name, read_records, record_at

SCHEMA = pa.schema([(name, CORE[name]) for name in ("id", "text", "url", "date", "source")])

TEXTS = frozenset({"conversion"})
"""Record types that hold extracted text."""


class wet:
    """Read the extracted text of WET files, uncompressed or compressed with gzip, zstd, LZ4, bzip2 or xz.

    Each conversion record becomes a document. Records of other types are counted (`records.warcinfo`, ...).

    Why: the download is a tenth of the size of the pages, but the text includes menus and notices.

    Args:
        max_page_mib: longer texts are dropped (MiB).
    Makes: text, url, date, source
    Drops:
        unreadable_record: damaged data, not UTF-8 or not a record; one document for everything up to the next
            readable record
        truncated_record: the file or the compressed member ends before the record does
        not_text: the record holds something other than plain text
        page_too_large: the text is longer than `max_page_mib`
        empty_page: the text is empty or white space
    Raises:
        InputError: a file holds pages (WARC), or is of another format (JSON Lines, parquet, ZIP ...).
    Cost: 77 MB/s of text from .wet.gz on one core
    Source: ISO 28500:2017, 6.7 (conversion records)
    """

    def __init__(self, *, max_page_mib: AboveZero = 10):
        self.limit = int(max_page_mib * (1 << 20))

    def check_input(self, split: Split) -> None:
        """Look whether the beginning of a file holds anything but extracted text.

        Raises:
            InputError: it holds pages, or is of another format.
        """
        check_records(split, TEXTS, "response", "extracted text (WET)", "pages (WARC)", "sources.warc")

    def __call__(self, shard: Shard) -> Iterator[Batch]:
        builder = BatchBuilder(SCHEMA)
        for split in shard.splits:
            n_texts = 0
            for record in read_records(split, self._n_kept):
                n_texts += record.header.kind in TEXTS
                self._add(builder, split, record)
                yield from builder.pop_full()
            if split.start == 0 and not n_texts:
                self.check_input(split)
        yield from builder.flush()

    def record_of(self, split: Split, id: str) -> StoredRecord | None:
        """Return the record of a text.

        Raises:
            InputError: there is no readable record at the position that the id names.
        """
        found = record_at(split, id)
        if found is None:
            return None
        data, record = found
        return StoredRecord(f"byte {record.position}", data, text=record.block.decode("utf-8", "replace"))

    def _add(self, builder: BatchBuilder, split: Split, record: Record) -> None:
        """Add a record as a document, or count it if it is not one."""
        header = record.header
        if header.kind not in ("conversion", ""):
            builder.count(counter_name(header))
            return
        text, reason, evidence = _text(record, self.limit)
        row = f"{split.name}/{record.position}", text, header.url or None, header.date or None, split.source
        builder.add(row, len(record.block), reason, evidence=evidence)

    def _n_kept(self, header: Header) -> int:
        return self.limit if header.kind in TEXTS else 0


def _text(record: Record, limit: int) -> tuple[str | None, str | None, str | None]:
    """Return the text or None, the drop reason or None, and its evidence."""
    if record.defect:
        return None, record.defect, record.message
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
