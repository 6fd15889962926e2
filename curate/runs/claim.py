"""Whether a folder may be written to as the run folder of a recipe."""

from __future__ import annotations

import posixpath
import uuid
from typing import Any

from curate.errors import SpecError
from curate.runs import layout
from curate.runs.folder import LOCK, LOCKED_BY, RunFolder

_FILES = (layout.RUN, layout.PLAN, layout.INPUTS, layout.REFERENCES, layout.WRITTEN, layout.JOBS, LOCK, layout.MANIFEST, layout.LEDGER, layout.CARD, layout.REPORT)  # fmt: skip
_FOLDERS = (layout.DATA, layout.REJECTS, layout.JUDGEMENTS, layout.PHASES, layout.ASIDE)
_OURS = "curate run folder"


def identity(version: str, name: str, run_id: str, address: str) -> dict[str, Any]:
    """Return what run.json begins with: that it is ours, of which recipe, which run it is, and where it is."""
    return {"format": _OURS, "curate": version, "name": name, "id": run_id, "address": address}


def run_id(folder: RunFolder) -> str:
    """Return what identifies the run of a folder, also when the folder is moved; a new one for a new folder or a copy."""
    found = _read(folder)
    known, address = found.get("id"), found.get("address")
    if not isinstance(known, str) or not isinstance(address, str):
        return uuid.uuid4().hex
    is_copy = address != folder.address and _read(RunFolder(address)).get("id") == known
    return uuid.uuid4().hex if is_copy else known


def is_run_folder(folder: RunFolder) -> bool:
    """Return whether a folder is one of ours, as its run.json says."""
    return folder.is_file(layout.RUN) and _owner(folder) is not None


def claim(folder: RunFolder, name: str, *, replace: bool) -> None:
    """Make sure that a folder may be written to.

    Args:
        name: of the recipe.
        replace: allow it if the folder has a run of another recipe.

    Raises:
        SpecError: it is a file, a folder with something else, or the run folder of another recipe.
    """
    if not folder.fs.exists(folder.root):
        return
    if folder.fs.isfile(folder.root):
        raise SpecError(f"{folder.url} is a file; a run needs a folder.  Choose one with --output.")
    present = {posixpath.basename(path.rstrip("/")) for path in folder.fs.ls(folder.root, detail=False)} - {""}
    if not present or _has_only_begun(folder, present):
        return
    owner = _owner(folder) if layout.RUN in present else None
    if owner is None:
        if LOCK in present:
            folder.check_unlocked()
        raise SpecError(_refusal(folder, present))
    for path in present & {*_FILES, *_FOLDERS}:
        if (path in _FILES) == folder.fs.isdir(folder.path(path)):
            is_, wanted = ("a folder", "a file") if path in _FILES else ("a file", "a folder")
            raise SpecError(f"{folder.path(path)} is {is_}, and a run folder has {wanted} there.  Move it away.")
    if owner != name and not replace:
        raise SpecError(
            f'{folder.url} has a run of the recipe "{owner}", and this one is "{name}".  Choose another folder with --output, '
            "or replace that run with --replace."
        )


def _has_only_begun(folder: RunFolder, present: set[str]) -> bool:
    """Return whether there is nothing but what a run leaves that was killed before it had written run.json."""
    return (
        present <= {LOCK, layout.PHASES}
        and (not folder.lock_text() or folder.lock_text().startswith(LOCKED_BY))
        and set(folder.folders(layout.PHASES)) <= {posixpath.basename(layout.PARTS)}
        and not folder.files(layout.PHASES)
    )


def _owner(folder: RunFolder) -> str | None:
    """Return the name of the recipe whose run folder this is; None if run.json is not one of ours."""
    name = _read(folder).get("name")
    return name if isinstance(name, str) else None


def _read(folder: RunFolder) -> dict[str, Any]:
    """Return run.json; nothing if it is missing or not one of ours."""
    try:
        found = folder.read_json(layout.RUN)
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and found.get("format") == _OURS else {}


def _refusal(folder: RunFolder, present: set[str]) -> str:
    if {layout.PLAN, layout.PHASES} <= present:
        state = "is missing" if layout.RUN not in present else "is damaged"
        return (
            f"{folder.url} looks like a run folder, but its {layout.RUN} {state}, so nothing was written there.  Restore "
            "this file, or choose another folder with --output."
        )
    found = f" (its {layout.RUN} was not written by curate)" if layout.RUN in present else ""
    return (
        f"{folder.url} is not empty and not a run folder{found}, so nothing was written there.  "
        "Choose another folder with --output."
    )
