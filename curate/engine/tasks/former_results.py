"""Results of a task that are there already: in the run folder, or in that of a neighbour, from which they are taken over.

A neighbour's results are those of the same task of the same phase with the same key. Intermediate files become links to
the same bytes, since nothing is ever written to them again; results are copies. Every file is digested on the way, and
the record comes last, as when the task runs. So each folder stands alone afterwards, whatever becomes of the other.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

from curate.runs import Record, RunFolder, TaskFiles, layout, reading
from curate.runs.layout import PhaseFolder, TaskFolder
from curate.runs.reading import EACH
from curate.runs.records import is_valid, read_record

HERE = ""
"""Where results were found that are in the run folder itself."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a neighbour has of a task."""

    origin: str  # such as ../web
    folder: RunFolder
    record: Record


class FormerResults:
    """What is known of a task from before.

    Args:
        notes: what the user should know of results that could not be taken over.
    """

    def __init__(self, place: TaskFolder):
        self.place, self.own = place, read_record(place)
        self.notes: list[str] = []
        self._offers = _offers(place)

    def __bool__(self) -> bool:
        """Whether there is a record of the task, here or in a neighbour."""
        return bool(self.own or self._offers)

    @property
    def inputs(self) -> Mapping[str, str]:
        """What is known of files that the task reads, as `Record.inputs`."""
        known = [offer.record.inputs for offer in self._offers] + ([self.own.inputs] if self.own else [])
        return {name: value for inputs in known for name, value in inputs.items()}

    def find(self, key: str) -> str | None:
        """Make sure that the results for a key are in the run folder, if they are anywhere.

        Returns:
            `HERE` if they were there; the neighbour from which they were taken over just now, such as `../web`; None if the
            task has to run.
        """
        if is_valid(self.place.run, self.own, key):
            return HERE
        fitting = (offer for offer in self._offers if offer.record.key == key)
        return next((offer.origin for offer in fitting if self._took_over(offer)), None)

    def _took_over(self, offer: _Offer) -> bool:
        paths = [output.path for output in offer.record.outputs]
        if len({*paths}) < len(paths) or not all(layout.is_task_file(path, self.place.phase) for path in paths):
            self._note(offer, "its record names files that no task of this phase writes")
            return False
        self.place.run.remove(self.place.record)
        files = TaskFiles(self.place)
        try:
            for output in offer.record.outputs:
                files.take_over(offer.folder, output)
            changed = [each.path for each in offer.record.outputs if files.digests[each.path] != each.digest]
        except OSError as error:  # removed meanwhile, no permission
            changed = [str(error)]
        if changed:
            files.discard()
            self._note(offer, f"missing or damaged there: {changed[0]}")
            return False
        outputs = files.commit()
        record = replace(offer.record, outputs=outputs, notes=files.warnings, taken_from=offer.origin)
        self.place.run.write_json(self.place.record, record.to_json(), self.place.parts)
        return True

    def _note(self, offer: _Offer, problem: str) -> None:
        what = f"the results of task {self.place.number} of {self.place.phase}"
        self.notes.append(f"{what} were made again, not taken over from {offer.origin}; {problem}.")


def _offers(place: TaskFolder) -> list[_Offer]:
    """Return what neighbours have of a task, those that were there when the run began."""
    found = []
    for name in _neighbours(place.run.url, place.run.mark(layout.PLAN) or "").get(place.phase, ()):
        folder = place.run.beside(name)
        theirs = PhaseFolder(folder, place.phase).task(place.number)
        record = read_record(theirs) if folder.is_file(theirs.record) else None
        if record is not None:
            found.append(_Offer(f"../{name}", folder, record))
    return found


@functools.lru_cache(4)
def _neighbours(run_url: str, planned: str) -> Mapping[str, list[str]]:
    """Return which neighbours have something of each phase, as the run has found them.

    Args:
        planned: the mark of the plan: another run may have other neighbours.
    """
    return reading.read_json(RunFolder(run_url), layout.PLAN, {"neighbours": {EACH: [str]}})["neighbours"]
