"""The records of a split of a crawl file, readable or not, each with the place where it begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from curate.stage import Split
from curate.stages.sources._decompress import Broken
from curate.stages.sources._headers import (
    HEADER_BYTES,
    SHORT_HEADER_BYTES,
    SLACK,
    Fields,
    Header,
    read_header,
    stray_bytes,
)
from curate.stages.sources._record_stream import Packed, PackedRun, Plain, PlainRun, open_stored

NOTHING = Header("", 0, Fields(b""))
"""The header of what cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Args:
        place: what its document id ends with: the byte in the stored file where it begins. Where several
            records share a compressed member, `+` and the byte within the unpacked member follows.
        header: what the record says of itself.
        block: its bytes as far as they were asked for.
        defect: why it cannot be used, or None.
        message: details of the defect.
    """

    place: str
    header: Header
    block: bytes = b""
    defect: str | None = None
    message: str | None = None


def records(split: Split, file: BinaryIO, wanted: Callable[[Header], int]) -> Iterator[Record]:
    """Yield the records that begin in a split, in order; a region without any is one record with a defect.

    Args:
        wanted: header -> how many bytes of the block to keep.
    """
    stored = open_stored(file, split.size)
    at = stored.find(split.start, split.end)
    if split.start == 0 and at != 0 and not stored.window.is_zero(0):
        yield _nothing(stored, 0)
    while at is not None and at < split.end:
        run = stored.run(at, split.end)
        yield from _records_of(run, wanted)
        at = run.next_at
        if at is None:
            return
        if run.failure:
            at = stored.find(at + 1, split.end)
        elif not stored.begins_record(at):
            if stored.window.is_zero(at):
                return
            yield _nothing(stored, at)
            at = stored.find(at + 1, split.end)


def _nothing(stored: Plain | Packed, at: int) -> Record:
    """Return the record for a place where none begins: a member that broke off, or bytes that are no member."""
    defect = stored.defect(at)
    reason = defect.reason if defect else "unreadable_record"
    return Record(str(at), NOTHING, b"", reason, f"no record begins with {stored.window.at(at, 16)!r}")


def _records_of(run: PlainRun | PackedRun, wanted: Callable[[Header], int]) -> Iterator[Record]:
    is_told, is_open = False, run.is_open()
    while is_open:
        place, header, block = _place(run), NOTHING, b""
        try:
            header, n_bytes = _header(run)
            if n_wanted := min(header.length, wanted(header)):
                block = run.peek(n_wanted, n_bytes)
            is_open = _leave(run, n_bytes + header.length)
        except Broken as broken:
            defect = run.failure or broken  # what is behind a record that is too short
            run.resync()
            is_open = run.is_open()
            is_told = run.failure is not None
            yield Record(place, header, b"", defect.reason, str(defect))
        else:
            yield Record(place, header, block)
    if run.failure and not is_told:
        yield Record(_place(run), NOTHING, b"", run.failure.reason, str(run.failure))


def _header(run: PlainRun | PackedRun) -> tuple[Header, int]:
    try:
        return read_header(run.peek(SHORT_HEADER_BYTES))
    except Broken:
        return read_header(run.peek(HEADER_BYTES))


def _place(run: PlainRun | PackedRun) -> str:
    member_at, inner = run.address
    return f"{member_at}+{inner}" if inner else str(member_at)


def _leave(run: PlainRun | PackedRun, n_bytes: int) -> bool:
    """Step over a record and the blank line after it; return whether the run goes on.

    Raises:
        Broken: the record is not as long as it says, or damaged.
    """
    if run.holds_another(n_bytes):
        raise Broken("unreadable_record", f"another record begins within its {n_bytes} bytes")
    if not run.advance(n_bytes):
        raise Broken("truncated_record", f"the data end before the {n_bytes} bytes of the record")
    member_at = run.address[0]
    after = run.peek(SLACK)
    n_stray = stray_bytes(after)
    if n_stray is None:
        raise Broken("unreadable_record", f"the record goes on after its Content-Length: {after[:16]!r}")
    run.advance(n_stray)
    is_open = (len(after) == SLACK or not after.isspace()) and run.is_open()
    if not is_open and run.failure and run.next_at == member_at:  # nothing follows, and the checksum is wrong
        raise run.failure
    return is_open
