"""Helpers: make small crawl files in memory, and read bytes with a source."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import fsspec
import pyarrow as pa

from curate import Batch
from curate.inputs import cut, resolve
from curate.stage import read_stage


def record(kind: str, block: bytes, url: str = "http://a.example/", content_type: str = "", **fields: object) -> bytes:
    """Return a WARC record; `fields` add or replace header fields, None removes a field."""
    if not content_type:
        content_type = "application/http; msgtype=response" if kind == "response" else "text/plain"
    header = {
        "WARC-Type": kind,
        "WARC-Record-ID": "<urn:uuid:00000000-0000-0000-0000-000000000000>",
        "WARC-Date": "2024-02-29T12:00:00Z",
        "WARC-Target-URI": url,
        "Content-Type": content_type,
        "Content-Length": len(block),
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in header.items() if value is not None)
    return b"WARC/1.1\r\n" + lines.encode() + b"\r\n" + block + b"\r\n\r\n"


def http(
    body: bytes, status: str = "200 OK", content_type: str | None = "text/html; charset=utf-8", **headers: str
) -> bytes:
    """Return an HTTP response."""
    head = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items() if value is not None)
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def page(i: int, n_bytes: int = 200) -> bytes:
    """Return a response record; the page contains its number."""
    text = (
        f"<html><p>page {i}</p>" + "".join(f"<p>{i * k * 7919 % 10007}</p>" for k in range(n_bytes // 10)) + "</html>"
    )
    return record("response", http(text.encode()), f"http://a.example/{i}")


def members(*records: bytes) -> bytes:
    """Return the records as gzip members, one record per member."""
    return b"".join(gzip.compress(r, 6, mtime=0) for r in records)


class Outcome(NamedTuple):
    """All rows of an input, in the order of its shards."""

    rows: list[dict]
    results: list[tuple[str, str | None]]  # id, reason
    counts: Counter
    batches: list[Batch]

    @property
    def reasons(self) -> list[str | None]:
        return [reason for _, reason in self.results]


def read(
    source: Callable,
    content: bytes | dict[str, bytes],
    shard_bytes: int = 1 << 40,
    name: str = "x",
    label: str = "test",
    **params: object,
) -> Outcome:
    """Read files with this content, and check what holds for every source.

    Args:
        label: that the recipe gives; without one, documents get their own `source`, or the name of the folder, `in`.
    """
    files = content if isinstance(content, dict) else {name: content}
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    for path, data in files.items():
        memory.pipe(f"/in/{path}", data)
    out = Outcome([], [], Counter(), [])
    for shard in cut(resolve([f"memory://in/{path}" for path in files], label), shard_bytes):
        found = list(read_stage("source", source).open(params)(shard))
        assert found, "every source yields at least one batch"
        for batch in found:
            take(out, batch)
    assert len({batch.rows.schema for batch in out.batches}) == 1, "all batches have one schema"
    ids = [id for id, _ in out.results]
    assert len(set(ids)) == len(ids), "ids are unique"
    return out


def take(out: Outcome, batch: Batch) -> None:
    """Add a batch to the outcome."""
    verdicts = batch.verdicts
    rows = batch.rows.to_pylist()
    out.rows.extend(rows)
    codes = [-1] * len(batch) if verdicts is None else verdicts.code.tolist()
    out.results.extend(
        (row["id"], verdicts.reasons[code] if code >= 0 else None) for row, code in zip(rows, codes, strict=True)
    )
    out.counts.update(batch.counts)
    out.batches.append(batch)


def table(out: Outcome) -> pa.Table:
    """Return all rows as one table."""
    return pa.Table.from_batches([batch.rows for batch in out.batches])
