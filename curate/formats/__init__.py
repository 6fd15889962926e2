"""The table of file formats. A recipe's own modules can add one: an instance of `Format` in a public variable."""

from __future__ import annotations

from collections.abc import Iterable

from curate import extensions
from curate.formats.format import Format
from curate.formats.jsonl import JSONL
from curate.formats.lines import file_name_of
from curate.formats.parquet import PARQUET
from curate.formats.text import TEXT
from curate.formats.warc import WARC

FORMATS: tuple[Format, ...] = (PARQUET, JSONL, TEXT, WARC)

__all__ = ["FORMATS", "JSONL", "PARQUET", "TEXT", "Format", "of_file", "with_modules"]


def with_modules(modules: Iterable[str]) -> tuple[Format, ...]:
    """Return the table with the formats that the user's modules bring.

    Raises:
        SpecError: a module cannot be imported, or brings a format of a name that is taken.
    """
    return tuple(extensions.table(Format, FORMATS, modules).values())


def of_file(name: str, formats: Iterable[Format] = FORMATS) -> Format | None:
    """Return the format of a file by its name, path or URL; None if no format has such files."""
    return next((each for each in formats if each.fits(file_name_of(name))), None)
