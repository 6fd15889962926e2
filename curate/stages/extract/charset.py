"""Decode the bytes of a page to text.

The first source that names an encoding is used: the byte order mark, the HTTP header, the `<meta>` tag, then detection
from the bytes. The byte order mark comes first because it overrides the header in every browser. Labels have the
meaning that the WHATWG Encoding Standard gives them (`latin1` is windows-1252, `gb2312` is gb18030). A declared
encoding is ignored in three cases: the bytes are valid UTF-8 with characters beyond ASCII; or many characters cannot be
decoded with it, and the detected encoding has fewer errors; or it is windows-1252, which servers send by default. Then a
`<meta>` tag that fits the bytes is right instead, or detection if the letters beyond ASCII come in long runs, as they
never do in a language that windows-1252 can write. Undecodable bytes become U+FFFD and are counted.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, replace
from email.message import Message

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

MANY_REPLACED = 0.2
"""If a larger share of the non-ASCII characters is undecodable, the declared encoding is compared with detection."""

LONG_RUNS = 0.5
"""If a larger share of the non-ASCII bytes stands in runs of three or more, the page is not in windows-1252."""

MANY_BYTES = 8
"""Runs of fewer different bytes may be lines and ornaments, and say nothing about the encoding."""

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
_LONG_RUN = re.compile(rb"[\x80-\x9f\xa1-\xff]{3,}+")  # not the no-break space, of which pages have rows
_NOT_ASCII = re.compile(rb"[\x80-\x9f\xa1-\xff]++")
_CONTROL = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]++")
_META_BYTES = 4096  # browsers read 1024; but many pages have long inline scripts before the tag


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded page.

    Args:
        text: the text; characters that could not be decoded are U+FFFD.
        charset: the WHATWG name of the encoding.
        source: where the encoding was found: `bom`, `header`, `meta`, or `bytes` if it was detected.
        n_replaced: number of characters that could not be decoded.
        n_control: number of control characters other than NUL, if the page is not UTF-8; text has hardly any of them,
            and of random bytes they are a tenth.
    """

    text: str
    charset: str
    source: str
    n_replaced: int
    n_control: int = 0

    def unreadable_share(self, n_null: int, n_characters: int) -> float:
        """Return the share of characters that are undecodable or NUL, or control characters, which count twice."""
        return (n_null + self.n_replaced + 2 * self.n_control) / max(n_characters, 1)


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
    if source != "bom" and codec != "utf-8" and not page.isascii() and _decodes(page, "utf-8"):
        return Decoded(page.decode("utf-8"), "utf-8", "bytes", 0)
    if codec == "cp1252" and source in ("header", "meta"):
        codec, source = _instead_of_default(page, source)
    if codec is None:
        codec, source = _detected_codec(page), "bytes"
    decoded = _decode_as(page, codec, source)
    if decoded.n_replaced > MANY_REPLACED * _beyond_ascii(decoded.text) and source != "bom":
        other = _decode_as(page, _detected_codec(page), "bytes")
        decoded = min(decoded, other, key=lambda d: d.n_replaced)
    return replace(decoded, n_control=sum(map(len, _CONTROL.findall(decoded.text))))


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
    codec = _codec_in_page(page)
    return (codec, "meta") if codec else (None, "bytes")


def _codec_in_page(page: bytes) -> str | None:
    """Return Python's name of the encoding that the page itself declares, or None."""
    head = _COMMENT.sub(b"", page[:_META_BYTES])
    match = _META.search(head) or _XML.search(head)
    codec = _codec(match[1].decode("ascii", "ignore")) if match else None
    return "utf-8" if codec and codec.startswith("utf-16") else codec  # the tag is ASCII, so the page is not UTF-16


def _instead_of_default(page: bytes, source: str) -> tuple[str, str]:
    """Return the encoding, and its source, of a page that is declared as windows-1252, which is often just a default."""
    stated = _codec_in_page(page) if source == "header" else None
    if stated not in (None, "cp1252") and _decodes(page, stated):
        return stated, "meta"
    in_runs, beyond = (b"".join(pattern.findall(page)) for pattern in (_LONG_RUN, _NOT_ASCII))
    if len(in_runs) > LONG_RUNS * len(beyond) and len(set(in_runs)) >= MANY_BYTES:
        detected = _detected_codec(page)
        if _decodes(page, detected):
            return detected, "bytes"
    return "cp1252", source


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


def _decodes(page: bytes, codec: str) -> bool:
    """Return whether all of a page can be decoded."""
    try:
        page.decode(codec)
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
