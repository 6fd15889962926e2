"""Parse HTTP responses as crawlers store them, including malformed ones: status, content type and body."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import pyarrow as pa
import zstandard

from curate.stages.sources._headers import Fields

HEAD_BYTES = 64 << 10
"""Maximum length of the status line and the headers together."""

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})

_BLANK_LINE = re.compile(rb"\r*\n\r*\n")
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})(?!\d)", re.IGNORECASE)
_CHUNK = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([^\s\"';,]+)", re.IGNORECASE)
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    rb"<(?:!doctype\s+html|html|head|body|title|meta|script|style|h1|div|table|iframe|font|br|p|a|b)[\s>/]",
    re.IGNORECASE | re.DOTALL,
)


class BodyTooLarge(Exception):
    """The decoded body is larger than the limit."""


@dataclass(frozen=True, slots=True)
class Response:
    """The head of a response.

    Args:
        status: the status code, or None if the status line is missing or malformed.
        fields: the header fields.
        body_at: byte offset of the body in the block.
    """

    status: int | None
    fields: Fields
    body_at: int


def read_head(block: bytes) -> Response:
    """Parse the head of a response. If the block has no head, all of it is the body."""
    if block[:5].upper() != b"HTTP/":
        return Response(None, Fields(b""), 0)
    blank = _BLANK_LINE.search(block, 0, HEAD_BYTES)
    end, body_at = (blank.start(), blank.end()) if blank else (len(block), len(block))
    status = _STATUS.match(block)
    return Response(int(status[1]) if status else None, Fields(block[:end]), body_at)


def media_type(content_type: str) -> str:
    """Return the media type of a Content-Type without parameters, in lower case, such as `text/html`."""
    return content_type.partition(";")[0].partition(",")[0].strip().lower()


def charset(content_type: str) -> str | None:
    """Return the charset parameter of a Content-Type unchanged, or None."""
    stated = _CHARSET.search(content_type)
    return stated[1] if stated else None


def looks_like_html(body: bytes) -> bool:
    """Return whether a body starts like an HTML page."""
    return _HTML.match(body, 0, 4096) is not None


# ---------------------------------------------------------------------- bodies


def decode_body(body: bytes, fields: Fields, limit: int) -> bytes:
    """Remove the transfer encoding and the content encoding of a body.

    Many crawlers store the decoded body with the original headers, and some servers send wrong headers. So a body
    that cannot be decoded is returned unchanged, and of a truncated body the part before the end is returned.

    Args:
        body: the body as stored.
        fields: the header fields of the response.
        limit: maximum number of bytes of the decoded body.
    Raises:
        BodyTooLarge: the decoded body has more than `limit` bytes.
    """
    if "chunked" in fields[b"transfer-encoding"].lower():
        body = _unchunk(body)
    codings = [coding.strip().lower() for coding in fields[b"content-encoding"].split(",")]
    for coding in reversed(codings):
        body = _decode(body, coding, limit)
    if len(body) > limit:
        raise BodyTooLarge
    return body


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


def _decode(body: bytes, coding: str, limit: int) -> bytes:
    if coding in ("gzip", "x-gzip") and body[:2] == b"\x1f\x8b":
        return _inflated(body, 31, limit)
    if coding == "deflate":  # the standard says zlib format; some servers send raw deflate
        return _inflated(body, 15, limit) or _inflated(body, -15, limit) or body
    if coding == "br":
        return _streamed(pa.CompressedInputStream(pa.BufferReader(body), "brotli"), limit) or body
    if coding == "zstd" and body[:4] == b"\x28\xb5\x2f\xfd":
        context = zstandard.ZstdDecompressor(max_window_size=1 << 27)
        return _streamed(context.stream_reader(body, read_across_frames=True), limit)
    return body


def _inflated(body: bytes, window_bits: int, limit: int) -> bytes:
    inflate = zlib.decompressobj(window_bits)
    parts, n_bytes = [], 0
    try:
        while body and not inflate.eof:
            part = inflate.decompress(body, 1 << 16)
            body = inflate.unconsumed_tail
            n_bytes += len(part)
            parts.append(part)
            if n_bytes > limit:
                raise BodyTooLarge
    except zlib.error:
        pass
    return b"".join(parts)


def _streamed(stream: pa.NativeFile, limit: int) -> bytes:
    parts, n_bytes = [], 0
    try:
        while part := stream.read(1 << 16):
            n_bytes += len(part)
            parts.append(part)
            if n_bytes > limit:
                raise BodyTooLarge
    except (OSError, zstandard.ZstdError):
        pass
    return b"".join(parts)
