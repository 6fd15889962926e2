"""`extract.html`: the main text of HTML pages."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal

import pyarrow as pa

from curate.batch import Batch, Verdicts
from curate.errors import SpecError
from curate.stages.extract.blocks import BlockExtractor, Form, Found, Parts
from curate.stages.extract.engines import FAR_FUTURE, FAVORS, MANY_UNREADABLE, Favor
from curate.stages.extract.result import COLUMNS, Judged
from curate.stages.extract.sandbox import Failure, Sandbox
from curate.stages.extract.sandbox_worker import Message
from curate.stages.extract.utf8 import as_utf8

ABOUT = ("content_type", "http_charset", "url", "date")
"""What else a page's extraction looks at, where the batch has it."""

SECOND_OPINION = {"engine": "resiliparse", "favor": "balance"}
"""Who is asked about pages of which `blocks` is unsure."""


class html:
    """Extract the main text of web pages, without menus, advertising and comments.

    The text has one line for each paragraph, heading, list item and table row, one newline between lines and no
    blank ones, whichever the engine. `content_type`, `http_charset`, `url` and `date` are read where the batch has
    them; `html` and the first two are gone afterwards. `title` is the one meant for sharing, else the window's.
    `page_date` is what the page states, never later than `date`, the crawl's, which stays as it is. `blocks` also
    finds `author`, `canonical_url`, `declared_language` and `licence`, says in `stated_by` (JSON) which tag or property
    said so, and in `confidence` the F that is to be expected of its text. `charset` is the encoding used; who named it
    is counted (`charset.from_header`, `_bom`, `_meta`, `_bytes`), and so are pages with bytes that had to be replaced
    (`charset.replaced_pages`) and pages handed over to the second engine (`extract.handed_over`).

    The other engines handle pages in a child process (`sandbox`). A page that hangs, crashes or eats memory is a drop
    and the next goes on in a new child. `blocks` is linear in the page and runs here.

    Why:
        Most of a page's characters are markup and furniture. What this stage lets through is what the model reads.
    Args:
        engine: `blocks` reads blocks off the bytes and lets small trees choose; `trafilatura` is what the papers
            used; `resiliparse` is fast and keeps more furniture.
        favor: `balance`; `precision` (less text, surer), not with resiliparse; `recall` (with resiliparse: all
            visible text); `speed` (no second opinion) with trafilatura only.
        format: `text` or `markdown`; the latter with `blocks` only, as the next three.
        title: false leaves out the page's main heading; true leaves it to the model.
        byline: false leaves out short lines whose class says author or date.
        captions: false leaves out the captions of figures and tables.
        comments: keep the readers' comments.
        tables: keep tables, a row a line.
        min_confidence: pages of which `blocks` expects a lower F are handed over to resiliparse.
        max_page_mib: larger pages are dropped unread.
        max_seconds: processor time of one page in the child process, decoding included. Processor time, so that a
            busy machine drops no more pages than an idle one; the default is hundreds of times what a page takes.
            A page that sleeps is stopped after ten times this long.
        max_memory_mib: address space of the child process, its libraries (about 50 MiB) included.
    Needs: html
    Makes: text, title, page_date, author, canonical_url, declared_language, licence, stated_by, confidence, extracted_by, charset
    Removes: html, content_type, http_charset
    Drops:
        no_main_text: nothing is left.
        undecodable_page: over a tenth of the characters mean nothing in any likely encoding; value: their share.
        page_too_large: not tried; value: MiB.
        too_many_blocks: a page of more than 32,768 blocks; value: the limit. Likewise too_many_elements, nested_too_deep.
        extraction_timeout: took too long; value: the limit in seconds.
        extraction_out_of_memory: took too much memory, twice; value: the limit in MiB.
        extraction_crashed: raised, or ended its process twice; evidence: the exception, signal or exit code.
    Cost:
        `python -m tests.bench.extraction`, pages of 152 KB, one core. Quality of `blocks` by folds: no page is scored by
        a model that saw its site. Segments: F over 990 pages with marked segments, the set trafilatura is developed on.
        4-grams: F1 against the whole text of 81 pages, the set readability is developed on. Far East: the 6 of
        the 990 in Chinese or Japanese. Our own: 440 pages of ten kinds that we wrote.

            | engine      | segments | 4-grams | Far East | our own, lowest and highest kind | real, by us | pages/s |
            |-------------|----------|---------|----------|----------------------------------|-------------|---------|
            | blocks      | .946     | .954    | 1.00     | .912 (product) to 1.00 (article) | .874        | 360     |
            | trafilatura | .927     | .946    | .941     | .797 (listing) to .999 (office)  | .797        | 20      |
            | resiliparse | .864     | .945    | .743     | .717 (listing) to .910 (article) | .800        | 229     |

        The last of these sets is 145 real pages of 15 kinds, most of them no articles, labelled by reading them. None of
        1,221 real pages comes out under 250 characters where both others find over 500. `blocks` is worse than
        trafilatura where reviews carry no class that says so (`curate/models/extraction.md`, all figures by kind).
        Speeds are bytes to text in one process, on a shared machine, from a run apart from that of the quality. A whole run
        from WARC with heuristics does 13.6 times the pages of datatrove's with trafilatura (`python -m tests.bench crawl`). The child process costs 13 % with resiliparse,
        nothing that shows with trafilatura, and 0.5 s to start; kernels take up to a minute to compile once.
    Kept:
        b"<html><body><nav><a href='/'>Home</a></nav><article><p>" + b"The keeper counted the ships each evening. " * 9 + b"</p></article></body></html>"
    Dropped:
        b"<html><body><script>track()</script></body></html>" -> no_main_text
        b"<html><body><p>" + b"tide " * 9999 + b"</p></body></html>" with max_page_mib=0.01 -> page_too_large
    Source:
        WanJuan-CC (2402.19282) and InternLM2 (2403.17297) use trafilatura; options and version are not stated.
        Ours: comments left out, everything else as trafilatura sets it. We decode the bytes ourselves (`charset`).
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
        min_confidence: float = 0.3,
        max_page_mib: float = 20.0,
        max_seconds: float = 30.0,
        max_memory_mib: int = 2048,
    ):
        if favor not in FAVORS[engine]:
            raise SpecError(f'{engine} cannot favor "{favor}".  It can favor {", ".join(FAVORS[engine])}.')
        if engine != "blocks" and (format != "text" or not (title and byline and captions)):
            raise SpecError(
                f"{engine} makes plain text with everything in it.  format, title, byline, captions need blocks."
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
        in_sandbox = {"engine": engine, "favor": favor} if engine != "blocks" else SECOND_OPINION
        self.sandbox = Sandbox(
            "curate.stages.extract.engines:open_extractor",
            {**in_sandbox, "comments": comments, "tables": tables},
            max_seconds=max_seconds,
            max_memory_mib=max_memory_mib,
        )

    def warm_up(self) -> None:
        """Compile the kernels of `blocks`, if that is the engine."""
        if self.engine == "blocks":
            BlockExtractor(self.favor, self.format, self.parts)

    def setup(self) -> None:
        """Load the model, or start the child process. With `blocks` the child is started when a page needs it."""
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
        counts = Counter(f"charset.from_{page.said_by}" for page in pages if page.said_by)
        counts["charset.replaced_pages"] = sum(page.n_replaced > 0 for page in pages)
        if self.engine == "blocks":
            counts["extract.handed_over"] = sum(page.by == SECOND_OPINION["engine"] for page in pages)
        verdicts = Verdicts.of([p.reason for p in pages], [p.value for p in pages], [p.evidence for p in pages])
        columns = {name: pa.array([getattr(p, field) for p in pages], kind) for name, (field, kind) in COLUMNS.items()}
        return (
            batch.without("html", "content_type", "http_charset").with_columns(columns).judged(verdicts).counted(counts)
        )

    def _pages(self, batch: Batch) -> Iterator[Judged]:
        """Yield what became of each page. A page too large is not tried."""
        pages = batch["html"].cast(pa.large_binary())
        sizes = [page.as_buffer().size if page.is_valid else 0 for page in pages]
        requests = _requests(batch, pages)
        small = [i for i, size in enumerate(sizes) if size <= self.max_page_bytes]
        first = {i: self._in_process(requests(i)) for i in small} if self.blocks is not None else {}
        unsure = [i for i in small if i not in first or first[i].is_unsure(self.min_confidence)]
        answers = self.sandbox.map(requests(i) for i in unsure)
        waiting = set(unsure)
        for i, size in enumerate(sizes):
            if size > self.max_page_bytes:
                yield Judged("page_too_large", size / (1 << 20))
            elif i not in waiting:
                yield first[i]
            elif i not in first:
                yield self._judge(next(answers))
            else:
                yield first[i].or_rather(self._judge(next(answers)))

    def _in_process(self, request: Message) -> Judged:
        page, *about = request
        content_type, http_charset, url, date = (a.decode("utf-8", "replace") if a is not None else None for a in about)
        page, decoded = as_utf8(page, content_type, http_charset)
        how = {"charset": decoded.charset, "said_by": decoded.said_by, "n_replaced": decoded.n_replaced}
        n_null = page.count(b"\0") if b"\0" in page else 0  # looking for one is twenty times faster than counting
        if n_null or decoded.n_replaced:
            unreadable = (n_null + decoded.n_replaced) / len(page.decode("utf-8"))
            if unreadable > MANY_UNREADABLE:
                return Judged("undecodable_page", unreadable, **how)
            page = page.replace(b"\0", b"")
        return _found(self.blocks.extract(page, url, date or FAR_FUTURE), how)

    def _judge(self, answer: list[bytes | None] | Failure) -> Judged:
        if isinstance(answer, Failure):
            value = {"timeout": self.max_seconds, "out_of_memory": self.max_memory_mib}.get(answer.kind, math.nan)
            return Judged(f"extraction_{answer.kind}", value, answer.evidence)
        reason, value, text, title, date, charset, said_by, n_replaced = (a and a.decode() for a in answer)
        by = self.engine if self.engine != "blocks" else SECOND_OPINION["engine"]
        return Judged(
            reason, float(value or "nan"), None, text, title, date, charset=charset, said_by=said_by,
            n_replaced=int(n_replaced), by=by,
        )  # fmt: skip


def _found(found: Found, how: dict) -> Judged:
    if found.full is not None:
        return Judged(*found.full, **how)
    about = found.metadata
    return Judged(
        None if found.text else "no_main_text", math.nan, None, found.text, about.title, about.date, about.author,
        about.canonical_url, about.language, about.licence, json.dumps(about.stated_by, sort_keys=True),
        found.confidence, **how, by="blocks",
    )  # fmt: skip


def _requests(batch: Batch, pages: pa.Array) -> Callable[[int], Message]:
    """Return a function from a row to what an engine is asked about it."""
    known = dict(zip(batch.names, batch.rows.columns, strict=True))
    columns = [known.get(name, pa.nulls(len(batch))) for name in ABOUT]

    def request(i: int) -> Message:
        about = (column[i].as_py() for column in columns)
        return [pages[i].as_py() or b"", *(None if value is None else value.encode() for value in about)]

    return request
