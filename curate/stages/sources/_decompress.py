"""Decompress gzip members, zstd frames and LZ4 frames in small steps."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any, Protocol

import pyarrow as pa
import zstandard

INPUT_CHUNK = 32 << 10
"""Compressed bytes passed to the decompressor at a time. Bytes after the end of a member are read again."""

SKIPPABLE = frozenset(bytes([0x50 + i, 0x2A, 0x4D, 0x18]) for i in range(16))
"""Magic numbers of frames that zstd and LZ4 readers skip."""

ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"
"""Magic number of the first frame of a .warc.zst, if it holds the dictionary of the others (IIPC zstd WARC, 1.0)."""

MAX_WINDOW = 1 << 27
"""zstd frames with a larger window (bytes) are refused; the `zstd` command line tool has the same limit."""


class ReadFailure(Exception):
    """Reading cannot continue at this point of the data.

    Args:
        reason: the drop reason: `unreadable_record`, `truncated_record` if the data ends too early, `page_too_large`.
        message: details, kept as the evidence of the drop.
    """

    def __init__(self, reason: str, message: str):
        self.reason = reason
        super().__init__(message)


class RandomAccessFile(Protocol):
    """A file of `size` bytes that can be read at any offset."""

    size: int

    def read_at(self, start: int, n: int) -> bytes: ...


class Member(Protocol):
    """One compressed member. `end` is its end in the file; it is valid only after `read` has returned b""."""

    end: int

    def read(self, n: int) -> bytes:
        """Return the next decompressed bytes, at most `n`; b"" at the end. Raises `ReadFailure`."""


class GzipMember:
    """A gzip member; its checksum is verified at its end."""

    def __init__(self, file: RandomAccessFile, at: int):
        self.end = at
        self._file = file
        self._inflate = zlib.decompressobj(31)

    def read(self, n: int) -> bytes:
        inflate = self._inflate
        while not inflate.eof:
            data = self._file.read_at(self.end, INPUT_CHUNK)
            try:
                unpacked = inflate.decompress(data, n)
            except zlib.error as error:
                raise ReadFailure("unreadable_record", f"gzip: {error}") from None
            self.end += len(data) - len(inflate.unused_data if inflate.eof else inflate.unconsumed_tail)
            if unpacked:
                return unpacked
            if not data:
                raise ReadFailure("truncated_record", "gzip: the file ends inside a member")
        return b""


class Frame:
    """A zstd or LZ4 frame. Its end is computed from its block headers, before it is decompressed."""

    def __init__(self, file: RandomAccessFile, at: int, length: int | None, unpack: Callable[[io.RawIOBase], Any]):
        self.end = file.size if length is None else at + length
        self._is_cut = length is None or self.end > file.size
        self._stream = unpack(_ByteRange(file, at, min(self.end, file.size)))

    def read(self, n: int) -> bytes:
        try:
            unpacked = self._stream.read(n)
        except (zstandard.ZstdError, OSError) as error:
            reason = "truncated_record" if self._is_cut else "unreadable_record"
            raise ReadFailure(reason, str(error)) from None
        if not unpacked and self._is_cut:
            raise ReadFailure("truncated_record", "the file ends inside a frame")
        return unpacked


class SkippableFrame:
    """A frame without data."""

    def __init__(self, file: RandomAccessFile, at: int):
        self.end = min(file.size, at + 8 + int.from_bytes(file.read_at(at + 4, 4), "little"))

    def read(self, n: int) -> bytes:
        return b""


class _ByteRange(io.RawIOBase):
    """A byte range of a file, readable like a file."""

    def __init__(self, file: RandomAccessFile, start: int, end: int):
        self._file, self._at, self._end = file, start, end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read_at(self._at, min(len(buffer), self._end - self._at))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


# ---------------------------------------------------------------------- frame lengths


def zstd_frame_length(file: RandomAccessFile, at: int) -> int | None:
    """Return the length in bytes of a zstd frame (RFC 8878, section 3.1.1), or None if the file ends before it does."""
    head = file.read_at(at, 6)
    if len(head) < 6:
        return None
    flags = head[4]
    is_single = flags >> 5 & 1
    size_bytes = (is_single, 2, 4, 8)[flags >> 6]
    end = at + 5 + (1 - is_single) + (0, 1, 2, 4)[flags & 3] + size_bytes
    while len(block := file.read_at(end, 3)) == 3:
        header = int.from_bytes(block, "little")
        kind = header >> 1 & 3
        end += 3 + (1 if kind == 1 else header >> 3)  # kind 1 is one byte, repeated
        if kind == 3:
            raise ReadFailure("unreadable_record", "zstd: a block of a reserved type")
        if header & 1:
            end += 4 * (flags >> 2 & 1)
            return end - at if end <= file.size else None
    return None


def lz4_frame_length(file: RandomAccessFile, at: int) -> int | None:
    """Return the length in bytes of an LZ4 frame (LZ4 frame format 1.6), or None if the file ends before it does."""
    head = file.read_at(at, 7)
    if len(head) < 7:
        return None
    flags = head[4]
    end = at + 7 + 8 * (flags >> 3 & 1) + 4 * (flags & 1)
    while len(block := file.read_at(end, 4)) == 4:
        n_bytes = int.from_bytes(block, "little") & 0x7FFFFFFF
        end += 4 + n_bytes + (4 * (flags >> 4 & 1) if n_bytes else 4 * (flags >> 2 & 1))
        if not n_bytes:
            return end - at if end <= file.size else None
    return None


# ---------------------------------------------------------------------- codecs


def member_opener(file: RandomAccessFile) -> tuple[bytes, Callable[[int], Member]] | None:
    """Return the magic number of a file's members and a function that opens a member; None if it is uncompressed.

    The first bytes of the file decide, not its name.
    """
    magic = file.read_at(0, 4)
    if magic[:2] == b"\x1f\x8b":
        return b"\x1f\x8b\x08", lambda at: GzipMember(file, at)
    if magic == b"\x28\xb5\x2f\xfd" or magic == ZSTD_DICTIONARY:
        unpack = _zstd(_dictionary(file) if magic == ZSTD_DICTIONARY else None)
        return b"\x28\xb5\x2f\xfd", lambda at: _frame(file, at, zstd_frame_length, unpack)
    if magic == b"\x04\x22\x4d\x18":
        return magic, lambda at: _frame(file, at, lz4_frame_length, _lz4)
    return None


def _frame(
    file: RandomAccessFile, at: int, length: Callable[[RandomAccessFile, int], int | None], unpack: Callable
) -> Member:
    if file.read_at(at, 4) in SKIPPABLE:
        return SkippableFrame(file, at)
    return Frame(file, at, length(file, at), unpack)


def _zstd(dictionary: zstandard.ZstdCompressionDict | None) -> Callable[[io.RawIOBase], Any]:
    context = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=MAX_WINDOW)
    return lambda byte_range: context.stream_reader(byte_range, read_size=INPUT_CHUNK, read_across_frames=False)


def arrow_stream(file: Any, codec: str) -> pa.NativeFile:
    """Return a file that decompresses another one with one of Arrow's codecs."""
    return pa.CompressedInputStream(pa.PythonFile(file, "r"), codec)


def _lz4(byte_range: io.RawIOBase) -> Any:
    return arrow_stream(byte_range, "lz4")


def _dictionary(file: RandomAccessFile) -> zstandard.ZstdCompressionDict:
    data = file.read_at(8, int.from_bytes(file.read_at(4, 4), "little"))
    if data[:4] == b"\x28\xb5\x2f\xfd":
        data = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompress(data, max_output_size=MAX_WINDOW)
    return zstandard.ZstdCompressionDict(data)
