"""Parse the record headers of WARC and of its predecessor ARC."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass

from curate.stages.sources._decompress import ReadFailure

SHORT_HEADER_BYTES = 2048
"""Most record headers are at most this long."""

HEADER_BYTES = 64 << 10
"""The longest record header that is read."""

RECORD_TYPES = frozenset(
    {"request", "response", "resource", "metadata", "warcinfo", "revisit", "conversion", "continuation"}
)
"""The record types of ISO 28500:2017, section 5.5."""

RECORD_LINE = re.compile(rb"\n(?=WARC/\d|[a-z]{3,8}:)")
"""Matches the newline before a possible record; whether it is one depends on its header."""

LOOKAHEAD = 64
"""Bytes checked after a block: some writers state a Content-Length a little too small, or omit the blank line."""

_NEXT_RECORD = re.compile(rb"(?:^|\n)(?=WARC/\d|[a-z]{3,8}:\S* )")
_WARC = re.compile(rb"WARC/\d")
_BLANK_LINE = re.compile(rb"\n\r*+\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")


class Fields:
    """Header fields, `Name: value`. They are parsed on access, because most of them are never used.

    Args:
        lines: the header lines, each with a newline before it.
    """

    __slots__ = ("_lines", "_lowered")

    def __init__(self, lines: bytes):
        self._lines, self._lowered = lines, lines.lower()

    def __contains__(self, name: bytes) -> bool:
        return b"\n" + name + b":" in self._lowered

    def __getitem__(self, name: bytes) -> str:
        """Return the first value of a field, or "" if it is missing. `name` is in lower case."""
        at = self._lowered.find(b"\n" + name + b":")
        if at < 0:
            return ""
        end = self._lines.find(b"\n", at + 1)
        return decode_value(self._lines[at + len(name) + 2 : end if end >= 0 else None])

    def joined(self, name: bytes) -> str:
        """Return the values of all fields of a name, in order, as one list with commas (RFC 9110, section 5.3)."""
        values, at, mark = [], -1, b"\n" + name + b":"
        while (at := self._lowered.find(mark, at + 1)) >= 0:
            end = self._lines.find(b"\n", at + 1)
            values.append(decode_value(self._lines[at + len(mark) : end if end >= 0 else None]))
        return ", ".join(values)


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a record. The fields of an ARC record are translated to their WARC names.

    Args:
        kind: the WARC record type. An ARC record is a `response`, or `warcinfo` if it describes the file.
        length: number of bytes in the block.
        fields: all header fields.
    """

    kind: str
    length: int
    fields: Fields

    @property
    def url(self) -> str:
        url = self.fields[b"warc-target-uri"]
        return url[1:-1] if url.startswith("<") and url.endswith(">") else url  # older versions of wget write <URL>

    @property
    def date(self) -> str:
        return self.fields[b"warc-date"]

    @property
    def content_type(self) -> str:
        return self.fields[b"content-type"]


def looks_like_record(data: bytes) -> bool:
    """Return whether data starts like a WARC or ARC record. The rest of the header is not checked."""
    if _WARC.match(data):
        return True
    data = data[:HEADER_BYTES].lstrip(b"\r\n")
    is_cut = len(data) < 6 and b"WARC/1".startswith(data)  # the data ends inside "WARC/1"
    return is_cut or _WARC.match(data) is not None or _arc_fields(data) is not None


def read_header(data: bytes) -> tuple[Header, int]:
    """Return the record header at the start of `data`, and its length in bytes.

    Raises:
        ReadFailure: data does not start with a complete header.
    """
    n_blank = len(data) - len(data.lstrip(b"\r\n"))
    if _WARC.match(data, n_blank):
        return _warc(data, n_blank)
    fields = _arc_fields(data[n_blank:])
    if fields is None:
        raise ReadFailure(
            "unreadable_record", f"expected a WARC or ARC record, found {bytes(data[n_blank : n_blank + 40])!r}"
        )
    return _arc(fields), data.index(b"\n", n_blank) + 1


def stray_bytes(after: bytes) -> int | None:
    """Return how many bytes after a block belong to no record, or None if the record does not end there.

    Args:
        after: the `LOOKAHEAD` bytes after the block, fewer at the end of the data.
    """
    if after[:1] in (b"", b"\r", b"\n"):
        return 0
    if found := _NEXT_RECORD.search(after):
        return found.end()
    return len(after) if len(after) < LOOKAHEAD else None


def _warc(data: bytes, start: int) -> tuple[Header, int]:
    blank = find_blank_line(data, start)
    if blank is None:
        if len(data) >= HEADER_BYTES:
            raise ReadFailure("unreadable_record", f"the WARC header does not end within {HEADER_BYTES >> 10} KiB")
        raise ReadFailure("truncated_record", "the WARC header has no blank line at its end")
    stated = data[start : blank[0]]
    if b"\n " in stated or b"\n\t" in stated:
        stated = _FOLDED.sub(b" ", stated)
    fields = Fields(stated)
    length = fields[b"content-length"]
    if not length.isascii() or not length.isdigit() or len(length) > 18:
        raise ReadFailure(
            "unreadable_record", f'expected a number as Content-Length of the WARC record, found "{length}"'
        )
    if b"warc-type" not in fields:
        raise ReadFailure("unreadable_record", "the WARC header has no WARC-Type")
    return Header(fields[b"warc-type"].lower(), int(length), fields), blank[1]


def find_blank_line(data: bytes, start: int = 0, stop: int = sys.maxsize) -> tuple[int, int] | None:
    """Return the end of the lines before the first blank line, and its own end; None if there is none."""
    found = _BLANK_LINE.search(data, start, stop)
    if found is None:
        return None
    return start + len(data[start : found.start()].rstrip(b"\r")), found.end()


def _arc_fields(data: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
    """Return URL, date, type and length of an ARC header line. Only the URL may contain spaces."""
    line, newline, _ = data.partition(b"\n")
    parts = line.rstrip(b"\r").split(b" ")
    if not newline or len(parts) < 5 or b":" not in parts[0]:
        return None
    for n_last in (3, 8):  # version 1 ends with date, type, length; version 2 has five more fields before the length
        if len(parts) > n_last + 1 and parts[-n_last].isdigit() and len(parts[-n_last]) in range(8, 21):
            return b" ".join(parts[: -n_last - 1]), parts[-n_last], parts[1 - n_last], parts[-1]
    return None


def _arc(fields: tuple[bytes, bytes, bytes, bytes]) -> Header:
    url, date, kind, length = fields
    if len(date) != 14 or not length.isdigit() or len(length) > 18:
        raise ReadFailure(
            "unreadable_record",
            f"expected 14 digits as ARC date and a number as length, found {date.decode()} and {decode_value(length)}",
        )
    iso = b"%s-%s-%sT%s:%s:%sZ" % (date[:4], date[4:6], date[6:8], date[8:10], date[10:12], date[12:])
    block = b"application/http" if url.startswith(b"http") else kind
    stated = Fields(b"\nwarc-target-uri:%s\nwarc-date:%s\ncontent-type:%s" % (url, iso, block))
    return Header("warcinfo" if url.startswith(b"filedesc:") else "response", int(length), stated)


def decode_value(value: bytes) -> str:
    """Decode a header value as UTF-8, or as Latin-1 if it is not valid UTF-8."""
    value = value.strip()
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
