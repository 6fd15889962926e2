"""Make what is not an HTML page with content: other media types, errors, redirects, revisits, a record to truncate."""

import html
import json
import struct
import zlib

from crawl_site import press, texts
from crawl_site.page import FIRST_DUMP, SECOND_DUMP, Page

NEWS = "https://www.harbour-news.example"
ERROR_PAGE = (
    "<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center>"
    "<hr><center>nginx/1.24.0</center></body></html>\n"
)
PDF_LINES = (
    "Ansel Harbour Trust",
    "Notice to mariners 61",
    "The rear leading light is changed to",
    "isophase red, period 4 seconds,",
    "range 4 miles. Charts affected: 2.",
)


def pages(originals: list[Page]) -> list[Page]:
    """Return all pages of this module."""
    return media() + statuses(originals) + revisits(originals) + [truncated(originals)]


def media() -> list[Page]:
    """Return responses that are not HTML: PDF, PNG, JSON, feeds, plain text, a style sheet, an empty body."""
    walk = texts.articles("parish_archive")[1].plain
    robots = b"User-agent: *\nDisallow: /login\nSitemap: /sitemap.xml\n"
    style = b"body{font:18px/1.6 Georgia,serif;max-width:40em}\n"
    plain = "text/plain; charset=utf-8"

    def page(path: str, kind: str, body: bytes, content_type: str, **fields: object) -> Page:
        """Return a page of the newspaper, in the first dump unless `fields` says otherwise."""
        return Page(f"{NEWS}{path}", kind, body, FIRST_DUMP, content_type=content_type).changed(**fields)

    old = "http://old-server.example"
    return [
        page("/notices/61.pdf", "pdf", small_pdf(PDF_LINES), "application/pdf", charset=""),
        page("/notices/62.pdf", "pdf", small_pdf(PDF_LINES[:2]), "text/html", charset="", dump=SECOND_DUMP),
        page("/img/crane.png", "image", small_png(), "image/png", charset=""),
        page("/api/tides.json", "json", tide_json(), "application/json", dump=SECOND_DUMP),
        page("/sitemap.xml", "sitemap", sitemap(), "application/xml"),
        page("/robots.txt", "robots", robots, plain),
        page("/feed.xml", "feed", feed(), "application/rss+xml; charset=utf-8", is_chunked=True, dump=SECOND_DUMP),
        page("/css/site.css", "style_sheet", style, "text/css"),
        page("/walk4.txt", "plain_text", walk.encode(), plain, language="en", text=walk, dump=SECOND_DUMP),
        page("", "empty", b"", "text/html", url=f"{old}/empty.html"),
        page("", "empty", b"", "text/html", url=f"{old}/blank.html", is_chunked=True, dump=SECOND_DUMP),
    ]


def tide_json() -> bytes:
    """Return the tides of one day as JSON, as an API would."""
    tides = [{"time": f"{hour:02}:4{hour % 6}", "metres": round(0.6 + hour % 5 * 0.9, 1)} for hour in range(0, 24, 6)]
    return json.dumps({"port": "Port Ansel", "tides": tides}).encode()


def sitemap() -> bytes:
    """Return the sitemap of the newspaper."""
    urls = [press.article_url("www.harbour-news.example", article) for article in texts.articles("harbour_news")]
    rows = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    return f'<?xml version="1.0"?><urlset>{rows}</urlset>'.encode()


def feed() -> bytes:
    """Return the newspaper's feed: titles and the beginnings of the texts."""
    rows = "".join(
        f"<item><title>{html.escape(article.title)}</title><description>{html.escape(article.plain[:120])}</description></item>"
        for article in texts.articles("harbour_news")
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour News</title>{rows}</channel></rss>'.encode()
    )


def small_pdf(lines: tuple[str, ...]) -> bytes:
    """Return a valid PDF of one page, assembled without a library."""
    drawn = " T* ".join(f"({line}) Tj" for line in lines)
    stream = f"BT /F1 16 Tf 20 TL 60 760 Td {drawn} ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 6\n0000000000 65535 f \n" + table + end


def small_png() -> bytes:
    """Return a valid PNG: eight by eight pixels in yellow and blue."""
    rows = b"".join(
        b"\x00" + b"".join(bytes((240, 200, 20) if (x + y) % 3 else (40, 60, 90)) for x in range(8)) for y in range(8)
    )

    def chunk(name: bytes, body: bytes) -> bytes:
        """Return one chunk with its length and checksum."""
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def statuses(originals: list[Page]) -> list[Page]:
    """Return redirects and errors."""
    titles = {
        404: "404 Not Found",
        500: "500 Internal Server Error",
        503: "503 Service Temporarily Unavailable",
        403: "403 Forbidden",
        410: "410 Gone",
    }
    found = []
    for number, status in enumerate((404, 404, 404, 410, 403, 500, 503)):
        body = ERROR_PAGE.format(title=titles[status]).encode()
        url = f"https://{list(press.SITES)[number]}/old/{status}-{number}.html"
        found.append(
            Page(
                url,
                f"status_{status}",
                body,
                (FIRST_DUMP, SECOND_DUMP)[number % 2],
                content_type="text/html",
                status=status,
            )
        )
    targets = [page for page in originals if page.kind == "article"][3::9][:7]
    for number, page in enumerate(targets):
        status = (301, 302)[number % 2]
        body = ERROR_PAGE.format(title=f"{status} Moved").encode()
        moved = Page(
            f"http://{page.host}/go/{number}",
            f"status_{status}",
            body,
            page.dump,
            content_type="text/html",
            status=status,
        )
        found.append(moved.changed(location=page.url))
    return found


def revisits(originals: list[Page]) -> list[Page]:
    """Return captures of the second dump with the same bytes as in the first; they become revisit records."""
    chosen = [page for page in originals if page.kind == "documentation" and page.dump == FIRST_DUMP][:4]
    return [
        page.changed(kind="revisit", dump=SECOND_DUMP, revisit_of=page.url, duplicate_of=page.url) for page in chosen
    ]


def truncated(originals: list[Page]) -> Page:
    """Return the page whose record is truncated in the middle: the last one of the crawl."""
    page = next(page for page in originals if page.url.endswith("spreadsheet-archaeology"))
    return page.changed(
        url="https://tinbench.example/last", kind="truncated_record", dump=SECOND_DUMP, coding="identity"
    )
