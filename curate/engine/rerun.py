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

_PLAN_SHAPE = {"recipe": dict, "limit": int}


def recipe_path(url: str) -> str:
    """Return the file from which the recipe of a run was read.

    Raises:
        SpecError: the run does not say it, as an earlier version of curate made it. InputError: its plan is damaged.
    """
    described = reading.read_json(RunFolder(url), layout.PLAN, _PLAN_SHAPE)
    if not isinstance(described.get("path"), str):
        raise SpecError(f"{url} does not say where its recipe is; an earlier version of curate made it.  Run it again.")
    return described["path"]


def differs_from_file(url: str, path: str) -> Iterator[str]:
    """Yield what a user should know if a run had another recipe than the file has now: it was edited, or changed by options."""
    ran = reading.read_json(RunFolder(url), layout.PLAN, _PLAN_SHAPE)["recipe"]
    has = spec.read(path).resolved
    keys = [key for key in {**ran, **has} if ran.get(key) != has.get(key)]
    if keys:
        yield (
            f"{path} is not all that {url} ran: they differ in {', '.join(keys)}, by later edits or by options of `curate run`.  "
            "Only the changes were made."
        )


@contextlib.contextmanager
def changed(
    url: str, settings: Sequence[str], *, flag: str, output: str = "", workers: int = 0, watch: Watcher | None = None
) -> Iterator[str]:
    """Run the recipe of a finished run with changes, and yield the URL of the new run folder.

    Args:
        settings: `path=value` changes. flag: the option that gave them, for errors.
        output: the new run folder, which stays; empty: a folder beside the run, `RUN.what-if-<process>`, which is removed at
            the end, but not if the process is killed.
        workers, watch: as of `engine.run.run`.

    Raises:
        SpecError: the inputs are not what the run has read, or its executor runs tasks later.
        SpecError, InputError, StageError, RunError: as `engine.run.run`.
    """
    folder = finished_run.finished_folder(url)
    planned = _planned(folder, settings, flag)
    if planned.spec.executor.launcher().is_detached:
        raise SpecError(
            f"{url}: its executor runs tasks later, and nothing can be compared before.  Run the changed recipe with "
            "`curate run -o` and `--set`, and compare the two runs."
        )
    kept = output or folder.fs.unstrip_protocol(f"{folder.root.rstrip('/')}.what-if-{os.getpid()}")
    made = RunFolder(kept)
    if not output and made.fs.exists(made.root):
        raise SpecError(
            f"{kept} exists, and the changed recipe would run there.  Move it away, or name a folder with -o."
        )
    try:
        carry_out(planned, kept, workers=workers, watch=watch)
        yield kept
    finally:
        if not output and made.fs.exists(made.root):
            made.fs.rm(made.root, recursive=True)


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
