"""Convert a page to UTF-8, for engines that read bytes.

This is not part of `charset`: child processes import that module, and numpy would slow down their start.
"""

from __future__ import annotations

import codecs
from dataclasses import replace

import numpy as np

from curate.kernels.utf8 import is_utf8
from curate.stages.extract.charset import Decoded, charset_name, declared_codec, decode


def as_utf8(page: bytes, content_type: str | None = None, http_charset: str | None = None) -> tuple[bytes, Decoded]:
    """Convert a page to UTF-8.

    The result is the same as that of `decode`, but bytes that already are UTF-8 are not decoded and encoded again.

    Args:
        page: the raw body.
        content_type, http_charset: see `decode`.
    Returns:
        The page in UTF-8, and how it was decoded, without the text.
    """
    codec, source = declared_codec(page, content_type, http_charset)
    is_plain = b"\x1b" not in page and not (codec or "").startswith("utf-16")
    if not is_plain or not is_utf8(np.frombuffer(page, np.uint8)):
        decoded = decode(page, content_type, http_charset)
        return decoded.text.encode("utf-8", "replace"), replace(decoded, text="")
    if codec == "utf-8":
        return page.removeprefix(codecs.BOM_UTF8), Decoded("", "utf-8", source, 0)
    if page.isascii():
        return page, Decoded("", charset_name(codec or "utf-8"), source if codec else "bytes", 0)
    return page, Decoded("", "utf-8", "bytes", 0)
