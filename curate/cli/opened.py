"""What `curate stats` is asked about: a finished run, one that has not finished, or a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import fsspec

from curate.cli.console import ERR
from curate.errors import SpecError
from curate.inputs import listing
from curate.report import finished_run
from curate.report.finished_run import FinishedRun
from curate.runs import RunFolder, layout
from curate.statistics import corpus, unfinished
from curate.statistics.corpus import Corpus

if TYPE_CHECKING:
    from curate.statistics.dataset import Asked


_MARKS = (layout.LEDGER, layout.PLAN, layout.INPUTS, layout.PHASES, layout.JUDGEMENTS)
"""What run folders have: a data set has not two of these."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was found.

    Args:
        run: the run, if it has finished.
    """

    corpus: Corpus
    run: FinishedRun | None = None


def asked_of(text: str, sample: str) -> Asked:
    """Return how a data set is to be read.

    Args:
        text: the column of the texts; empty for the usual one.
        sample: `all`, a number of documents, or empty for the usual number.

    Raises:
        SpecError: the sample is none of these.
    """
    from curate.statistics.dataset import Asked

    if not sample:
        return Asked(text)
    if sample == "all":
        return Asked(text, None)
    if not sample.isascii() or not sample.isdigit() or not int(sample):
        raise SpecError(f"--sample {sample}: expected a number of documents, more than 0, or all.")
    return Asked(text, int(sample))


def open_run(url: str, modules: Sequence[str] = ()) -> Opened | None:
    """Return the run in a folder, finished or not; None if there is none.

    Args:
        modules: modules of the user's that may be imported.

    Raises:
        SpecError: the folder looks like that of a run, and has lost what says so.
        InputError: a file of the run is missing or damaged.
    """
    folder = RunFolder(url)
    if folder.exists(layout.MANIFEST) and _is_run_folder(folder):
        run = finished_run.read(url)
        if note := finished_run.another_version(run.manifest, url):
            ERR.print(f"note: {note}")
        return Opened(corpus.of_finished(folder, run.manifest, run.ledger), run)
    if folder.exists(layout.RUN):
        return Opened(unfinished.read(folder, modules))
    if sum(folder.exists(name) for name in _MARKS) > 1:
        raise SpecError(
            f"{url}: looks like a run folder, but {layout.RUN} and {layout.MANIFEST} are missing, and no run can be read without them.  "
            "Restore them, or run the recipe again with another --output."
        )
    return None


def _is_run_folder(folder: RunFolder) -> bool:
    """Return whether a manifest is that of a run: a data set may have a file of that name, too."""
    return any(folder.exists(name) for name in (layout.RUN, *_MARKS))


def _runs_in(url: str) -> list[str]:
    """Return the run folders that are directly in a folder."""
    with listing.asking(url):
        info = listing.stat(*fsspec.core.url_to_fs(url))
    if info is None or info["type"] != "directory":
        return []
    folder = RunFolder(url)
    return [name for name in folder.folders("") if folder.exists(f"{name}/{layout.RUN}")]


def open_any(url: str, asked: Asked, modules: Sequence[str] = ()) -> Opened:
    """Return a run, or a data set with what was measured of it.

    Args:
        asked: how a data set is to be read.

    Raises:
        SpecError, InputError: there is neither, or it cannot be read.
    """
    found = open_run(url, modules)
    if found is not None:
        return found
    if runs := _runs_in(url):
        raise SpecError(f"{url}: holds run folders, such as {', '.join(runs[:3])}.  Name one of them, or the files of a data set by a glob.")  # fmt: skip
    from curate.statistics import dataset

    try:
        return Opened(dataset.measure(url, asked))
    except dataset.NotFound as error:
        raise SpecError(f"{url} is neither a run folder nor a data set: {error}") from error
