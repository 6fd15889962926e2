"""`extract.html`: extract the main text of HTML pages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Literal

import pyarrow as pa

from curate.batch import Batch, Verdicts
from curate.errors import SpecError
from curate.params import AboveZero, Positive, Share
from curate.stages.extract.blocks import BlockExtractor, Form, Parts
from curate.stages.extract.engines import FAR_FUTURE, FAVORS, MANY_UNREADABLE, Favor, decode_fields
from curate.stages.extract.metadata import Metadata
from curate.stages.extract.result import COLUMNS, PageResult
from curate.stages.extract.sandbox import Failure, Sandbox
from curate.stages.extract.sandbox_worker import Message
from curate.stages.extract.utf8 import as_utf8

CONTEXT_COLUMNS = ("content_type", "http_charset", "url", "date")
"""Columns that extraction also reads, if the batch has them."""

FALLBACK = {"engine": "resiliparse", "favor": "balance"}
"""The engine for pages on which `blocks` has a low confidence."""


class html:
    """Extract the main text of web pages, without menus, advertising and comments.

    With every engine, the text has one line per paragraph, heading, list item and table row, and no blank lines. If the
    batch has the columns `content_type`, `http_charset`, `url` and `date`, they are used for extraction. Columns made:

    - `title`: the Open Graph title, else the content of `<title>`.
    - `page_date`: the date that the page states, if it is not later than the crawl date (column `date`).
    - `author`, `canonical_url`, `declared_language`, `licence`: only with `blocks`, as the page states them.
    - `stated_by`: only with `blocks`: the tag or property that states each of these, as JSON.
    - `confidence`: only with `blocks`: the expected F score of the text, 0 to 1.
    - `extracted_by`: the engine that extracted the text.
    - `charset`: the encoding of the page.

    Counters: the source of the charset (`charset.from_header`, `_bom`, `_meta`, `_bytes`), pages with undecodable bytes
    (`charset.replaced_pages`), pages extracted by the second engine (`extract.handed_over`).

    `blocks` takes time linear in the size of the page and runs in the main process. The other engines run in a child
    process: a page that hangs, crashes or uses too much memory is dropped, and a new child process continues.

    Why:
        Most characters of a page are markup and boilerplate. The language model is trained on what this stage keeps.
    Args:
        engine: `blocks` classifies the blocks of a page with a tree model; `trafilatura` is the engine of the papers;
            `resiliparse` is fast and keeps more boilerplate.
        favor: `balance`; `precision` (less text, fewer errors), not with resiliparse; `recall` (with resiliparse: all
            visible text); `speed` (no fallback algorithms), only with trafilatura.
        format: `text` or `markdown`; markdown only with `blocks`.
        title: false removes the main heading of the page; true lets the model decide. False only with `blocks`.
        byline: false removes short lines whose class indicates an author or a date. False only with `blocks`.
        captions: false removes the captions of figures and tables. False only with `blocks`.
        comments: whether to keep readers' comments.
        tables: whether to keep tables, one line per row.
        min_confidence: pages on which `blocks` has a lower confidence (0 to 1) are also extracted with resiliparse, whose
            text is used if it is not empty.
        max_page_mib: larger pages (MiB) are dropped without extraction.
        max_seconds: limit of processor time per page in the child process, including decoding. It is processor time,
            so a busy machine does not drop more pages; the default is hundreds of times what a page needs. A page that
            uses no processor time is stopped after ten times this many seconds.
        max_memory_mib: limit of the address space of the child process in MiB, including its libraries (about 50 MiB).
    Needs: html
    Makes:
        text, title: string, page_date: string, author: string, canonical_url: string, declared_language: string,
        licence: string
    Measures: stated_by: string, confidence: float32, extracted_by: string, charset: string
    Removes: html, content_type, http_charset
    Drops:
        no_main_text: the page has no main text.
        undecodable_page: more than a tenth of the characters cannot be decoded or are control characters, which count
            twice: the page is binary; value: their share.
        page_too_large: the page is larger than `max_page_mib`; value: its size in MiB.
        too_many_blocks: the page has more than 32,768 blocks; value: the limit.
        too_many_elements: the page has more than 131,072 elements; value: the limit.
        nested_too_deep: elements are nested deeper than 2,048 levels; value: the limit.
        extraction_timeout: the page took longer than `max_seconds`; value: the limit in seconds.
        extraction_out_of_memory: the page needed more than `max_memory_mib`, twice; value: the limit in MiB.
        extraction_crashed: the engine raised an exception, or its process ended twice; evidence: exception, signal or
            exit code.
    Raises:
        SpecError: the engine does not support the given `favor`, `format`, `title`, `byline` or `captions`.
        StageError: the child process does not start.
    Cost:
        `python -m tests.bench.extraction`, pages of 152 KB, one core. The quality of `blocks` is cross-validated: the
        model that scores a page was not trained on pages of its site. Segments: F score on 990 pages with labelled
        segments, the development set of trafilatura. 4-grams: F1 score on the full text of 81 pages, the development
        set of readability. CJK: the 6 of the 990 pages in Chinese or Japanese. Synthetic: 440 pages of ten kinds that
        we wrote; the kinds with the lowest and the highest score. Real: 145 pages of 15 kinds, most of them not
        articles, which we labelled by reading them.

            | engine      | segments | 4-grams | CJK      | synthetic, lowest and highest    | real        | pages/s |
            |-------------|----------|---------|----------|----------------------------------|-------------|---------|
            | blocks      | .946     | .954    | 1.00     | .912 (product) to 1.00 (article) | .874        | 360     |
            | trafilatura | .927     | .946    | .941     | .797 (listing) to .999 (office)  | .797        | 20      |
            | resiliparse | .864     | .945    | .743     | .717 (listing) to .910 (article) | .800        | 229     |

        On none of 1,221 real pages does `blocks` find fewer than 250 characters if both other engines find more than
        500. `blocks` is worse than trafilatura on reviews without a class name that marks them as reviews
        (`curate/models/extraction.md` lists all figures by kind).
        Speed is from bytes to text in one process on a shared machine, measured in a separate run. A complete run from
        WARC with heuristic filters processes 13.6 times as many pages per second as datatrove's with trafilatura
        (`python -m tests.bench crawl`). The child process costs 13 % with resiliparse, nothing measurable with
        trafilatura, and 0.5 s to start. The kernels compile once, in up to a minute.
    Kept:
        b"<html><body><nav><a href='/'>Home</a></nav><article><p>" + b"The keeper counted the ships each evening. " * 9 + b"</p></article></body></html>"
    Dropped:
        b"<html><body><script>track()</script></body></html>" -> no_main_text
        b"<html><body><p>" + b"tide " * 9999 + b"</p></body></html>" with max_page_mib=0.01 -> page_too_large
    Source:
        WanJuan-CC (2402.19282) and InternLM2 (2403.17297) use trafilatura; they do not state options or version.
        Differences: comments are removed by default, all other options are the defaults of trafilatura; curate decodes
        the bytes itself (`charset`).
    """

    def __init__(
        self,
        *,
        engine: Literal["blocks", "trafilatura", "resiliparse"] = "blocks",
        favor: Favor = "balance",
        format: Form = "text",
        title: bool = True,
        byline: bool = True,
        captions: bool = True,
        comments: bool = False,
        tables: bool = True,
        min_confidence: Share = 0.3,
        max_page_mib: AboveZero = 20.0,
        max_seconds: AboveZero = 30.0,
        max_memory_mib: Positive = 2048,
    ):
        if favor not in FAVORS[engine]:
            raise SpecError(f'favor: {engine} cannot favor "{favor}"; expected {", ".join(FAVORS[engine])}.')
        if engine != "blocks" and (format != "text" or not (title and byline and captions)):
            raise SpecError(
                f"engine: {engine} supports only format: text, with title, byline and captions.  Use engine: blocks."
            )
        self.engine = engine
        self.favor = favor
        self.format = format
        self.parts = Parts(title, byline, captions, comments, tables)
        self.min_confidence = min_confidence
        self.max_page_bytes = int(max_page_mib * (1 << 20))
        self.max_seconds = max_seconds
        self.max_memory_mib = max_memory_mib
        self.blocks: BlockExtractor | None = None
        sandboxed = {"engine": engine, "favor": favor} if engine != "blocks" else FALLBACK
        self.sandbox = Sandbox(
            "curate.stages.extract.engines:open_extractor",
            {**sandboxed, "comments": comments, "tables": tables},
            max_seconds=max_seconds,
            max_memory_mib=max_memory_mib,
        )

    def warm_up(self) -> None:
        """Compile the kernels of `blocks`, if the engine uses them."""
        if self.engine == "blocks":
            BlockExtractor(self.favor, self.format, self.parts)

    def setup(self) -> None:
        """Load the model, or start the child process. With `blocks`, the child process starts when a page needs it."""
        if self.engine == "blocks":
            self.blocks = BlockExtractor(self.favor, self.format, self.parts)
        else:
            self.sandbox.open()

    def close(self) -> None:
        """End the child process."""
        self.sandbox.close()

    def __call__(self, batch: Batch) -> Batch:
        if self.engine == "blocks" and self.blocks is None:
            self.setup()
        pages = list(self._pages(batch))
        counts = Counter(f"charset.from_{page.charset_source}" for page in pages if page.charset_source)
        counts["charset.replaced_pages"] = sum(page.n_replaced > 0 for page in pages)
        if self.engine == "blocks":
            counts["extract.handed_over"] = sum(page.engine == FALLBACK["engine"] for page in pages)
        verdicts = Verdicts.of([p.reason for p in pages], [p.value for p in pages], [p.evidence for p in pages])
        columns = {
            name: pa.array(map(attrgetter(attribute), pages), kind) for name, (attribute, kind) in COLUMNS.items()
        }
        return (
            batch.without("html", "content_type", "http_charset").with_columns(columns).judged(verdicts).counted(counts)
        )

    def _pages(self, batch: Batch) -> Iterator[PageResult]:
        """Yield the result for each page, in input order."""
        pages = batch["html"].cast(pa.large_binary())
        sizes = [page.as_buffer().size if page.is_valid else 0 for page in pages]
        requests = _requests(batch, pages)
        small = [i for i, size in enumerate(sizes) if size <= self.max_page_bytes]
        first = {i: self._from_blocks(requests(i)) for i in small} if self.blocks is not None else {}
        uncertain = [i for i in small if i not in first or first[i].needs_fallback(self.min_confidence)]
        answers = self.sandbox.map(requests(i) for i in uncertain)
        waiting = set(uncertain)
        for i, size in enumerate(sizes):
            if size > self.max_page_bytes:
                yield PageResult("page_too_large", size / (1 << 20))
            elif i not in waiting:
                yield first[i]
            elif i not in first:
                yield self._from_sandbox(next(answers))
            else:
                yield first[i].with_fallback(self._from_sandbox(next(answers)))

    def _from_blocks(self, request: Message) -> PageResult:
        page, *fields = request
        content_type, http_charset, url, date = decode_fields(fields)
        page, decoded = as_utf8(page, content_type, http_charset)
        decoding = {
            "charset": decoded.charset, "charset_source": decoded.source, "n_replaced": decoded.n_replaced
        }  # fmt: skip
        n_null = page.count(b"\0") if b"\0" in page else 0  # `in` is twenty times faster than `count`
        if n_null or decoded.n_replaced or decoded.n_control:
            unreadable = decoded.unreadable_share(n_null, len(page.decode("utf-8")))
            if unreadable > MANY_UNREADABLE:
                return PageResult("undecodable_page", unreadable, **decoding)
            page = page.replace(b"\0", b"")
        found = self.blocks.extract(page, url, date or FAR_FUTURE)
        if found.exceeded is not None:
            return PageResult(*found.exceeded, **decoding)
        reason = None if found.text else "no_main_text"
        return PageResult(
            reason, text=found.text, metadata=found.metadata, confidence=found.confidence, engine="blocks", **decoding
        )

    def _from_sandbox(self, answer: list[bytes | None] | Failure) -> PageResult:
        if isinstance(answer, Failure):
            value = {"timeout": self.max_seconds, "out_of_memory": self.max_memory_mib}.get(answer.kind, math.nan)
            return PageResult(f"extraction_{answer.kind}", value, answer.evidence)
        reason, value, text, title, date, charset, source, n_replaced = decode_fields(answer)
        engine = self.engine if self.engine != "blocks" else FALLBACK["engine"]
        return PageResult(
            reason, float(value or "nan"), text=text, metadata=Metadata(title, date), charset=charset,
            charset_source=source, n_replaced=int(n_replaced), engine=engine,
        )  # fmt: skip


def _requests(batch: Batch, pages: pa.Array) -> Callable[[int], Message]:
    """Return a function from a row number to the message for an engine."""
    present = dict(zip(batch.names, batch.rows.columns, strict=True))
    columns = [present.get(name, pa.nulls(len(batch))) for name in CONTEXT_COLUMNS]

    def request(i: int) -> Message:
        values = (column[i].as_py() for column in columns)
        return [pages[i].as_py() or b"", *(None if value is None else value.encode() for value in values)]

    return request
