"""What statistics are made of: the documents of a run or of a data set, what was measured of them, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from curate.errors import SpecError
from curate.ledger import Ledger
from curate.runs import Role, RunFolder, layout
from curate.statistics.record import JudgementRecord, Record
from curate.statistics.rulebook import Rulebook

NO_RECORD = "There is no record of judgements, as an earlier version of curate made the run; run the recipe again to see what was measured."
"""Said of a run in place of what only the record knows."""


@dataclass(frozen=True)
class Corpus:
    """Documents, what was measured of them, and what became of them.

    Args:
        url: of the run or of the data set, as the user named it.
        stages: of the run, as its manifest describes them; none for a data set.
        ledger: where the documents went.
        record: what was measured of each; None if there is no record.
        missing: what is not in the numbers, as sentences.
        folder: the run folder; None for a data set.
        phases: the folders of the run's phases, in their order.
        outputs: the result files that there should be, by role.
    """

    url: str
    stages: Sequence[Mapping[str, Any]]
    ledger: Ledger
    record: Record | None
    missing: tuple[str, ...] = ()
    folder: RunFolder | None = None
    phases: tuple[str, ...] = ()
    outputs: Mapping[Role, Sequence[str]] | None = None

    @cached_property
    def rulebook(self) -> Rulebook:
        """The rules in force."""
        return Rulebook(self.stages)

    @property
    def is_run(self) -> bool:
        """Whether these are the documents of a run."""
        return self.folder is not None

    def need_record(self) -> Record:
        """Return the record.

        Raises:
            SpecError: there is none, with what is missing.
        """
        if self.record is None:
            raise SpecError(f"{self.url}: {'  '.join(self.missing)}")
        return self.record

    def files(self, role: Role) -> list[str]:
        """Return the result files of a role, sorted."""
        return sorted((self.outputs or {}).get(role, ()))


def of_finished(folder: RunFolder, manifest: Mapping[str, Any], ledger: Ledger) -> Corpus:
    """Return the documents of a finished run.

    Args:
        manifest, ledger: of the run.
    """
    outputs: dict[Role, list[str]] = {}
    for output in manifest["outputs"]:
        outputs.setdefault(Role(output["role"]), []).append(output["path"])
    record, missing = _record(folder, manifest, len(outputs.get(Role.JUDGEMENTS, ())))
    return Corpus(
        folder.url,
        manifest["stages"],
        ledger,
        record,
        missing,
        folder,
        tuple(phase["folder"] for phase in manifest["phases"]),
        outputs,
    )


def _record(
    folder: RunFolder, manifest: Mapping[str, Any], n_files: int
) -> tuple[JudgementRecord | None, tuple[str, ...]]:
    """Return the record with the files that are there, and what is missing of it."""
    if not n_files:
        return None, (NO_RECORD,)
    there = {f"{layout.JUDGEMENTS}/{name}" for name in folder.files(layout.JUDGEMENTS)}
    record = JudgementRecord(folder, manifest)
    gone = [path for path in record.paths if path not in there]
    record.paths = [path for path in record.paths if path in there]
    if not record.paths:
        return None, (
            f"{folder.url.rstrip('/')}/{layout.JUDGEMENTS}/ is gone, and with it what was measured.  Run the recipe again: "
            "it is written anew.",
        )
    if gone:
        return record, (
            f"{len(gone)} of {n_files} files of the record are gone, such as {gone[0]}: what is said of columns is about "
            "the documents in the others.  Run the recipe again: they are written anew.",
        )
    return record, ()
