"""Decompress gzip, zstd, LZ4, bzip2 and xz in small steps, member by member."""

from __future__ import annotations

import bz2
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import zstandard

from curate.stages.sources._buffered_file import BufferedFile
from curate.stages.sources._frames import SKIPPABLE, Blocks, Lz4Blocks, ZstdBlocks, arrow_stream

INPUT_CHUNK = 32 << 10
"""Compressed bytes passed to the decompressor at a time. Bytes after the end of a member are read again."""

DECOMPRESSED_CHUNK = 256 << 10
"""Number of bytes decompressed at a time."""

SMALL_STEP = 512
"""Number of bytes decompressed at a time near a defect, before the last bytes are decompressed one by one."""

MAX_WINDOW = 1 << 27
"""zstd frames with a larger window (bytes) are refused; the `zstd` command line tool has the same limit."""

LONG_WINDOW = 1 << 31
"""The largest window (bytes) that zstd can read: `zstd --long=31`."""

FRAME_HEADER = 18
"""Maximum length of the header of a zstd frame."""

MAX_DICTIONARY = 1 << 27
"""A larger zstd dictionary (bytes, decompressed) is refused."""

ZSTD = b"\x28\xb5\x2f\xfd"
"""Magic number of a zstd frame."""

ZSTD_DICTIONARY = b"\x5d\x2a\x4d\x18"
"""Magic number of the first frame of a .warc.zst, if it holds the dictionary of the others (IIPC zstd WARC, 1.0)."""


class ReadFailure(Exception):
    """Reading cannot continue at this point of the data.

    Args:
        reason: the drop reason: `unreadable_record`, `truncated_record` if the data ends too early, `page_too_large`.
        message: details, kept as the evidence of the drop.
    """

    def __init__(self, reason: str, message: str):
        self.reason = reason
        super().__init__(message)


class TrailingData(ReadFailure):
    """The bytes after a compressed member are not another member."""


class WindowTooLarge(ReadFailure):
    """A zstd frame needs a larger window than the reader allows."""


class Member(Protocol):
    """One compressed member. `end` is its end in the file; it is valid only after `read` has returned b""."""

    end: int

    def read(self, n: int) -> bytes:
        """Return the next decompressed bytes, at most `n`; b"" at the end. Raises `ReadFailure`."""


class ZlibMember:
    """A gzip member, or a zlib or raw deflate stream; its checksum is verified at its end."""

    def __init__(self, file: BufferedFile, at: int, window_bits: int = 31):
        self.end = at
        self._file = file
        self._inflate = zlib.decompressobj(window_bits)

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


class StreamMember:
    """A bzip2 or xz stream."""

    def __init__(self, file: BufferedFile, at: int, name: str, decompressor: Any):
        self.end = at
        self._file, self._name, self._decompressor = file, name, decompressor

    def read(self, n: int) -> bytes:
        decompressor = self._decompressor
        while not decompressor.eof:
            data = self._file.read_at(self.end, INPUT_CHUNK) if decompressor.needs_input else b""
            try:
                unpacked = decompressor.decompress(data, n)
            except (OSError, ValueError, lzma.LZMAError) as error:
                raise ReadFailure("unreadable_record", f"{self._name}: {error}") from None
            self.end += len(data) - len(decompressor.unused_data)
            if unpacked:
                return unpacked
            if decompressor.needs_input and self.end >= self._file.size and not decompressor.eof:
                raise ReadFailure("truncated_record", f"{self._name}: the file ends inside a stream")
        return b""


class Frame:
    """A zstd or LZ4 frame."""

    def __init__(self, blocks: Blocks, unpack: Callable[[io.RawIOBase], Any]):
        self._blocks = blocks
        self._stream = unpack(blocks)

    @property
    def end(self) -> int:
        return self._blocks.end

    def read(self, n: int) -> bytes:
        try:
            unpacked = self._stream.read(n)
        except (zstandard.ZstdError, OSError) as error:
            reason = "truncated_record" if self._blocks.is_cut else "unreadable_record"
            raise ReadFailure(reason, str(error)) from None
        if not unpacked and self._blocks.is_cut:
            raise ReadFailure("truncated_record", "the file ends inside a frame")
        if not unpacked and self._blocks.defect:
            raise ReadFailure("unreadable_record", self._blocks.defect)
        return unpacked


