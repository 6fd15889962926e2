"""A finished run as the report sees it: manifest, ledger, examples. One value for terminal, card and HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from curate import formats
from curate.errors import SpecError
from curate.ledger import Ledger
from curate.runs import RunFolder, layout, reading
from curate.runs.reading import EACH, Shape
from curate.statistics.run_statistics import RunStatistics

_FIGURES = {
    "source": str, "remarks": str, "left": [{"name": str, "after": str, "share": float}],
    "distributions": [{"column": str, "peak": [float], "range": [float]}],
}  # fmt: skip
_SHAPE: Shape = {
    "name": str, "description": str, "recipe": dict, "published": (None, _FIGURES), "limit": int, "curate": str,
    "python": str, "packages": {EACH: str}, "stages": [{"label": str, "name": str, "params": dict}],
    "phases": [{"folder": str, "tasks": int, "emits": (None, str)}], "inputs": [{"name": str}], "metrics": {EACH: dict},
    "warnings": [str], "documents": {EACH: int}, "outputs": [{"path": str, "role": str, "digest": str}], "output_digest": str,
    "rejects_digest": str,
}  # fmt: skip
_COUNTS = {"in": int, "born": int, "out": int, "bytes_in": int, "bytes_out": int, "seconds": float}
_REASONS = {key: {EACH: int} for key in ("dropped", "failed", "listed", "counts")}
_LEDGER_SHAPE: Shape = {"stages": [{"name": str, **_COUNTS, **_REASONS}]}


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What a finished run has to say.

    Args:
        manifest: what ran, on what, with which result.
        ledger: where every document went.
        examples: some rejects for each stage and reason: mappings with id, url, stage, reason, value, evidence, lists,
            kept_id and text; empty where nothing needs them.
        statistics: of all documents; empty for a run that an earlier version of curate made.
    """

    manifest: Mapping[str, Any]
    ledger: Ledger
    examples: Sequence[Mapping[str, Any]] = ()
    statistics: RunStatistics = field(default_factory=RunStatistics)

    @property
    def metrics(self) -> Mapping[str, Mapping[str, Any]]:
        """What the reductions of each barrier reported, by the stage's label."""
        return self.manifest["metrics"]

    def name_of(self, label: str) -> str:
        """Return the name of the stage with a label: `dedup.exact` for `dedup.exact#2`."""
        return next(stage["name"] for stage in self.manifest["stages"] if stage["label"] == label)


def finished_folder(url: str) -> RunFolder:
    """Return the folder of a finished run.

    Raises:
        SpecError: there is no run, or it has not finished.
    """
    folder = RunFolder(url)
    if folder.exists(layout.MANIFEST):
        return folder
    if folder.exists(layout.RUN):
        if reading.read_json(folder, layout.RUN, {}).get("is_detached"):
            raise SpecError(
                f"{url}: the run was submitted to its executor and is not finished yet.  Look again later, or ask the "
                "executor whether a job failed; running it again submits all its jobs again."
            )
        raise SpecError(f"{url}: the last run here did not finish.  Run it again; finished tasks are kept.")
    if _has_data(folder):
        raise SpecError(
            f"{url}: is a data set, no run folder.  `curate stats {url}` measures it; `curate init {url}` writes a recipe to run."
        )
    raise SpecError(f"{url}: there is no run here.  A run folder holds manifest.json; `curate run` prints where it is.")


def _has_data(folder: RunFolder) -> bool:
    """Return whether a path is a file of documents, or a folder of such files."""
    try:
        names = [folder.root] if folder.fs.isfile(folder.root) else folder.fs.find(folder.root, maxdepth=2)
    except OSError:
        return False
    found = (formats.of_file(name) for name in names)
    return any(kind is not None and kind.reader for kind in found)


def another_version(manifest: Mapping[str, Any], url: str) -> str:
    """Return which version of curate made a run, as a sentence; empty if it is this one."""
    made_by, this = manifest["curate"], version("curate")
    return "" if made_by == this else f"{url} was made by curate {made_by}, and this is curate {this}."


def read(url: str) -> FinishedRun:
    """Return a finished run, without examples.

    Raises:
        SpecError: there is no run, or it has not finished.
        InputError: its manifest or its ledger is damaged.
    """
    folder = finished_folder(url)
    described = reading.read_json(folder, layout.LEDGER, _LEDGER_SHAPE)
    with reading.whole(folder, layout.LEDGER):
        ledger = Ledger.from_json(described)
    manifest = manifest_of(folder)
    return FinishedRun(manifest, ledger, statistics=statistics_of(folder, manifest))


def statistics_of(folder: RunFolder, manifest: Mapping[str, Any]) -> RunStatistics:
    """Return the statistics of a finished run; empty if an earlier version of curate made it, which wrote none.

    Raises:
        InputError: the file is missing or damaged.
    """
    listed = [output for output in manifest["outputs"] if output["path"] == layout.STATISTICS]
    if not listed:
        return RunStatistics()
    with reading.whole(folder, layout.STATISTICS):
        content = folder.read_bytes(layout.STATISTICS)
        if folder.digest_of_bytes(content) != listed[0]["digest"]:
            raise ValueError("it does not have the digest that manifest.json has for it")
        return RunStatistics.from_json(json.loads(content))


def manifest_of(folder: RunFolder) -> dict[str, Any]:
    """Return the manifest of a finished run.

    Raises:
        InputError: it is damaged.
    """
    return reading.read_json(folder, layout.MANIFEST, _SHAPE)


def is_finished(url: str) -> bool:
    """Return whether a run folder holds a finished run."""
    return RunFolder(url).exists(layout.MANIFEST)


def modules_of(url: str) -> list[str]:
    """Return the user's modules that a finished run's recipe names. Importing them runs their code."""
    return modules_in(manifest_of(finished_folder(url)))


def modules_in(manifest: Mapping[str, Any]) -> list[str]:
    """Return the user's modules that the recipe in a manifest names."""
    named = manifest["recipe"].get("modules")
    return [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
