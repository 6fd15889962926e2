"""Compressed members unpacked a little at a time: gzip members, zstd frames, LZ4 frames."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any, Protocol

import pyarrow as pa
import zstandard

FEED = 32 << 10
"""Stored bytes given to the decompressor at a time; what is read too far is read again by the next member."""

SKIPPABLE = frozenset(bytes([0x50 + i, 0x2A, 0x4D, 0x18]) for i in range(16))
"""Magic numbers of frames that zstd and LZ4 readers step over."""

ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"
"""The frame at the head of a .warc.zst that holds the dictionary of all others (IIPC zstd-compressed WARC, 1.0)."""

MAX_WINDOW = 1 << 27
"""zstd frames that want more memory than this are refused, as the command line tool does."""


class Broken(Exception):
    """Stored bytes cannot be read on.

    Args:
        reason: `unreadable_record`, or `truncated_record` if the file ends too early.
    """

    def __init__(self, reason: str, message: str):
        self.reason = reason
        super().__init__(message)


class Bytes(Protocol):
    """Bytes of a file from anywhere."""

    size: int

    def at(self, start: int, n: int) -> bytes: ...


class Member(Protocol):
    """One compressed member. `end` is where it ends in the file, true once `more` has returned nothing."""

    end: int

    def more(self, n: int) -> bytes:
        """Return some of the unpacked bytes that follow, `n` at most; nothing at the end. Raises `Broken`."""


class GzipMember:
    """A gzip member; its checksum is compared at its end."""

    def __init__(self, stored: Bytes, at: int):
        self.end = at
        self._stored = stored
        self._inflate = zlib.decompressobj(31)

    def more(self, n: int) -> bytes:
        inflate = self._inflate
        while not inflate.eof:
            data = self._stored.at(self.end, FEED)
            try:
                unpacked = inflate.decompress(data, n)
            except zlib.error as error:
                raise Broken("unreadable_record", f"gzip: {error}") from None
            self.end += len(data) - len(inflate.unused_data if inflate.eof else inflate.unconsumed_tail)
            if unpacked:
                return unpacked
            if not data:
                raise Broken("truncated_record", "gzip: the file ends within a member")
        return b""


class Frame:
    """A zstd or LZ4 frame, whose end is known from its blocks before it is unpacked."""

    def __init__(self, stored: Bytes, at: int, length: int | None, unpack: Callable[[io.RawIOBase], Any]):
        self.end = stored.size if length is None else at + length
        self._is_cut = length is None or self.end > stored.size
        self._stream = unpack(_Span(stored, at, min(self.end, stored.size)))

    def more(self, n: int) -> bytes:
        try:
            unpacked = self._stream.read(n)
        except (zstandard.ZstdError, OSError) as error:
            reason = "truncated_record" if self._is_cut else "unreadable_record"
            raise Broken(reason, str(error)) from None
        if not unpacked and self._is_cut:
            raise Broken("truncated_record", "the file ends within a frame")
        return unpacked


class SkippedFrame:
    """A frame that holds no data."""

    def __init__(self, stored: Bytes, at: int):
        self.end = min(stored.size, at + 8 + int.from_bytes(stored.at(at + 4, 4), "little"))

    def more(self, n: int) -> bytes:
        return b""


class _Span(io.RawIOBase):
    """A range of stored bytes as a file."""

    def __init__(self, stored: Bytes, start: int, end: int):
        self._stored, self._at, self._end = stored, start, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stored.at(self._at, min(len(buffer), self._end - self._at))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


# ---------------------------------------------------------------------- how long a frame is


def zstd_length(stored: Bytes, at: int) -> int | None:
    """Return the bytes of a zstd frame (RFC 8878, section 3.1.1), or None if it does not end in the file."""
    head = stored.at(at, 6)
    if len(head) < 6:
        return None
    flags = head[4]
    is_single = flags >> 5 & 1
    size_bytes = (is_single, 2, 4, 8)[flags >> 6]
    end = at + 5 + (1 - is_single) + (0, 1, 2, 4)[flags & 3] + size_bytes
    while len(block := stored.at(end, 3)) == 3:
        header = int.from_bytes(block, "little")
        kind = header >> 1 & 3
        end += 3 + (1 if kind == 1 else header >> 3)  # kind 1: one byte, repeated
        if kind == 3:
            raise Broken("unreadable_record", "zstd: a block of unknown kind")
        if header & 1:
            end += 4 * (flags >> 2 & 1)
            return end - at if end <= stored.size else None
    return None


def lz4_length(stored: Bytes, at: int) -> int | None:
    """Return the bytes of an LZ4 frame (LZ4 frame format 1.6), or None if it does not end in the file."""
    head = stored.at(at, 7)
    if len(head) < 7:
        return None
    flags = head[4]
    end = at + 7 + 8 * (flags >> 3 & 1) + 4 * (flags & 1)
    while len(block := stored.at(end, 4)) == 4:
        n_bytes = int.from_bytes(block, "little") & 0x7FFFFFFF
        end += 4 + n_bytes + (4 * (flags >> 4 & 1) if n_bytes else 4 * (flags >> 2 & 1))
        if not n_bytes:
            return end - at if end <= stored.size else None
    return None


# ---------------------------------------------------------------------- codecs


def opener(stored: Bytes) -> tuple[bytes, Callable[[int], Member]] | None:
    """Return the magic number of a file's members and what opens the member at a place, or None if it is plain.

    The first bytes decide; file names are not believed.
    """
    magic = stored.at(0, 4)
    if magic[:2] == b"\x1f\x8b":
        return b"\x1f\x8b\x08", lambda at: GzipMember(stored, at)
    if magic == b"\x28\xb5\x2f\xfd" or magic == ZSTD_DICTIONARY:
        unpack = _zstd(_dictionary(stored) if magic == ZSTD_DICTIONARY else None)
        return b"\x28\xb5\x2f\xfd", lambda at: _frame(stored, at, zstd_length, unpack)
    if magic == b"\x04\x22\x4d\x18":
        return magic, lambda at: _frame(stored, at, lz4_length, _lz4)
    return None


def _frame(stored: Bytes, at: int, length: Callable[[Bytes, int], int | None], unpack: Callable) -> Member:
    if stored.at(at, 4) in SKIPPABLE:
        return SkippedFrame(stored, at)
    return Frame(stored, at, length(stored, at), unpack)


def _zstd(dictionary: zstandard.ZstdCompressionDict | None) -> Callable[[io.RawIOBase], Any]:
    context = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=MAX_WINDOW)
    return lambda span: context.stream_reader(span, read_size=FEED, read_across_frames=False)


def _lz4(span: io.RawIOBase) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(span, "r"), "lz4")


def _dictionary(stored: Bytes) -> zstandard.ZstdCompressionDict:
    data = stored.at(8, int.from_bytes(stored.at(4, 4), "little"))
    if data[:4] == b"\x28\xb5\x2f\xfd":
        data = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompress(data, max_output_size=MAX_WINDOW)
    return zstandard.ZstdCompressionDict(data)
