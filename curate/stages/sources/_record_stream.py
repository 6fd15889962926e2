"""Records in a stored file, found from any byte on: plain, or in gzip members, zstd frames or LZ4 frames.

A crawl file is a row of compressed members, each most often one record. To read a part of it one needs a point
where a record begins, and the reader of the part before must stop at that very point. Both ask the same
question, `begins_record`, so the parts of a file are disjoint and together the whole, however it is cut: also
where all records are in one member, or members end in the middle of records.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import BinaryIO

from curate.stages.sources._decompress import Broken, Member, opener
from curate.stages.sources._headers import (
    HEADER_BYTES,
    RECORD_LINE,
    SLACK,
    begins_like_record,
    read_header,
    stray_bytes,
)

STEP = 1 << 20
"""Bytes of a file read at a time."""

UNPACK = 256 << 10
"""Bytes unpacked at a time."""

DRAIN = 1 << 30
"""Bytes unpacked at most to get past something unwanted; after that the next member is searched for."""

START_BYTES = 4096
"""A place where a record may begin is looked at this far first."""

BLANK_STEP = 64
"""Bytes looked at to get past the blank lines after a record."""

LONGEST_MATCH = 16
"""Bytes of the longest pattern searched for in a file."""


class Window:
    """Bytes of a file from anywhere, read in big steps."""

    def __init__(self, file: BinaryIO, size: int):
        self.size = size
        self._file = file
        self._start = 0
        self._data = b""

    def at(self, start: int, n: int) -> bytes:
        """Return `n` bytes from `start`, fewer only at the end of the file."""
        begin, n = start - self._start, min(n, self.size - start)
        if n <= 0:
            return b""
        if begin < 0 or begin + n > len(self._data):
            self._file.seek(start)
            self._data, self._start, begin = self._file.read(max(n, STEP)), start, 0
        return self._data[begin : begin + n]

    def find(self, pattern: re.Pattern[bytes], start: int, stop: int) -> int | None:
        """Return where a match of at most `LONGEST_MATCH` bytes begins, at `start` or later and before `stop`."""
        while start < stop:
            n = min(STEP, stop - start)
            found = pattern.search(self.at(start, n + LONGEST_MATCH))
            if found and found.start() < n:
                return start + found.start()
            start += n
        return None

    def is_zero(self, start: int) -> bool:
        """Whether only NUL bytes are left: padding that some writers leave at the end."""
        while data := self.at(start, STEP):
            if data.strip(b"\0"):
                return False
            start += len(data)
        return True


def open_stored(file: BinaryIO, size: int) -> Plain | Packed:
    """Return the way into a stored file that its first bytes ask for."""
    window = Window(file, size)
    packing = opener(window)
    return Plain(window) if packing is None else Packed(window, *packing)


# ---------------------------------------------------------------------- plain


class Plain:
    """A file that is not compressed."""

    def __init__(self, window: Window):
        self.window = window

    def find(self, start: int, stop: int) -> int | None:
        """Return where the first record begins, at `start` or later and before `stop`; 0 is taken on trust."""
        if start == 0:
            return 0
        at: int | None = max(0, start - 1)
        while (at := self.window.find(RECORD_LINE, at, stop - 1)) is not None:
            at += 1
            if self.begins_record(at):
                return at
        return None

    def begins_record(self, at: int) -> bool:
        """Whether a record begins here: a header and, after as many bytes as it states, the end of a record."""
        if at and not RECORD_LINE.match(self.window.at(at - 1, LONGEST_MATCH)):  # `find` would pass it by
            return False
        if not begins_like_record(self.window.at(at, START_BYTES)):
            return False
        data = self.window.at(at, HEADER_BYTES)
        try:
            header, n_bytes = read_header(data)
        except Broken:
            return False
        end = at + n_bytes + header.length
        return end <= self.window.size and stray_bytes(self.window.at(end, SLACK)) is not None

    def defect(self, at: int) -> Broken | None:
        """Return None: plain bytes can always be read."""
        return None

    def run(self, at: int, stop: int) -> PlainRun:
        """Return the records from the one at `at` to the first that begins at `stop` or later."""
        return PlainRun(self, at, stop)


class PlainRun:
    """Records of a plain file, one after the other."""

    def __init__(self, stored: Plain, at: int, stop: int):
        self._stored, self._at, self._stop = stored, at, stop
        self.next_at: int | None = None
        self.failure: Broken | None = None

    @property
    def address(self) -> tuple[int, int]:
        return self._at, 0

    def is_open(self) -> bool:
        window = self._stored.window
        while (data := window.at(self._at, BLANK_STEP)) and not (rest := data.lstrip(b"\r\n")):
            self._at += len(data)
        if not data:
            return False
        self._at += len(data) - len(rest)
        if rest[:1] == b"\0" and window.is_zero(self._at):
            return False
        return self._at < self._stop or not self._stored.begins_record(self._at)

    def peek(self, n: int, after: int = 0) -> bytes:
        return self._stored.window.at(self._at + after, n)

    def holds_another(self, n: int) -> bool:
        """Whether a record begins within the next `n` bytes: one that a reader of the part behind would find."""
        return self._stored.find(self._at + 1, self._at + n) is not None

    def advance(self, n: int) -> bool:
        self._at += n
        return self._at <= self._stored.window.size

    def resync(self) -> None:
        found = self._stored.find(self._at + 1, self._stop)
        self._at = self._stored.window.size if found is None else found


# ---------------------------------------------------------------------- packed


class Packed:
    """A file of compressed members.

    Args:
        window: the stored bytes.
        magic: how each member begins.
        enter: opens the member at a place.
    """

    def __init__(self, window: Window, magic: bytes, enter: Callable[[int], Member]):
        self.window = window
        self._magic, self._enter = re.compile(re.escape(magic)), enter
        self._ahead: tuple[int, Member, bytes] | None = None  # the member looked at last, still at its beginning

    def find(self, start: int, stop: int) -> int | None:
        """Return where the first member that begins with a record is, at `start` or later and before `stop`.

        The first member of the file is taken on trust, if it can be unpacked.
        """
        if start == 0 and self.defect(0) is None:
            return 0
        at: int | None = start
        while (at := self.window.find(self._magic, at, stop)) is not None:
            if self.begins_record(at):
                return at
            at += 1
        return None

    def begins_record(self, at: int) -> bool:
        """Whether a member begins here, and with it a record (or nothing: empty members are fine)."""
        try:
            head = self._look(at)[2]
        except Broken:
            return False
        return not head or begins_like_record(head)

    def defect(self, at: int) -> Broken | None:
        """Return why the member that should begin here cannot be unpacked at all."""
        try:
            self._look(at)
        except Broken as broken:
            return broken
        return None

    def run(self, at: int, stop: int) -> PackedRun:
        """Return the records from this member on to the next member that begins with one."""
        return PackedRun(self, at)

    def enter(self, at: int) -> tuple[Member, bytes]:
        """Return the member that begins here, to be read on, and its first bytes. Raises `Broken` if there is none."""
        _, member, head = self._look(at)
        self._ahead = None
        return member, head

    def _look(self, at: int) -> tuple[int, Member, bytes]:
        if self._ahead is None or self._ahead[0] != at:
            self._ahead = None
            member = self._enter(at)
            self._ahead = at, member, member.more(UNPACK)
        return self._ahead


class PackedRun:
    """Records of members that belong together: most often one record in one member.

    When a member breaks off, the run ends there: `failure` says why, and `next_at` is where that member begins.
    Otherwise `next_at` is where the member after the run begins, None at the end of the file.
    """

    def __init__(self, stored: Packed, at: int):
        self._stored = stored
        self._member, head = stored.enter(at)
        self._buffer = bytearray(head)
        self._at = 0  # of the next byte, in the buffer
        self._dropped = 0  # bytes of the run before the buffer
        self._starts = [(0, at)]  # where members begin: in the run, in the file
        self._is_complete = False  # nothing of the run follows the buffer
        self.next_at: int | None = None
        self.failure: Broken | None = None

    @property
    def address(self) -> tuple[int, int]:
        place = self._dropped + self._at
        while len(self._starts) > 1 and self._starts[1][0] <= place:
            del self._starts[0]
        start, member_at = self._starts[0]
        return member_at, place - start

    def is_open(self) -> bool:
        while data := self.peek(BLANK_STEP):
            n_blank = len(data) - len(data.lstrip(b"\r\n"))
            self.advance(n_blank)
            if n_blank < len(data):
                return True
        return False

    def peek(self, n: int, after: int = 0) -> bytes:
        while len(self._buffer) - self._at < after + n and self._pull():
            pass
        start = self._at + after
        return bytes(memoryview(self._buffer)[start : start + n])

    def holds_another(self, n: int) -> bool:
        """Return False: members say where records begin."""
        return False

    def advance(self, n: int) -> bool:
        if n > DRAIN:
            self._fail(Broken("page_too_large", f"{n} bytes would have to be unpacked to get past it"))
        while n > (have := len(self._buffer) - self._at):
            n -= have
            self._at += have
            if not self._pull():
                return False
        self._at += n
        return True

    def resync(self) -> None:
        n_seen = 0
        while data := self.peek(UNPACK):
            for line in RECORD_LINE.finditer(data):
                if _has_header(self.peek(HEADER_BYTES, line.end())):
                    self.advance(line.end())
                    return
            n_past = len(data) if len(data) < UNPACK else UNPACK - HEADER_BYTES
            self.advance(n_past)
            n_seen += n_past
            if n_seen > DRAIN:
                self._fail(Broken("unreadable_record", f"no record in {n_seen} bytes"))

    def _pull(self) -> bool:
        """Unpack some more into the buffer; False at the end of the run, which may be a failure."""
        if self._is_complete:
            return False
        if self._at:
            del self._buffer[: self._at]
            self._dropped += self._at
            self._at = 0
        try:
            data = self._member.more(UNPACK)
        except Broken as broken:
            self._fail(broken)
            return False
        self._buffer += data
        return bool(data) or self._go_on()

    def _fail(self, broken: Broken) -> None:
        """End the run within its last member."""
        self.failure = broken
        self.next_at = self._starts[-1][1]
        self._is_complete = True

    def _go_on(self) -> bool:
        """Enter the next member, if it continues this run."""
        at = self._member.end
        if at < self._stored.window.size:
            self.next_at = at
            if not self._stored.begins_record(at):
                try:
                    self._member, head = self._stored.enter(at)
                except Broken:
                    head = b""
                if head:
                    self._starts.append((self._dropped + len(self._buffer), at))
                    self._buffer += head
                    self.next_at = None
                    return True
        self._is_complete = True
        return False


def _has_header(data: bytes) -> bool:
    try:
        read_header(data)
        return True
    except Broken:
        return False
