"""The logs that tasks leave."""

from __future__ import annotations

from collections.abc import Iterator

from curate.engine import following, submitting
from curate.engine.following import PhaseProgress, Progress, State
from curate.errors import SpecError
from curate.executor import PREPARE
from curate.runs import RunFolder
from curate.runs.layout import PhaseFolder

LINES = 400
"""Of a log, the last ones are returned."""


def of_task(url: str, phase: str = "", task: int | None = None) -> Iterator[tuple[str, list[str]]]:
    """Yield the path and the last lines of each log of a task.

    Args:
        phase: its folder or title; empty for the first that failed, or else that runs or was done last.
        task: its number; None for the first that failed, or 0.

    Raises:
        SpecError: there is no such phase or task, or it has left no log.
    """
    found = following.look(url)
    chosen = _named(found, phase) if phase else _interesting(found)
    number = task if task is not None else next(iter(chosen.missing), 0)
    if number >= chosen.n_tasks:
        raise SpecError(
            f"{url}: {chosen.title} has {chosen.n_tasks:,} tasks, numbered from 0; there is no task {number:,}."
        )
    folder = RunFolder(url)
    place = PhaseFolder(folder, chosen.folder)
    paths = [place.task(number).log] if folder.is_file(place.task(number).log) else []
    if not paths:
        paths += [f"{place.path}/slurm/{name}" for name in folder.files(f"{place.path}/slurm")[-1:]]
    if not paths:
        raise SpecError(f"{url}: task {number:,} of {chosen.title} has left no log: it is {chosen.state.value}.")
    for path in paths:
        with folder.open(path) as file:
            yield folder.path(path), file.read().decode("utf-8", "replace").splitlines()[-LINES:]


def _named(found: Progress, name: str) -> PhaseProgress:
    for phase in found.phases:
        if name in (phase.folder, phase.title, phase.title.partition("-")[0]):
            return phase
    raise SpecError(
        f"{found.url}: there is no phase {name}.  Phases: {', '.join(each.title for each in found.phases)}."
    )


def _interesting(found: Progress) -> PhaseProgress:
    if found.failed:
        return found.failed
    running = [phase for phase in found.phases if phase.state is State.RUNNING]
    done = [
        phase
        for phase in found.phases
        if phase.state is State.DONE and phase.folder not in (PREPARE, submitting.FINISH)
    ]
    return (running or done[::-1] or list(found.phases))[0]
