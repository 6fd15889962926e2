"""The record of judgements, read column by column: a row for each document that a run has read."""

from __future__ import annotations

import copy
import difflib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate import languages
from curate.errors import SpecError
from curate.plan.record import DOCUMENT
from curate.runs import Role, RunFolder, layout, reading
from curate.signals import SIGNALS

BATCH_ROWS = 1 << 16
"""Rows that are read at a time."""

FEW_VALUES = ("source", languages.COLUMN, "stage", "reason", "broken")
"""Columns in which the same strings occur again and again."""


_OF_DOCUMENT = {column.name for column in DOCUMENT}


LISTED = 12
"""Columns that are named where one is missing, the most similar first."""


class Record(ABC):
    """What was measured of documents, and what became of them: columns as in `curate.plan.record`.

    Args:
        origin: what messages call it: the address of the run or of the data set.
        about: column -> what it holds, in the order of the columns.
    """

    def __init__(self, origin: str, about: Mapping[str, str]):
        self.origin, self.about = origin, dict(about)

    @property
    def names(self) -> list[str]:
        """The columns, in the order of the files."""
        return list(self.about)

    @abstractmethod
    def by_shard(
        self, columns: Sequence[str], *, with_threads: bool = True, coded: bool = False
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield (shard, rows) for the rows of all documents, shard by shard, in the order in which they left.

        Args:
            coded: read columns of `FEW_VALUES` as dictionaries, which is several times as fast.

        Raises:
            SpecError: there is no such column. InputError: a file is missing or damaged.
        """

    @abstractmethod
    def schema(self, columns: Sequence[str]) -> pa.Schema:
        """Return the types of some columns, as they are read without codes.

        Raises:
            SpecError, InputError: as `by_shard`.
        """

    def batches(
        self, columns: Sequence[str], *, with_threads: bool = True, coded: bool = False
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of all documents, as `by_shard`."""
        for _, batch in self.by_shard(columns, with_threads=with_threads, coded=coded):
            yield batch

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all documents.

        Raises:
            SpecError, InputError: as `by_shard`.
        """
        return pa.Table.from_batches(self.batches(columns), self.schema(columns))

    def check(self, columns: Iterable[str]) -> None:
        """Make sure that the record has these columns.

        Raises:
            SpecError: one is missing, with the columns that there are, the most similar names first.
        """
        for column in columns:
            if column not in self.about:
                near = difflib.get_close_matches(column, self.names, n=3, cutoff=0.5)
                ordered = [*near, *(name for name in self.names if name not in near)]
                more = f" and {len(ordered) - LISTED} more" if len(ordered) > LISTED else ""
                raise SpecError(
                    f"{self.origin} has no column `{column}`.  It has: {', '.join(ordered[:LISTED])}{more}.  {self.way_to(column)}"
                )

    def way_to(self, column: str) -> str:
        """Return what to do to have a column that is not there."""
        if column in _OF_DOCUMENT:
            return "An earlier version of curate made the run; run the recipe again to have it recorded."
        if column in SIGNALS:
            return f"To have it measured, add `text.measure: {{signals: [{column}]}}` to the recipe and run it again."
        return "To measure another signal, add text.measure to the recipe and run it again."


class JudgementRecord(Record):
    """The files under `judgements/` of a finished run.

    Args:
        manifest: of the run.

    Each file is compared with its digest before it is read for the first time, as numbers from it are called exact.

    Raises:
        SpecError: the run has no record, as an earlier version of curate made it.
    """

    def __init__(self, folder: RunFolder, manifest: Mapping[str, Any]):
        super().__init__(folder.url, {column["name"]: column["about"] for column in manifest.get("judgements", ())})
        self.folder = folder
        listed = {each["path"]: each["digest"] for each in manifest["outputs"] if each["role"] == Role.JUDGEMENTS}
        self.paths, self._unchecked = sorted(listed), listed
        if not self.paths:
            raise SpecError(
                f"{folder.url} has no judgements/; an earlier version of curate made it.  Run the recipe again."
            )

    def by_shard(
        self, columns: Sequence[str], *, with_threads: bool = True, coded: bool = False
    ) -> Iterator[tuple[int, pa.RecordBatch]]:
        self.check(columns)
        for path in self.paths:
            self._check_content(path)
            for batch in read_parquet(self.folder, path, columns, with_threads=with_threads, coded=coded):
                yield layout.shard_of_judgements(path), batch

    def _check_content(self, path: str) -> None:
        """Make sure, before it is read for the first time, that a file is as the run wrote it."""
        if path in self._unchecked:
            with reading.whole(self.folder, path):
                if self.folder.digest(path) != self._unchecked[path]:
                    raise ValueError("it does not have the digest that manifest.json has for it")
            del self._unchecked[path]

    def part(self, n_files: int) -> JudgementRecord:
        """Return the record with only some of its files, at equal distances."""
        chosen = copy.copy(self)
        n = len(self.paths)
        chosen.paths = (
            [self.paths[(2 * k + 1) * n // (2 * n_files)] for k in range(min(n, n_files))]
            if n_files < n
            else self.paths
        )
        return chosen

    def rows_of_files(self) -> list[int]:
        """Return how many documents each file has."""
        found = []
        for path in self.paths:
            with reading.whole(self.folder, path), self.folder.open(path) as file:
                found.append(pq.read_metadata(file).num_rows)
        return found

    def rows(self, numbers: Sequence[int], columns: Sequence[str]) -> list[dict[str, Any]]:
        """Return some documents by their place in the record, counted from 0 over all files; each has its `shard`, too.

        Only the row groups that hold them are read.

        Raises:
            SpecError, InputError: as `batches`.
        """
        self.check(columns)
        found: dict[int, dict[str, Any]] = {}
        start = 0
        for path in self.paths:
            self._check_content(path)
            with reading.whole(self.folder, path), self.folder.open(path) as file:
                stored = pq.ParquetFile(file, pre_buffer=False)
                for group in range(stored.num_row_groups):
                    stop = start + stored.metadata.row_group(group).num_rows
                    inside = [number for number in numbers if start <= number < stop]
                    if inside:
                        table = stored.read_row_group(group, columns=list(columns), use_threads=False)
                        shown = table.take([number - start for number in inside]).to_pylist()
                        shard = {"shard": layout.shard_of_judgements(path)}
                        found |= {number: row | shard for number, row in zip(inside, shown, strict=True)}
                    start = stop
        return [found[number] for number in numbers]

    def schema(self, columns: Sequence[str]) -> pa.Schema:
        self.check(columns)
        with reading.whole(self.folder, self.paths[0]), self.folder.open(self.paths[0]) as file:
            found = pq.read_schema(file)
        return pa.schema([pa.field(name, found.field(name).type) for name in columns])


def _opened(folder: RunFolder, path: str) -> Any:
    """Return an open file that Arrow's threads can read: none of Python's, which they may let go while the process ends; that
    aborts it."""
    return pa.OSFile(folder.path(path), "rb") if folder.is_local else folder.open(path)


def read_parquet(
    folder: RunFolder, path: str, columns: Sequence[str], *, with_threads: bool = True, coded: bool = False
) -> Iterator[pa.RecordBatch]:
    """Yield columns of a file of judgements, in the order asked for.

    Raises:
        InputError: it is missing or damaged.
    """
    few = [name for name in columns if name in FEW_VALUES] if coded else []
    leaves = [f"{name}.list.element" if name == "broken" else name for name in few]
    with reading.whole(folder, path), _opened(folder, path) as file:
        found = pq.ParquetFile(file, pre_buffer=False, read_dictionary=leaves)
        for group in range(found.num_row_groups):  # Arrow cannot read lists of codes from two groups as one batch
            for batch in found.iter_batches(
                BATCH_ROWS, row_groups=[group], columns=list(columns), use_threads=with_threads and folder.is_local
            ):
                yield batch.select(list(columns))
