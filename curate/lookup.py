"""What stages may offer so that one document of a finished run can be looked at: its record in the input, and more of its story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from curate.batch import Remark, Seen
from curate.stage import Split


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """One document as it is in the input.

    Args:
        place: where in the file it is, for readers: `byte 4,711`.
        data: the record as stored, decompressed; a row of a table as JSON.
        page: the web page in it, without the encodings of its transfer; None if it has none.
        text: the extracted text in it; None if it has none.
    """

    place: str
    data: bytes
    page: bytes | None = None
    text: str | None = None


@runtime_checkable
class HasRecords(Protocol):
    """A source whose documents can be found again in their file, one by one."""

    def record_of(self, split: Split, id: str) -> StoredRecord | None:
        """Return the record of a document in a part of a file; None if the part has no document with this id.

        Args:
            id: as the source gives it, without the name of the input.
        Raises:
            InputError: the file cannot be read there.
        """


@runtime_checkable
class HasRemarks(Protocol):
    """A stage, other than a barrier, that can say more about a document than its verdict and its columns do."""

    def remarks(self, document: Seen) -> Sequence[Remark]:
        """Return what `curate explain` shows of a document that the stage has seen; the stage is not set up."""
