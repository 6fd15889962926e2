"""Real pages that were labelled block by block by reading them, and the rules by which.

`gold.jsonl` holds a page a line: where its bytes are (a record of a crawl file, or a page of trafilatura's evaluation),
their SHA-256, the site, the kind of page, and the label of each block as runs: `5.12m3c` is five blocks of neither, twelve
of main text, three of comments. It holds none of the pages' text. Pages whose bytes or blocks are not those that were
labelled are refused.

There are 145 pages of 53 sites: 118 from 66 small crawl files that other projects test with, taken as they came but for exact
copies, error pages, login forms and pornography, and 27 of trafilatura's evaluation, chosen for being no articles. One person
read them once, by these rules. Of the 153 segments that the evaluation marks on the 27, the labels agree with all but two.

* Main text is what the page is there for: its title, its text, its lists and tables, with captions, quotations,
  references and data. It is not what gets one to other pages, or is on every page of the site: menus, breadcrumbs, search,
  languages, tags, related pages, what is popular or recent, addresses in footers, notices, buttons, dates and authors.
* A contents page or listing: the whole list is the main text, with what stands in each of its entries or rows, but without
  paging, sorting and filters. A menu is no list, however long.
* A home page: what it says of itself, and the items it presents in its middle with their descriptions; not the feeds of
  others' doings (recent posts, recent reviews) and not the boxes at the sides.
* A thread: its title and all posts with what they quote; not names, dates, ranks, signatures, votes. Questions: the
  question and all answers; remarks below them are comments.
* A product or an item of a collection: name, description, all data and tables; reviews are comments.
* An encyclopaedia: all but contents, edit links, notices and navigation boxes; infobox and references belong to it.
* Where a page has the same text twice for two widths of screen, both are main text.
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
"""What the places of pages of trafilatura's evaluation begin with; all others are records of crawl files."""

_RUN = re.compile(r"(\d+)([.mc])")


class Labelled(NamedTuple):
    """A page and what each of its n blocks is."""

    page: Page
    main: np.ndarray  # bool[n]
    comment: np.ndarray  # bool[n]


class Entry(NamedTuple):
    """A line of `gold.jsonl`: `place` is a file and what follows it in a document's id, or only a file."""

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
        pages: the folder that holds `trafilatura-eval/`.
        crawls: the folder of the crawl files.
    Raises:
        InputError: a page is not there, or is not the one that was labelled.
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
            raise InputError(f"{crawls / entry.place}: gold.jsonl labels a page here, and there is none.")
        if hashlib.sha256(raw).hexdigest() != entry.sha256:
            raise InputError(f"{entry.place}: this is not the page that gold.jsonl labels; its SHA-256 differs.")
        yield labelled(entry, decode(raw, *how).text.replace("\0", ""))


def labelled(entry: Entry, html: str) -> Labelled:
    """Return a page with its labels, its main text made of the blocks that have that label.

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
    """Return the pages as examples. Those of a site with n pages weigh as much as the root of n together."""
    n_pages, examples = Counter(one.page.site for one in gold), []
    for page, main, comment in gold:
        html = page.html.encode("utf-8", "replace")
        weight = np.full(len(main), WHOLE_WEIGHT / np.sqrt(n_pages[page.site]), np.float32)
        labels = Labels(main.astype(np.float32), weight, comment.astype(np.float32))
        examples.append(make_example(page.site, html, read(html), labels))
    return examples


def _crawled(folder: Path, places: set[str]) -> Iterator[tuple[str, tuple[bytes, str | None, str | None]]]:
    """Yield the wanted records of crawl files: the place, the page's bytes and what the server said of their encoding."""
    for name in sorted({place.rsplit("/", 1)[0] for place in places}):
        path = folder / name
        size = path.stat().st_size
        split = Split(str(path), name, 0, size, size, "")
        for batch in warc(Shard(0, 1, (split,)), paths=[str(path)]):
            for row in batch.rows.to_pylist():
                if row["id"] in places and row["html"] is not None:
                    yield row["id"], (row["html"], row["content_type"], row["http_charset"])
