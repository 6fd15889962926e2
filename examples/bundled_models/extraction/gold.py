"""Real pages that a person labelled block by block, and the rules for labelling.

`gold.jsonl` has one page on each line: where its bytes are (a record of a crawl file, or a page of trafilatura's
evaluation), their SHA-256, the site, the kind of page, and the label of each block as runs: `5.12m3c` means five blocks of
neither, twelve of main text, three of comments. It contains no text of the pages. A page whose bytes or blocks differ from
those that were labelled is refused.

There are 145 pages of 53 sites: 118 from 66 small crawl files that other projects test with, all except exact copies,
error pages, login forms and pornography; and 27 of trafilatura's evaluation, chosen because they are not articles. One
person read them once, with these rules. Of the 153 segments that the evaluation marks on the 27 pages, the labels agree
with all but two.

* Main text is the purpose of the page: its title, text, lists and tables, with captions, quotations,
  references and data. What leads to other pages or is on every page of the site is not main text: menus, breadcrumbs,
  search, languages, tags, related, popular and recent pages, addresses in footers, notices, buttons, dates and authors.
* A contents page or listing: the whole list is the main text, with everything in its entries or rows, but without
  paging, sorting and filters. A menu is not a list, however long.
* A home page: what it says about itself, and the items in its middle with their descriptions; not feeds of
  other people's activity (recent posts, recent reviews) and not the boxes at the sides.
* A thread: its title and all posts with their quotations; not names, dates, ranks, signatures, votes. Questions: the
  question and all answers; remarks below them are comments.
* A product or an item of a collection: name, description, all data and tables; reviews are comments.
* An encyclopaedia: all except contents, edit links, notices and navigation boxes; infobox and references are main text.
* If a page has the same text twice for two screen widths, both are main text.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from curate.errors import InputError
from curate.stage import Shard, Split
from curate.stages.extract.charset import decode
from curate.stages.sources.warc import warc
from examples.bundled_models.extraction.examples import Example, block_texts, make_example, read
from examples.bundled_models.extraction.labels import WHOLE_WEIGHT, Labels
from examples.bundled_models.extraction.pages import Page

EVALUATION = "trafilatura-eval/"
"""The prefix of places in trafilatura's evaluation; all other places are records of crawl files."""

_RUN = re.compile(r"(\d+)([.mc])")


class Labelled(NamedTuple):
    """A page and the labels of its n blocks."""

    page: Page
    main: np.ndarray  # bool[n]
    comment: np.ndarray  # bool[n]


class Entry(NamedTuple):
    """A line of `gold.jsonl`: `place` is a file and the rest of a document id, or only a file."""

    place: str
    sha256: str
    site: str
    kind: str
    labels: str


def entries() -> list[Entry]:
    """Return the lines of the gold file."""
    lines = (files("examples.bundled_models.extraction") / "gold.jsonl").read_text().splitlines()
    return [Entry(**json.loads(line)) for line in lines]


def gold_pages(pages: Path, crawls: Path) -> Iterator[Labelled]:
    """Yield the labelled pages.

    Args:
        pages: the folder that contains `trafilatura-eval/`.
        crawls: the folder of the crawl files.
    Raises:
        InputError: a page is missing, or is not the one that was labelled.
    """
    wanted = entries()
    found = dict(_crawled(crawls, {entry.place for entry in wanted if not entry.place.startswith(EVALUATION)}))
    for entry in wanted:
        if entry.place.startswith(EVALUATION):
            raw = gzip.decompress((pages / entry.place).read_bytes())
            how = ()
        elif entry.place in found:
            raw, *how = found[entry.place]
        else:
            raise InputError(f"{crawls / entry.place}: gold.jsonl labels a page here, but there is none.")
        if hashlib.sha256(raw).hexdigest() != entry.sha256:
            raise InputError(f"{entry.place}: this is not the page that gold.jsonl labels; its SHA-256 differs.")
        yield labelled(entry, decode(raw, *how).text.replace("\0", ""))


def labelled(entry: Entry, html: str) -> Labelled:
    """Return a page with its labels; its main text is the text of the blocks labelled as main text.

    Raises:
        InputError: the byte pass finds another number of blocks than were labelled.
    """
    marks = np.array([mark for count, mark in _RUN.findall(entry.labels) for _ in range(int(count))])
    t = read(html.encode("utf-8", "replace"))
    texts = [] if t is None else block_texts(t)
    if len(texts) != len(marks):
        raise InputError(
            f"{entry.place}: has {len(texts)} blocks, and gold.jsonl labels {len(marks)}.  Did the byte pass change?"
        )
    main = marks == "m"
    text = "\n".join(text for text, is_main in zip(texts, main, strict=True) if is_main)
    return Labelled(Page(entry.place, entry.site, html, (), (), text, f"real: {entry.kind}"), main, marks == "c")


def gold_examples(gold: Sequence[Labelled]) -> list[Example]:
    """Return the pages as examples. The n pages of a site weigh as much together as the root of n pages."""
    n_pages, examples = Counter(one.page.site for one in gold), []
    for page, main, comment in gold:
        html = page.html.encode("utf-8", "replace")
        weight = np.full(len(main), WHOLE_WEIGHT / np.sqrt(n_pages[page.site]), np.float32)
        labels = Labels(main.astype(np.float32), weight, comment.astype(np.float32))
        examples.append(make_example(page.site, html, read(html), labels))
    return examples


def _crawled(folder: Path, places: set[str]) -> Iterator[tuple[str, tuple[bytes, str | None, str | None]]]:
    """Yield the wanted records of crawl files: the place, the bytes of the page and its encoding as the server states it."""
    for name in sorted({place.rsplit("/", 1)[0] for place in places}):
        path = folder / name
        size = path.stat().st_size
        split = Split(str(path), name, 0, size, size, "")
        for batch in warc()(Shard(0, 1, (split,))):
            for row in batch.rows.to_pylist():
                if row["id"] in places and row["html"] is not None:
                    yield row["id"], (row["html"], row["content_type"], row["http_charset"])
