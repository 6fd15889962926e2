"""What was measured of a document, from its row in the record of judgements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from curate.formats import PARQUET, wanted
from curate.plan.record import DOCUMENT, VERDICT
from curate.runs import Role, RunFolder, reading
from curate.runs.layout import judgements_file

_NO_VALUES = {column.name for column in (*DOCUMENT, *VERDICT)}


class Recorded:
    """The rows of the record about the documents with one id.

    Args:
        manifest: of the run.
    """

    def __init__(self, folder: RunFolder, manifest: Mapping[str, Any], id: str):
        self._folder, self._id = folder, id
        self._files = {output["path"] for output in manifest["outputs"] if output["role"] == Role.JUDGEMENTS}
        self._rows: dict[int, list[tuple[tuple, dict[str, Any]]]] = {}

    @property
    def is_there(self) -> bool:
        """Whether the run has a record; those of earlier versions have none."""
        return bool(self._files)

    def take_kept(self, id: str, occurrence: int, shard: int | None) -> dict[str, Any]:
        """Return the values of a kept document, as `take`; if its shard is not known, of the first one that has the id."""
        shards = range(len(self._files)) if shard is None else (shard,)
        found = (self.take(each, id, None, None, occurrence) for each in shards)
        return next((values for values in found if values), {})

    def take(self, shard: int, id: str, stage: str | None, reason: str | None, occurrence: int) -> dict[str, Any]:
        """Return the values of a document, nulls left out, by column.

        Args:
            stage, reason: for which it was dropped; None for a kept document.
            occurrence: how many of its shard before it have the same id and fate.

        Raises:
            InputError: the record is damaged.
        """
        found = [values for fate, values in self._of_shard(shard) if fate == (id, stage, reason)]
        return found[occurrence] if occurrence < len(found) else {}

    def _of_shard(self, shard: int) -> list[tuple[tuple, dict[str, Any]]]:
        """Return (id, stage, reason) and the values of each row of a shard's file."""
        path = judgements_file(shard)
        if shard not in self._rows and path in self._files:
            with reading.whole(self._folder, path), self._folder.open(path) as file:
                found = [row for _, row in PARQUET.find_rows(file, path, wanted.exactly(self._id))]
                self._rows[shard] = [((row["id"], row["stage"], row["reason"]), _values(row)) for row in found]
        return self._rows.setdefault(shard, [])


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _NO_VALUES and value is not None}
