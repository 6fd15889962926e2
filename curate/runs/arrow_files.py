"""Intermediate files of a run: Arrow streams of which every message has a checksum that is compared before it is read.

Arrow does not notice a flipped bit in a file; it returns other values, or crashes. So a file is an Arrow IPC stream, followed
by a table of its messages (end, XXH3-64 of the bytes, part) and the checksum of this table. Messages are found by the table,
which makes each batch accessible by itself, also by range from an object store. `pyarrow.ipc.open_stream` reads the files,
too, unless a column is dictionary-coded.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import xxhash

from curate.batch import column_types
from curate.errors import RunError
from curate.runs.layout import TaskFolder

_MESSAGE = np.dtype([("end", "<u8"), ("xxh3", "<u8"), ("part", "<u4")])
_END = np.dtype([("n_messages", "<u8"), ("xxh3", "<u8"), ("magic", "S8")])
_MAGIC = b"curate-2"


class DamagedFile(RunError):
    """An intermediate file is missing or is not what was written. Running the task that wrote it makes it again.

    Args:
        place: the task that wrote the file.
        path: of the file, in the run folder.
        problem: what is wrong with it.
    """

    def __init__(self, place: TaskFolder, path: str, problem: str):
        self.place, self.path, self.problem = place, path, problem
        super().__init__(f"{place.run.path(path)} is missing or damaged: {problem}.  Run again to have it made anew.")


class ArrowWriter:
    """Writes batches of one schema.

    Args:
        compression: as `pyarrow.ipc.IpcWriteOptions` takes it; None for files of which few rows are looked up.
        keeps_dictionaries: write dictionary-coded columns as they are. Then each batch is a stream of its own, with its
            dictionaries, so that it can be read without those before. Otherwise they are written as plain columns.
    """

    def __init__(
        self,
        file: BinaryIO,
        schema: pa.Schema,
        compression: str | None = "lz4",
        keeps_dictionaries: bool = False,
    ):
        self._sink = _MessageSink(file)
        self._schema = schema if keeps_dictionaries else _plain(schema)
        self._are_streams = self._schema != _plain(schema)
        self._options = pa.ipc.IpcWriteOptions(compression=compression)
        self._writer = pa.ipc.new_stream(self._sink, self._schema, options=self._options)
        self._writer.write_batch(no_rows(self._schema))  # and before it the schema
        self._sink.end_message()

    def write(self, batch: pa.RecordBatch, part: int = 0) -> None:
        """Write a batch, for one part of the file's readers, as `ArrowReader.parts` says."""
        rows = batch if batch.schema.equals(self._schema) else batch.cast(self._schema)
        if self._are_streams:
            with pa.ipc.new_stream(self._sink, self._schema, options=self._options) as stream:
                stream.write_batch(rows)
        else:
            self._writer.write_batch(rows)
        self._sink.end_message(part)

    def close(self) -> None:
        """Write the end of the file; the file itself stays open."""
        self._writer.close()
        self._sink.end_message()
        self._sink.write_table()


def _plain(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_type(column_types.decoded(field.type)) for field in schema], schema.metadata)


def no_rows(schema: pa.Schema) -> pa.RecordBatch:
    """Return an empty batch with these columns."""
    return pa.RecordBatch.from_arrays([pa.nulls(0, kind) for kind in schema.types], schema=schema)


class _MessageSink:
    """A file that Arrow writes to, and the checksum of each message that is written."""

    def __init__(self, file: BinaryIO):
        self._file, self._n_bytes, self._state = file, 0, xxhash.xxh3_64()
        self._messages: list[tuple[int, int, int]] = []
        self.closed = False

    def write(self, data: bytes) -> int:
        self._file.write(data)
        self._state.update(data)
        self._n_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        pass

    def end_message(self, part: int = 0) -> None:
        self._messages.append((self._n_bytes, self._state.intdigest(), part))
        self._state.reset()

    def write_table(self) -> None:
        table = np.array(self._messages, _MESSAGE).tobytes()
        self._file.write(
            table + np.array([(len(self._messages), xxhash.xxh3_64_intdigest(table), _MAGIC)], _END).tobytes()
        )


