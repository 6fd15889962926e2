"""Which characters the bytes of a page stand for.

Asked in this order: the byte order mark, the HTTP header, the page's own `<meta>`, the bytes themselves. A byte
order mark comes first because it beats the header in every browser. Labels mean what WHATWG says they mean on
the web (`latin1` is windows-1252, `gb2312` is gb18030). Two claims are not believed: another encoding for bytes
that are valid UTF-8 beyond ASCII, and one under which many characters cannot be decoded while the encoding read
off the bytes does better. Bytes without a meaning become U+FFFD and are counted.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from email.message import Message

BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))

MANY_REPLACED = 0.2
"""Distrust a claim when more than this share of the characters beyond ASCII cannot be decoded under it."""

# WHATWG decodes these with a superset of what Python's codec of that name knows.
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
_JAPANESE_ESCAPES = (b"\x1b$B", b"\x1b$@")  # ISO-2022-JP: seven bits, so every ASCII superset seems to fit it

_META = re.compile(rb"""<meta\s[^>]{0,400}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
_XML = re.compile(rb"""^\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})["']""", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META_BYTES = 4096  # browsers look at 1024; pages with long inline scripts before the tag are common


@dataclass(frozen=True, slots=True)
class Decoded:
    """A page as characters.

    Args:
        text: the characters; those that could not be decoded are U+FFFD.
        charset: the WHATWG name of the encoding used.
        said_by: who named it: `bom`, `header`, `meta` or `bytes`.
        n_replaced: how many characters could not be decoded.
    """

    text: str
    charset: str
    said_by: str
    n_replaced: int


def decode(page: bytes, content_type: str | None = None, http_charset: str | None = None) -> Decoded:
    """Decode a page.

    Args:
        page: the raw body.
        content_type: the HTTP header's value, asked for a charset when `http_charset` is null.
        http_charset: the charset in the HTTP header.
    """
    codec, said_by = claimed(page, content_type, http_charset)
    if page.isascii() and any(escape in page for escape in _JAPANESE_ESCAPES):
        return _decode_as(page, "iso2022_jp_ext", said_by if codec == "iso2022_jp_ext" else "bytes")
    if page.isascii() and not (codec or "").startswith("utf-16"):
        return Decoded(page.decode("ascii"), label(codec or "utf-8"), said_by if codec else "bytes", 0)
    if said_by != "bom" and codec != "utf-8" and not page.isascii() and _is_utf8(page):
        return Decoded(page.decode("utf-8"), "utf-8", "bytes", 0)
    if codec is None:
        codec, said_by = _detected(page), "bytes"
    decoded = _decode_as(page, codec, said_by)
    if decoded.n_replaced > MANY_REPLACED * _beyond_ascii(decoded.text) and said_by != "bom":
        other = _decode_as(page, _detected(page), "bytes")
        decoded = min(decoded, other, key=lambda d: d.n_replaced)
    return decoded


def claimed(page: bytes, content_type: str | None, http_charset: str | None) -> tuple[str | None, str]:
    """Return Python's name of the encoding that someone names, None if nobody does, and who."""
    for mark, codec in BOMS:
        if page.startswith(mark):
            return codec, "bom"
    if page[:2] in (b"<\0", b"\0<"):  # UTF-16 without a mark: no other encoding starts a page like this
        return ("utf-16-le" if page[0] else "utf-16-be"), "bytes"
    header = http_charset or _charset_of(content_type)
    if (codec := _codec(header)) and not codec.startswith("utf-16"):
        return codec, "header"
    head = _COMMENT.sub(b"", page[:_META_BYTES])
    if match := _META.search(head) or _XML.search(head):
        codec = _codec(match[1].decode("ascii", "ignore"))
        if codec:  # whoever could read the tag as ASCII is not reading UTF-16
            return ("utf-8" if codec.startswith("utf-16") else codec), "meta"
    return None, "bytes"


def _charset_of(content_type: str | None) -> str | None:
    if not content_type or "charset" not in content_type.lower():
        return None
    header = Message()
    header["content-type"] = content_type.replace("\n", " ").replace("\r", " ")
    return header.get_param("charset") if isinstance(header.get_param("charset"), str) else None


def _codec(label: str | None) -> str | None:
    """Return Python's name of what a label means on the web, or None for labels that mean nothing there."""
    from resiliparse.parse.encoding import map_encoding_to_html5

    name = map_encoding_to_html5(label.strip(" \t\"'"), fallback_utf8=False) if label else None
    return _SUPERSETS.get(name, name)


def _detected(page: bytes) -> str:
    from resiliparse.parse.encoding import detect_encoding

    # Not in its WHATWG mode, which says utf-8 for what it has no label for, such as Korean's cp949.
    name = detect_encoding(page, html5_compatible=False) or "cp1252"
    return _codec(name) or name


def _decode_as(page: bytes, codec: str, said_by: str) -> Decoded:
    for mark, of in BOMS:
        if of == codec:
            page = page.removeprefix(mark)
    text = page.decode(codec, "replace")
    n_replaced = text.count("\ufffd")
    if n_replaced and codec == "utf-8":
        n_replaced -= page.count(b"\xef\xbf\xbd")  # the author's own
    return Decoded(text, label(codec), said_by, n_replaced)


def _is_utf8(page: bytes) -> bool:
    try:
        page.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _beyond_ascii(text: str) -> int:
    return len(text) - len(text.encode("ascii", "ignore"))


def label(codec: str) -> str:
    """Return the WHATWG name of an encoding."""
    if codec.startswith("cp125"):
        return f"windows-{codec[2:]}"
    return _LABELS.get(codec, codec.replace("iso8859-", "iso-8859-"))
