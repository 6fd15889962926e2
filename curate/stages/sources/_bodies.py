"""Remove the transfer encoding and the content encodings of HTTP bodies, declared or not."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from curate.stages.sources._buffered_file import BufferedFile
from curate.stages.sources._decompress import (
    CODECS,
    CarefulMember,
    Member,
    ReadFailure,
    TrailingData,
    ZlibMember,
    decompressed,
)
from curate.stages.sources._frames import arrow_stream
from curate.stages.sources._headers import Fields

MAX_UNDECLARED = 2
"""Number of content encodings that are removed although no header declares them."""

STEP = 64 << 10
"""Number of bytes decompressed at a time."""

_CHUNK = re.compile(rb"[ \t]*+([0-9A-Fa-f]{1,15})[ \t]*+(?:;[^\r\n]*+)?\r?\n")
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


class BodyTooLarge(Exception):
    """The decoded body is larger than the limit."""


@dataclass(frozen=True, slots=True)
class Body:
    """A decoded body.

    Args:
        data: the content; the part before the defect, if there is one.
        defect: why the body could not be decompressed to its end, or None.
    """

    data: bytes
    defect: str | None = None


def decode_body(body: bytes, fields: Fields, limit: int) -> Body:
    """Remove the transfer encoding and the content encodings of a body.

    Many crawlers store the decoded body with the original headers, and some servers send wrong headers. So the body
    decides: a body that is text is returned unchanged whatever is declared, and one that starts like a compressed
    file is decompressed even if nothing is declared. Only `deflate` and `br` need to be declared.

    Args:
        body: the body as stored.
        fields: the header fields of the response.
        limit: maximum number of bytes of the decoded body.
    Raises:
        BodyTooLarge: the decoded body has more than `limit` bytes.
    """
    if "chunked" in fields.joined(b"transfer-encoding").lower():
        body = _unchunk(body)
    decoded = Body(body)
    codings = [coding.strip().lower() for coding in fields.joined(b"content-encoding").split(",")]
    for coding in (*reversed(codings), *[""] * MAX_UNDECLARED):
        inner = _decoded(decoded.data, coding, limit)
        decoded = Body(inner.data, decoded.defect or inner.defect)
    if len(decoded.data) > limit:
        raise BodyTooLarge
    return decoded


def _unchunk(body: bytes) -> bytes:
    parts, at = [], 0
    while size := _CHUNK.match(body, at):
        n_bytes = int(size[1], 16)
        start = size.end()
        if not n_bytes:
            return b"".join(parts)
        parts.append(body[start : start + n_bytes])
        at = start + n_bytes
        if body[at : at + 2] == b"\r\n":
            at += 2
        elif body[at : at + 1] == b"\n":
            at += 1
        elif at < len(body):  # this was not a chunk size, or a wrong one
            return body if len(parts) == 1 else b"".join(parts) + body[at:]
    return b"".join((*parts, body[at:]))


def _decoded(body: bytes, coding: str, limit: int) -> Body:
    """Remove one content encoding, if the body has it."""
    for codec in CODECS:
        if codec.sign.match(body):
            return _collected(decompressed(BufferedFile(io.BytesIO(body), len(body)), codec, STEP), limit)
    is_text = not _CONTROL.search(body, 0, 1024) or body.startswith((b"\xff\xfe", b"\xfe\xff"))
    if coding not in ("deflate", "br") or (is_text and body[:1024].isascii()):
        return Body(body)
    member = CarefulMember(_brotli(body) if coding == "br" else _deflate(body), 0)
    found = _collected(iter(lambda: member.read(STEP), b""), limit)
    if is_text and (found.defect or not found.data):
        return Body(body)
    return found if found.data or found.defect else Body(b"", f"{coding}: no data")


def _collected(parts: Iterable[bytes], limit: int) -> Body:
    collected, n_bytes, defect = [], 0, None
    try:
        for part in parts:
            collected.append(part)
            n_bytes += len(part)
            if n_bytes > limit:
                raise BodyTooLarge
    except TrailingData:
        pass
    except ReadFailure as failure:
        defect = str(failure)
    return Body(b"".join(collected), defect)


def _deflate(body: bytes) -> Callable[[int], Member]:
    """Return a function that opens a zlib stream, as the standard says, or raw deflate, which some servers send."""
    is_zlib = body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return lambda at: ZlibMember(BufferedFile(io.BytesIO(body), len(body)), at, 15 if is_zlib else -15)


def _brotli(body: bytes) -> Callable[[int], Member]:
    """Return a function that opens a Brotli stream; after the first time it is read in steps of few bytes."""
    steps = iter([STEP])
    return lambda at: _BrotliMember(body, next(steps, 16))


class _BrotliMember:
    """A Brotli stream that takes up to `step` bytes at a time."""

    def __init__(self, body: bytes, step: int):
        self.end = len(body)
        self._stream = arrow_stream(_Steps(body, step), "brotli")

    def read(self, n: int) -> bytes:
        try:
            return self._stream.read(n)
        except OSError as error:
            raise ReadFailure("truncated_record", f"brotli: {error}") from None


class _Steps(io.BytesIO):
    """A file of which one call reads at most `step` bytes."""

    def __init__(self, data: bytes, step: int):
        super().__init__(data)
        self._step = step

    def read(self, n: int = -1) -> bytes:
        return super().read(min(n, self._step))
