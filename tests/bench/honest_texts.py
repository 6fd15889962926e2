"""Texts that a filter should keep, and texts that it should drop: by kind and language."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pyarrow.parquet as pq

N_WORDS, N_CHARACTERS, BOOK_CUT = 150, 300, 20_000


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of one kind and language."""

    name: str
    language: str
    texts: list[str]


def honest(data: Path) -> list[Texts]:
    """Return texts that a filter should keep."""
    chinese = [text for text in _column(data / "text" / "zhwiki.parquet") if len(text) >= N_CHARACTERS]
    return [
        Texts("Wikipedia", "en", _column(data / "text" / "enwiki.parquet")),
        Texts(f"article pages, {N_WORDS} words and more", "en", _articles(data)),
        Texts("web texts, judged good by people", "en", _judged(data, "1")),
        Texts(f"Wikipedia, {N_CHARACTERS} characters and more", "zh", chinese),
        *_books(data),
        *paragraphs(data),
    ]


def unwanted(data: Path) -> list[Texts]:
    """Return texts that a filter should drop."""
    return [
        Texts("web texts, judged bad by people", "en", _judged(data, "0")),
        Texts("what surrounds the main text of web pages", "en", _surroundings(data)),
    ]


def paragraphs(data: Path) -> list[Texts]:
    """Return XQuAD's Wikipedia paragraphs in 12 languages; those of one article are one text, as single ones are short."""
    rows = pq.read_table(data / "langid" / "xquad.parquet").to_pylist()
    rows.sort(key=lambda row: (row["metadata"]["lang"], row["metadata"]["title"]))
    texts: dict[str, list[str]] = {}
    for (language, _), group in groupby(rows, lambda row: (row["metadata"]["lang"], row["metadata"]["title"])):
        texts.setdefault(language, []).append("\n\n".join(row["text"] for row in group))
    return [Texts("Wikipedia paragraphs (XQuAD)", language, found) for language, found in texts.items()]


def _column(path: Path) -> list[str]:
    return pq.read_table(path, columns=["text"])["text"].to_pylist()


def _books(data: Path) -> list[Texts]:
    """Return the books in parts of BOOK_CUT characters; what is left at the end of a book is left out."""
    parts: dict[str, list[str]] = {}
    for book in pq.read_table(data / "text" / "books.parquet").to_pylist():
        text = book["text"]
        cuts = [text[at : at + BOOK_CUT] for at in range(0, len(text) - BOOK_CUT + 1, BOOK_CUT)]
        parts.setdefault(book["metadata"]["lang"], []).extend(cuts)
    return [Texts(f"books, {BOOK_CUT:,} characters each", language, found) for language, found in parts.items()]


def _articles(data: Path) -> list[str]:
    gold = _json_lines(data / "html" / "wcxb-dev" / "gold.jsonl.gz")
    texts = [page["main_content"] or "" for page in gold if page["page_type"] == "article"]
    return [text for text in texts if len(text.split()) >= N_WORDS]


def _judged(data: Path, label: str) -> list[str]:
    rows = _json_lines(data / "labels" / "quality-dclm-human.jsonl.gz")
    return [row["text"] for row in rows if row["metadata"]["label"] == label]


def _surroundings(data: Path) -> list[str]:
    """Return what is left of real pages without the lines of their main text: menus, teasers, forms, footers."""
    from lxml import html

    folder = data / "html" / "wcxb-dev"
    found = []
    for gold in _json_lines(folder / "gold.jsonl.gz"):
        page = html.fromstring(gzip.decompress((folder / f"{gold['id']}.html.gz").read_bytes()))
        for element in page.xpath("//script | //style | //noscript | //template | //head"):
            element.drop_tree()
        main = " ".join((gold["main_content"] or "").split())
        lines = (" ".join(text.split()) for text in page.itertext(with_tail=True))
        found.append("\n".join(line for line in lines if line and line not in main))
    return found


def _json_lines(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
