"""Make articles whose bytes are damaged, or whose declared charset is wrong."""

from collections.abc import Callable

from crawl_site import press
from crawl_site.page import SECOND_DUMP, Page

HTML = "text/html"
NO_META = ("wrong_charset", "missing_charset", "unknown_charset")


def drop_lead_bytes(body: bytes) -> bytes:
    """Drop two thirds of the bytes that begin an accented letter."""
    return b"".join(bytes([byte]) for index, byte in enumerate(body) if byte != 0xC3 or index % 3 == 0)


def cut_inside_a_letter(body: bytes) -> bytes:
    """Truncate the body at two thirds, after the first byte of a letter of three bytes."""
    end = len(body) * 2 // 3
    while body[end] & 0xF0 != 0xE0:
        end += 1
    return body[: end + 1]


def recode(charset: str) -> Callable[[bytes], bytes]:
    """Return a function that converts UTF-8 into another charset."""
    return lambda body: press.encoded(body.decode(), charset)


# slug of the article, kind, the function that damages its UTF-8 bytes, the charset in the header, the best one
CASES: tuple[tuple[str, str, Callable[[bytes], bytes], str, str], ...] = (
    ("slow-website", "invalid_utf8", lambda b: b.replace(b" and ", b" \xff\xfe and \xc3( ", 6), "utf-8", "utf-8"),
    ("chronique-silence", "invalid_utf8", drop_lead_bytes, "utf-8", "utf-8"),
    ("repair-clock", "truncated_multibyte", cut_inside_a_letter, "utf-8", "utf-8"),
    ("subway-map", "truncated_multibyte", lambda b: recode("gb18030")(b)[:-701], "gbk", "gb18030"),
    ("sorting-screws", "nul_bytes", lambda b: b.replace(b"screw", b"screw\x00", 9), "utf-8", "utf-8"),
    ("market-lisbon", "nul_bytes", lambda b: b.replace(b"\n", b"\x00\x01\x1b\n"), "", "utf-8"),
    ("fountain-pen", "wrong_charset", recode("cp932"), "utf-8", "shift_jis"),
    ("glocken", "wrong_charset", bytes, "iso-8859-1", "utf-8"),
    ("broken-radio", "wrong_charset", recode("windows-1256"), "iso-8859-1", "windows-1256"),
    ("city-trees", "unknown_charset", bytes, "x-user-defined", "utf-8"),
    ("carta-rio", "utf16", lambda b: b"\xff\xfe" + b.decode().encode("utf-16-le"), "", "utf-16"),
    ("soup-for-a-cold", "byte_order_mark", lambda b: b"\xef\xbb\xbf" + b, "", "utf-8"),
    ("snow-roof", "missing_charset", recode("euc-jp"), "", "euc-jp"),
)


def pages(originals: list[Page]) -> list[Page]:
    """Return one copy of an article for each case."""
    by_family = {page.family.rsplit("/", 1)[-1]: page for page in originals if page.kind == "article"}
    found = []
    for slug, kind, damage, in_header, charset in CASES:
        original = by_family[slug]
        body = original.body.decode(press.PYTHON_CODEC.get(original.charset, original.charset)).encode()
        page = original.changed(
            url=f"http://old-server.example/{kind}/{slug}.html",
            kind=kind,
            body=damage(without_meta(body) if kind in NO_META else body),
            charset=charset,
            content_type=f"{HTML}; charset={in_header}" if in_header else HTML,
            dump=SECOND_DUMP,
        )
        found.append(page.changed(coding="identity", is_chunked=False))
    return found


def without_meta(body: bytes) -> bytes:
    """Remove the tag in which the page declares its charset."""
    start = body.find(b"<meta charset=")
    return body if start < 0 else body[:start] + body[body.index(b">", start) + 1 :]
