"""What the terminal shows of a run whose tasks run elsewhere."""

from __future__ import annotations

from collections.abc import Callable

from curate.cli.console import OUT, Piece, many, quoted, styled
from curate.engine.following import PhaseProgress, Progress, State

_STYLES = {State.DONE: "green", State.RUNNING: "bold", State.FAILED: "red", State.WAITING: "", State.NOT_STARTED: "dim"}


def print_progress(found: Progress) -> None:
    """Print how far a run is."""
    shown = [head for head, of in _COLUMNS.items() if head in _ALWAYS or any(of(phase) for phase in found.phases)]
    OUT.print_table(shown, [[_COLUMNS[head](phase) for head in shown] for phase in found.phases])
    OUT.print()
    OUT.print(quoted(found.url, "bold"), ": ", styled(found.state.value, _STYLES[found.state]))
    if found.problem:
        OUT.print(quoted(f"the executor could not be asked: {found.problem}"))
    if found.state is State.FAILED:
        OUT.print(
            quoted(
                f"`curate logs {found.url}` prints why.  Run again when the cause is gone: finished tasks are kept.",
                "dim",
            )
        )


def print_changes(found: Progress, before: Progress | None) -> None:
    """Print the phases that have moved since the last look, one line each; of a first look, all that have begun."""
    known = {phase.folder: (phase.state, phase.n_done) for phase in before.phases} if before else {}
    for phase in found.phases:
        has_begun = phase.state not in (State.WAITING, State.NOT_STARTED)
        if known[phase.folder] != (phase.state, phase.n_done) if known else has_begun:
            left = f", about {_duration(phase.seconds_left)} left" if phase.seconds_left is not None else ""
            title, state = quoted(f"{phase.title:<40} "), styled(phase.state.value, _STYLES[phase.state])
            OUT.print(title, state, f", {phase.n_done:,} of {many(phase.n_tasks, 'task')}{left}")


def _running(phase: PhaseProgress) -> str:
    n = phase.jobs.n_running if phase.jobs else 0
    return f"{n:>7,}" if n else ""


_COLUMNS: dict[str, Callable[[PhaseProgress], Piece | str]] = {
    "phase": lambda phase: quoted(phase.title),
    "  tasks": lambda phase: f"{phase.n_tasks:>7,}",
    "   done": lambda phase: f"{phase.n_done:>7,}",
    "running": _running,
    "state": lambda phase: styled(phase.state.value, _STYLES[phase.state]),
    "documents read": lambda phase: f"{phase.docs_read:,}" if phase.docs_read else "",
    "left": lambda phase: _duration(phase.seconds_left) if phase.seconds_left is not None else "",
    "job": lambda phase: quoted(short_job(phase.job_id), "dim") if phase.job_id else "",
}
_ALWAYS = ("phase", "  tasks", "   done", "state")


def short_job(job_id: str) -> str:
    """Return the id of a job; of several arrays, the first and the last."""
    first, *others = job_id.split(":")
    return f"{first} to {others[-1]}" if others else first


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