class ArrowReader:
    """Reads a file of `ArrowWriter` by batch.

    Args:
        file: can be read at any place.
        size: of the file, in bytes.
        place, path: of the file, for errors.
        mapped: the same file mapped into memory. Then batches lie in the map; they are checked in a copy that is let go, so
            that a process does not hold the pages of rows that it does not look at.

    Raises:
        DamagedFile: here or from `batch`.
    """

    def __init__(
        self, file: BinaryIO, size: int, place: TaskFolder, path: str, mapped: pa.MemoryMappedFile | None = None
    ):
        self._file, self._mapped, self.place, self.path = file, mapped, place, path
        with self._guarded():
            self._messages = self._table(size)
            self._is_checked = _checked(place.run.url, path, place.run.mark(path) or "", len(self._messages))
            self.schema = pa.ipc.read_schema(self._message(0))
            self._are_streams = self.schema != _plain(self.schema)
        batches = self._messages[1:-1]  # without the schema and the end of the stream
        self.n_batches = len(batches)
        self.parts = batches["part"]
        """uint32[n_batches]: for which part of its readers each batch is."""
        self.n_bytes = np.diff(self._messages["end"])[:-1].astype(np.int64)
        """int64[n_batches]: what each batch takes in the file."""

    def batch(self, i: int) -> pa.RecordBatch:
        """Return a batch, after checking it."""
        with self._guarded():
            message = self._message(i + 1)
            if self._are_streams:
                return pa.ipc.open_stream(message).read_next_batch()
            return pa.ipc.read_record_batch(message, self.schema)

    def batches(self, numbers: Iterable[int] | None = None) -> Iterator[pa.RecordBatch]:
        """Yield batches, all of them by default; one empty batch if the file has none."""
        if not self.n_batches:
            yield no_rows(self.schema)
            return
        for i in range(self.n_batches) if numbers is None else numbers:
            yield self.batch(i)

    def _table(self, size: int) -> np.ndarray:
        """Return the table of the file's messages."""
        (end,) = np.frombuffer(self._read(max(0, size - _END.itemsize), size), _END)
        start = size - _END.itemsize - int(end["n_messages"]) * _MESSAGE.itemsize
        if end["magic"] != _MAGIC or start < 0:
            raise ValueError("its end is missing")
        table = self._read(start, size - _END.itemsize)
        if xxhash.xxh3_64_intdigest(table) != end["xxh3"]:
            raise ValueError("its end does not fit its checksum")
        return np.frombuffer(table, _MESSAGE)

    def _message(self, i: int) -> pa.Buffer:
        start, end = int(self._messages["end"][i - 1]) if i else 0, int(self._messages["end"][i])
        if self._mapped and self._is_checked[i]:
            return self._in_map(start, end)
        found = self._read(start, end)
        if xxhash.xxh3_64_intdigest(found) != self._messages["xxh3"][i]:
            raise ValueError(f"the bytes from {start} on do not fit their checksum")
        self._is_checked[i] = True
        return self._in_map(start, end) if self._mapped else pa.py_buffer(found)

    def _in_map(self, start: int, end: int) -> pa.Buffer:
        self._mapped.seek(start)
        return self._mapped.read_buffer(end - start)

    def _read(self, start: int, end: int) -> bytes:
        self._file.seek(start)
        return self._file.read(end - start)

    def close(self) -> None:
        self._file.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, pa.ArrowException) as error:
            raise DamagedFile(self.place, self.path, str(error)) from error


@functools.lru_cache(4096)
def _checked(run_url: str, path: str, mark: str, n_messages: int) -> np.ndarray:
    """Return bool[n_messages]: which messages of a file this process has checked; the same array for the same file."""
    return np.zeros(n_messages, np.bool_)


def open_file(place: TaskFolder, path: str, *, in_memory_map: bool = False) -> ArrowReader:
    """Open a file that a task has written.

    Args:
        in_memory_map: map a local file into memory, for rows that are looked up here and there.

    Raises:
        DamagedFile: it is missing, or not what was written.
    """
    run = place.run
    try:
        mapped = pa.memory_map(run.path(path)) if in_memory_map and run.is_local else None
        return ArrowReader(run.open(path), run.fs.size(run.path(path)), place, path, mapped)
    except (OSError, pa.ArrowException) as error:
        raise DamagedFile(place, path, str(error)) from error
