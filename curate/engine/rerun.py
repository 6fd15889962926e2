"""Run the recipe of a finished run again with changes, in a folder of its own: the true answer to a what-if.

All of the changed recipe runs, so what is row-wise and what decides about all documents together is as in any other run.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence

from curate import plan, spec
from curate.engine.planning import planned_of
from curate.engine.run import Watcher, carry_out
from curate.errors import Problems, SpecError
from curate.plan import Plan
from curate.report import finished_run
from curate.runs import RunFolder, layout, reading
from curate.runs.folder import locked_by
from curate.spec import carried

_PLAN_SHAPE = {"recipe": dict, "limit": int}

_BESIDE = ".what-if-"
"""What stands between the name of a run and the process that runs its changed recipe."""


def recipe_path(url: str) -> str:
    """Return the file from which the recipe of a run was read.

    Raises:
        SpecError: the run does not say it, as an earlier version of curate made it. InputError: its plan is damaged.
    """
    described = reading.read_json(RunFolder(url), layout.PLAN, _PLAN_SHAPE)
    if not isinstance(described.get("path"), str):
        raise SpecError(f"{url} does not say where its recipe is; an earlier version of curate made it.  Run it again.")
    return described["path"]


def beyond_file(url: str, path: str) -> list[str]:
    """Return the changes that make the recipe in a file what a run had: by options of `curate run`, or by edits since then.

    Raises:
        SpecError: no changes of values do. InputError: the plan of the run is damaged.
    """
    return carried.settings(path, reading.read_json(RunFolder(url), layout.PLAN, _PLAN_SHAPE)["recipe"])


@contextlib.contextmanager
def changed(
    url: str, settings: Sequence[str], *, flag: str, output: str = "", workers: int = 0, watch: Watcher | None = None
) -> Iterator[str]:
    """Run the recipe of a finished run with changes, and yield the URL of the new run folder.

    Args:
        settings: `path=value` changes. flag: the option that gave them, for errors.
        output: the new run folder, which stays; there is none yet, or it is empty. Without it a folder beside the run is made,
            `RUN.what-if-<process>`, and removed at the end; what a killed process left, the next call for the run removes.
        workers, watch: as of `engine.run.run`.

    Raises:
        SpecError: the inputs are not what the run has read, its executor runs tasks later, or the new folder is in use.
        SpecError, InputError, StageError, RunError: as `engine.run.run`.
    """
    folder = finished_run.finished_folder(url)
    planned = _planned(folder, settings, flag)
    if planned.spec.executor.launcher().is_detached:
        raise SpecError(
            f"{url}: its executor runs tasks later, and nothing can be compared before.  Run the changed recipe with "
            "`curate run -o` and `--set`, and compare the two runs."
        )
    _remove_left(folder)
    kept = output or folder.fs.unstrip_protocol(f"{folder.root.rstrip('/')}{_BESIDE}{os.getpid()}")
    made = RunFolder(kept)
    _check_unused(made, folder)
    try:
        carry_out(planned, kept, workers=workers, watch=watch)
        yield kept
    finally:
        if not output and made.fs.exists(made.root):
            made.fs.rm(made.root, recursive=True)


def _check_unused(made: RunFolder, run: RunFolder) -> None:
    """Make sure that nothing is replaced: neither the run that is asked about nor anything else."""
    if made.address == run.address or run.holds(made.url):
        is_ = "is the run that is asked about" if made.address == run.address else f"lies in {run.url}"
        raise SpecError(f"{made.url} {is_}, which stays as it is.  Name a new folder beside it with --output.")
    if not made.fs.exists(made.root):
        return
    if made.fs.isfile(made.root):
        raise SpecError(f"{made.url} is a file; a run needs a folder.  Name a new one with --output.")
    if made.fs.ls(made.root, detail=False):
        has = "has a finished run" if made.exists(layout.MANIFEST) else "is not empty"
        raise SpecError(
            f"{made.url} {has}, and a what-if replaces nothing.  Name a new folder with --output, or move this one away."
        )


def _remove_left(run: RunFolder) -> None:
    """Remove what killed processes of this machine left beside a run: the lock says that a process made the folder."""
    if not run.is_local:
        return
    begin = f"{os.path.basename(run.root.rstrip('/'))}{_BESIDE}"
    for name in run.siblings():
        process = name.removeprefix(begin)
        if not name.startswith(begin) or not process.isdecimal() or _is_alive(int(process)):
            continue
        left = run.beside(name)
        if not os.path.islink(left.root) and left.lock_text() == locked_by(int(process)):
            left.fs.rm(left.root, recursive=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _planned(folder: RunFolder, settings: Sequence[str], flag: str) -> Plan:
    described = reading.read_json(folder, layout.PLAN, _PLAN_SHAPE)
    problems = Problems()
    pipeline = spec.read_again(
        described["recipe"], recipe_path(folder.url), settings=settings, flag=flag, problems=problems
    )
    planned = planned_of(pipeline, described["limit"], problems)
    if plan.shards_to_json(planned.shards) != reading.read_json(folder, layout.INPUTS, [dict]):
        raise SpecError(
            f"the input of {folder.url} is not where it was, or has changed since: a run of the changed recipe would say "
            "what other documents give.  Run the recipe again first, from the same folder."
        )
    return planned
