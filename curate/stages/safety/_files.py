"""Read list files as UTF-8 bytes: plain, compressed or in an archive."""

from __future__ import annotations

import posixpath
import tarfile

import fsspec

from curate.errors import InputError

MEMBERS = ("domains", "urls")
"""Names of the files that are read from an archive, as in published block lists."""


BEGINNING = 1 << 20
"""Bytes of a list that are looked at before a run."""


def read(url: str, most: int = -1) -> bytes:
    """Read a list file; members of an archive are joined by `\\n`.

    Args:
        url: a text file, optionally compressed (.gz, .bz2, .xz), or an archive (.tar, .tar.gz, .tgz, .tar.bz2, .tar.xz)
            with files named `domains` or `urls`.
        most: bytes that are read of the file, or of each member, of which the last line is left out; -1 reads all.
    Raises:
        InputError: the file cannot be read, or is not UTF-8 text; the message names the line.
    """
    try:
        if posixpath.basename(url.lower()).endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")):
            with fsspec.open(url, "rb") as file, tarfile.open(fileobj=file) as archive:
                members = [m for m in archive if m.isfile() and posixpath.basename(m.name) in MEMBERS]
                parts = [(f"{url}:{m.name}", archive.extractfile(m).read(most)) for m in members]
        else:
            with fsspec.open(url, "rb", compression="infer") as file:
                parts = [(url, file.read(most))]
    except Exception as error:  # every compression library raises its own errors
        raise InputError(f"{url}: cannot be read: {error}.  Check the file, or fetch it again.") from error
    if not parts:
        raise InputError(
            f"{url}: the archive contains no file named {' or '.join(MEMBERS)}.  Name another archive or a text file."
        )
    whole = ((name, data if len(data) != most else data[: data.rfind(b"\n") + 1]) for name, data in parts)
    return b"\n".join(_text(name, data) for name, data in whole)


def may_have_entry(url: str) -> bool:
    """Return whether a list file has a line that is no comment, at its beginning or perhaps further on; errors as of `read`."""
    data = read(url, BEGINNING)
    return len(data) > BEGINNING // 2 or any(
        line and not line.startswith(b"#") for line in map(bytes.strip, data.splitlines())
    )


def _text(name: str, data: bytes) -> bytes:
    """Check that bytes are UTF-8 text; return them without a byte order mark."""
    at = data.find(b"\0")
    if at >= 0:
        raise InputError(
            f"{name}:{_line(data, at)}: not a text file: contains a NUL byte.  Expected one entry per line."
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        byte = f"byte {data[error.start]:#04x}"
        raise InputError(
            f"{name}:{_line(data, error.start)}: not valid UTF-8 ({byte}).  Convert the file: iconv -t UTF-8."
        ) from None
    return data.removeprefix(b"\xef\xbb\xbf")


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1
