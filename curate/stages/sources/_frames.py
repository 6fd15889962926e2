"""The bytes of zstd and LZ4 frames, block by block, so that the end of a frame is known without decompressing it."""

from __future__ import annotations

import io
from abc import abstractmethod
from typing import Any

import pyarrow as pa

from curate.stages.sources._buffered_file import BufferedFile

SKIPPABLE = frozenset(bytes([0x50 + i, 0x2A, 0x4D, 0x18]) for i in range(16))
"""Magic numbers of frames that zstd and LZ4 readers skip."""


class Blocks(io.RawIOBase):
    """The bytes of one frame, readable like a file. One call never returns bytes of two blocks.

    So a decompressor that is fed from it fails at a defect only after it has got all blocks before.

    `end` is the end of the frame in the file, once all is read. `is_cut`: the file ends inside the frame. `defect`: why
    the frame cannot be read on.
    """

    def __init__(self, file: BufferedFile, at: int):
        self.end = at
        self.is_cut = False
        self.defect = ""
        self._file = file
        self._stop: int | None = None  # of the block or header that is being read
        self._is_last = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.end == self._stop or self._stop is None:
            if self._is_last or self.defect:
                return 0
            n_bytes = self._header() if self._stop is None else self._block()
            self._stop = self.end + n_bytes
        data = self._file.read_at(self.end, min(len(buffer), self._stop - self.end))
        self.is_cut = not data and not self.defect
        buffer[: len(data)] = data
        self.end += len(data)
        return len(data)

    @abstractmethod
    def _header(self) -> int:
        """Return the length of the frame's header; a little more than the file has, if the file ends before it."""

    @abstractmethod
    def _block(self) -> int:
        """Return the length of the block at `end`, with its header; sets `_is_last`, and includes what follows then."""


class ZstdBlocks(Blocks):
    """A zstd frame (RFC 8878, section 3.1.1)."""

    def _header(self) -> int:
        head = self._file.read_at(self.end, 5)
        self._flags = head[4] if len(head) == 5 else 0
        is_single = self._flags >> 5 & 1
        size_bytes = (is_single, 2, 4, 8)[self._flags >> 6]
        return 5 + (1 - is_single) + (0, 1, 2, 4)[self._flags & 3] + size_bytes

    def _block(self) -> int:
        header = int.from_bytes(self._file.read_at(self.end, 3), "little")
        kind = header >> 1 & 3
        if kind == 3:
            self.defect = "zstd: a block of a reserved type"
            return 0
        self._is_last = bool(header & 1)
        n_checksum = 4 * (self._flags >> 2 & 1) if self._is_last else 0
        return 3 + (1 if kind == 1 else header >> 3) + n_checksum  # kind 1 is one byte, repeated


class Lz4Blocks(Blocks):
    """An LZ4 frame (LZ4 frame format 1.6)."""

    def _header(self) -> int:
        head = self._file.read_at(self.end, 5)
        self._flags = head[4] if len(head) == 5 else 0
        return 7 + 8 * (self._flags >> 3 & 1) + 4 * (self._flags & 1)

    def _block(self) -> int:
        n_bytes = int.from_bytes(self._file.read_at(self.end, 4), "little") & 0x7FFFFFFF
        self._is_last = not n_bytes
        return 4 + n_bytes + (4 * (self._flags >> 4 & 1) if n_bytes else 4 * (self._flags >> 2 & 1))


def arrow_stream(file: Any, codec: str) -> pa.NativeFile:
    """Return a file that decompresses another one with one of Arrow's codecs."""
    return pa.CompressedInputStream(pa.PythonFile(file, "r"), codec)
