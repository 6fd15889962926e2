"""Serve the pages over HTTP on the loopback interface, with real headers, chunking and compression."""

import http.server
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from crawl_site.page import Page

SOFTWARE = ("nginx/1.24.0", "Apache/2.4.57 (Debian)", "cloudfront", "LiteSpeed")
DATES = {"2023-50": "Sat, 02 Dec 2023 10:00:00 GMT", "2024-10": "Sun, 03 Mar 2024 10:00:00 GMT"}
CHUNK_BYTES = 2048


class Handler(http.server.BaseHTTPRequestHandler):
    """Send the page for the requested `Host` and path."""

    protocol_version = "HTTP/1.1"
    pages: ClassVar[dict[tuple[str, str], Page]] = {}

    def do_GET(self) -> None:
        """Send one page."""
        page = self.pages[self.headers["Host"], self.path]
        body = coded(page)
        self.send_response(page.status)
        if page.content_type:
            self.send_header("Content-Type", page.content_type)
        if page.location:
            self.send_header("Location", page.location)
        if page.coding != "identity":
            self.send_header("Content-Encoding", page.coding)
            self.send_header("Vary", "Accept-Encoding")
        if page.is_chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if page.is_chunked:
            body = b"".join(chunks(body))
        self.wfile.write(body)

    def version_string(self) -> str:
        """Return a server name that depends only on the host."""
        return SOFTWARE[sum(map(ord, self.headers["Host"])) % len(SOFTWARE)]

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Return the fixed date of the dump, so that every run makes the same crawl."""
        return DATES[self.pages[self.headers["Host"], self.path].dump]

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def coded(page: Page) -> bytes:
    """Return the payload in its content coding."""
    if page.coding == "gzip":
        packer = zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS + 16)
        packed = packer.compress(page.body) + packer.flush()
        return packed[:9] + b"\xff" + packed[10:]  # byte 9, the operating system: unknown
    return zlib.compress(page.body, 6) if page.coding == "deflate" else page.body


def chunks(body: bytes) -> Iterator[bytes]:
    """Yield the body in the chunked transfer coding."""
    for start in range(0, len(body), CHUNK_BYTES):
        part = body[start : start + CHUNK_BYTES]
        yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


@contextmanager
def serving(pages: list[Page]) -> Iterator[int]:
    """Serve these pages, all of one dump, and yield the port."""
    held = {(page.host, page.target): page for page in pages}
    handler = type("DumpHandler", (Handler,), {"pages": held})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