class SkippableFrame:
    """A frame without data, which zstd and LZ4 readers skip."""

    def __init__(self, file: BufferedFile, at: int):
        self.end = min(file.size, _after_skippable(file, at))

    def read(self, n: int) -> bytes:
        return b""


class CarefulMember:
    """A member that delivers every byte before a defect.

    Decompressors lose what they produced in the step in which they find a defect. So after a failure the member is
    read again from its start, in small steps where it failed.

    Args:
        open_member: opens the member at an offset.
        at: the offset of the member.
    """

    def __init__(self, open_member: Callable[[int], Member], at: int):
        self._open_member, self._at = open_member, at
        self._member = open_member(at)
        self._n_read = 0
        self._failure: ReadFailure | None = None

    @property
    def end(self) -> int:
        return self._member.end

    def first(self, n: int) -> bytes:
        """Return the first bytes, at most `n`. Raises `ReadFailure` even if some of them can be decompressed."""
        data = self._member.read(n)
        self._n_read = len(data)
        return data

    def read(self, n: int) -> bytes:
        """Return the next decompressed bytes, at most `n`; b"" at the end. Raises `ReadFailure` at a defect."""
        if self._failure:
            raise self._failure
        try:
            data = self._member.read(n)
        except ReadFailure as failure:
            self._failure = failure
            data = self._again(self._n_read, SMALL_STEP)
            data += self._again(self._n_read + len(data), 1)
            if not data:
                raise
        self._n_read += len(data)
        return data

    def _again(self, n_known: int, step: int) -> bytes:
        """Return what can be decompressed after `n_known` bytes, in steps."""
        member, parts = self._open_member(self._at), bytearray()
        try:
            while n_known and (data := member.read(min(n_known, DECOMPRESSED_CHUNK))):
                n_known -= len(data)
            while data := member.read(step):
                parts += data
        except ReadFailure:
            pass
        return bytes(parts)


# ---------------------------------------------------------------------- codecs


@dataclass(frozen=True, slots=True)
class Codec:
    """A compression format.

    Args:
        name: how messages call it.
        magic: the first bytes of each member.
        sign: a pattern for the first bytes of a member, to search for; at most `LONGEST_MATCH` bytes.
        opener: returns for a file and the largest window of a zstd frame (bytes) the function that opens its member at
            an offset; raises `ReadFailure` if the file has a dictionary that cannot be read.
    """

    name: str
    magic: bytes
    sign: re.Pattern[bytes]
    opener: Callable[[BufferedFile, int], Callable[[int], Member]]


def _gzip(file: BufferedFile, max_window: int) -> Callable[[int], Member]:
    return lambda at: ZlibMember(file, at)


def _bz2(file: BufferedFile, max_window: int) -> Callable[[int], Member]:
    return lambda at: StreamMember(file, at, "bzip2", bz2.BZ2Decompressor())


def _xz(file: BufferedFile, max_window: int) -> Callable[[int], Member]:
    return lambda at: StreamMember(file, at, "xz", lzma.LZMADecompressor(lzma.FORMAT_XZ))


def _zstd(file: BufferedFile, max_window: int) -> Callable[[int], Member]:
    dictionary = _dictionary(file)
    try:
        context = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=max_window)
    except zstandard.ZstdError as error:
        raise ReadFailure("unreadable_record", f"zstd: the dictionary is damaged: {error}") from None

    def unpack(blocks: io.RawIOBase) -> Any:
        return context.stream_reader(blocks, read_size=INPUT_CHUNK, read_across_frames=False)

    def open_frame(at: int) -> Member:
        if _is_skippable(file, at):
            return SkippableFrame(file, at)
        if (window := _window(file.read_at(at, FRAME_HEADER))) > max_window:
            sizes = f"{window >> 20} MiB, more than {max_window >> 20} MiB"
            raise WindowTooLarge("unreadable_record", f"zstd: the frame at byte {at} needs a window of {sizes}")
        return Frame(ZstdBlocks(file, at), unpack)

    return open_frame


def _window(head: bytes) -> int:
    """Return the window (bytes) that the header of a zstd frame states (RFC 8878, section 3.1.1.1); 0 if it is cut."""
    if len(head) < 6 or not head.startswith(ZSTD):
        return 0
    flags, window = head[4], head[5]
    if not flags >> 5 & 1:
        base = 1 << 10 + (window >> 3)
        return base + (base >> 3) * (window & 7)
    start, n_bytes = 5 + (0, 1, 2, 4)[flags & 3], (1, 2, 4, 8)[flags >> 6]  # the window is the size of the content
    return int.from_bytes(head[start : start + n_bytes], "little") + (256 if n_bytes == 2 else 0)


