"""Read the texts that the bundled classifiers are trained and evaluated on: each origin as a list of strings."""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pyarrow.parquet as pq

SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])")
TWITTER = re.compile(r"https?://\S+|\bRT\b:?|@\w+:?|&#\d+;|^[!\"\s]+")


@dataclass(frozen=True)
class Data:
    """The folder of data, and the files that were read.

    Args:
        folder: contains `labels/`, `text/`, `lists/`, `html/` ... (origins, licences and commits are in the cards).
        read: file name -> SHA-256, filled as files are read.
    """

    folder: Path
    read: dict[str, str] = field(default_factory=dict)

    def bytes(self, name: str) -> bytes:
        """Return a file, decompressed."""
        content = (self.folder / name).read_bytes()
        self.read[name] = hashlib.sha256(content).hexdigest()
        return gzip.decompress(content) if name.endswith(".gz") else content

    def lines(self, name: str) -> list[str]:
        """Return the lines of a file that are not blank."""
        return [line for line in self.bytes(name).decode("utf-8").split("\n") if line.strip()]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a JSON Lines or parquet file."""
        if name.endswith(".parquet"):
            self.bytes(name)
            return pq.read_table(self.folder / name).to_pylist()
        return [json.loads(line) for line in self.lines(name)]

    def texts(self, name: str, n: int | None = None, seed: int = 0) -> list[str]:
        """Return the texts of a file, or `n` of them."""
        return sample([row["text"] for row in self.rows(name)], n, seed)


def sample(texts: Sequence[str], n: int | None, seed: int = 0) -> list[str]:
    """Return `n` texts in random order, or all of them if there are not more."""
    texts = list(texts)
    Random(seed).shuffle(texts)
    return texts[:n]


def sentences(texts: Iterable[str], low: int = 20, high: int = 400) -> list[str]:
    """Cut English texts into sentences of `low` to `high` characters."""
    found = (s.strip() for text in texts for line in text.split("\n") for s in SENTENCE_END.split(line))
    return [s for s in found if low <= len(s) <= high]


def passages(texts: Iterable[str], length: int) -> list[str]:
    """Cut texts into passages of whole lines of about `length` characters."""
    found = []
    for text in texts:
        passage = ""
        for line in text.split("\n"):
            passage += line + "\n"
            if len(passage) >= length:
                found.append(passage.strip())
                passage = ""
    return found


def tweet(text: str) -> str:
    """Return the text of a tweet without names, links and retweet marks."""
    return " ".join(html.unescape(TWITTER.sub(" ", text)).split())
