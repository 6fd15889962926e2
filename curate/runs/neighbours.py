"""The run folders beside a run folder, whose results a run may take over.

A neighbour lies in the same folder, its run.json says that curate wrote it, and on a local disk it belongs to the same user:
whoever may write to a folder decides what a run takes from it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from curate.runs import claim, layout
from curate.runs.folder import RunFolder


def find(folder: RunFolder, phases: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Return which neighbours have something of each phase.

    A fingerprint covers the phases before, so a neighbour that has no folder of the first phase has none of the later ones,
    and is not asked further.

    Args:
        phases: the names of their folders, in order.

    Returns:
        phase -> names of neighbours, sorted; phases that none has are left out. And what the user should know.
    """
    found: dict[str, list[str]] = {}
    said: list[str] = []
    try:
        names = folder.siblings()
    except OSError as error:
        why = error.strerror or error
        return {}, [
            f"the folders beside {folder.url} cannot be listed ({why}), so no results are taken over from them."
        ]
    for name in names:
        neighbour = folder.beside(name)
        try:
            if not neighbour.exists(f"{layout.PHASES}/{phases[0]}") or neighbour.address == folder.address:
                continue
            refusal = _refusal(neighbour)
            present = set() if refusal else set(neighbour.folders(layout.PHASES))
        except OSError as error:
            refusal, present = f"cannot be read ({error.strerror or error})", set()
        if refusal:
            said.append(f"../{name} {refusal}, so no results are taken over from it.")
        for phase in phases:
            if phase in present:
                found.setdefault(phase, []).append(name)
    return found, said


def _refusal(neighbour: RunFolder) -> str:
    """Return why a folder with a phase of ours is no neighbour; "" if it is one."""
    if neighbour.is_local and os.stat(neighbour.root).st_uid != os.geteuid():
        return "belongs to another user"
    return "" if claim.is_run_folder(neighbour) else f"has no {layout.RUN} of curate"
