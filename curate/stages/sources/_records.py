"""Iterate over the records of one split of a crawl file, readable or not, with the offset where each starts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import fsspec

from curate.errors import InputError
from curate.stage import Split
from curate.stages.sources._decompress import ReadFailure
from curate.stages.sources._headers import (
    HEADER_BYTES,
    LOOKAHEAD,
    RECORD_TYPES,
    SHORT_HEADER_BYTES,
    Fields,
    Header,
    read_header,
    stray_bytes,
)
from curate.stages.sources._http import media_type
from curate.stages.sources._record_stream import (
    DRAIN,
    MAX_TRIES,
    CompressedFile,
    CompressedStream,
    PlainFile,
    PlainStream,
    open_record_file,
)
from curate.stages.sources._wrong_format import BEGINNING, first_bytes, format_of, wrong_format

N_CHECKED = 1000
"""Number of records by which a file is judged."""

_POSITION = re.compile(r"([0-9]{1,18})(?:\+[0-9]{1,18})?")

LEAST_TEXT = 4096
"""A shorter text may also be the rest of a damaged record."""

NO_HEADER = Header("", 0, Fields(b""))
"""Stands in for the header of data that cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record, or a region of the file that holds none.

    Args:
        position: the end of the document id: the byte offset in the file as stored. If several records share a
            compressed member, `+` and the byte offset in the decompressed member follow.
        header: the parsed record header.
        block: the first bytes of the record's content, as many as were requested.
        defect: the drop reason if the record cannot be used, else None.
        message: details of the defect.
    """

    position: str
    header: Header
    block: bytes = b""
    defect: str | None = None
    message: str | None = None


def read_records(split: Split, block_bytes: Callable[[Header], int]) -> Iterator[Record]:
    """Yield the records that start in a split, in order; a region without a record is one record with a defect.

    Args:
        split: the byte range to read.
        block_bytes: returns for a header how many bytes of the block to keep.
    """
    with fsspec.open(split.url, "rb") as file:
        try:
            reader = open_record_file(file, split.size)
        except ReadFailure as failure:
            if split.start == 0:
                yield Record("0", NO_HEADER, b"", failure.reason, str(failure))
            return
        yield from _records_of_split(reader, split, block_bytes)


WAT = "application/json"
"""The media type of the records of WAT files, which describe pages; other `metadata` records have fields as of HTTP."""


def check_records(
    split: Split, wanted: frozenset[str], other: str, expected: str, found: str, other_source: str
) -> None:
    """Look at the first records of a file, to say early that it has none that a source wants.

    Args:
        split: the first part of the file.
        wanted: the types of records that the source wants; one of them is enough.
        other: the type of records that another source reads.
        expected, found: what the source and the other one read, for the message.
        other_source: the name of the other source.
    Raises:
        InputError: there are no records but those of the other source, or the file is of another format.
    """
    beginning = replace(split, end=min(split.end, BEGINNING))
    headers = [record.header for record in itertools.islice(read_records(beginning, lambda header: 0), N_CHECKED)]
    kinds = {header.kind for header in headers}
    if kinds & wanted:
        return
    if any(header.kind == "metadata" and media_type(header.content_type) == WAT for header in headers):
        raise InputError(
            f"{split.url}: expected {expected}, found data about pages (WAT).  Name the WARC or WET files of the same crawl"
        )
    if other in kinds:
        raise InputError(f"{split.url}: expected {expected}, found {found}.  Read it with {other_source}")
    data = first_bytes(split)[0] if kinds <= {""} else b""
    name = format_of(data)
    if name in (None, "WARC") or (name in ("plain text", "CSV") and len(data) < LEAST_TEXT):
        return
    raise wrong_format(split, expected, name)


def record_at(split: Split, id: str) -> tuple[bytes, Record] | None:
    """Return the bytes of a record as stored, decompressed, and the record with its whole block; None if the id is none of this file.

    Args:
        split: of the file. id: of the document, which ends in the position of its record.
    Raises:
        InputError: there is no readable record at the position.
    """
    position = _POSITION.fullmatch(id.removeprefix(f"{split.name}/")) if id.startswith(f"{split.name}/") else None
    if position is None or not split.start <= int(position[1]) < split.end:
        return None
    with fsspec.open(split.url, "rb") as file:
        try:
            stream = open_record_file(file, split.size).stream(int(position[1]), split.size)
            while stream.has_next():
                header, n_bytes = _header(stream)
                if (at := _position(stream)) == position[0]:
                    data = stream.peek(n_bytes + min(header.length, DRAIN))
                    return data, Record(at, header, data[n_bytes:])
                _skip_record(stream, n_bytes + header.length)
        except ReadFailure as failure:
            raise InputError(f"{split.url}: no record can be read at byte {position[0]}: {failure}.") from failure
    raise InputError(f"{split.url}: no record begins at byte {position[0]}.")


def counter_name(header: Header) -> str:
    """Return the counter for a record that does not become a document."""
    return f"records.{header.kind if header.kind in RECORD_TYPES else 'other'}"


def _records_of_split(
    reader: PlainFile | CompressedFile, split: Split, block_bytes: Callable[[Header], int]
) -> Iterator[Record]:
    at = reader.find_record(split.start, split.end)
    if split.start == 0 and at != 0 and not reader.file.is_zero(0):
        yield _unreadable_region(reader, 0)
    yield from _skipped_region(reader)
    while at is not None and at < split.end:
        stream = reader.stream(at, split.end)
        yield from _records_of_stream(stream, block_bytes)
        at = stream.next_at
        if at is None:
            return
        if stream.failure:
            at = reader.find_record(at + 1, split.end)
            yield from _skipped_region(reader)
        elif not reader.is_record_start(at):
            if reader.file.is_zero(at):
                return
            yield _unreadable_region(reader, at)
            at = reader.find_record(at + 1, split.end)
            yield from _skipped_region(reader)


def _skipped_region(reader: PlainFile | CompressedFile) -> Iterator[Record]:
    """Yield a defective record for the bytes that the last search for a record skipped, if it did."""
    if n_skipped := reader.tries.n_skipped:
        message = _not_searched(n_skipped)
        yield Record(str(reader.tries.first_skipped), NO_HEADER, b"", "unreadable_record", message)


def _not_searched(n_bytes: int) -> str:
    return f"{n_bytes} bytes were not searched: {MAX_TRIES} places in 64 KiB look like records and are none"


def _unreadable_region(reader: PlainFile | CompressedFile, at: int) -> Record:
    """Return a defective record for an offset where no record starts."""
    defect = reader.member_failure(at)
    reason = defect.reason if defect else "unreadable_record"
    return Record(
        str(at), NO_HEADER, b"", reason, f"expected a WARC or ARC record, found {reader.file.read_at(at, 16)!r}"
    )


def _records_of_stream(
    stream: PlainStream | CompressedStream, block_bytes: Callable[[Header], int]
) -> Iterator[Record]:
    is_reported, has_next = False, stream.has_next()
    while has_next:
        position, header, block = _position(stream), NO_HEADER, b""
        try:
            header, n_bytes = _header(stream)
            if n_block := min(header.length, block_bytes(header)):
                block = stream.peek(n_block, n_bytes)
            has_next = _skip_record(stream, n_bytes + header.length)
        except ReadFailure as failure:
            defect = stream.failure or failure  # a failed stream is the cause of a record that is too short
            n_skipped = stream.resync()
            has_next = stream.has_next()
            is_reported = stream.failure is not None
            message = f"{defect}. {_not_searched(n_skipped)}" if n_skipped else str(defect)
            yield Record(position, header, b"", defect.reason, message)
        else:
            yield Record(position, header, block)
    if stream.failure and not is_reported:
        yield Record(_position(stream), NO_HEADER, b"", stream.failure.reason, str(stream.failure))


def _header(stream: PlainStream | CompressedStream) -> tuple[Header, int]:
    try:
        return read_header(stream.peek(SHORT_HEADER_BYTES))
    except ReadFailure:
        return read_header(stream.peek(HEADER_BYTES))


def _position(stream: PlainStream | CompressedStream) -> str:
    member_at, inner = stream.position
    return f"{member_at}+{inner}" if inner else str(member_at)


def _skip_record(stream: PlainStream | CompressedStream, n_bytes: int) -> bool:
    """Skip a record and the blank lines after it; return whether another record follows in the stream.

    Raises:
        ReadFailure: the record is damaged, or its length differs from its Content-Length.
    """
    if stream.contains_record(n_bytes):
        raise ReadFailure("unreadable_record", f"expected {n_bytes} bytes, but another record starts within them")
    if not stream.advance(n_bytes):
        raise ReadFailure("truncated_record", f"expected {n_bytes} bytes, but the data ends earlier")
    member_at = stream.position[0]
    after = stream.peek(LOOKAHEAD)
    n_stray = stray_bytes(after)
    if n_stray is None:
        raise ReadFailure(
            "unreadable_record", f"expected the end of the record after its Content-Length, found {after[:16]!r}"
        )
    stream.advance(n_stray)
    has_next = (len(after) == LOOKAHEAD or not after.isspace()) and stream.has_next()
    if not has_next and stream.failure and stream.next_at == member_at:  # the last record, with a wrong checksum
        raise stream.failure
    return has_next
