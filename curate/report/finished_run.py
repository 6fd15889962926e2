"""A finished run as the report sees it: manifest, ledger, examples. One value for terminal, card and HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.errors import SpecError
from curate.ledger import Ledger
from curate.runs import RunFolder, layout


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What a finished run has to say.

    Args:
        manifest: what ran, on what, with which result.
        ledger: where every document went.
        examples: some rejects for each stage and reason: mappings with id, url, stage, reason, value, evidence, lists,
            kept_id and text; empty where nothing needs them.
    """

    manifest: Mapping[str, Any]
    ledger: Ledger
    examples: Sequence[Mapping[str, Any]] = ()

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
        if folder.read_json(layout.RUN).get("is_detached"):
            raise SpecError(
                f"{url}: the run was submitted to its executor and is not finished yet.  Look again later, or ask the "
                "executor whether a job failed; running it again submits all its jobs again."
            )
        raise SpecError(f"{url}: the last run here did not finish.  Run it again; finished tasks are kept.")
    raise SpecError(f"{url}: there is no run here.  A run folder holds manifest.json; `curate run` prints where it is.")


def read(url: str) -> FinishedRun:
    """Return a finished run, without examples.

    Raises:
        SpecError: there is no run, or it has not finished.
    """
    folder = finished_folder(url)
    return FinishedRun(folder.read_json(layout.MANIFEST), Ledger.from_json(folder.read_json(layout.LEDGER)))


def is_finished(url: str) -> bool:
    """Return whether a run folder holds a finished run."""
    return RunFolder(url).exists(layout.MANIFEST)


def modules_of(url: str) -> list[str]:
    """Return the user's modules that a finished run's recipe names. Importing them runs their code."""
    return list(finished_folder(url).read_json(layout.MANIFEST)["recipe"].get("modules") or ())
