"""Find records in a file from any byte offset: an uncompressed file, or members of a compressed one.

A crawl file is a sequence of compressed members; usually each member holds one record. The reader of a split must
start where a record starts, and the reader of the split before it must stop at exactly that byte. Both call the same
function, `is_record_start`. So every record is read exactly once, however the file is split. This also holds if
all records are in one member, or if members end in the middle of records.
"""

from __future__ import annotations

from typing import BinaryIO

from curate.stages.sources._buffered_file import LONGEST_MATCH, BufferedFile
from curate.stages.sources._damaged_start import SEARCHED, first_intact_member
from curate.stages.sources._decompress import (
    DECOMPRESSED_CHUNK,
    MAX_WINDOW,
    CarefulMember,
    Codec,
    ReadFailure,
    codec_of,
)
from curate.stages.sources._headers import (
    HEADER_BYTES,
    LOOKAHEAD,
    RECORD_LINE,
    looks_like_record,
    read_header,
    stray_bytes,
)

DRAIN = 1 << 30
"""At most this many bytes are decompressed to skip unwanted data; then the reader searches for the next member."""

PROBE_BYTES = 4096
"""Number of bytes read first at an offset where a record may start."""

BLANK_CHUNK = 64
"""Number of bytes read at a time to skip the blank lines after a record."""

REGION = 64 << 10
"""A search for a record gives up on such a region of a file if it costs too much."""

MAX_TRIES = 32
"""Number of places in a region that look like records or members and are none, before the rest of it is skipped.

Chance makes one such place in 16 MiB; more are damage made on purpose, and each costs up to 0.1 ms.
"""

NO_START = 1 / 32
"""How much of a try it is to find an intact member in which no record starts: of those, an intact file may have many."""


def open_record_file(file: BinaryIO, size: int) -> PlainFile | CompressedFile:
    """Return a reader for the format that the first bytes of the file show, or its first intact member.

    Raises:
        ReadFailure: nothing of the file can be read: its dictionary is damaged or too large.
    """
    buffered = BufferedFile(file, size)
    codec = codec_of(buffered)
    if codec is None and not looks_like_record(buffered.read_at(0, PROBE_BYTES)):
        plain_at = PlainFile(buffered).find_record(1, min(SEARCHED, size))  # a member after it is a part of a record
        found = first_intact_member(buffered, looks_like_record, SEARCHED if plain_at is None else plain_at)
        codec = found[0] if found else None
    return PlainFile(buffered) if codec is None else CompressedFile(buffered, codec)


class Tries:
    """Counts failed tries to find a record before `stop`, and says when a region has had enough of them.

    `n_skipped` is the number of bytes that were skipped, `first_skipped` the offset of the first of them.
    """

    def __init__(self, stop: int = 0) -> None:
        self._stop = stop
        self.n_skipped = 0
        self.first_skipped = 0
        self._region = -1
        self._n_tries = 0.0

    def after(self, at: int, cost: float = 1) -> int:
        """Return where to go on after a failed try at an offset."""
        if at // REGION != self._region:
            self._region, self._n_tries = at // REGION, 0
        self._n_tries += cost
        if self._n_tries < MAX_TRIES:
            return at + 1
        end = min(self._stop, (self._region + 1) * REGION)
        if not self.n_skipped:
            self.first_skipped = at + 1
        self.n_skipped += end - at - 1
        return end


# ---------------------------------------------------------------------- uncompressed files


