"""Texts of kept documents, found by their place in the order of the run, without a search through all files."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any

import pyarrow.parquet as pq

from curate import formats
from curate.formats import PARQUET, Format
from curate.formats.wanted import exactly
from curate.runs import Role, RunFolder, reading


class KeptRows:
    """The rows of the curated documents of a run.

    The n-th document that the record calls kept is the n-th row of the data. A user's sink may have written them in another order,
    and other formats than parquet cannot be entered at a row: then the files are searched for the id.

    Args:
        manifest: of the run.
        kinds: file formats.
    """

    def __init__(self, folder: RunFolder, manifest: Mapping[str, Any], kinds: Sequence[Format] = formats.FORMATS):
        self.folder, self.kinds = folder, kinds
        self.paths = sorted(output["path"] for output in manifest["outputs"] if output["role"] == Role.DATA)

    @cached_property
    def unknown(self) -> list[str]:
        """Files of a format that is not known."""
        return [path for path in self.paths if formats.of_file(path, self.kinds) is None]

    def find(self, id: str, number: int, occurrence: int = 0) -> tuple[str, int, dict[str, Any]] | None:
        """Return the file, the row in it, and the row of a kept document; None if no file of a known format has it.

        Args:
            number: how many documents were kept before it, in the order of the record.
            occurrence: how many of them have the same id.

        Raises:
            InputError: a file is missing or damaged.
        """
        return self._at(id, number) or self._searched(id, occurrence)

    def _at(self, id: str, number: int) -> tuple[str, int, dict[str, Any]] | None:
        if not all(formats.of_file(path, self.kinds) is PARQUET for path in self.paths):
            return None
        at = bisect_right(self._ends, number)
        if at == len(self.paths):
            return None
        path, row = self.paths[at], number - (self._ends[at - 1] if at else 0)
        with reading.whole(self.folder, path), self.folder.open(path) as file:
            found = PARQUET.row_at(file, row)
        return (path, row, found) if found.get("id") == id else None

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(map(self._n_rows, self.paths)))

    def _n_rows(self, path: str) -> int:
        with reading.whole(self.folder, path), self.folder.open(path) as file:
            return pq.read_metadata(file).num_rows

    def _searched(self, id: str, occurrence: int) -> tuple[str, int, dict[str, Any]] | None:
        for path in self.paths:
            if kind := formats.of_file(path, self.kinds):
                with reading.whole(self.folder, path), self.folder.open(path) as file:
                    for number, row in kind.find_rows(file, path, exactly(id)):
                        if row.get("id") == id:
                            if not occurrence:
                                return path, number, row
                            occurrence -= 1
        return None
