"""Declare columns: those that every batch may have, and those that a stage reads, makes and removes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa

CORE = {
    "id": pa.string(),
    "text": pa.large_string(),
    "url": pa.string(),
    "date": pa.string(),
    "source": pa.string(),
}
"""The standard columns and their types; all others are signals, scores or extra columns."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that a stage reads, makes and removes.

    Args:
        needs: columns read besides `id`.
        makes: columns added or replaced, with their Arrow types; None where the stage's code decides the type.
        removes: columns taken away.
        languages: made column -> the languages in which documents get a value. Where the column `language` says that a
            document is in another one, its value is null, and rules that need a value let it pass.
        numbers: the needed columns that must hold numbers.
        passes: the languages of the documents that the stage keeps, empty for all; None if it does not look at languages.
    """

    needs: tuple[str, ...] = ()
    makes: Mapping[str, pa.DataType | None] = field(default_factory=dict)
    removes: tuple[str, ...] = ()
    languages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    passes: tuple[str, ...] | None = None
    numbers: tuple[str, ...] = ()

    def with_more(self, more: Columns) -> Columns:
        """Return both, each column once."""
        needs, removes, numbers = (
            tuple(dict.fromkeys([*one, *other]))
            for one, other in (
                (self.needs, more.needs), (self.removes, more.removes), (self.numbers, more.numbers),
            )
        )  # fmt: skip
        languages = {**self.languages, **more.languages}
        return Columns(needs, {**self.makes, **more.makes}, removes, languages, more.passes, numbers)
