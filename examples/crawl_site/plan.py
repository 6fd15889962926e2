"""Decide which page goes into which file, in which order."""

import random
from collections import defaultdict

from crawl_site import broken, copies, damage, junk, press, trade
from crawl_site.page import FIRST_DUMP, SECOND_DUMP, Page

N_FILES = {FIRST_DUMP: 2, SECOND_DUMP: 3}


def all_pages() -> list[Page]:
    """Return every page of the crawl once, no two with the same URL in one dump."""
    originals = press.pages() + trade.pages()
    found: dict[tuple[str, str], Page] = {}
    others = damage.pages(originals) + broken.pages(originals) + copies.pages(originals)
    for page in originals + others + junk.pages() + press.listings():
        found.setdefault((page.dump, page.url), page)
    return list(found.values())


def files() -> dict[str, list[tuple[int, Page]]]:
    """Return for each file, named by its path without suffix, its (position in the dump, page) pairs.

    The order is random (with a fixed seed), so that every file contains every kind; the record to truncate
    is the last one.
    """
    planned = defaultdict(list)
    for dump, n_files in N_FILES.items():
        pages = [page for page in all_pages() if page.dump == dump]
        random.Random(dump).shuffle(pages)
        pages.sort(key=lambda page: page.kind == "truncated_record")
        for position, page in enumerate(pages):
            planned[f"{dump}/part-{position * n_files // len(pages):05}"].append((position, page))
    return dict(planned)
