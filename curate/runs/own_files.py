"""Which files of a run folder are the run's own: it writes down the path and digest of each before the file appears.

A file that is at the path of a result, and whose content is not on record, is a user's: edited, or put there. It is moved to
`set-aside/`, and never overwritten or removed. An edited README.md stays where it is.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from curate.runs import layout
from curate.runs.folder import RunFolder
from curate.runs.layout import PhaseFolder, TaskFolder


def noted(place: TaskFolder) -> dict[str, set[str]]:
    """Return every result file that a task has ever written, with the digests of its contents."""
    return {
        path: {str(each) for each in digests}
        for path, digests in _mapping(place.run, place.written).items()
        if layout.is_result_file(path) and isinstance(digests, list)
    }


def written_by_tasks(folder: RunFolder) -> dict[str, set[str]]:
    """Return the same of all tasks of a run folder, those of former phases too."""
    written: dict[str, set[str]] = {}
    for name in folder.folders(layout.PHASES):
        phase = PhaseFolder(folder, name)
        for task in phase.tasks_with_results():
            for path, digests in noted(phase.task(task)).items():
                written.setdefault(path, set()).update(digests)
    return written


def make_room(folder: RunFolder, path: str, known: Collection[str]) -> str:
    """Move a file that is not ours out of the way of one of ours.

    Args:
        known: digests of contents that are ours.

    Returns:
        what the user should know about it; "" if nothing was moved.
    """
    if not folder.exists(path) or folder.digest(path) in known:
        return ""
    aside = folder.unused(f"{layout.ASIDE}/{path}")
    folder.move(path, aside)
    return f"{path} is not what this run wrote: it was edited, damaged or put there.  It was moved to {aside}."


class OwnFiles:
    """The files at the top of a run folder: what they contain, and the warnings about files that were not ours."""

    def __init__(self, folder: RunFolder):
        self.folder = folder
        self.warnings: list[str] = []
        found = _mapping(folder, layout.WRITTEN)
        self._digests = {
            path: [str(each) for each in known] for path, known in found.items() if isinstance(known, list)
        }

    def is_own(self, path: str) -> bool:
        """Return whether a file has content that is ours; one that does not exist has."""
        return not self.folder.exists(path) or self.folder.digest(path) in self._digests.get(path, ())

    def remove(self, path: str) -> None:
        """Remove a file of ours; move another one aside."""
        self._make_room(path)
        self.folder.remove(path)

    def write_json(self, path: str, data: Any) -> None:
        self.write(path, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())

    def write(self, path: str, data: bytes) -> None:
        """Write a file, and move another's out of its way."""
        self._make_room(path)
        last = self._digests.get(path, [])[-1:]  # what is there if we are killed before the next step
        self._digests[path] = list(dict.fromkeys([*last, self.folder.digest_of_bytes(data)]))
        self.folder.write_json(layout.WRITTEN, self._digests, layout.PARTS)
        self.folder.write_bytes(path, data, layout.PARTS)

    def write_beside(self, path: str, other: str, data: bytes) -> None:
        """Write a file, or, if a user has edited it, another one beside it; who has taken over that one has not edited it."""
        taken_over = self._digests.get(other, ())
        if self.is_own(path) or self.folder.digest(path) in taken_over:
            self._digests[path] = [*self._digests.get(path, ()), *taken_over]
            self.write(path, data)
            return
        self.write(other, data)
        self.warnings.append(f"{path} was edited, so it stays as it is; the new one is {other}.")

    def _make_room(self, path: str) -> None:
        if warning := make_room(self.folder, path, self._digests.get(path, ())):
            self.warnings.append(warning)


def _mapping(folder: RunFolder, path: str) -> dict[str, Any]:
    """Return the content of a JSON file of ours; nothing if it is missing or damaged, so that nothing counts as ours."""
    try:
        found = folder.read_json(path)
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
