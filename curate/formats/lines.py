"""Lines of text files: the one place where packed files are unpacked and decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO

from curate.errors import InputError

PACKED = (".gz", ".bz2", ".xz", ".zst", ".zstd", ".lz4")
"""Endings of the names of packed files."""

ZSTD = (".zst", ".zstd")


def file_name_of(url: str) -> str:
    """Return the path in a URL, without the query that a signature needs; a path as it is."""
    return url.partition("?")[0] if "://" in url else url


def unpacked_name(file_name: str) -> str:
    """Return the name in lower case and without the ending of a packed file: `a.txt` for `A.txt.gz`."""
    lower = file_name.lower()
    ending = next((each for each in PACKED if lower.endswith(each)), "")
    return lower.removesuffix(ending)


def lines(file: BinaryIO, file_name: str) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line with its end), without a byte order mark; the name says how the file is packed.

    Raises:
        InputError: the file is damaged or not UTF-8; the message names the line.
    """
    number = 0
    try:
        with _unpacked(file, file_name) as unpacked:
            for number, line in enumerate(unpacked, 1):
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise InputError(f"{file_name}:{number}: not valid UTF-8 (byte {byte:#04x}).  Convert it to UTF-8.") from None
    except Exception as error:  # every compression library raises its own errors
        raise InputError(
            f"{file_name}: cannot be read after line {number}: {error}.  Check the file, or fetch it again."
        ) from error


def _unpacked(file: BinaryIO, file_name: str) -> io.BufferedReader:
    from fsspec.compression import compr
    from fsspec.utils import infer_compression

    if file_name.lower().endswith(ZSTD):
        import pyarrow as pa

        # The stream reader of the package zstandard does not report a truncated file.
        return io.BufferedReader(pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd"))
    codec = infer_compression(file_name)
    return io.BufferedReader(compr[codec](file, mode="rb") if codec else file)
