"""Fetch pages through a socket and write the transferred bytes as WARC records."""

import hashlib
import socket
import uuid
from base64 import b32encode
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeadersParser
from warcio.warcwriter import WARCWriter

from crawl_site.page import Page
from crawl_site.server import serving

START = {"2023-50": datetime(2023, 12, 2, 10), "2024-10": datetime(2024, 3, 3, 10)}
SECONDS_BETWEEN = 37
AGENT = "curate-example-crawler/1.0 (+https://crawler.example/)"


def record_id(*parts: str) -> str:
    """Return a record id that depends only on these parts."""
    return f"<urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, '|'.join(parts))}>"


def date_of(page: Page, position: int) -> str:
    """Return the WARC-Date of the page at this position of its dump."""
    return (START[page.dump] + timedelta(seconds=SECONDS_BETWEEN * position)).strftime("%Y-%m-%dT%H:%M:%SZ")


def fetch(page: Page, port: int) -> tuple[bytes, bytes]:
    """Request a page from the server. Return the bytes of the request and of the response, headers included."""
    request = (
        f"GET {page.target} HTTP/1.1\r\nHost: {page.host}\r\nUser-Agent: {AGENT}\r\nAccept: text/html,*/*;q=0.5\r\n"
        "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate\r\nConnection: close\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    return request, b"".join(parts)


def write_file(path: Path, label: str, pages: list[tuple[int, Page]], first_dates: dict[str, str]) -> None:
    """Capture some pages of one dump into one WARC file.

    Args:
        label: the name of dump and file in the warcinfo record
        pages: (position in the dump, page) pairs, in the order of writing
        first_dates: the WARC-Date of each URL in the first dump, for revisit records
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    dump = pages[0][1].dump
    with path.open("wb") as out, serving([page for _, page in pages]) as port:
        writer = WARCWriter(out, gzip=True)
        write_warcinfo(writer, label, dump)
        for position, page in pages:
            write_page(writer, page, date_of(page, position), fetch(page, port), first_dates)


def write_warcinfo(writer: WARCWriter, label: str, dump: str) -> None:
    """Write the record that describes the file."""
    fields = {
        "software": "examples/make_crawl.py of curate",
        "format": "WARC File Format 1.0",
        "isPartOf": f"EXAMPLE-{dump}",
        "description": "Example crawl of pages written for this project, captured on loopback",
        "robots": "obey",
    }
    record = writer.create_warcinfo_record(f"{label}.warc.gz", fields)
    record.rec_headers.replace_header("WARC-Record-ID", record_id("warcinfo", label))
    record.rec_headers.replace_header("WARC-Date", START[dump].strftime("%Y-%m-%dT%H:%M:%SZ"))
    writer.write_record(record)


def write_page(
    writer: WARCWriter, page: Page, date: str, exchange: tuple[bytes, bytes], first_dates: dict[str, str]
) -> None:
    """Write the request, the response or revisit, and the metadata of one page."""
    key = (page.dump, page.url)
    head = {"WARC-Date": date, "WARC-IP-Address": "127.0.0.1", "WARC-Concurrent-To": record_id("response", *key)}
    request, response = exchange
    writer.write_record(
        made(writer, page.url, "request", request, head | {"WARC-Record-ID": record_id("request", *key)})
    )
    head = {"WARC-Date": date, "WARC-IP-Address": "127.0.0.1", "WARC-Record-ID": record_id("response", *key)}
    if page.revisit_of:
        writer.write_record(revisit(writer, page, response, head, first_dates))
    else:
        writer.write_record(made(writer, page.url, "response", response, head))
    notes = f"fetchTimeMs: {40 + len(response) % 300}\r\nhopsFromSeed: {len(page.target) % 4}\r\n".encode()
    head = {
        "WARC-Date": date,
        "WARC-Record-ID": record_id("metadata", *key),
        "WARC-Concurrent-To": record_id("response", *key),
    }
    writer.write_record(made(writer, page.url, "metadata", notes, head))


def made(writer: WARCWriter, url: str, kind: str, block: bytes, head: dict[str, str]) -> object:
    """Return a record with this block."""
    return writer.create_warc_record(url, kind, payload=BytesIO(block), length=len(block), warc_headers_dict=head)


def revisit(
    writer: WARCWriter, page: Page, response: bytes, head: dict[str, str], first_dates: dict[str, str]
) -> object:
    """Return a revisit record: the HTTP headers, and a reference to the first capture."""
    headers, _, payload = response.partition(b"\r\n\r\n")
    http = StatusAndHeadersParser(["HTTP/1.1"]).parse(BytesIO(headers + b"\r\n\r\n"))
    digest = "sha1:" + b32encode(hashlib.sha1(payload).digest()).decode()
    return writer.create_revisit_record(
        page.url, digest, page.revisit_of, first_dates[page.revisit_of], http_headers=http, warc_headers_dict=head
    )


def cut_last_response(path: Path) -> None:
    """Truncate the file inside the gzip member of its last response, as if the crawler had been killed."""
    end = 0
    with path.open("rb") as stream:
        records = ArchiveIterator(stream)
        for record in records:
            record.raw_stream.read()
            if record.rec_type == "response":
                end = records.get_record_offset() + records.get_record_length() * 6 // 10
    path.write_bytes(path.read_bytes()[:end])
