"""What a file format is: how its files are named, split, read and loaded."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator, Sequence
from itertools import compress, islice
from typing import Any, BinaryIO, ClassVar

from curate.errors import CurateError, InputError
from curate.formats.lines import file_name_of, unpacked_name
from curate.formats.wanted import Wanted
from curate.stage import Split

OVERLAP = 16 << 20
"""Bytes after a split that its digest covers too: the split's last record may end there."""

SEARCHED_TOGETHER = 1000
"""Documents that are compared at a time with those that are asked for."""


class Format(ABC):
    """A file format. A member of the table `FORMATS` is an instance; a subclass sets the names and redefines what differs.

    `name`: how messages call it. `suffixes`: endings of file names. `reader`: the source that reads it as reference data.
    `loader`: what `datasets.load_dataset` calls it. `rows` gets the file as stored, compressed if its name says so.

    For the sources, guessing the format from a file's name only affects balance and speed: they look at the bytes.
    """

    name: ClassVar[str]
    """How messages call it: `parquet`."""

    suffixes: ClassVar[tuple[str, ...]]
    """Endings of file names: `(".jsonl", ".ndjson")` fits `a.jsonl`, and also `a.jsonl.gz` and other compressions."""

    reader: ClassVar[str | None] = None
    """The source that reads datasets of it, for reference data; None if it cannot be reference data."""

    loader: ClassVar[str | None] = None
    """What `datasets.load_dataset` calls it, for the dataset card; None if it has no loader."""

    def fits(self, file_name: str) -> bool:
        """Return whether a file is of this format, by its name."""
        return file_name.lower().endswith(self.suffixes) or unpacked_name(file_name).endswith(self.suffixes)

    def is_read_by(self, source: str, file_name: str) -> bool:
        """Return whether a file is one that a source reads, when a folder is its input; `fits` is asked by default.

        Args:
            source: the name of a source.
        """
        return source == self.reader and self.fits(file_name)

    def is_splittable(self, file_name: str) -> bool:
        """Return whether records can be found from any byte on, so that a large file may be several shards."""
        return False

    def bounds(self, url: str, size: int, n: int) -> list[int]:
        """Return where a file that can be split is cut into n parts, or fewer if it cannot fill so many: 0, ..., its size."""
        return [size * i // n for i in range(n + 1)]

    @property
    def is_cut_anywhere(self) -> bool:
        """Return whether a file that can be split may be cut at any byte; else `bounds` looks into the file."""
        return type(self).bounds is Format.bounds

    def spans(self, split: Split, file: BinaryIO) -> list[tuple[int, int]]:
        """Return the byte ranges that a split is read from, for its digest; `split` is a part of a file."""
        return [(split.start, min(split.size, split.end + OVERLAP))]

    @property
    def has_rows(self) -> bool:
        """Return whether its files can be read row by row."""
        return type(self).rows is not Format.rows

    def rows(self, file: BinaryIO, file_name: str) -> Iterator[tuple[int, Any]]:
        """Yield (row number from 0, row) for every row of a file; a row is a mapping or a string.

        A format whose files `curate explain` or other commands shall read defines it.

        Raises:
            InputError: the format has no rows, or the file is damaged; the message names the file and the line.
        """
        raise InputError(f"{file_name}: {self.name} files cannot be read row by row.")

    def rows_of(self, url: str) -> Iterator[tuple[int, Any]]:
        """Open a file and yield its rows, as `rows` does.

        Raises:
            InputError: the file cannot be opened or read.
        """
        import fsspec

        try:
            with fsspec.open(url, "rb") as file:
                yield from self.rows(file, file_name_of(url))
        except CurateError:
            raise
        except Exception as error:  # every file system and every library raises its own errors
            raise InputError(
                f"{url}: cannot be read as {self.name}: {error}.  Check the file, or fetch it again."
            ) from error

    def find_rows(
        self, file: BinaryIO, file_name: str, wanted: Wanted, columns: Sequence[str] | None = None
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (row number, row) for every row that is a wanted document; for `curate explain`.

        Args:
            columns: that are asked for, of those that there are; None for all. More may come.
        """
        rows = ((number, row) for number, row in self.rows(file, file_name) if isinstance(row, dict))
        while some := list(islice(rows, SEARCHED_TOGETHER)):
            yield from compress(some, wanted.fits([row for _, row in some]))
