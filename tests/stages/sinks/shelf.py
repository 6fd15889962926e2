"""A writer that keeps files in memory; the writer of the engine keeps them on disk."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager


class Shelf:
    """The files by name, without files whose writing failed."""

    def __init__(self):
        self.files: dict[str, bytes] = {}

    @contextmanager
    def open(self, extension: str) -> Iterator[io.BytesIO]:
        """Open the next file."""
        file = io.BytesIO()
        yield file
        self.files[f"{len(self.files):05}.{extension}"] = file.getvalue()
