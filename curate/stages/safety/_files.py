"""List files as bytes of UTF-8 text: plain or packed, alone or in an archive."""

from __future__ import annotations

import posixpath
import tarfile

import fsspec

from curate.errors import InputError

MEMBERS = ("domains", "urls")
"""Files that are read from an archive, as block lists call them."""


def read(url: str) -> bytes:
    """Return the text of a list file, with `\\n` between the members of an archive.

    Args:
        url: plain text, packed as .gz, .bz2 or .xz, or an archive (.tar, .tar.gz) with files named `domains` or `urls`.
    Raises:
        InputError: it cannot be read, is no text, or no UTF-8; the message names the line.
    """
    try:
        if posixpath.basename(url.lower()).endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")):
            with fsspec.open(url, "rb") as file, tarfile.open(fileobj=file) as archive:
                members = [m for m in archive if m.isfile() and posixpath.basename(m.name) in MEMBERS]
                parts = [(f"{url}:{m.name}", archive.extractfile(m).read()) for m in members]
        else:
            with fsspec.open(url, "rb", compression="infer") as file:
                parts = [(url, file.read())]
    except Exception as error:  # each way to pack files has errors of its own
        raise InputError(f"{url}: cannot be read: {error}") from error
    if not parts:
        raise InputError(f"{url}: the archive holds no file named {' or '.join(MEMBERS)}.")
    return b"\n".join(_text(name, data) for name, data in parts)


def _text(name: str, data: bytes) -> bytes:
    """Return text without its byte order mark, after a look that it is some."""
    at = data.find(b"\0")
    if at >= 0:
        raise InputError(f"{name}:{_line(data, at)}: is no text: it holds a NUL byte.")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {data[error.start]:#04x}"
        raise InputError(
            f"{name}:{_line(data, error.start)}: is not UTF-8 ({found}).  Convert it: iconv -t UTF-8."
        ) from None
    return data.removeprefix(b"\xef\xbb\xbf")


def _line(data: bytes, at: int) -> int:
    return data.count(b"\n", 0, at) + 1