def _lz4(file: BufferedFile, max_window: int) -> Callable[[int], Member]:
    def unpack(blocks: io.RawIOBase) -> Any:
        return arrow_stream(blocks, "lz4")

    return lambda at: SkippableFrame(file, at) if _is_skippable(file, at) else Frame(Lz4Blocks(file, at), unpack)


CODECS = (
    Codec("gzip", b"\x1f\x8b\x08", re.compile(rb"\x1f\x8b\x08[\x00-\x1f]"), _gzip),
    Codec("zstd", ZSTD, re.compile(re.escape(ZSTD)), _zstd),
    Codec("lz4", b"\x04\x22\x4d\x18", re.compile(rb"\x04\x22\x4d\x18"), _lz4),
    Codec("bzip2", b"BZh", re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)"), _bz2),
    Codec("xz", b"\xfd7zXZ\x00", re.compile(rb"\xfd7zXZ\x00"), _xz),
)


def codec_of(file: BufferedFile) -> Codec | None:
    """Return the codec of a file by its first bytes, not by its name; None if it is uncompressed."""
    at = 0
    while _is_skippable(file, at):
        at = _after_skippable(file, at)
    head = file.read_at(at, 8)
    return next((codec for codec in CODECS if head.startswith(codec.magic)), None)


def decompressed(
    file: BufferedFile, codec: Codec, chunk: int = DECOMPRESSED_CHUNK, at: int = 0, max_window: int = MAX_WINDOW
) -> Iterator[bytes]:
    """Yield the content of all members of a file from `at`; NUL bytes between and after members are padding.

    Raises:
        TrailingData: what follows a member is none.
        ReadFailure: a member is damaged. Here and there, all bytes before are yielded first.
    """
    open_member = codec.opener(file, max_window)
    while at < file.size:
        member = CarefulMember(open_member, at)
        while data := member.read(chunk):
            yield data
        at = file.after_zeros(member.end)
        head = file.read_at(at, len(codec.magic))
        if not codec.magic.startswith(head) and not _is_skippable(file, at):
            raise TrailingData("unreadable_record", f"{codec.name}: expected a member at byte {at}, found {head!r}")


def _is_skippable(file: BufferedFile, at: int) -> bool:
    return file.read_at(at, 4) in SKIPPABLE


def _after_skippable(file: BufferedFile, at: int) -> int:
    return at + 8 + int.from_bytes(file.read_at(at + 4, 4), "little")


def _dictionary(file: BufferedFile) -> zstandard.ZstdCompressionDict | None:
    """Return the dictionary in the first, skippable frame, or None if the file does not begin with one.

    Raises:
        ReadFailure: the dictionary is damaged or too large; without it no frame of the file can be read.
    """
    if file.read_at(0, 4) != ZSTD_DICTIONARY:
        return None
    n_bytes = _after_skippable(file, 0) - 8
    if n_bytes > MAX_DICTIONARY:
        raise _too_large_dictionary()
    data = file.read_at(8, n_bytes)
    return zstandard.ZstdCompressionDict(_unpacked_dictionary(data) if data.startswith(ZSTD) else data)


def _unpacked_dictionary(data: bytes) -> bytes:
    context = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    blocks = ZstdBlocks(BufferedFile(io.BytesIO(data), len(data)), 0)
    frame, unpacked = Frame(blocks, lambda blocks: context.stream_reader(blocks, read_size=INPUT_CHUNK)), bytearray()
    try:
        while part := frame.read(DECOMPRESSED_CHUNK):
            unpacked += part
            if len(unpacked) > MAX_DICTIONARY:
                break
    except ReadFailure as failure:
        raise ReadFailure("unreadable_record", f"zstd: the dictionary is damaged: {failure}") from None
    if len(unpacked) > MAX_DICTIONARY:
        raise _too_large_dictionary()
    return bytes(unpacked)


def _too_large_dictionary() -> ReadFailure:
    return ReadFailure("unreadable_record", f"zstd: the dictionary is larger than {MAX_DICTIONARY >> 20} MiB")
