"""Decode the bytes of a page to text.

The first source that names an encoding is used: the byte order mark, the HTTP header, the `<meta>` tag, then detection
from the bytes. The byte order mark comes first because it overrides the header in every browser. Labels have the
meaning that the WHATWG Encoding Standard gives them (`latin1` is windows-1252, `gb2312` is gb18030). A declared
encoding is ignored in two cases: the bytes are valid UTF-8 with characters beyond ASCII; or many characters cannot be
decoded with it, and the detected encoding has fewer errors. Undecodable bytes become U+FFFD and are counted.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from email.message import Message

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

MANY_REPLACED = 0.2
"""If a larger share of the non-ASCII characters is undecodable, the declared encoding is compared with detection."""

# For these labels, WHATWG decodes a superset of what Python's codec of the same name decodes.
_SUPERSETS = {
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso8859-11": "cp874",
    "iso2022_jp": "iso2022_jp_ext",
}
_LABELS = {
    "cp932": "shift_jis", "cp949": "euc-kr", "big5hkscs": "big5", "cp874": "windows-874", "cp866": "ibm866",
    "euc_jp": "euc-jp", "iso2022_jp_ext": "iso-2022-jp", "utf-16-le": "utf-16le", "utf-16-be": "utf-16be",
    "mac-roman": "macintosh",
}  # fmt: skip
_JAPANESE_ESCAPES = (b"\x1b$B", b"\x1b$@")  # ISO-2022-JP uses seven bits, so it is valid in every superset of ASCII

_META = re.compile(rb"""<meta\s[^>]{0,400}?charset\s*+=\s*+["']?+\s*+([\w.:-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*+<\?xml\s[^>]{0,200}?encoding\s*+=\s*+["']([\w.:-]{2,40})["']""", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META_BYTES = 4096  # browsers read 1024; but many pages have long inline scripts before the tag


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded page.

    Args:
        text: the text; characters that could not be decoded are U+FFFD.
        charset: the WHATWG name of the encoding.
        source: where the encoding was found: `bom`, `header`, `meta`, or `bytes` if it was detected.
        n_replaced: number of characters that could not be decoded.
    """

    text: str
    charset: str
    source: str
    n_replaced: int


def decode(page: bytes, content_type: str | None = None, http_charset: str | None = None) -> Decoded:
    """Decode a page.

    Args:
        page: the raw body.
        content_type: the Content-Type header; its charset is used if `http_charset` is None.
        http_charset: the charset in the HTTP header.
    """
    codec, source = declared_codec(page, content_type, http_charset)
    if page.isascii() and any(escape in page for escape in _JAPANESE_ESCAPES):
        return _decode_as(page, "iso2022_jp_ext", source if codec == "iso2022_jp_ext" else "bytes")
    if page.isascii() and not (codec or "").startswith("utf-16"):
        return Decoded(page.decode("ascii"), charset_name(codec or "utf-8"), source if codec else "bytes", 0)
    if source != "bom" and codec != "utf-8" and not page.isascii() and _is_utf8(page):
        return Decoded(page.decode("utf-8"), "utf-8", "bytes", 0)
    if codec is None:
        codec, source = _detected_codec(page), "bytes"
    decoded = _decode_as(page, codec, source)
    if decoded.n_replaced > MANY_REPLACED * _beyond_ascii(decoded.text) and source != "bom":
        other = _decode_as(page, _detected_codec(page), "bytes")
        decoded = min(decoded, other, key=lambda d: d.n_replaced)
    return decoded


def declared_codec(page: bytes, content_type: str | None, http_charset: str | None) -> tuple[str | None, str]:
    """Return Python's name of the declared encoding, None if there is none, and the source that declares it."""
    for mark, codec in BOMS:
        if page.startswith(mark):
            return codec, "bom"
    if page[:2] in (b"<\0", b"\0<"):  # UTF-16 without a byte order mark: no other encoding starts a page like this
        return ("utf-16-le" if page[0] else "utf-16-be"), "bytes"
    header = http_charset or _charset_of(content_type)
    if (codec := _codec(header)) and not codec.startswith("utf-16"):
        return codec, "header"
    head = _COMMENT.sub(b"", page[:_META_BYTES])
    if match := _META.search(head) or _XML.search(head):
        codec = _codec(match[1].decode("ascii", "ignore"))
        if codec:  # the tag is readable as ASCII, so the page is not UTF-16
            return ("utf-8" if codec.startswith("utf-16") else codec), "meta"
    return None, "bytes"


def _charset_of(content_type: str | None) -> str | None:
    if not content_type or "charset" not in content_type.lower():
        return None
    header = Message()
    header["content-type"] = content_type.replace("\n", " ").replace("\r", " ")
    return header.get_param("charset") if isinstance(header.get_param("charset"), str) else None


def _codec(label: str | None) -> str | None:
    """Return Python's name of the encoding that WHATWG assigns to a label, or None if the label is unknown."""
    from resiliparse.parse.encoding import map_encoding_to_html5

    name = map_encoding_to_html5(label.strip(" \t\"'"), fallback_utf8=False) if label else None
    return _SUPERSETS.get(name, name)


def _detected_codec(page: bytes) -> str:
    from resiliparse.parse.encoding import detect_encoding

    # Its WHATWG mode returns utf-8 for encodings without a label, such as cp949 (Korean).
    name = detect_encoding(page, html5_compatible=False) or "cp1252"
    return _codec(name) or name


def _decode_as(page: bytes, codec: str, source: str) -> Decoded:
    for mark, codec_of_mark in BOMS:
        if codec_of_mark == codec:
            page = page.removeprefix(mark)
    text = page.decode(codec, "replace")
    n_replaced = text.count("\ufffd")
    if n_replaced and codec == "utf-8":
        n_replaced -= page.count(b"\xef\xbf\xbd")  # these are in the page itself
    return Decoded(text, charset_name(codec), source, n_replaced)


def _is_utf8(page: bytes) -> bool:
    try:
        page.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def charset_name(codec: str) -> str:
    """Return the WHATWG name of a Python codec."""
    if codec.startswith("cp125"):
        return f"windows-{codec[2:]}"
    return _LABELS.get(codec, codec.replace("iso8859-", "iso-8859-"))
