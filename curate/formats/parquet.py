"""Parquet: split between row groups, searched by column.

Files are read by the thread that asks (`pre_buffer=False`, `use_threads=False`). Threads of Arrow let go of a file after the
result is there; if the interpreter ends at that moment, letting go of a file object of Python aborts the process.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from curate.batch.json_columns import python_values
from curate.errors import InputError
from curate.formats.format import Format
from curate.formats.wanted import Wanted
from curate.stage import Split


class Parquet(Format):
    """Parquet files."""

    name = "parquet"
    suffixes = (".parquet",)
    reader = "sources.parquet"
    loader = "parquet"

    def fits(self, file_name: str) -> bool:
        """Return whether the name ends in `.parquet`: these files are compressed inside, never as a whole."""
        return file_name.lower().endswith(self.suffixes)

    def is_splittable(self, file_name: str) -> bool:
        return self.fits(file_name)

    def bounds(self, url: str, size: int, n: int) -> list[int]:
        """Return such bounds that a row group begins in each part."""
        bounds = super().bounds(url, size, n)
        try:
            starts = [start for start, _ in _group_spans(url)]
        except Exception:  # each file system raises its own errors; the task that reads the file will say what is wrong
            return bounds
        filled = sorted({bisect.bisect_right(bounds, start) - 1 for start in starts})
        return [0, *(bounds[k] for k in filled[1:]), size]

    def spans(self, split: Split, file: BinaryIO) -> list[tuple[int, int]]:
        """Return the row groups that begin in the split, however long, and the footer."""
        from pyarrow import ArrowException, parquet

        try:
            groups = row_groups(parquet.read_metadata(file))
        except (ArrowException, OSError):  # not parquet, or cut off: the reader will say so
            return [(split.start, split.end)]
        footer = max((end for _, end, _, _ in groups), default=0)
        inside = [(start, end) for start, end, _, _ in groups if split.start <= start < split.end]
        return [*inside, (footer, split.size)]

    def rows(self, file: BinaryIO, file_name: str) -> Iterator[tuple[int, Any]]:
        from pyarrow import parquet

        batches = parquet.ParquetFile(file, pre_buffer=False).iter_batches(use_threads=False)
        yield from enumerate(row for batch in batches for row in batch.to_pylist())

    def row_at(self, file: BinaryIO, number: int) -> dict[str, Any]:
        """Return one row of a file, of which only its row group is read.

        Raises:
            IndexError: there are fewer rows.
        """
        import pyarrow.parquet as pq

        stored = pq.ParquetFile(file, pre_buffer=False)
        for group in range(stored.num_row_groups):
            n_rows = stored.metadata.row_group(group).num_rows
            if number < n_rows:
                return _rows_at(stored.read_row_group(group, use_threads=False), [number])[0]
            number -= n_rows
        raise IndexError(f"the file has {stored.metadata.num_rows} rows")

    def find_rows(
        self, file: BinaryIO, file_name: str, wanted: Wanted, columns: Sequence[str] | None = None
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield (row number, row) of the wanted documents: `id` and `url` are read, and the row groups that have them."""
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        stored = pq.ParquetFile(file, pre_buffer=False)
        there = stored.schema_arrow.names
        keys = [name for name in ("id", "url") if name in there]
        needed = None if columns is None else [name for name in there if name in columns]
        start = 0
        for group in range(stored.num_row_groups):
            table = stored.read_row_group(group, columns=keys, use_threads=False)
            at = pc.indices_nonzero(wanted.mask(table))
            if len(at):
                rows = _rows_at(stored.read_row_group(group, columns=needed, use_threads=False), at.to_pylist())
                yield from zip((start + place for place in at.to_pylist()), rows, strict=True)
            start += table.num_rows


def _rows_at(table: Any, at: Sequence[int]) -> list[dict[str, Any]]:
    """Return some rows of a table, of whatever types: Arrow cannot take rows of views, and Python not hold all timestamps."""
    import pyarrow as pa

    rows = pa.concat_tables([table.slice(row, 1) for row in at]).combine_chunks()
    columns = [python_values(column.combine_chunks()) for column in rows.columns]
    return [dict(zip(rows.schema.names, values, strict=True)) for values in zip(*columns, strict=True)]


def row_groups(metadata: Any) -> list[tuple[int, int, int, int]]:
    """Return `(first byte, end byte, first row, n_rows)` of each row group of a parquet file's metadata."""
    found, row = [], 0
    for i in range(metadata.num_row_groups):
        group = metadata.row_group(i)
        columns = [group.column(k) for k in range(group.num_columns)]
        starts = [min(c.data_page_offset, c.dictionary_page_offset or c.data_page_offset) for c in columns]
        ends = [start + c.total_compressed_size for start, c in zip(starts, columns, strict=True)]
        found.append((min(starts, default=0), max(ends, default=0), row, group.num_rows))
        row += group.num_rows
    return found


def _group_spans(url: str) -> list[tuple[int, int]]:
    """Return (first byte, end byte) of each row group of a parquet file."""
    import fsspec
    from pyarrow import ArrowException, parquet

    try:
        with fsspec.open(url, "rb") as file:
            return [(start, end) for start, end, _, _ in row_groups(parquet.read_metadata(file))]
    except (ArrowException, OSError) as error:
        raise InputError(f"{url}: not a parquet file, or cut off: {error}") from None


PARQUET = Parquet()
