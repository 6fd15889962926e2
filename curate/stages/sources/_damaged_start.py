"""Find the first intact member of a compressed file whose first bytes are damaged."""

from __future__ import annotations

import re
from collections.abc import Callable

from curate.stages.sources._buffered_file import BufferedFile
from curate.stages.sources._decompress import CODECS, MAX_WINDOW, CarefulMember, Codec, ReadFailure

SEARCHED = 1 << 20
"""Number of bytes at the beginning of a file in which an intact member is searched for."""

MAX_TRIES = 256
"""Number of places that look like a member of one format and are none, before the search for it ends."""

HEAD_BYTES = 4096
"""Number of decompressed bytes by which the content of a member is judged."""

ENDINGS = {"gz": "gzip", "zst": "zstd", "lz4": "lz4", "bz2": "bzip2", "xz": "xz"}
"""Last part of a file's name -> the format that it stands for; asked only where the bytes show no format."""

CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
"""Bytes that are in no line of JSON."""


def first_intact_member(
    file: BufferedFile, is_content: Callable[[bytes], bool], stop: int = SEARCHED
) -> tuple[Codec, int] | None:
    """Return the first member that can be opened and holds what is expected, or None if there is none before `stop`.

    It depends on the file only, not on the split that is read.

    Args:
        file: a file that does not begin with a member.
        is_content: returns whether a member with these first bytes, at most `HEAD_BYTES`, is one of such a file.
        stop: where the search ends.
    Returns:
        The format of the member, and its byte offset.
    """
    found, stop = None, min(stop, file.size)
    for codec in CODECS:
        at = _first_of(codec, file, is_content, stop)
        if at is not None:
            found, stop = (codec, at), at
    return found


def _first_of(codec: Codec, file: BufferedFile, is_content: Callable[[bytes], bool], stop: int) -> int | None:
    try:
        open_member = codec.opener(file, MAX_WINDOW)
    except ReadFailure:
        return None
    at: int | None = 0
    for _ in range(MAX_TRIES):
        at = file.find(codec.sign, at, stop)
        if at is None:
            return None
        try:
            if is_content(CarefulMember(open_member, at).first(HEAD_BYTES)):
                return at
        except ReadFailure:
            pass
        at += 1
    return None
