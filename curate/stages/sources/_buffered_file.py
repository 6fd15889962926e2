"""Random access to the bytes of a file, read in large chunks."""

from __future__ import annotations

import re
from typing import BinaryIO

FILE_CHUNK = 1 << 20
"""Number of bytes read from a file at a time."""

LONGEST_MATCH = 16
"""Length in bytes of the longest pattern that is searched for in a file."""


class BufferedFile:
    """Random access to the bytes of a file, read in large chunks."""

    def __init__(self, file: BinaryIO, size: int):
        self.size = size
        self._file = file
        self._start = 0
        self._data = b""

    def read_at(self, start: int, n: int) -> bytes:
        """Return `n` bytes from `start`; fewer only at the end of the file."""
        begin, n = start - self._start, min(n, self.size - start)
        if n <= 0:
            return b""
        if begin < 0 or begin + n > len(self._data):
            self._file.seek(start)
            self._data, self._start, begin = self._file.read(max(n, FILE_CHUNK)), start, 0
        return self._data[begin : begin + n]

    def find(self, pattern: re.Pattern[bytes], start: int, stop: int) -> int | None:
        """Return the offset of the first match (at most `LONGEST_MATCH` bytes) with `start` <= offset < `stop`."""
        while start < stop:
            n = min(FILE_CHUNK, stop - start)
            found = pattern.search(self.read_at(start, n + LONGEST_MATCH))
            if found and found.start() < n:
                return start + found.start()
            start += n
        return None

    def after_zeros(self, start: int) -> int:
        """Return the offset of the first byte from `start` that is not NUL; the file's size if all are."""
        while data := self.read_at(start, FILE_CHUNK):
            rest = data.lstrip(b"\0")
            start += len(data) - len(rest)
            if rest:
                break
        return start

    def is_zero(self, start: int) -> bool:
        """Return whether all bytes from `start` are NUL: some writers pad the end of a file."""
        return self.after_zeros(start) >= self.size
