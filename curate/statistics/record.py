"""The record of judgements of a finished run, read column by column: a row for each document that the run has read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from curate.errors import SpecError
from curate.runs import Role, RunFolder, layout, reading


class JudgementRecord:
    """The files under `judgements/` as one table.

    Args:
        manifest: of the run.

    Raises:
        SpecError: the run has no record, as an earlier version of curate made it.
    """

    def __init__(self, folder: RunFolder, manifest: Mapping[str, Any]):
        self.folder = folder
        self.paths = sorted(output["path"] for output in manifest["outputs"] if output["role"] == Role.JUDGEMENTS)
        if not self.paths:
            raise SpecError(
                f"{folder.url} has no judgements/; an earlier version of curate made it.  Run the recipe again."
            )
        self.about: dict[str, str] = {column["name"]: column["about"] for column in manifest["judgements"]}
        """column -> what it holds."""

    @property
    def names(self) -> list[str]:
        """The columns, in the order of the files."""
        return list(self.about)

    def batches(self, columns: Sequence[str], *, with_threads: bool = True) -> Iterator[pa.RecordBatch]:
        """Yield the rows of all documents in the order of the files: shard by shard, in the order in which they left.

        Raises:
            SpecError: there is no such column. InputError: a file is missing or damaged.
        """
        for _, batch in self.shards(columns, with_threads=with_threads):
            yield batch

    def shards(self, columns: Sequence[str], *, with_threads: bool = True) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Yield the rows of all documents as `batches`, with the number of their shard.

        Raises:
            SpecError, InputError: as `batches`.
        """
        self.check(columns)
        for path in self.paths:
            with reading.whole(self.folder, path), self.folder.open(path) as file:
                found = pq.ParquetFile(file, pre_buffer=False)
                for batch in found.iter_batches(1 << 16, columns=list(columns), use_threads=with_threads):
                    yield layout.shard_of_judgements(path), batch.select(list(columns))

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Return some columns of all documents.

        Raises:
            SpecError, InputError: as `batches`.
        """
        return pa.Table.from_batches(self.batches(columns), self.schema(columns))

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
        """Return the types of some columns.

        Raises:
            SpecError, InputError: as `batches`.
        """
        self.check(columns)
        with reading.whole(self.folder, self.paths[0]), self.folder.open(self.paths[0]) as file:
            found = pq.read_schema(file)
        return pa.schema([pa.field(name, found.field(name).type) for name in columns])

    def check(self, columns: Sequence[str]) -> None:
        """Make sure that the record has these columns.

        Raises:
            SpecError: one is missing, with the columns that there are.
        """
        for column in columns:
            if column not in self.about:
                raise SpecError(
                    f"{self.folder.url} has no column `{column}` in its record of judgements.  It has: {', '.join(self.about)}.  "
                    "To measure another signal, add text.measure to the recipe and run it again."
                )
