"""Read pages with gold: what people marked on them, and the site of each page."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from curate.stages.extract.charset import decode

SECOND_LEVEL = frozenset(["co", "com", "org", "net", "gov", "edu", "ac", "or", "ne", "go", "gob", "gouv"])
"""Labels under which a country's registry sells names, so that the site is `bbc.co.uk` and not `co.uk`."""


_ARCHIVED = re.compile(r"https?://web\.archive\.org/web/\d+[a-z_]*/(?:https?://)?([^/]+)")
_STATED = tuple(
    re.compile(rf"""<{tag}\b(?=[^>]*\b{mark})[^>]*\b{where}=["']?(https?://[^"'\s>]+)""", re.IGNORECASE)
    for tag, mark, where in (("link", "rel=[\"']?canonical", "href"), ("meta", "og:url", "content"))
)
"""Places in a page that give its address."""


class Page(NamedTuple):
    """A page and what should be extracted from it: segments, or the whole text.

    Args:
        name: the URL, or the name of the case.
        site: the site of the page (`owner_of`); folds are cut by site.
        html: the page as characters.
        keep, drop: segments of its text that belong to the main text, and segments that do not.
        text: the whole main text, or None if only segments are marked.
        kind: the data set of the page.
    """

    name: str
    site: str
    html: str
    keep: tuple[str, ...]
    drop: tuple[str, ...]
    text: str | None
    kind: str


def site_of(url: str) -> str:
    """Return the registered domain of a URL, as far as a short list of suffixes allows."""
    parts = (urlsplit(url).hostname or url).lower().split(".")
    n = 3 if len(parts) > 2 and len(parts[-1]) == 2 and parts[-2] in SECOND_LEVEL else 2
    return ".".join(parts[-n:])


def owner_of(name: str, html: str) -> str:
    """Return the name of the site without its ending, for cutting folds: `yahoo` for yahoo.com and yahoo.co.jp.

    A copy in an archive belongs to the site of the original. A file belongs to the site that its page names
    (canonical URL, `og:url`), else to the site at the beginning of the file name (`nytimes-1`, `hard::dw.com.colonial`).
    """
    archived = _ARCHIVED.match(name)
    if archived:
        url = "//" + archived[1]
    elif "://" in name:
        url = name
    else:
        url = next((found[1] for pattern in _STATED if (found := pattern.search(html))), "")
    if "." in url:
        return site_of(url).partition(".")[0]
    return re.sub(r"-\d+$", "", name.rpartition("::")[2].partition(".")[0])


def segment_pages(folder: Path) -> Iterator[Page]:
    """Yield the pages of trafilatura's evaluation; some segments of each are marked."""
    about = json.loads(gzip.decompress((folder / "evaldata.json.gz").read_bytes()))
    for url, entry in about.items():
        html = decode(gzip.decompress((folder / entry["page"]).read_bytes())).text.replace("\0", "")
        yield Page(url, owner_of(url, html), html, tuple(entry["with"]), tuple(entry["without"]), None, "segments")


def whole_pages(folder: Path) -> Iterator[Page]:
    """Yield the cases of readability, whose whole main text is known.

    If a page does not name its site, the site is the part of the case name before the number (`nytimes-1`).
    """
    from resiliparse.extract.html2text import extract_plain_text

    for case in sorted(folder.iterdir()):
        expected = gzip.decompress((case / "expected.html.gz").read_bytes()).decode()
        html = decode(gzip.decompress((case / "source.html.gz").read_bytes())).text.replace("\0", "")
        text = extract_plain_text(expected, preserve_formatting=True, alt_texts=False, list_bullets=False)
        yield Page(case.name, owner_of(case.name, html), html, (), (), text, "whole")


def benchmark_pages(path: Path) -> Iterator[Page]:
    """Yield the sample of WebMainBench, each page once, with its main text in Markdown without the Markdown marks."""
    seen = set()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["url"] not in seen:
                seen.add(row["url"])
                text = _MARKDOWN.sub(" ", _TARGET.sub(r"\1", row["groundtruth_content"]))
                yield Page(row["url"], site_of(row["url"]), row["html"].replace("\0", ""), (), (), text, "webmainbench")


_TARGET = re.compile(r"!?\[([^\]]*)\]\([^)\s]*\)")
_MARKDOWN = re.compile(r"</?(?:table|tbody|thead|tr|td|th)\b[^>]*>|```|\*\*|\\(?=[-*_.])|^#+ |^[-*] |[|]", re.MULTILINE)

SCRIPTS = {
    "Han": r"[\u3400-\u9fff]", "Kana": r"[\u3041-\u30ff]", "Hangul": r"[\uac00-\ud7af]", "Thai": r"[\u0e00-\u0e7f]",
    "Arabic": r"[\u0600-\u06ff]", "Hebrew": r"[\u0590-\u05ff]", "Devanagari": r"[\u0900-\u097f]",
    "Cyrillic": r"[\u0400-\u04ff]", "Greek": r"[\u0370-\u03ff]", "Latin": r"[A-Za-z\u00c0-\u024f]",
}  # fmt: skip
"""Letters of the scripts that are distinguished."""


def script_of(page: Page) -> str:
    """Return the script of most of a page's gold text; Japanese counts as Kana."""
    gold = page.text if page.text is not None else " ".join((*page.keep, *page.drop))
    counts = {name: len(re.findall(letters, gold)) for name, letters in SCRIPTS.items()}
    if counts["Kana"] * 4 > counts["Han"] + counts["Kana"]:
        counts["Kana"] += counts.pop("Han")
    return max(counts, key=counts.get)
