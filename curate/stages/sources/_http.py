"""Parse the heads of HTTP responses as crawlers store them, including malformed ones: status, content type, charset."""

from __future__ import annotations

import re
from dataclasses import dataclass

from curate.stages.sources._headers import Fields, find_blank_line

HEAD_BYTES = 1 << 20
"""Maximum length of the status line and the headers together."""

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml", "application/vnd.wap.xhtml+xml"})

HTML_HEAD_BYTES = 4096
"""Number of bytes in which a page must start to look like HTML."""

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})(?!\d)", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*+=\s*+[\"']?+\s*+([^\s\"';,]+)", re.IGNORECASE)
_BEFORE_HTML = re.compile(rb"(?:\xef\xbb\xbf)?\s*+(?:<\?xml[^>]*+>\s*+)?")
_TAG = rb"<(?:!doctype\s++html|html|head|body|title|meta|script|style|h1|div|table|iframe|font|br|p|a|b)[\s>/]"
_HTML = re.compile(_TAG, re.IGNORECASE)
_HTML_AFTER_COMMENT = re.compile(rb"-->\s*+(?:" + _TAG + rb")", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Response:
    """The head of a response.

    Args:
        status: the status code, or None if the status line is missing or malformed.
        fields: the header fields.
        body_at: byte offset of the body in the block.
        is_cut: the head does not end within `HEAD_BYTES`.
    """

    status: int | None
    fields: Fields
    body_at: int
    is_cut: bool = False


def read_head(block: bytes) -> Response:
    """Parse the head of a response. If the block has no head, all of it is the body."""
    if block[:5].upper() != b"HTTP/":
        return Response(None, Fields(b""), 0)
    end, body_at = find_blank_line(block, 0, HEAD_BYTES) or (len(block), len(block))
    status = _STATUS.match(block)
    return Response(
        int(status[1]) if status else None, Fields(block[: min(end, HEAD_BYTES)]), body_at, end > HEAD_BYTES
    )


def media_type(content_type: str) -> str:
    """Return the media type of a Content-Type without parameters and quotes, in lower case, such as `text/html`."""
    return content_type.partition(";")[0].partition(",")[0].strip(" \t\r\n\"'").lower()


def charset(content_type: str) -> str | None:
    """Return the charset parameter of a Content-Type unchanged, or None."""
    stated = _CHARSET.search(content_type)
    return stated[1] if stated else None


def looks_like_html(body: bytes) -> bool:
    """Return whether a body starts like an HTML page."""
    start = _BEFORE_HTML.match(body, 0, HTML_HEAD_BYTES).end()
    if body.startswith(b"<!--", start):
        return _HTML_AFTER_COMMENT.search(body, start + 4, HTML_HEAD_BYTES) is not None
    return _HTML.match(body, start, HTML_HEAD_BYTES) is not None