class PlainFile:
    """An uncompressed file of records."""

    def __init__(self, file: BufferedFile):
        self.file = file
        self.tries = Tries()

    def find_record(self, start: int, stop: int) -> int | None:
        """Return the offset of the first record with `start` <= offset < `stop`; offset 0 is not checked.

        `tries` says afterwards what was skipped.
        """
        self.tries = Tries(stop)
        if start == 0:
            return 0
        at: int | None = max(0, start - 1)
        while (at := self.file.find(RECORD_LINE, at, stop - 1)) is not None:
            at += 1
            if not looks_like_record(self.file.read_at(at, PROBE_BYTES)):
                continue
            if self.is_record_start(at):
                return at
            at = self.tries.after(at) - 1
        return None

    def is_record_start(self, at: int) -> bool:
        """Return whether a record starts at `at`: a valid header, and a record end where its Content-Length says."""
        if at and not RECORD_LINE.match(self.file.read_at(at - 1, LONGEST_MATCH)):  # as in `find_record`
            return False
        if not looks_like_record(self.file.read_at(at, PROBE_BYTES)):
            return False
        data = self.file.read_at(at, HEADER_BYTES)
        try:
            header, n_bytes = read_header(data)
        except ReadFailure:
            return False
        end = at + n_bytes + header.length
        return end <= self.file.size and stray_bytes(self.file.read_at(end, LOOKAHEAD)) is not None

    def member_failure(self, at: int) -> ReadFailure | None:
        """Return None: uncompressed bytes can always be read."""
        return None

    def stream(self, at: int, stop: int) -> PlainStream:
        """Return the records from `at` up to, but not including, the first one that starts at `stop` or later."""
        return PlainStream(self, at, stop)


class PlainStream:
    """The records of an uncompressed file, in order."""

    def __init__(self, reader: PlainFile, at: int, stop: int):
        self._reader, self._at, self._stop = reader, at, stop
        self.next_at: int | None = None
        self.failure: ReadFailure | None = None

    @property
    def position(self) -> tuple[int, int]:
        return self._at, 0

    def has_next(self) -> bool:
        file = self._reader.file
        while (data := file.read_at(self._at, BLANK_CHUNK)) and not (rest := data.lstrip(b"\r\n")):
            self._at += len(data)
        if not data:
            return False
        self._at += len(data) - len(rest)
        if rest[:1] == b"\0" and file.is_zero(self._at):
            return False
        return self._at < self._stop or not self._reader.is_record_start(self._at)

    def peek(self, n: int, after: int = 0) -> bytes:
        return self._reader.file.read_at(self._at + after, n)

    def contains_record(self, n: int) -> bool:
        """Return whether another record starts within the next `n` bytes, where the next reader would find it."""
        return self._reader.find_record(self._at + 1, self._at + n) is not None

    def advance(self, n: int) -> bool:
        self._at += n
        return self._at <= self._reader.file.size

    def resync(self) -> int:
        """Go to the next record; return the number of bytes that were not searched for it."""
        found = self._reader.find_record(self._at + 1, self._stop)
        self._at = self._reader.file.size if found is None else found
        return self._reader.tries.n_skipped


# ---------------------------------------------------------------------- compressed files


class CompressedFile:
    """A file of compressed members, each of which may hold one record or several."""

    def __init__(self, file: BufferedFile, codec: Codec):
        self.file = file
        self.tries = Tries()
        self._sign, self._open_member = codec.sign, codec.opener(file, MAX_WINDOW)
        self._peeked: tuple[int, CarefulMember, bytes] | None = None  # offset, member, its first bytes: the last one

    def find_record(self, start: int, stop: int) -> int | None:
        """Return the offset of the first member that starts with a record, with `start` <= offset < `stop`.

        The first member of the file is not checked, except that it must decompress. `tries` says what was skipped.
        """
        self.tries = Tries(stop)
        if start == 0 and self.member_failure(0) is None:
            return 0
        at: int | None = start
        while (at := self.file.find(self._sign, at, stop)) is not None:
            if self.is_record_start(at):
                return at
            at = self.tries.after(at, 1 if self._peeked is None else NO_START)
        return None

    def is_record_start(self, at: int) -> bool:
        """Return whether a member starts at `at` that is empty or starts with a record."""
        try:
            head = self._peek_member(at)[2]
        except ReadFailure:
            return False
        return not head or looks_like_record(head)

    def member_failure(self, at: int) -> ReadFailure | None:
        """Return why the member at `at` cannot be decompressed, or None if it can."""
        try:
            self._peek_member(at)
        except ReadFailure as failure:
            return failure
        return None

    def stream(self, at: int, stop: int) -> CompressedStream:
        """Return the records from this member up to the next member that starts with a record."""
        return CompressedStream(self, at)

    def open_member(self, at: int) -> tuple[CarefulMember, bytes]:
        """Return the member at `at` and its first decompressed bytes. Raises `ReadFailure` if there is no member."""
        _, member, head = self._peek_member(at)
        self._peeked = None
        return member, head

    def _peek_member(self, at: int) -> tuple[int, CarefulMember, bytes]:
        if self._peeked is None or self._peeked[0] != at:
            self._peeked = None
            member = CarefulMember(self._open_member, at)
            self._peeked = at, member, member.first(PROBE_BYTES)
        return self._peeked


