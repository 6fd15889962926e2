"""A page as UTF-8, for engines that read bytes. Apart from `charset`, which child processes load and must start fast."""

from __future__ import annotations

import codecs
from dataclasses import replace

import numpy as np

from curate.kernels.utf8 import is_utf8
from curate.stages.extract.charset import Decoded, claimed, decode, label


def as_utf8(page: bytes, content_type: str | None = None, http_charset: str | None = None) -> tuple[bytes, Decoded]:
    """Return a page as UTF-8, and how it was decoded (without the text).

    The same as `decode`, but bytes that are UTF-8 are not decoded only to be encoded again.
    """
    codec, said_by = claimed(page, content_type, http_charset)
    is_plain = b"\x1b" not in page and not (codec or "").startswith("utf-16")
    if not is_plain or not is_utf8(np.frombuffer(page, np.uint8)):
        decoded = decode(page, content_type, http_charset)
        return decoded.text.encode("utf-8", "replace"), replace(decoded, text="")
    if codec == "utf-8":
        return page.removeprefix(codecs.BOM_UTF8), Decoded("", "utf-8", said_by, 0)
    if page.isascii():
        return page, Decoded("", label(codec or "utf-8"), said_by if codec else "bytes", 0)
    return page, Decoded("", "utf-8", "bytes", 0)
