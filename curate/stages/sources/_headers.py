"""Record headers of WARC and of its predecessor ARC."""

from __future__ import annotations

import re
from dataclasses import dataclass

from curate.stages.sources._decompress import Broken

SHORT_HEADER_BYTES = 2048
"""Most record headers are no longer than this."""

HEADER_BYTES = 64 << 10
"""No record header is longer than this."""

RECORD_LINE = re.compile(rb"\n(?=WARC/\d|[a-z]{3,8}:)")
"""Before what may be a record: only its header can tell."""

SLACK = 64
"""Bytes looked at after a block: some writers count a few too few, or leave out the blank line."""

_NEXT_RECORD = re.compile(rb"(?:^|\n)(?=WARC/\d|[a-z]{3,8}:\S* )")
_WARC = re.compile(rb"WARC/\d")
_BLANK_LINE = re.compile(rb"\r*\n\r*\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")


class Fields:
    """Header lines, `Name: value`, looked up by name as they are asked for: most never are.

    Args:
        lines: the lines, the first with a newline before it.
    """

    __slots__ = ("_lines", "_lowered")

    def __init__(self, lines: bytes):
        self._lines, self._lowered = lines, lines.lower()

    def __contains__(self, name: bytes) -> bool:
        return b"\n" + name + b":" in self._lowered

    def __getitem__(self, name: bytes) -> str:
        """Return the first value of a name (in lower case), or nothing."""
        at = self._lowered.find(b"\n" + name + b":")
        if at < 0:
            return ""
        end = self._lines.find(b"\n", at + 1)
        return text(self._lines[at + len(name) + 2 : end if end >= 0 else None])


@dataclass(frozen=True, slots=True)
class Header:
    """What a record says of itself before its block; an ARC record says it in the words of WARC here.

    Args:
        kind: the WARC type; of an ARC record, `response`, or `warcinfo` for the description of the file.
        length: bytes of the block.
        fields: all that is stated.
    """

    kind: str
    length: int
    fields: Fields

    @property
    def url(self) -> str:
        url = self.fields[b"warc-target-uri"]
        return url[1:-1] if url.startswith("<") and url.endswith(">") else url  # as wget wrote it for years

    @property
    def date(self) -> str:
        return self.fields[b"warc-date"]

    @property
    def content_type(self) -> str:
        return self.fields[b"content-type"]


def begins_like_record(data: bytes) -> bool:
    """Whether this looks like the beginning of a WARC or ARC record, whatever the rest of its header says."""
    if _WARC.match(data):
        return True
    data = data[:HEADER_BYTES].lstrip(b"\r\n")
    is_cut = len(data) < 6 and b"WARC/1".startswith(data)  # a member that breaks off at once
    return is_cut or _WARC.match(data) is not None or _arc_fields(data) is not None


def read_header(data: bytes) -> tuple[Header, int]:
    """Return the record header at the start of `data`, and how many bytes it is long.

    Raises:
        Broken: there is none.
    """
    n_blank = len(data) - len(data.lstrip(b"\r\n"))
    if _WARC.match(data, n_blank):
        return _warc(data, n_blank)
    fields = _arc_fields(data[n_blank:])
    if fields is None:
        raise Broken("unreadable_record", f"no record begins with {bytes(data[n_blank : n_blank + 40])!r}")
    return _arc(fields), data.index(b"\n", n_blank) + 1


def stray_bytes(after: bytes) -> int | None:
    """Return how many bytes of the `SLACK` after a block belong to nothing, or None if no record ends there."""
    if after[:1] in (b"", b"\r", b"\n"):
        return 0
    if found := _NEXT_RECORD.search(after):
        return found.end()
    return len(after) if len(after) < SLACK else None


def _warc(data: bytes, start: int) -> tuple[Header, int]:
    blank = _BLANK_LINE.search(data, start)
    if blank is None:
        reason = "unreadable_record" if len(data) >= HEADER_BYTES else "truncated_record"
        raise Broken(reason, "the WARC header does not end")
    stated = data[start : blank.start()]
    if b"\n " in stated or b"\n\t" in stated:
        stated = _FOLDED.sub(b" ", stated)
    fields = Fields(stated)
    length = fields[b"content-length"]
    if not length.isascii() or not length.isdigit() or len(length) > 18:
        raise Broken("unreadable_record", f'the WARC header has Content-Length "{length}"')
    if b"warc-type" not in fields:
        raise Broken("unreadable_record", "the WARC header has no WARC-Type")
    return Header(fields[b"warc-type"].lower(), int(length), fields), blank.end()


def _arc_fields(data: bytes) -> tuple[bytes, bytes, bytes, bytes] | None:
    """Return URL, date, type and length of an ARC header line; the URL may hold blanks, the rest may not."""
    line, newline, _ = data.partition(b"\n")
    parts = line.rstrip(b"\r").split(b" ")
    if not newline or len(parts) < 5 or b":" not in parts[0]:
        return None
    for n_last in (3, 8):  # version 1 ends: date type length; version 2 has five fields more before the length
        if len(parts) > n_last + 1 and parts[-n_last].isdigit() and len(parts[-n_last]) in range(8, 21):
            return b" ".join(parts[: -n_last - 1]), parts[-n_last], parts[1 - n_last], parts[-1]
    return None


def _arc(fields: tuple[bytes, bytes, bytes, bytes]) -> Header:
    url, date, kind, length = fields
    if len(date) != 14 or not length.isdigit() or len(length) > 18:
        raise Broken("unreadable_record", f"the ARC header has the date {date.decode()} and the length {text(length)}")
    iso = b"%s-%s-%sT%s:%s:%sZ" % (date[:4], date[4:6], date[6:8], date[8:10], date[10:12], date[12:])
    block = b"application/http" if url.startswith(b"http") else kind
    stated = Fields(b"\nwarc-target-uri:%s\nwarc-date:%s\ncontent-type:%s" % (url, iso, block))
    return Header("warcinfo" if url.startswith(b"filedesc:") else "response", int(length), stated)


def text(value: bytes) -> str:
    """Return a header value as text: UTF-8 if it is that, else Latin-1, which takes any bytes."""
    value = value.strip()
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