class CompressedStream:
    """The records of consecutive members that must be read together: usually one record in one member.

    If a member cannot be read to its end, the stream ends there: `failure` says why, and `next_at` is the offset of
    that member. Otherwise `next_at` is the offset of the member after the stream, None at the end of the file.
    """

    def __init__(self, reader: CompressedFile, at: int):
        self._reader = reader
        self._member, head = reader.open_member(at)
        self._buffer = bytearray(head)
        self._at = 0  # of the next byte in the buffer
        self._dropped = 0  # decompressed bytes before the buffer
        self._starts = [(0, at)]  # members: offset in the stream, offset in the file
        self._is_complete = False  # the buffer holds the end of the stream
        self.next_at: int | None = None
        self.failure: ReadFailure | None = None

    @property
    def position(self) -> tuple[int, int]:
        offset = self._dropped + self._at
        while len(self._starts) > 1 and self._starts[1][0] <= offset:
            del self._starts[0]
        start, member_at = self._starts[0]
        return member_at, offset - start

    def has_next(self) -> bool:
        while data := self.peek(BLANK_CHUNK):
            n_blank = len(data) - len(data.lstrip(b"\r\n"))
            self.advance(n_blank)
            if n_blank < len(data):
                return True
        return False

    def peek(self, n: int, after: int = 0) -> bytes:
        while len(self._buffer) - self._at < after + n and self._fill_buffer():
            pass
        start = self._at + after
        return bytes(memoryview(self._buffer)[start : start + n])

    def contains_record(self, n: int) -> bool:
        """Return False: members already mark where records start."""
        return False

    def advance(self, n: int) -> bool:
        if n > DRAIN:
            self._fail(ReadFailure("page_too_large", f"skipping it needs {n} bytes, more than {DRAIN}"))
        while n > (have := len(self._buffer) - self._at):
            n -= have
            self._at += have
            if not self._fill_buffer():
                return False
        self._at += n
        return True

    def resync(self) -> int:
        """Go to the next record; return the number of bytes that were not searched for it."""
        n_seen = n_skipped = 0
        while data := self.peek(DECOMPRESSED_CHUNK):
            n_tries = 0
            for line in RECORD_LINE.finditer(data):
                if not looks_like_record(data[line.end() : line.end() + PROBE_BYTES]):
                    continue
                if _has_header(self.peek(HEADER_BYTES, line.end())):
                    self.advance(line.end())
                    return n_skipped
                n_tries += 1
                if n_tries == MAX_TRIES:
                    n_skipped += len(data) - line.end()
                    break
            n_past = len(data) if len(data) < DECOMPRESSED_CHUNK else DECOMPRESSED_CHUNK - HEADER_BYTES
            self.advance(n_past)
            n_seen += n_past
            if n_seen > DRAIN:
                self._fail(ReadFailure("unreadable_record", f"no record starts within {n_seen} bytes"))
        return n_skipped

    def _fill_buffer(self) -> bool:
        """Decompress more into the buffer; return False at the end of the stream or on a failure."""
        if self._is_complete:
            return False
        if self._at:
            del self._buffer[: self._at]
            self._dropped += self._at
            self._at = 0
        try:
            data = self._member.read(DECOMPRESSED_CHUNK)
        except ReadFailure as failure:
            self._fail(failure)
            return False
        self._buffer += data
        return bool(data) or self._enter_next_member()

    def _fail(self, failure: ReadFailure) -> None:
        """End the stream inside its last member."""
        self.failure = failure
        self.next_at = self._starts[-1][1]
        self._is_complete = True

    def _enter_next_member(self) -> bool:
        """Open the next member if it continues this stream; return whether it does."""
        at = self._member.end
        if at < self._reader.file.size:
            self.next_at = at
            if not self._reader.is_record_start(at):
                try:
                    self._member, head = self._reader.open_member(at)
                except ReadFailure:
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
    except ReadFailure:
        return False
