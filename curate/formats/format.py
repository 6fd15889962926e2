"""What a file format is: how its files are named, split, read and loaded."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO, ClassVar

from curate.stage import Split

PROBE_BYTES = 1 << 20
"""How much of a split is read to estimate what all of it takes, as stored."""

OVERLAP = 16 << 20
"""Bytes after a split that its digest covers too: the split's last record may end there."""


class Format(ABC):
    """A file format. A member of the table is an instance; a subclass sets the names and redefines what differs.

    Guessing the format from a file's name only affects balance and speed: readers look at the bytes.
    """

    name: ClassVar[str]
    """How messages call it: `parquet`."""

    suffixes: ClassVar[tuple[str, ...]]
    """Endings of file names, before a compression's: `(".jsonl", ".ndjson")` fits `a.jsonl` and `a.jsonl.gz`."""

    reader: ClassVar[str | None] = None
    """The source that reads datasets of it, for reference data; None if it cannot be reference data."""

    loader: ClassVar[str | None] = None
    """What `datasets.load_dataset` calls it, for the dataset card; None if it has no loader."""

    def fits(self, file_name: str) -> bool:
        """Return whether a file is of this format, by its name."""
        lower = file_name.lower()
        return any(lower.endswith(suffix) or f"{suffix}." in lower for suffix in self.suffixes)

    def is_splittable(self, file_name: str) -> bool:
        """Return whether records can be found from any byte on, so that a large file may be several shards."""
        return False

    def spans(self, split: Split, file: BinaryIO) -> list[tuple[int, int]]:
        """Return the byte ranges that a split is read from, for its digest; `split` is a part of a file."""
        return [(split.start, min(split.size, split.end + OVERLAP))]

    def beginning(self, split: Split) -> tuple[Split, int]:
        """Return a short beginning of a split to try a recipe on, and how many stored bytes of it are read."""
        if not self.is_splittable(split.name):
            return split, split.end - split.start
        end = min(split.end, split.start + PROBE_BYTES)
        return replace(split, end=end), end - split.start

    def find_rows(self, file: BinaryIO, file_name: str, value: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (row number, row) for every row whose `id` or `url` is `value`; for `curate explain`.

        Formats that no sink writes need not define it.
        """
        raise NotImplementedError(f"{self.name} files are not searched for documents")
